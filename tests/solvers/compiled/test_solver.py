"""The compiled solver: every kind of input, dense output, limits, fallbacks, ensembles; held against others."""

import math

import attrs
import numpy as np
import pytest

import natrium
from natrium.solvers.flags import RunFlag
from tests.solvers.cases import MIXED, NA, SODIUM, STEP, TRAINS, held_by_decay, read, solve, train

LIF = natrium.Neuron(tau_m=8.0, tau_ref=1.5, v_rest=-70.0, v_thresh=-53.0, v_reset=-75.0)
CLAMP = attrs.evolve(NA, refractory="clamp")
# Every kind of input; a new one is tested by being listed.
INPUTS = {
    "constant": natrium.Constant(25.0),
    "none": None,
    "step": natrium.Step(30.0, start=3.3, stop=41.0),
    "pulses": natrium.Pulses(90.0, width=1.7, period=7.0, start=0.4),
    "ramp": natrium.Ramp(0.9, start=5.0, stop=50.0),
    "held ramp": natrium.Ramp(0.7, start=-5.0, stop=35.0, hold=True),
    "sine": natrium.Sine(20.0, 80.0, phase=0.7, offset=16.0),
    "window of a sine": natrium.Sine(20.0, 80.0, offset=16.0, start=10.0, stop=43.0),
    "slow sine": natrium.Sine(3.0, 0.0, phase=1.0, offset=20.0),
    "gaussian": natrium.Gaussian(60.0, 31.0, 4.0),
    "wide gaussian": natrium.Gaussian(40.0, 31.0, 400.0),
    "formula": natrium.Formula("20 + 5*sin(t/3) + t**2/500 - tanh(t - 30)"),
    "formula in a window": natrium.Formula("30*exp(-(t - 20)**2/200)", start=10.0, stop=45.0),
    "kink": natrium.Formula("sqrt(1 + t) + 15 + cos(t)", breakpoints=[20.0], max_step=2.0),
    "samples": natrium.Samples([-5.0, 10.0, 11.0, 40.0, 41.0], [0.0, 30.0, 12.0, 35.0, 20.0], "linear"),
    "held samples": natrium.Samples([0.0, 10.0, 21.0, 33.0], [5.0, 30.0, 12.0, 35.0]),
    "held noise": natrium.Noise(18.0, 12.0, tau=3.0, step=0.1, seed=3),
    "linear noise": natrium.Noise(18.0, 12.0, tau=3.0, step=0.1, seed=4, interpolation="linear"),
    "white noise": natrium.Noise(18.0, intensity=12.0, tau=0.0, step=0.1, seed=5),
    "sum": MIXED,
}  # fmt: skip


def compiled(neuron, stimulus, t_end, t_start=0.0, **options):
    return natrium.Compiled(**options).solve(neuron, stimulus, t_start=t_start, t_end=t_end)


def event(neuron, stimulus, t_end, t_start=0.0, **options):
    return natrium.EventDriven(**({"rtol": 1e-12} | options)).solve(
        neuron, stimulus, t_start=t_start, t_end=t_end
    )


# --- against the reference and the other solvers --------------------------------------------------


@pytest.mark.parametrize(("rtol", "tolerance"), [(1e-9, 1e-8), (1e-14, 2e-11)])
@pytest.mark.parametrize("name", TRAINS)
def test_spike_train(name, rtol, tolerance):
    model, spikes = train(name)
    found = solve(model, natrium.Compiled, rtol=rtol)
    assert found.solver == "compiled"
    assert found.n_spikes == spikes.size
    np.testing.assert_allclose(found.spike_times, spikes, rtol=0.0, atol=tolerance)
    assert found.warnings == ()


@pytest.mark.parametrize("rtol", [1e-9, 1e-14])
@pytest.mark.parametrize("name", ["lif", "lif_na", "lif_na2"])
def test_the_notebook_s_own_models(name, rtol):
    model = natrium.notebook.SCRIPTS[name]()
    found = compiled(model.neuron, model.stimulus, 100.0, rtol=rtol)
    expected = {
        "lif": (),
        "lif_na": (40.948476902, 65.587194137, 90.386461710),
        "lif_na2": (26.181768159, 36.359128872, 47.097010994),
    }[name]
    np.testing.assert_allclose(found.spike_times, expected, rtol=0.0, atol=6e-9)


@pytest.mark.parametrize("neuron", [LIF, NA, CLAMP], ids=["lif", "hold", "clamp"])
@pytest.mark.parametrize("name", INPUTS)
def test_every_kind_of_input(name, neuron):
    """Spikes and states, between jumps and on both of their sides."""
    span = {"t_start": 0.7, "t_end": 60.0}
    found = compiled(neuron, INPUTS[name], rtol=1e-13, **span)
    truth = event(neuron, INPUTS[name], rtol=2.3e-14, **span)
    assert found.solver == "compiled"
    assert found.n_spikes == truth.n_spikes
    assert found.n_spikes > 0 or name == "none"
    np.testing.assert_allclose(found.spike_times, truth.spike_times, rtol=0.0, atol=1e-10)
    times = np.linspace(0.7, 60.0, 301)
    away = np.abs(times[:, None] - truth.spike_times).min(axis=1, initial=9.0) > 1e-6
    np.testing.assert_allclose(found.state(times)[:, away], truth.state(times)[:, away], rtol=0.0, atol=2e-9)
    for one, other in zip(found.events, truth.events, strict=True):
        np.testing.assert_allclose(one.before, other.before, rtol=0.0, atol=2e-10)
        np.testing.assert_allclose(one.after, other.after, rtol=0.0, atol=2e-10)
        assert one.slope == pytest.approx(other.slope, rel=1e-7)
        assert one.before[0] == neuron.v_thresh
        np.testing.assert_allclose(found.state(one.time, side="left"), one.before, rtol=0.0, atol=1e-11)
        np.testing.assert_array_equal(found.state(one.time), one.after)


@pytest.mark.parametrize("name", ["constant", "step", "pulses", "ramp", "held ramp", "sine", "samples"])
@pytest.mark.parametrize("rtol", [1e-7, 1e-9, 1e-12])
def test_error_against_the_closed_form(name, rtol):
    truth = natrium.ClosedForm().solve(LIF, INPUTS[name], t_end=60.0)
    found = compiled(LIF, INPUTS[name], 60.0, rtol=rtol)
    slopes = np.array([spike.slope for spike in truth.events])
    assert found.n_spikes == truth.n_spikes > 1
    error = np.abs(found.spike_times - truth.spike_times) * slopes
    assert error.max() < 20.0 * rtol + 2e-12
    times = np.linspace(0.0, 60.0, 997)
    away = np.abs(times[:, None] - truth.spike_times).min(axis=1) > 1e-3
    assert np.abs(found.state(times) - truth.state(times))[0, away].max() < 50.0 * rtol + 1e-11


FI = read("fI_reference")


@pytest.mark.parametrize("rtol", [1e-7, 1e-9])
def test_all_of_the_rate_curve(rtol):
    """A thousand runs of 1000 ms: every count, every last spike, every spike of each 25th."""
    neuron = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0, channels=[SODIUM])
    found = natrium.simulate_many(neuron, t_end=1000.0, parameters={"I": FI["input_mV"]}, rtol=rtol)
    assert found.counts.tolist() == FI["n_spikes"]
    assert found.complete
    assert not found.flags.any()
    for run, last in enumerate(FI["last_spike_ms"]):
        if last is not None:
            assert found.train(run)[-1] == pytest.approx(last, abs=1e-6, rel=0.0)
    for run, spikes in FI["all_spikes_of_every_25th"].items():
        np.testing.assert_allclose(found.train(int(run)), spikes, rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("t_start", [1e3 / 7.0, 1e6 + 0.3, -1e6])
@pytest.mark.parametrize(
    "stimulus",
    [
        lambda t: natrium.Sine(20.0, 333.0, phase=0.7, offset=16.0),
        lambda t: natrium.Step(30.0, start=t + 3.0, stop=t + 31.0),
        lambda t: natrium.Gaussian(60.0, t + 20.0, 3.0),
        lambda t: natrium.Pulses(90.0, width=1.7, period=7.0, start=t + 0.4),
        lambda t: natrium.Formula("20 + 10*sin(t/3)"),
    ],
    ids=["sine", "step", "gaussian", "pulses", "formula"],
)
def test_late_in_time(t_start, stimulus):
    drive = stimulus(t_start)
    found = compiled(NA, drive, t_start + 60.0, t_start, rtol=1e-12)
    truth = event(NA, drive, t_start + 60.0, t_start)
    assert found.n_spikes == truth.n_spikes > 0
    atol = 1e-9 + 8 * np.spacing(abs(t_start))
    np.testing.assert_allclose(found.spike_times, truth.spike_times, rtol=0.0, atol=atol)
    assert (found.t[0], found.t[-1]) == (found.t_start, found.t_end)


def test_a_sine_keeps_its_digits_late():
    """Its phase at 1e6 ms is known to a few units in the last place of the time, and so are the spikes."""
    drive = natrium.Sine(20.0, 125.0, offset=16.0)  # eight ms: 1e6 ms are whole turns
    early, late = compiled(NA, drive, 60.0), compiled(NA, drive, 1e6 + 60.0, 1e6)
    np.testing.assert_allclose(late.spike_times - 1e6, early.spike_times, rtol=0.0, atol=1e-9)


STEEP = {
    "1/(1 + exp(-(V + 60)/0.2))": (-75.0, 20.0, 60.0),
    "1/(1 + exp(-(V + 60)/0.1))": (-75.0, 20.0, 60.0),
    "1/(1 + exp(-(V + 60)))": (-140.0, 60.0, 60.0),
    "1/(1 + exp(-(V + 60)/4))": (-300.0, 2000.0, 6.0),
    "1 + tanh((V + 60)/3)": (-125.0, 1000.0, 3.0),
}


@pytest.mark.parametrize("alpha", STEEP)
def test_a_gate_that_opens_within_a_step_is_seen(alpha):
    """From where a rate is next to nothing: fifteen terms of its series tell nothing of where it is not."""
    v_init, level, t_end = STEEP[alpha]
    gate = natrium.Gate("m", 1, alpha=alpha, beta="0.3", initial=0.0)
    neuron = natrium.Neuron(channels=[natrium.Channel("X", 5.0, 50.0, [gate])], v_init=v_init)
    found, truth = (make(neuron, natrium.Constant(level), t_end) for make in (compiled, event))
    assert found.n_spikes == truth.n_spikes > 1
    np.testing.assert_allclose(found.spike_times, truth.spike_times, rtol=0.0, atol=1e-7)


# --- the trajectory -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "neuron", [LIF, NA, CLAMP, natrium.Neuron(tau_ref=0.0), natrium.Neuron(v_thresh=None)]
)
@pytest.mark.parametrize("t_end", [60.0, 41.5])
def test_the_contract_of_a_trajectory(neuron, t_end):
    found, other = (make(neuron, INPUTS["sum"], t_end) for make in (compiled, event))
    assert found.names == other.names
    assert (found.t_start, found.t_end, found.solver) == (0.0, t_end, "compiled")
    assert found.segments[0].begin == 0.0
    assert found.segments[-1].end == found.t[-1] == t_end
    for one, following in zip(found.segments, found.segments[1:], strict=False):
        assert one.end == following.begin
        assert one.knots[0] == 0.0
        np.testing.assert_allclose(one.begin + one.knots[-1], one.end, rtol=1e-15, atol=1e-13)
        np.testing.assert_allclose(one.state(one.knots)[:, 1:-1], one.values[:, 1:-1], rtol=0.0, atol=1e-11)
    assert np.all(np.diff(found.t) >= 0.0)
    assert found.y.shape == (len(found.names), found.t.size)
    np.testing.assert_allclose(found.segments[0].values[:, 0], neuron.initial_state(), rtol=1e-15)
    np.testing.assert_allclose(
        list(found.final_state.values()), list(other.final_state.values()), rtol=0.0, atol=2e-7
    )
    np.testing.assert_allclose(found.state(t_end), list(found.final_state.values()), rtol=0.0, atol=1e-11)
    assert found.manifest["model_sha256"] == other.manifest["model_sha256"]
    assert found.manifest["solver"] == "Compiled"
    assert found.statistics["steps"]["Taylor"] > 0
    assert found.rhs_evaluations > 0
    gates = found.y[1:]
    assert np.all((gates >= 0.0) & (gates <= 1.0))


def test_a_spike_at_the_very_end():
    neuron, drive = natrium.Neuron(), natrium.Constant(20.0)
    at = 10.0 * math.log(4.0)
    for late in (-1e-8, 1e-8):
        run = compiled(neuron, drive, at + late)
        many = natrium.simulate_many(neuron, t_end=at + late, parameters={"I": [20.0] * 3})
        assert run.n_spikes == (late > 0.0)
        assert many.counts.tolist() == [run.n_spikes] * 3
        assert np.all(run.spike_times <= run.t_end)
        assert run.final_state["V"] == (-70.0 if late > 0.0 else pytest.approx(-55.0, abs=1e-7))
        np.testing.assert_array_equal(many.final_states[:, 0], run.final_state["V"])


def test_settings_are_checked_and_kept():
    for wrong in (
        {"rtol": 0.0}, {"rtol": 0.2}, {"rtol": "1e-9"}, {"atol": -1.0}, {"order": 5}, {"order": 31},
        {"order": 7.5}, {"step_scale": 0.0}, {"step_scale": 1.5},
    ):  # fmt: skip
        with pytest.raises(natrium.ModelError, match=next(iter(wrong))):
            natrium.Compiled(**wrong)
    run = compiled(NA, STEP, 50.0, order=12, rtol=1e-8)
    assert run.method == "Taylor series of order 12"
    assert run.manifest["settings"]["order"] == 12
    assert run.made_by == natrium.Compiled(order=12, rtol=1e-8)


@pytest.mark.parametrize("order", [6, 10, 20, 30])
def test_any_order_keeps_the_tolerance(order):
    run = compiled(NA, STEP, 100.0, order=order, rtol=1e-8)
    np.testing.assert_allclose(
        run.spike_times, [40.948476902, 65.587194137, 90.386461710], rtol=0.0, atol=1e-7
    )


def test_the_error_follows_the_tolerance():
    model, spikes = train("r05-pulses")
    errors = [
        np.abs(solve(model, natrium.Compiled, rtol=rtol).spike_times - spikes).max()
        for rtol in (1e-5, 1e-7, 1e-9, 1e-11)
    ]
    assert all(tight < 0.1 * loose for loose, tight in zip(errors, errors[1:], strict=False))


@pytest.mark.parametrize("rtol", [0.1, 0.01, 1e-3])
def test_coarse_tolerances_still_end(rtol):
    run = compiled(NA, STEP, 100.0, rtol=rtol)
    assert 2 <= run.n_spikes <= 5
    assert np.diff(run.spike_times).min() >= NA.tau_ref


# --- grazes, limits, what is carried elsewhere ----------------------------------------------------


def grazing(gap):
    """Give a neuron whose highest V is `gap` mV over threshold, by the closed form; and when."""
    parts = [natrium.Constant(8.0), natrium.Sine(14.0, 40.0)]
    free = natrium.ClosedForm().solve(natrium.Neuron(v_thresh=1000.0), parts, t_end=80.0)
    times = np.linspace(0.0, 80.0, 8001)
    at = times[np.argmax(free.state(times)[0])]
    around = np.linspace(at - 0.02, at + 0.02, 200_001)
    V = free.state(around)[0]
    return natrium.Neuron(v_thresh=float(V.max()) - gap), parts, float(around[np.argmax(V)])


@pytest.mark.parametrize("gap", [1e-10, -1e-10])
def test_a_graze_within_the_error_is_flagged_with_its_time(gap):
    neuron, parts, at = grazing(gap)
    run = compiled(neuron, parts, 80.0)
    warning = next(text for text in run.warnings if "grazing" in text)
    assert float(warning.split(" at ")[1].split(" ms")[0]) == pytest.approx(at, abs=1e-2)
    assert ("taken as a spike" in warning) == (run.n_spikes > 0) == (gap > 0)
    many = natrium.simulate_many(neuron, parts, t_end=80.0, parameters={"tau_ref": [2.0, 3.0]})
    assert np.all(many.flags & RunFlag.GRAZE)
    assert many.counts[0] == run.n_spikes
    assert "by the closed form" in many.messages[0]


@pytest.mark.parametrize("gap", [1e-5, -1e-5])
def test_a_clear_peak_is_not_flagged(gap):
    neuron, parts, _ = grazing(gap)
    run = compiled(neuron, parts, 80.0)
    assert run.warnings == ()
    assert (run.n_spikes > 0) == (gap > 0)


def test_a_budget_of_spikes_is_kept():
    limits = natrium.Limits(max_spikes=3)
    with pytest.raises(natrium.TooManySpikes, match="at most 3"):
        compiled(LIF, natrium.Constant(25.0), 100.0, limits=limits)
    assert compiled(natrium.Neuron(), natrium.Constant(20.0), 50.0, limits=limits).n_spikes == 3
    found = natrium.simulate_many(
        natrium.Neuron(), t_end=50.0, parameters={"I": [10.0, 20.0, 90.0]}, limits=limits
    )
    assert (found.flags & RunFlag.FAILED).astype(bool).tolist() == [False, False, True]
    assert found.messages[2].startswith("I_0 = 90.0: a run may fire at most 3 spikes")
    assert np.isnan(found.final_states[2]).all()
    assert found.counts.tolist() == [0, 3, 0]


def test_a_run_away_rate_ends_by_name():
    with pytest.raises(natrium.TooManySpikes, match="at most"):
        compiled(natrium.Neuron(tau_ref=0.0), natrium.Constant(1e10), 1.0)


@pytest.mark.parametrize("allowed", [500, 20_000])
def test_a_budget_of_calls_is_kept(allowed):
    limits = natrium.Limits(max_rhs_evaluations=allowed)
    with pytest.raises(natrium.StepLimit, match=str(allowed)):
        compiled(NA, natrium.Constant(20.0), 3000.0, limits=limits)


def test_a_budget_of_calls_ends_a_long_run():
    limits = natrium.Limits(max_rhs_evaluations=1_000_000)
    with pytest.raises(natrium.StepLimit, match="1000000"):
        compiled(NA, natrium.Constant(20.0), 1e5, limits=limits)
    limits = natrium.Limits(max_rhs_evaluations=100_000)
    found = natrium.simulate_many(natrium.Neuron(), t_end=1e5, parameters={"I": [0.0, 20.0]}, limits=limits)
    assert (found.flags & RunFlag.FAILED).astype(bool).tolist() == [False, True]


def test_a_stiff_run_is_carried_by_the_event_driven_solver_and_says_so():
    neuron, drive = held_by_decay(1e6), natrium.Constant(16.0)
    found, other = compiled(neuron, drive, 40.0), event(neuron, drive, 40.0, rtol=1e-9)
    np.testing.assert_array_equal(found.spike_times, other.spike_times)
    assert found.n_spikes > 0
    assert any(text.startswith("carried by EventDriven: stiff at t = ") for text in found.warnings)
    many = natrium.simulate_many(neuron, t_end=40.0, parameters={"I": [0.0, 16.0]})
    assert np.all(many.flags & RunFlag.FALLBACK)
    assert "carried by EventDriven" in many.messages[1]
    np.testing.assert_array_equal(many.train(1), other.spike_times)


ELSEWHERE = {
    "function": (NA, natrium.Custom(lambda t: 20.0, max_step=1.0), "Custom"),
    "not analytic": (NA, natrium.Formula("20 + abs(sin(t))", max_step=0.5), "smooth elementary functions"),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_has_no_series_is_carried_by_the_event_driven_solver(name):
    neuron, drive, why = ELSEWHERE[name]
    found, other = compiled(neuron, drive, 40.0), event(neuron, drive, 40.0, rtol=1e-9)
    np.testing.assert_array_equal(found.spike_times, other.spike_times)
    assert found.n_spikes > 0
    (said,) = found.warnings
    assert said.startswith("carried by EventDriven: ")
    assert why in said
    mixed = natrium.simulate_many(neuron, stimuli=[drive, natrium.Constant(20.0), drive], t_end=40.0)
    assert (mixed.flags & RunFlag.FALLBACK).astype(bool).tolist() == [True, False, True]
    np.testing.assert_array_equal(mixed.train(0), other.spike_times)
    np.testing.assert_array_equal(mixed.train(2), other.spike_times)
    np.testing.assert_array_equal(mixed.train(1), compiled(neuron, natrium.Constant(20.0), 40.0).spike_times)


@pytest.mark.parametrize(
    ("written", "at"),
    [("log(t - 5)", 0.0), ("sqrt(50 - t)", 50.0), ("1/(t - 5)", 5.0), ("-exp(t)", 709.78)],
)
def test_an_input_that_is_not_finite_is_named_with_its_time(written, at):
    with pytest.raises(natrium.SolverError, match=r"t = \S+ ms") as caught:
        compiled(LIF, natrium.Formula(written), 1000.0, rtol=1e-6)
    assert float(str(caught.value).split("t = ")[1].split(" ms")[0]) == pytest.approx(at, abs=0.02)
