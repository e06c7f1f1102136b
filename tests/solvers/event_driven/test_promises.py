"""What the event-driven solver promises, promise by promise."""

import math

import attrs
import numpy as np
import pytest
from scipy.integrate import DOP853, OdeSolver, Radau, solve_ivp
from scipy.optimize import minimize_scalar

import natrium
from tests.solvers.cases import METHODS, NA, STEP, train

LIF = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)


def sodium_at_rest(g, initial="steady-state", **parameters):
    """Give a neuron with the squid axon's sodium channel, rest at -65 mV."""
    gates = [attrs.evolve(gate, initial=initial) for gate in natrium.CHANNELS["hh_sodium"].gates]
    channel = natrium.Channel("Na", g, 50.0, gates)
    return natrium.Neuron(v_rest=-65.0, v_thresh=-50.0, channels=[channel], **parameters)


# Every method, and the compiled solver: what both promise is asked of both.
ALL = (*METHODS, "compiled")
# Calls in which a hard run must be through, where explicit steps alone would take millions. Native ones are
# cheap: the compiled solver takes many before it hands a run on.
ENOUGH = {"auto": 60_000, "Radau": 60_000, "compiled": 10_000_000}


def made(method="auto", **options):
    return (
        natrium.Compiled(**options) if method == "compiled" else natrium.EventDriven(method=method, **options)
    )


def spikes(neuron, stimulus, t_end, t_start=0.0, **options):
    return made(**options).solve(neuron, stimulus, t_start=t_start, t_end=t_end).spike_times


# --- 1. pieces -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ALL)
def test_a_pulse_of_a_microsecond_is_felt(method):
    # 15 mV within 1e-3 ms take 15 tau_m/1e-3 = 150 000 mV; a tenth more fires before it ends.
    pulse = natrium.Step(165_000.0, start=500.0, stop=500.001)
    found = spikes(LIF, pulse, 1000.0, method=method, rtol=1e-7)
    assert found == pytest.approx([500.0 + 10.0 * math.log1p(15.0 / 164_985.0)], abs=1e-9)
    weaker = natrium.Step(135_000.0, start=500.0, stop=500.001)
    assert spikes(LIF, weaker, 1000.0, method=method, rtol=1e-7).size == 0
    (with_sodium,) = spikes(NA, pulse, 1000.0, method=method, rtol=1e-7)
    assert 500.0 < with_sodium < found[0]  # sodium is half open at rest already


@pytest.mark.parametrize("method", ["auto", "compiled"])
@pytest.mark.parametrize("t_start", [0.027974984083842358, 0.1, -3.7, 1e3 + 0.1, 1e6 + 0.3])
def test_an_edge_is_met_whatever_the_start(t_start, method):
    # Differences of times are rounded: an edge must not fall out of the piece that begins on it.
    rng = np.random.default_rng(7)
    for start in t_start + rng.uniform(1.0, 50.0, size=40):
        found = spikes(LIF, natrium.Step(30.0, start=start), start + 10.0, t_start, method=method)
        assert found == pytest.approx([start + 10.0 * math.log(2.0)], rel=1e-15, abs=2e-8)


@pytest.mark.parametrize("method", ["auto", "compiled"])
def test_the_input_is_half_open_at_both_ends(method):
    # Two steps that share an edge are one; the value on an edge belongs to what begins there.
    joined = natrium.Step(20.0, start=0.0, stop=13.0) + natrium.Step(20.0, start=13.0)
    np.testing.assert_allclose(
        spikes(LIF, joined, 60.0, method=method), spikes(LIF, natrium.Constant(20.0), 60.0), atol=1e-8
    )


EXPRESSIONS = {
    "sine": (natrium.Formula("50*sin(2*pi*0.05*t)"), natrium.Sine(50.0, 50.0)),
    "line": (natrium.Formula("0.5*t"), natrium.Ramp(0.5)),
    "bump": (natrium.Formula("60*exp(-(t - 31)**2/8)"), natrium.Gaussian(60.0, 31.0, 2.0)),
    "window": (natrium.Formula("20", start=10.0, stop=35.0), natrium.Step(20.0, start=10.0, stop=35.0)),
    "kink": (
        natrium.Formula("3*abs(t - 20)", breakpoints=[20.0]),
        natrium.Samples([0.0, 20.0, 60.0], [60.0, 0.0, 120.0], "linear"),
    ),
    "callable": (
        natrium.Custom(lambda t: 60.0 * math.exp(-((t - 31.0) ** 2) / 8.0), max_step=1.0),
        natrium.Gaussian(60.0, 31.0, 2.0),
    ),
    "narrow, told": (
        natrium.Formula("6000*exp(-(t - 31)**2/0.0002)", max_step=0.01),
        natrium.Gaussian(6000.0, 31.0, 0.01),
    ),
}


@pytest.mark.parametrize("method", ["auto", "compiled"])
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_is_the_stimulus_that_it_spells(name, method):
    written, named = EXPRESSIONS[name]
    expected = spikes(NA, named, 60.0)
    assert expected.size > 0
    np.testing.assert_allclose(spikes(NA, written, 60.0, method=method), expected, rtol=0.0, atol=1e-8)


# --- 2. no crossing missed ------------------------------------------------------------------------


def smooth_drive(rng):
    """Draw a smooth input whose exact V peaks somewhere in 60 ms; give input, peak time and peak V."""
    while True:
        parts = [natrium.Constant(rng.uniform(-2.0, 12.0))]
        for _ in range(rng.integers(1, 4)):
            frequency, phase = 10.0 ** rng.uniform(1.0, 3.0), rng.uniform(0.0, 6.28)
            parts.append(natrium.Sine(rng.uniform(2.0, 25.0), frequency, phase=phase))
        free = natrium.Neuron(tau_m=10.0, v_rest=-70.0, v_thresh=1000.0)
        run = natrium.ClosedForm().solve(free, parts, t_end=60.0)
        times = np.linspace(0.0, 60.0, 6001)
        best = int(np.argmax(run.state(times)[0]))
        if not 0 < best < times.size - 1:
            continue
        around = (times[best - 1], times[best + 1])
        top = minimize_scalar(
            lambda t, run=run: -run.state(t)[0], bounds=around, method="bounded", options={"xatol": 1e-11}
        )
        if -top.fun > -69.0:
            return parts, float(top.x), float(-top.fun)


def placed(peak, gap):
    return natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=peak + gap)


@pytest.mark.parametrize(("method", "count"), [("auto", 200), ("RK45", 12), ("Radau", 2), ("compiled", 200)])
def test_a_peak_just_over_threshold_fires_and_one_just_under_does_not(method, count):
    rng, rtol, errors = np.random.default_rng(20), 1e-9, []
    for gap in np.geomspace(1e-2, 1e-7, count):
        parts, at, peak = smooth_drive(rng)
        truth = natrium.ClosedForm().solve(placed(peak, -gap), parts, t_end=60.0)
        found = spikes(placed(peak, -gap), parts, at + 0.1, method=method, rtol=rtol)
        assert found.size == truth.spike_times[truth.spike_times < at + 0.1].size >= 1
        assert truth.spike_times[0] < at
        slope, distance = truth.events[0].slope, peak - gap + 70.0
        errors.append(abs(found[0] - truth.spike_times[0]) * slope / (rtol * (1.0 + distance)))
        assert spikes(placed(peak, gap), parts, at + 0.1, method=method, rtol=rtol).size == 0
    # With one state alone, an error estimate may vanish by chance and let a far too long step pass.
    assert np.median(errors) < 0.1
    assert max(errors) < 10.0


# --- 3. sharp spike times -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ALL)
def test_the_state_at_a_spike_is_as_good_as_a_step(method):
    # V stands on the threshold and the gates are those of a run that simply ends there.
    model, times = train("na1")
    run = made(method, rtol=1e-8).solve(model.neuron, model.stimulus, t_end=times[0] + 1.0)
    plain = natrium.EventDriven(rtol=1e-12).solve(model.neuron, model.stimulus, t_end=times[0] - 1e-9)
    np.testing.assert_allclose(run.events[0].before, plain.y[:, -1], rtol=0.0, atol=2e-7)
    assert run.events[0].before[0] == model.neuron.v_thresh


# --- 4. honest at a graze -------------------------------------------------------------------------


def grazing(side, gap, t_end=80.0):
    """Give a neuron whose threshold lies `gap` mV under (or over) the highest V; input and time of that."""
    parts = [natrium.Constant(8.0), natrium.Sine(14.0, 40.0)]
    free = natrium.Neuron(v_thresh=1000.0)
    run = natrium.ClosedForm().solve(free, parts, t_end=t_end)
    times = np.linspace(0.0, t_end, round(100 * t_end) + 1)
    best = times[np.argmax(run.state(times)[0])]
    top = minimize_scalar(lambda t: -run.state(t)[0], bounds=(best - 0.01, best + 0.01), method="bounded")
    return natrium.Neuron(v_thresh=float(-top.fun) - side * gap), parts, float(top.x)


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("side", [1, -1])
def test_a_graze_within_the_error_is_flagged_with_its_time(side, method):
    neuron, parts, at = grazing(side, 1e-10)
    run = made(method, rtol=1e-9).solve(neuron, parts, t_end=80.0)
    (warning,) = [text for text in run.warnings if "grazing" in text][:1]
    assert float(warning.split(" at ")[1].split(" ms")[0]) == pytest.approx(at, abs=1e-2)
    assert ("taken as a spike" in warning) == (run.n_spikes > 0) == (side > 0)
    assert warning.endswith("by the closed form")


@pytest.mark.parametrize("method", ["auto", "compiled"])
@pytest.mark.parametrize("side", [1, -1])
def test_a_clear_peak_is_not_flagged(side, method):
    neuron, parts, _ = grazing(side, 1e-5)
    run = made(method, rtol=1e-9).solve(neuron, parts, t_end=80.0)
    assert run.warnings == ()
    assert (run.n_spikes > 0) == (side > 0)


@pytest.mark.parametrize("method", ["auto", "compiled"])
def test_many_grazes_are_summed_up(method):
    neuron, parts, _ = grazing(-1, 1e-8, t_end=800.0)  # all peaks are alike, one every 25 ms
    run = made(method, rtol=1e-9, atol=3e-9).solve(neuron, parts, t_end=800.0)
    assert run.n_spikes == 0
    assert len(run.warnings) == 6
    assert "more such peaks" in run.warnings[-1]


@pytest.mark.parametrize("method", ["auto", "compiled"])
@pytest.mark.parametrize("delay", [1e-12, -1e-12, 0.0])
def test_a_spike_that_an_edge_may_just_forestall_is_flagged(delay, method):
    # V meets the threshold with full slope, 1e-12 ms from the edge of a strong inhibition: whether it
    # fires is below the solver's error and decides all that follows.
    at = 10.036054168192066 + delay
    drive = (
        natrium.Step(16.0, stop=at)
        + natrium.Step(-50.0, start=at, stop=20.0)
        + natrium.Step(16.0, start=20.0)
    )
    run = made(method, rtol=1e-9).solve(sodium_at_rest(50.0), drive, t_end=60.0)
    assert any("threshold" in warning for warning in run.warnings)


# --- 5. it ends -----------------------------------------------------------------------------------

NOT_FINITE = {
    "log from the start": (natrium.Formula("log(t - 5)"), 0.0),
    "root from the start": (natrium.Formula("sqrt(t - 50)"), 0.0),
    "root at 50": (natrium.Formula("sqrt(50 - t)"), 50.0),
    "log at 5": (natrium.Formula("log(5 - t)"), 5.0),
    "pole at 5": (natrium.Formula("1/(t - 5)"), 5.0),
    "double pole at 5": (natrium.Formula("-1/(t - 5)**2"), 5.0),
    "essential at 5": (natrium.Formula("-exp(-1/(t - 5))"), 5.0),
    "power at 50": (natrium.Formula("(50 - t)**1.5"), 50.0),
    "overflow at 709.78": (natrium.Formula("-exp(t)"), 709.78),
    "callable": (natrium.Custom(lambda t: math.nan if t > 5.0 else 1.0, max_step=1.0), 5.0),
    "infinite": (natrium.Custom(lambda t: math.inf if t > 5.0 else 1.0, max_step=1.0), 5.0),
}  # fmt: skip


@pytest.mark.parametrize("method", ["auto", "Radau", "compiled"])
@pytest.mark.parametrize("name", NOT_FINITE)
def test_an_input_that_is_not_finite_is_named_with_its_time(name, method):
    stimulus, at = NOT_FINITE[name]
    limits = natrium.Limits(max_rhs_evaluations=max(100_000, ENOUGH[method]))
    with pytest.raises(natrium.SolverError, match=r"t = \S+ ms") as caught:
        made(method, limits=limits, rtol=1e-6).solve(LIF, stimulus, t_end=1000.0)
    assert not isinstance(caught.value, natrium.StepLimit)
    assert float(str(caught.value).split("t = ")[1].split(" ms")[0]) == pytest.approx(at, abs=0.02)


@pytest.mark.parametrize("method", ["RK45", "DOP853"])
@pytest.mark.parametrize("name", ["root from the start", "root at 50", "log at 5", "callable", "infinite"])
def test_explicit_methods_alone_name_it_too(name, method):
    stimulus, at = NOT_FINITE[name]
    with pytest.raises(natrium.SolverError, match=r"t = \S+ ms") as caught:
        spikes(NA, stimulus, 1000.0, method=method)
    assert float(str(caught.value).split("t = ")[1].split(" ms")[0]) == pytest.approx(at, abs=1e-6)


@pytest.mark.parametrize("method", ["auto", "compiled"])
@pytest.mark.parametrize("level", [1e300, -1e300, 1.7e308])
@pytest.mark.parametrize("neuron", [LIF, NA], ids=["lif", "sodium"])
def test_an_input_near_the_largest_double_ends_by_name_or_by_number(neuron, level, method):
    limits = natrium.Limits(max_rhs_evaluations=100_000)
    try:
        run = made(method, limits=limits).solve(neuron, natrium.Constant(level), t_end=5.0)
    except natrium.SolverError as error:
        assert "ms" in str(error)
    else:
        assert np.all(np.isfinite(run.y))


@pytest.mark.parametrize("method", ["auto", "compiled"])
@pytest.mark.parametrize("alpha", ["0.001*(V + 200)**1.5", "0.1*sqrt(V + 200)", "0.1*log(V + 210)"])
def test_a_rate_without_a_real_value_out_there_is_named_with_its_time(alpha, method):
    # Fine on the physiological range, which is all that is checked; V is then driven far below it.
    gate = natrium.Gate("a", alpha=alpha, beta="0.1", initial=0.5)
    neuron = natrium.Neuron(channels=[natrium.Channel("X", 5.0, 50.0, [gate])])
    with pytest.raises(natrium.SolverError, match=r"t = 0\.1\d+ ms"):
        spikes(neuron, natrium.Constant(-1e4), 100.0, method=method)


def test_a_run_away_rate_ends_by_name():
    with pytest.raises(natrium.TooManySpikes, match="at most"):
        spikes(natrium.Neuron(tau_ref=0.0), natrium.Constant(1e10), 1.0)
    limits = natrium.Limits(max_spikes=3)
    with pytest.raises(natrium.TooManySpikes, match="at most 3"):
        spikes(LIF, natrium.Constant(20.0), 100.0, limits=limits)
    assert spikes(LIF, natrium.Constant(20.0), 50.0, limits=limits).size == 3


def test_a_budget_of_calls_is_kept():
    limits = natrium.Limits(max_rhs_evaluations=2000)
    with pytest.raises(natrium.StepLimit, match="at most 2000"):
        spikes(NA, STEP, 100.0, limits=limits)


# --- 6. stiff pieces ------------------------------------------------------------------------------


def fast_channel(phi):
    """Make a sodium channel with all rates multiplied by `phi`."""
    gates = [
        natrium.Gate(
            "m", 3, alpha=f"{phi}*(0.1*(V + 40)/(1 - exp(-(V + 40)/10)))", beta=f"{phi}*4*exp(-(V + 65)/18)"
        ),
        natrium.Gate("h", 1, alpha=f"{phi}*0.07*exp(-(V + 65)/20)", beta=f"{phi}/(1 + exp(-(V + 35)/10))"),
    ]
    return natrium.Neuron(channels=[natrium.Channel("fast", 5.0, 50.0, gates)])


def test_a_hundred_thousandfold_rate_is_handed_to_radau():
    limits = natrium.Limits(max_rhs_evaluations=60_000)  # explicit steps alone would take millions
    run = natrium.EventDriven(limits=limits).solve(fast_channel(1e5), natrium.Constant(16.0), t_end=100.0)
    assert run.statistics["steps"]["Radau13"] > 0
    alone = natrium.EventDriven(method="Radau").solve(fast_channel(1e5), natrium.Constant(16.0), t_end=100.0)
    assert run.n_spikes == alone.n_spikes > 1
    np.testing.assert_allclose(run.spike_times, alone.spike_times, rtol=0.0, atol=1e-6)


def test_a_run_that_was_stiff_begins_its_next_pieces_with_implicit_steps(monkeypatch):
    """Each is still one call of SciPy's loop."""
    asked = []

    def counted(fun, span, y, **options):
        asked.append(options["method"])
        return solve_ivp(fun, span, y, **options)

    monkeypatch.setattr("natrium.solvers.event_driven.course._solve_ivp", counted)
    run = natrium.simulate(fast_channel(1e5), natrium.Constant(16.0), t_end=100.0)
    assert run.n_spikes > 1
    first, *others = asked
    assert issubclass(first, DOP853)
    assert len(others) == run.n_spikes + 1
    assert all(issubclass(one, OdeSolver) and "step" not in vars(one) for one in others)
    assert {one.__name__ for one in others} == {"_Radau13"}


def test_a_model_that_is_not_stiff_stays_with_dop853():
    run = natrium.EventDriven().solve(NA, STEP, t_end=100.0)
    assert set(run.statistics["steps"]) == {"DOP853"}


@pytest.mark.parametrize("method", ["auto", "compiled"])
@pytest.mark.parametrize("depth", [-300.0, -1000.0, -1500.0, -1e4, -1e6])
def test_deep_inhibition_of_any_depth_is_got_through(depth, method):
    # Rates grow as exp(-V/18), past every power of ten; an edge lies where V is deepest.
    drive = natrium.Step(depth, start=5.0, stop=25.0) + natrium.Constant(20.0)
    limits = natrium.Limits(max_rhs_evaluations=ENOUGH[method])
    found = spikes(sodium_at_rest(50.0), drive, 220.0, limits=limits, method=method)
    expected = natrium.EventDriven(method="Radau", rtol=1e-7).solve(sodium_at_rest(50.0), drive, t_end=220.0)
    assert found.size == expected.n_spikes > 3
    np.testing.assert_allclose(found, expected.spike_times, rtol=0.0, atol=1e-4)


@pytest.mark.parametrize("I", [1e100, 1e308])
def test_an_input_of_any_size_fires_at_once_each_time(I):
    run = natrium.EventDriven().solve(NA, natrium.Constant(I), t_end=9.0)
    assert run.spike_times == pytest.approx([150.0 / I, 2.0, 4.0, 6.0, 8.0], rel=1e-12)


@pytest.mark.parametrize("method", ["auto", "compiled"])
@pytest.mark.parametrize("depth", [-200.0, -1e3, -1e4, -1e6])
def test_a_start_of_any_depth_is_got_through(depth, method):
    neuron = sodium_at_rest(50.0, initial=0.5, v_init=depth)
    limits = natrium.Limits(max_rhs_evaluations=ENOUGH[method])
    found = spikes(neuron, natrium.Constant(20.0), 150.0, limits=limits, method=method)
    truth = natrium.EventDriven(method="Radau", rtol=1e-8).solve(neuron, natrium.Constant(20.0), t_end=150.0)
    assert found.size == truth.n_spikes > 1
    np.testing.assert_allclose(found, truth.spike_times, rtol=0.0, atol=1e-4)


def test_each_piece_is_one_call_of_scipys_solve_ivp(monkeypatch):
    """The design's word: what steps is SciPy's own code, never a loop of ours in its place."""
    asked = []

    def counted(fun, span, y, **options):
        asked.append(options["method"].__mro__)
        return solve_ivp(fun, span, y, **options)

    monkeypatch.setattr("natrium.solvers.event_driven.course._solve_ivp", counted)
    model = natrium.notebook.lif_na()
    run = natrium.simulate(model.neuron, model.stimulus, t_end=100.0)
    # before and after each edge of the input, and from each release to the next spike
    assert run.n_spikes + 1 <= len(asked) <= 2 * run.n_spikes + 3
    for bases in asked:
        (scipys,) = [base for base in bases if base in (DOP853, Radau)]
        assert all(not {"step", "_attempt"} & set(vars(base)) for base in bases[: bases.index(scipys)])
