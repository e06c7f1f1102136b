"""What SciPy integrates for a script."""

import numpy as np
import pytest
import scipy.integrate

from natrium.analysis.doctor.trace import trace_script

CELL = """
import numpy as np
from scipy.integrate import odeint, solve_ivp
asked = []
def rhs(t, y, drive=0.5):
    {first}
    v, w = y
    return [v - v**3 / 3 - w + drive, 0.08 * (v + 0.7 - 0.8 * w)]
t = np.linspace(0.0, 20.0, 201)
{run}
"""
ONCE = "y = odeint(rhs, [-1.0, -0.5], t, tfirst=True)"
SWEPT = """
for drive in np.linspace(0.0, 0.7, 8):
    y = odeint(rhs, [-1.0, -0.5], t, args=(drive,), tfirst=True)
    n = np.sum((y[1:, 0] > 0) & (y[:-1, 0] <= 0))
"""
CHANGED = """
sol = solve_ivp(rhs, (0.0, 20.0), [-1.0, -0.5], t_eval=t)
sol.y[0] *= 100.0
sol.y[0] -= 65.0
"""


def script(folder, run, first="pass"):
    file = folder / "script.py"
    file.write_text(CELL.format(run=run, first=first))
    return file


@pytest.mark.parametrize(
    ("run", "first"),
    [(ONCE, "pass"), (CHANGED, "pass"), (ONCE, "asked.append(t)"), (SWEPT, "pass")],
    ids=["once", "changed in place", "keeps what it is asked", "swept"],
)
def test_what_a_solver_gave_the_plain_run_is_what_the_traced_run_has(tmp_path, run, first):
    record = trace_script(script(tmp_path, run, first))
    assert record.fallback == ""
    assert len(record.solution) == 3


STEPPED = """
v = np.zeros(40)
for k in range(1, 40):
    v[k] = solve_ivp(rhs, (0.0, 0.1), [v[k - 1], -0.5]).y[0, -1]
    if v[k] > 0.2:
        v[k] = -1.0
"""
SETTLED = """
v = np.zeros(40)
v[0] = solve_ivp(rhs, (0.0, 20.0), [-1.0, -0.5]).y[0, -1]
for k in range(1, 40):
    v[k] = v[k - 1] + 0.1 * (0.5 - v[k - 1])
    if v[k] > 0.2:
        v[k] = -1.0
"""


@pytest.mark.parametrize(
    ("run", "first", "solved"),
    [(STEPPED, "pass", 39), (SETTLED, "pass", 1), (SETTLED, "asked.append(float(t))", 2)],
)
def test_a_loop_s_solver_is_called_again_only_where_its_right_hand_side_leaves_more(
    tmp_path, monkeypatch, run, first, solved
):
    solve, calls = scipy.integrate.solve_ivp, []

    def counted(*args, **options):
        calls.append(args[1])
        return solve(*args, **options)

    monkeypatch.setattr(scipy.integrate, "solve_ivp", counted)
    record = trace_script(script(tmp_path, run, first))
    assert record.fallback == ""
    assert len(record.order) == 39
    assert len(calls) == solved


def test_how_long_a_solver_works_is_no_matter_of_the_budget(tmp_path):
    record = trace_script(script(tmp_path, ONCE), max_operations=300)
    assert record.fallback == ""
    assert record.asked > 100


def test_of_runs_of_a_sweep_the_parameter_is_that_of_the_run_that_is_read(tmp_path):
    record = trace_script(script(tmp_path, SWEPT))
    assert record.parameter_values["drive"] == pytest.approx(0.7)
    v, w = record.samples[0]
    flow = {name: node.value for name, node in record.steps[0].updates.items()}
    assert np.isclose(flow["dv/dt"], v - v**3 / 3 - w + 0.7)


def test_a_run_that_begins_anew_goes_on_from_no_other(tmp_path):
    """A longer one from the same time on is another run, not the rest of the first."""
    run = """
rest = odeint(rhs, [-1.0, -0.5], t, args=(0.0,), tfirst=True)[-1]
y = odeint(rhs, rest, np.linspace(0.0, 40.0, 401), tfirst=True)
"""
    record = trace_script(script(tmp_path, run))
    assert record.solution[""].size == 401
    assert record.parameter_values["drive"] == 0.5
