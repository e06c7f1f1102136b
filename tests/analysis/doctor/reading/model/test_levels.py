"""Spikes of cells without a reset, that the script does not count: V's way up through a level."""

from pathlib import Path

import numpy as np
import pytest

from natrium.analysis.doctor import read_script
from tests.analysis.doctor.written import taken

RATES = """
from math import exp
def alpha_m(v): return (2.5 - 0.1 * v) / (exp(2.5 - 0.1 * v) - 1)
def beta_m(v): return 4 * exp((-1) * v / 18)
def alpha_h(v): return 0.07 * exp((-1) * v / 20)
def beta_h(v): return 1 / (exp(3 - 0.1 * v) + 1)
def alpha_n(v): return (0.1 - 0.01 * v) / (exp(1 - 0.1 * v) - 1)
def beta_n(v): return 0.125 * exp((-1) * v / 80)
def slopes(v, m, h, n, I):
    dv = I - 120 * m**3 * h * (v - 115) - 36 * n**4 * (v + 12) - 0.3 * (v - 10.6)
    dm = alpha_m(v) * (1 - m) - beta_m(v) * m
    dh = alpha_h(v) * (1 - h) - beta_h(v) * h
    dn = alpha_n(v) * (1 - n) - beta_n(v) * n
    return dv, dm, dh, dn
"""
STEPPED = (
    RATES
    + """
dt, v, m, h, n, kept = 0.02, 0.0, 0.05, 0.6, 0.32, []
for k in range(1000):
    dv, dm, dh, dn = slopes(v, m, h, n, 15.0 if k * dt >= 2.0 else 0.0)
    v, m, h, n = v + dt * dv, m + dt * dm, h + dt * dh, n + dt * dn
    kept.append(v)
"""
)
SOLVED = (
    RATES
    + """
import numpy as np
from scipy.integrate import odeint
t = np.arange(0.0, 20.0, 0.005)
course = odeint(lambda y, t: slopes(*y, 15.0), [0.0, 0.05, 0.6, 0.32], t)
"""
)
PASSIVE = """
dt, v, w = 0.1, -70.0, 0.0
for k in range(600):
    v, w = v + dt * (-70.0 - v - w + (120.0 if k > 50 else 0.0)) / 10.0, w + dt * (0.1 * (v + 70.0) - w) / 50.0
"""


@pytest.mark.parametrize(("text", "grid"), [(STEPPED, 0.02), (SOLVED, 0.005)])
def test_they_are_counted_and_held_against_the_truth(tmp_path: Path, text: str, grid: float) -> None:
    path = tmp_path / "script.py"
    path.write_text(text)
    (found,) = read_script(path)
    assert found.meant.counted == 50.0
    assert found.model is not None
    assert (found.model.neuron.v_thresh, found.model.neuron.passes) == (50.0, True)
    told = [one for one in found.findings if one.key == "spikes-counted"]
    assert [(one.kind, "50" in one.said) for one in told] == [("note", True)]
    apart = [one.difference for one in found.pairs]
    assert len(apart) == 2
    assert np.all(np.abs(np.array(apart, dtype=float)) < (grid if text is SOLVED else 5 * grid))
    assert found.is_explained


@pytest.mark.parametrize("text", [PASSIVE, STEPPED.replace("15.0 if", "1.0 if")])
def test_a_cell_that_makes_none_has_no_level(tmp_path: Path, text: str) -> None:
    found = taken(tmp_path, text)
    assert found.meant.counted is None
    assert found.spike_times.size == 0


def test_a_rate_of_its_own_is_told_where_it_is_written(tmp_path: Path) -> None:
    """Three rates share their -v."""
    found = taken(tmp_path, STEPPED.replace("0.125 * exp", "0.125 / exp"))
    assert [one.line for one in found.findings if one.key == "published-rate"] == [8]
