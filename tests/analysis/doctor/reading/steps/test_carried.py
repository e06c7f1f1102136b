"""What a step makes of the states that it leaves, for the next one, is no state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.doctor.written import equations, taken

CARRIED = """
    import numpy as np
    dt, rest, tau, tau_s, top, E_s, gmax, n = 0.1, -66.0, 15.0, 6.0, -52.0, 0.0, 0.2, 900
    s, v, vs = 0.9, rest, []
    g = {begin}
    for k in range(n):
        v += dt * (rest - v + g * (E_s - v) + 12.0) / tau
        s += -dt * s / tau_s
        g = {made}
        if v >= top:
            v = rest
            s += 0.1
        vs.append(v)
"""


@pytest.mark.parametrize(("begin", "made"), [("gmax * s", "gmax * s"), ("gmax * s**2", "gmax * s**2")])
def test_a_conductance_that_is_made_for_the_next_step_is_none_of_its_own(
    tmp_path: Path, begin: str, made: str
) -> None:
    found = taken(tmp_path, CARRIED.format(begin=begin, made=made))
    assert equations(found) == {
        "dv/dt": f"(rest - v + {made.replace(' * ', '*')}*(E_s - v) + 12)/tau",
        "ds/dt": "-s/tau_s",
    }
    assert not found.faults


def test_what_lacks_its_step_is_told_still(tmp_path: Path) -> None:
    found = taken(tmp_path, CARRIED.format(begin="0.0", made="g + 0.02 * (gmax * s - g)"))
    assert [(one.key, one.about) for one in found.faults] == [("dt-missing", "g")]
