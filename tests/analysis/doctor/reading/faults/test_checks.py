"""Gates and slopes of which a step makes what no model means: told by the line that is to blame."""

import pytest

from tests.analysis.doctor.written import taken

TWO_GATES = """
from math import exp
dt, V, h, n = 0.02, -65.0, 0.6, 0.32
for k in range(600):
    dVdt = 8.0 - 0.3 * (V + 54.4) - 36.0 * n**4 * (V + 77.0) - 2.0 * h * (V - 50.0)
    dhdt = 0.07 * exp(-(V + 65.0) / 20.0) * (1.0 - h) - h / (1.0 + exp(-(V + 35.0) / 10.0))
    dndt = 0.1 * (1.0 - n) / (1.0 + exp(-(V + 40.0) / 10.0)) - 0.125 * exp(-(V + 65.0) / 80.0) * n
    V += dt * dVdt
    h += dt * dhdt
    n += dt * dndt
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("n = 0.02, -65.0, 0.6, 0.32", "n = 0.02, -65.0, 0.6, 1.32", ("gate-outside", 3)),
        ("h += dt * dhdt", "h += dt * dndt", ("stage-unused", 9)),
        ("V += dt * dVdt", "V += dt * dhdt", ("stage-unused", 8)),
        ("h += dt * dhdt", "h += dhdt", ("dt-missing", 9)),
        ("* (1.0 - h) - h /", "* h - (1.0 - h) /", ("rate-negative", 6)),
    ],
)
def test_what_is_to_blame_is_told_alone(tmp_path, old, new, told):
    assert taken(tmp_path, TWO_GATES).faults == ()
    assert {(one.key, one.line) for one in taken(tmp_path, TWO_GATES.replace(old, new)).faults} == {told}


RUNAWAY = """
from math import exp
dt, V, n = 0.1, -65.0, 0.3
gK, gL, EK, EL, C = 2.0, 0.5, -80.0, -60.0, 1.0
for k in range(300):
    inf = 1.0 / (1.0 + exp(-(V + 40.0) / 5.0))
    IK = gK * n * (V - EK)
    IL = gL * (V - EL)
    V = V + dt * (12.0 - IK - IL) / C
    n = n + dt * (inf - n) / 3.0
"""


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ("gL * (V - EL)", "gL * (EL - V)", "leak-sign", 8),
        ("- IK - IL)", "- IK + IL)", "leak-sign", 9),
        ("gK * n * (V - EK)", "gK * n * (EK - V)", "channel-sign", 7),
        ("12.0", "12.5", "", 0),
    ],
)
def test_a_wrong_sign_is_told_of_a_run_that_overflows(tmp_path, old, new, key, line):
    """Gates that such a run drives out of [0, 1] are gates; the leak is told where it is written."""
    found = taken(tmp_path, RUNAWAY.replace(old, new))
    assert [(one.key, one.line) for one in found.faults] == ([(key, line)] if key else [])


@pytest.mark.parametrize("relaxing", ["(level - n) / 4.2", "-1 / 4.2 * (n - level)"])
def test_what_goes_to_a_level_beyond_one_at_a_fixed_rate_has_no_closing_rate(tmp_path, relaxing):
    text = f"""
    dt, V, n = 0.02, -0.7, 0.1
    for k in range(600):
        level = 1.24 + 3.7 * V + 3.2 * V**2
        V, n = V - dt * ((17.8 + 47.6 * V + 33.8 * V**2) * (V - 0.5) + 26.0 * n * (V + 0.95) - 1.0), n + dt * ({relaxing})
    """
    assert taken(tmp_path, text).faults == ()


def test_a_value_at_which_a_rate_has_no_value_is_no_threshold(tmp_path):
    found = taken(tmp_path, """
        import math
        dt, V, n, vs = 0.02, -65.0, 0.32, []
        for k in range(900):
            opens = 0.1 if V == -55.0 else 0.01 * (V + 55.0) / (1.0 - math.exp(-(V + 55.0) / 10.0))
            dV = 8.0 - 0.3 * (V + 54.4) - 3.6 * n**4 * (V + 77.0)
            n += dt * (opens * (1.0 - n) - 0.125 * math.exp(-(V + 65.0) / 80.0) * n)
            V += dt * dV
            vs.append(V)
        """)  # fmt: skip
    assert found.faults == ()


def test_steps_of_one_ms_over_times_in_s_lack_no_dt(tmp_path):
    text = """
        import numpy as np
        time_step = {step}
        time = np.arange(0, 0.4, time_step)
        I = np.where(time > 0.1, 10.0, 0.0)
        V, u, vs = -70.0, -14.0, []
        for t in time:
            vs.append(V)
            if V >= 30:
                V, u = -65.0, u + 6.0
            else:
                V += (0.04 * V**2 + 5 * V + 140 - u + I[int(t / time_step)]) / 2
                V += (0.04 * V**2 + 5 * V + 140 - u + I[int(t / time_step)]) / 2
                u += 0.02 * (0.2 * V - u)
        """
    assert taken(tmp_path, text.format(step="0.001")).faults == ()
