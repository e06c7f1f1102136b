"""What SciPy integrates for a script."""

import numpy as np
import pytest
import scipy.integrate

from natrium.analysis.doctor.reading.expressions.trees import in_order
from natrium.analysis.doctor.script import read_script
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


ENDED = """
import numpy as np
from scipy.integrate import solve_ivp
tau, drive, jump, dt = 10.0, 1.6, 0.25, 0.05
def rhs(t, y):
    return [(drive - y[0] - y[1]) / tau, -y[1] / 40.0]
def over(t, y):
    return y[0] - 1.0
over.terminal = True
t0, y0, T, fired = 0.0, [0.0, 0.0], 80.0, []
while t0 < T:
    sol = solve_ivp(rhs, (t0, T), y0, events=over, max_step=1.0, t_eval=np.arange(t0, T, dt))
    if not sol.t_events[0].size:
        break
    fired.append(sol.t_events[0][0])
    y0, t0 = [0.0, sol.y[1, -1] + jump], {again}
"""


@pytest.mark.parametrize(("again", "late"), [("fired[-1]", 0.0), ("fired[-1] + dt", 0.05)])
def test_an_event_that_ends_a_run_is_none_of_the_times_asked_for(tmp_path, again, late):
    """The state beside V is taken from the last of these, and raised; a spike is where the event is."""
    file = tmp_path / "script.py"
    file.write_text(ENDED.format(again=again))
    found = read_script(file)[0]
    ended = [end for end, _, _ in found.record.restarts]
    assert found.spike_times.tolist() == ended == found.record.lists["fired"].tolist()
    assert found.record.steps[-1].updates["y[1]"].args[1].name == "jump"
    assert found.model.neuron.tau_ref == pytest.approx(late)
    assert found.pairs[-1].difference == pytest.approx(0.0, abs=0.02)
    assert found.replay.off == -1
    told = {one.key for one in found.findings if one.kind != "note"} - {"solve_ivp RK45"}
    assert told == ({"restart-late"} if late else set())


def test_of_several_runs_it_is_said_which_is_read(tmp_path):
    run = "for begin in (-1.0, 0.0, 1.0):\n    y = odeint(rhs, [begin, -0.5], t, tfirst=True)"
    found = read_script(script(tmp_path, run))[0]
    assert found.record.runs == (3, 3)
    assert "The equations are solved 3 times; what is said is of run 3." in [one.said for one in found.notes]


def test_pieces_of_a_right_hand_side_differ_at_one_and_the_same_time(tmp_path):
    """What branches by the time is one and the same after an event, too."""
    file = tmp_path / "script.py"
    file.write_text(
        ENDED.format(again="fired[-1]").replace("drive - y[0]", "(drive if 5 <= t < 60 else 0.0) - y[0]")
    )
    flow = trace_script(file).steps[0].updates["dy[0]/dt"]
    numbers = {one.value for one in in_order([flow]) if one.op == "number"}
    assert numbers <= {0.0, 1.0, 5.0, 60.0}
