"""What a run gives: states on both sides of a jump, dense output, names, samples."""

import attrs
import numpy as np
import pytest
from matplotlib.figure import Figure

import natrium
from tests.solvers.cases import METHODS, NA, STEP


@pytest.fixture(scope="module", params=[natrium.EventDriven(), natrium.Compiled()], ids=["event", "compiled"])
def run(request):
    return request.param.solve(NA, STEP, t_end=100.0)


def test_names_and_shapes(run):
    assert run.names == ("V", "Na.m", "Na.h")
    assert run.y.shape == (3, run.t.size)
    np.testing.assert_array_equal(run["V"], run.V)
    np.testing.assert_array_equal(run["Na.h"], run.y[2])
    assert run.n_spikes == len(run.events) == run.spike_times.size == 3
    assert (run.t[0], run.t[-1]) == (0.0, 100.0)
    assert np.all(np.diff(run.t) >= 0.0)


def test_a_name_that_is_not_there_is_refused(run):
    with pytest.raises((KeyError, ValueError), match=r"Na\.n"):
        run["Na.n"]


def test_both_sides_of_a_jump(run):
    for event in run.events:
        left, right = run.state(event.time, side="left"), run.state(event.time)
        np.testing.assert_allclose(left, event.before, rtol=0.0, atol=1e-7)
        np.testing.assert_array_equal(right, event.after)
        assert (event.before[0], right[0]) == (-55.0, -70.0)
        here = np.flatnonzero(run.t == event.time)
        assert here.size == 2  # the time repeats, before and after
        np.testing.assert_allclose(run.V[here], [-55.0, -70.0], atol=1e-7)


def test_a_jump_is_seen_from_an_array_of_times_as_well(run):
    times = np.array([0.0, run.spike_times[0], 50.0, run.spike_times[2]])
    for side in ("left", "right"):
        together = run.state(times, side=side)
        assert together.shape == (3, 4)
        for column, t in zip(together.T, times, strict=True):
            np.testing.assert_array_equal(column, run.state(t, side=side))


def test_while_refractory_the_state_stands_still(run):
    for event in run.events:
        times = event.time + np.linspace(0.0, 2.0, 21)[1:-1]
        np.testing.assert_array_equal(run.state(times), np.repeat(event.after[:, None], 19, axis=1))


@pytest.mark.parametrize("method", [*METHODS, "compiled"])
def test_dense_output_is_a_fresh_run_that_ends_there(method):
    is_compiled = method == "compiled"
    solver = natrium.Compiled(rtol=1e-8) if is_compiled else natrium.EventDriven(method=method, rtol=1e-8)
    run = solver.solve(NA, STEP, t_end=100.0)
    rng = np.random.default_rng(3)
    for t in [*rng.uniform(0.0, 100.0, size=12), 20.0, run.spike_times[1] + 1e-6, run.spike_times[1] + 2.0]:
        ends = natrium.EventDriven(rtol=1e-11).solve(NA, STEP, t_end=t)
        np.testing.assert_allclose(run.state(t), ends.y[:, -1], rtol=0.0, atol=3e-6)


@pytest.mark.parametrize("solver", [natrium.EventDriven(), natrium.Compiled()], ids=["event", "compiled"])
def test_the_left_side_of_a_jump_is_before_it_whatever_the_start(solver):
    for t_start in (0.1, 0.7, -3.3, 1e3 / 7.0, 1e5 + 0.3):
        late = solver.solve(NA, natrium.Constant(25.0), t_start=t_start, t_end=t_start + 60.0)
        assert late.n_spikes > 5
        left, right = (late.state(late.spike_times, side=side)[0] for side in ("left", "right"))
        np.testing.assert_allclose(left, -55.0, rtol=0.0, atol=1e-7)
        np.testing.assert_array_equal(right, -70.0)


def test_times_outside_the_run_are_refused(run):
    for wrong in (-1e-9, 100.1, np.nan, [50.0, 101.0]):
        with pytest.raises(ValueError, match="within the run"):
            run.state(wrong)


@pytest.mark.parametrize("step", [0.5, 7.0, 1e9])
def test_samples_are_no_further_apart_than_asked_and_hold_both_sides(run, step):
    t, y = run.sample(step)
    assert (t[0], t[-1]) == (0.0, 100.0)
    assert np.all(np.diff(t) >= 0.0)
    assert np.diff(t).max() <= step * (1.0 + 1e-12)
    assert t.size <= 100.0 / step + 2 * len(run.segments)
    for event in run.events:
        here = np.flatnonzero(np.abs(t - event.time) < 1e-12)
        np.testing.assert_allclose(y[0, here], [-55.0, -70.0], atol=1e-6)
    away = np.abs(t[:, None] - run.spike_times).min(axis=1) > 1e-9
    np.testing.assert_allclose(y[:, away], run.state(t[away]), rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("step", [0.0, -1.0, np.nan])
def test_a_sampling_step_must_be_positive(run, step):
    with pytest.raises(ValueError, match="step"):
        run.sample(step)


def test_the_final_state_is_named(run):
    assert list(run.final_state) == ["V", "Na.m", "Na.h"]
    np.testing.assert_allclose(list(run.final_state.values()), run.state(100.0), rtol=0.0, atol=1e-12)
    assert all(type(value) is float for value in run.final_state.values())


@pytest.mark.parametrize("solver", [natrium.EventDriven(), natrium.Compiled()], ids=["event", "compiled"])
def test_a_late_run_keeps_its_ends(solver):
    for t_start in (0.1, -7.3, 1e3 / 7.0, 1e6 + 0.3, 1e8 + 0.7):
        late = solver.solve(NA, natrium.Constant(16.0), t_start=t_start, t_end=t_start + 43.21)
        assert (late.t[0], late.t[-1]) == (late.t_start, late.t_end)
        # The time itself is known to its last place only, and V moves by a few mV in a ms.
        np.testing.assert_allclose(
            late.state(late.t_end), late.y[:, -1], rtol=0.0, atol=10 * np.spacing(late.t_end)
        )


def test_it_shows_itself_in_a_notebook(run):
    html = run._repr_html_()
    assert "3 spikes" in html
    assert "40.948477" in html
    silent = natrium.EventDriven().solve(NA, t_end=1.0)._repr_html_()
    assert "0 spikes" in silent
    many = natrium.ClosedForm().solve(natrium.Neuron(), natrium.Constant(40.0), t_end=200.0)
    assert many.n_spikes > 10
    assert "…" in many._repr_html_()
    assert many._repr_html_().count("<table>") == 1


def test_a_script_s_samples_are_held():
    script = natrium.FixedStep(dt=0.1).solve(NA, STEP, t_end=100.0)
    np.testing.assert_array_equal(script.state(script.t), script.y)
    np.testing.assert_array_equal(script.state(script.t[:-1] + 0.05), script.y[:, :-1])


def test_a_trajectory_is_frozen(run):
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        run.method = "other"


def test_of_many_states_the_first_eight_are_shown():
    names = [f"x{k}" for k in range(9)]
    neuron = natrium.HybridNeuron(
        equations={"V": "-V"} | {name: f"-{name}" for name in names},
        initial=dict.fromkeys(["V", *names], 0.0),
    )
    shown = repr(natrium.simulate(neuron, t_end=0.1))
    assert "V, x0, x1, x2, x3, x4, x5, x6, ...\n" in shown + "\n"


def test_it_is_drawn_where_one_says(run):
    axes = Figure().subplots()
    assert run.plot(ax=axes) is not None
    assert axes.lines
    with pytest.raises(TypeError):
        run.plot(axes, True)  # what else is drawn is named


def test_figures_that_are_not_installed_are_named(monkeypatch):
    run = natrium.simulate(natrium.Neuron(), t_end=1.0)
    monkeypatch.setattr("natrium.model.plots.entry_points", lambda **selected: ())
    with pytest.raises(natrium.NatriumError, match="pip install"):
        run.plot()
