"""Equations of one's own in lanes: reset, refractory rules, V that goes on through its threshold or runs off."""

import math
import re
import tomllib

import attrs
import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp

import natrium
from natrium.model.expressions.exprel import EXP_LIMIT
from natrium.model.files.new import template, template_names
from natrium.solvers.ensembles.grid import runs_of
from natrium.solvers.flags import RunFlag

MODELS = {name: natrium.model.loads(template(name)) for name in template_names()}
del MODELS["mat"]  # whose threshold moves: not for lanes
OWN = [name for name, model in MODELS.items() if not model.neuron.of_channels]
LONGEST = 100.0  # ms

IZHIKEVICH = MODELS["izhikevich"].neuron
SQUID = MODELS["hodgkin-huxley"].neuron
DRIVE = (natrium.Constant(10.0), natrium.Sine(30.0, 50.0), natrium.Pulses(20.0, width=1.0, period=9.0))
FREE = {"V": "free", "w": "free"}
FILTERED = natrium.HybridNeuron(  # V moves on while refractory, and may be over the threshold when that ends
    equations={"V": "(-(V + 70) + I)/10", "w": "(V - w)/5"},
    initial={"V": -70.0, "w": -70.0},
    v_thresh=-50.0,
    reset={"V": -60.0},
    tau_ref=8.0,
    refractory=FREE,
)
MOVING = natrium.HybridNeuron(  # a threshold of its own, and a reset that depends on it
    equations={"V": "(-(V + 70) + I)/10", "th": "(-50 - th)/20"},
    initial={"V": -70.0, "th": -50.0},
    v_thresh=-50.0,
    reset={"V": "-80 + 0.1*th", "th": "th + 5"},
    tau_ref=2.0,
    refractory={"th": "free"},
)
ODD = natrium.HybridNeuron(  # any reset
    equations={"V": "(-(V + 70) + I - w + sinh(w/40)*cosh(w/30))/10", "w": "-w/50"},
    initial={"V": -70.0, "w": 1.0},
    v_thresh=-50.0,
    reset={"V": "V - 20 - w/10", "w": "w*0.9 + exp(-w) + log(1 + w**2)"},
)
CASES = {
    "izhikevich, hold": (attrs.evolve(IZHIKEVICH, tau_ref=30.0), DRIVE),
    "izhikevich, clamp": (attrs.evolve(IZHIKEVICH, tau_ref=3.0, refractory="clamp"), DRIVE),
    "izhikevich, V free": (attrs.evolve(IZHIKEVICH, tau_ref=1.0, refractory={"V": "free"}), DRIVE),
    "izhikevich, all free": (
        attrs.evolve(IZHIKEVICH, tau_ref=1.0, refractory={"V": "free", "u": "free"}),
        DRIVE,
    ),
    "squid, hold": (attrs.evolve(SQUID, tau_ref=1.5), natrium.Step(10.0, start=20.0)),
    "squid, clamp": (attrs.evolve(SQUID, tau_ref=1.5, refractory="clamp"), natrium.Step(10.0, start=20.0)),
    "squid, free": (attrs.evolve(SQUID, tau_ref=1.5, refractory={"V": "free"}), natrium.Sine(20.0, 90.0)),
    "late": (FILTERED, natrium.Sine(20.0, 20.0, offset=25.0)),
    "moving threshold": (MOVING, natrium.Constant(25.0)),
    "any reset": (ODD, natrium.Sine(20.0, 3.0, offset=25.0)),
}


def adaptive(slope, cut, **more):
    """Give an adaptive exponential neuron: its upstroke's steepness, and where it is cut off."""
    return natrium.HybridNeuron(
        equations={
            "V": "(-gL*(V - EL) + gL*DT*exp((V - VT)/DT) - w + I)/C",
            "w": "(a*(V - EL) - w)/tau_w",
        },
        parameters={
            "C": 200.0, "gL": 12.0, "EL": -70.0, "VT": -50.0, "DT": slope,
            "a": 2.0, "tau_w": 300.0, "b": 60.0, "Vr": -58.0,
        },
        initial={"V": -70.0, "w": 0.0},
        v_thresh=cut,
        reset={"V": "Vr", "w": "w + b"},
        **more,
    )  # fmt: skip


# --- against an integration by hand -----------------------------------------------------------------


class ByHand:
    """A template as its text says, through Python's own arithmetic and SciPy's DOP853, spike by spike."""

    def __init__(self, text):
        read = tomllib.loads(text)
        self.names, self.level, self.stimuli = list(read["equations"]), read["threshold"], read["stimuli"]
        self.parameters = vars(math) | {"min": min, "where": lambda c, a, b: a if c else b}
        self.parameters |= read.get("parameters", {})
        parts = read.get("constants", {})

        def whole(text):
            return re.sub(
                r"[A-Za-z_]\w*", lambda f: f"({whole(parts[f[0]])})" if f[0] in parts else f[0], text
            )

        self.flow = [compile(whole(one), one, "eval") for one in read["equations"].values()]
        self.reset = read.get("reset", {})
        self.passes = "V" not in self.reset
        rest = read.get("refractory", {})
        self.tau_ref, self.free = rest.get("duration", 0.0), [rest.get(name) == "free" for name in self.names]
        self.initial = [read["initial"][name] for name in self.names]

    def value(self, code, y, I):
        return eval(  # noqa: S307 - of this package's own text
            code, {}, self.parameters | dict(zip(self.names, y, strict=True)) | {"I": I}
        )

    def input(self, t):
        return sum(one["amplitude"] for one in self.stimuli if one.get("start", -1.0) <= t)

    def integrate(self, begin, end, y, rests):
        I, moves = self.input(begin), self.free if rests else [True] * len(y)

        def rhs(t, y):
            return [
                self.value(code, y, I) if free else 0.0 for code, free in zip(self.flow, moves, strict=True)
            ]

        def over(t, y):
            return -1.0 if rests else y[0] - self.level

        over.terminal, over.direction = not self.passes, 1.0
        return solve_ivp(
            rhs, (begin, end), y, method="DOP853", events=over, rtol=1e-13, atol=1e-13, max_step=5.0
        )

    def run(self, t_end):
        """Give spike times and the state at the end."""
        edges = sorted({one["start"] for one in self.stimuli if "start" in one} | {t_end})
        t, y, until, spikes = 0.0, list(self.initial), 0.0, []
        while t < t_end:
            rests = until > t
            end = min(edge for edge in [*edges, until] if edge > t)
            found = self.integrate(t, end, y, rests)
            t, y = found.t[-1], found.y[:, -1].tolist()
            if found.t_events[0].size:
                spikes += found.t_events[0].tolist()
            if found.status == 1:
                y = [self.value(str(self.reset.get(n, n)), y, 0.0) for n in self.names]
                until = t + self.tau_ref
        return np.array(spikes), np.array(y)


@pytest.mark.parametrize("name", OWN)
def test_a_template_is_what_an_integration_by_hand_gives(name):
    model = MODELS[name]
    t_end = min(model.simulation.t_end, LONGEST)
    spikes, final = ByHand(template(name)).run(t_end)
    found = natrium.Compiled(rtol=1e-12).solve(model.neuron, model.stimulus, t_end=t_end)
    assert found.n_spikes == spikes.size > 0
    assert found.warnings == ()
    assert found.statistics["steps"].keys() == {"Taylor"}
    np.testing.assert_allclose(found.spike_times, spikes, rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(list(found.final_state.values()), final, rtol=0.0, atol=1e-7)


@pytest.mark.parametrize("name", [*CASES, *OWN])
def test_errors_told_bound_those_that_are(name):
    """At common tolerances, against EventDriven at its tightest; with every rule of the refractory period."""
    neuron, drive = CASES[name] if name in CASES else (MODELS[name].neuron, MODELS[name].stimulus)
    span = {"t_end": LONGEST}
    truth = natrium.EventDriven(rtol=2.3e-14).solve(neuron, drive, **span)
    for rtol, most in ((1e-6, 1e-4), (1e-9, 2e-8)):
        solver = natrium.Compiled(rtol=rtol)
        found = solver.solve(neuron, drive, **span)
        assert found.n_spikes == truth.n_spikes > 0
        assert found.warnings == ()
        errors = np.abs(found.spike_times - truth.spike_times)
        assert np.all(errors <= solver.spike_time_errors(found) + 5e-12)
        assert errors.max() < most
    for one, other in zip(found.events, truth.events, strict=True):
        assert one.slope == pytest.approx(other.slope, rel=1e-6)
        np.testing.assert_allclose(one.before, other.before, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(one.after, other.after, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(found.state(one.time), one.after, rtol=0.0, atol=1e-10)


# Spike times by Taylor series of order 40 in 34 digits, the last 1e-13 ms before each by quadrature over V.
RUNS_OFF = {
    (2.0, 20.0): (14.904043648697994, 355.61932267540313, 962.87805501042194),
    (0.2, 0.0): (11.642965048326455, 339.27076273612578, 946.05212570966167),
}


@pytest.mark.parametrize("rtol", [1e-9, 1e-12, 1e-14])
@pytest.mark.parametrize(("slope", "cut"), RUNS_OFF)
def test_v_that_runs_off_faster_than_time_can_tell(slope, cut, rtol):
    neuron, drive = adaptive(slope, cut), natrium.Constant(500.0)
    solver = natrium.Compiled(rtol=rtol)
    found = solver.solve(neuron, drive, t_end=1000.0)
    assert found.warnings == ()
    assert found.n_spikes == 17
    errors = np.abs(found.spike_times[[0, 8, 16]] - RUNS_OFF[slope, cut])
    assert np.all(errors <= solver.spike_time_errors(found)[[0, 8, 16]])
    assert errors.max() < max(10.0 * rtol, 1e-11)
    spike = found.events[0]
    C, gL, VT = 200.0, 12.0, -50.0
    upstroke = gL * slope * math.exp(min((cut - VT) / slope, EXP_LIMIT)) / C
    assert spike.slope == pytest.approx(upstroke, rel=1e-6)
    assert spike.before[0] == cut
    assert np.all(np.diff(found.t) >= 0.0)
    many = natrium.simulate_many(neuron, drive, t_end=1000.0, parameters={"b": [60.0] * 3}, rtol=rtol)
    np.testing.assert_array_equal(many.train(2), found.spike_times)
    assert not many.flags.any()


# --- V that goes on through its threshold -----------------------------------------------------------

LEVEL = natrium.HybridNeuron(equations={"V": "I"}, initial={"V": 0.0}, v_thresh=0.5)  # V = sin(t)
WAVE = natrium.Sine(1.0, 500.0 / math.pi, phase=0.5 * math.pi)


def test_spikes_are_the_ways_up_through_a_level():
    found = natrium.Compiled().solve(LEVEL, WAVE, t_end=60.0)
    times = np.arcsin(0.5) + 2.0 * np.pi * np.arange(10)
    np.testing.assert_allclose(found.spike_times, times, rtol=0.0, atol=1e-7)
    np.testing.assert_allclose(
        found.state(np.linspace(0.0, 60.0, 99))[0], np.sin(np.linspace(0.0, 60.0, 99)), atol=1e-7
    )
    assert found.warnings == ()
    started = attrs.evolve(LEVEL, initial={"V": 0.5 + 1e-9})  # above: the way down comes first
    late = natrium.Compiled().solve(started, natrium.Constant(0.0), t_end=60.0)
    assert late.n_spikes == 0


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("gap", [1e-10, -1e-10, 1e-5, -1e-5])
def test_a_touch_is_flagged_from_both_sides(gap, side):
    """V comes up to a level, or down to it, and goes back: a spike where it was above or has been below."""
    neuron = attrs.evolve(LEVEL, v_thresh=1.0, initial={"V": 1.0 - side})
    drive = natrium.Formula(f"{side * (1.0 + gap)!r}*cos(t)")  # V = 1 - side + side (1 + gap) sin(t)
    found = natrium.Compiled().solve(neuron, drive, t_end=3.0)
    assert bool(found.flags & RunFlag.GRAZE) == (abs(gap) < 1e-9)
    assert found.n_spikes == (gap > 0.0)
    if found.warnings:
        assert "at 1.5707" in found.warnings[0]
        assert f"{'over' if gap * side > 0.0 else 'under'} threshold" in found.warnings[0]
    many = natrium.simulate_many(neuron, drive, t_end=3.0, parameters={"v_init": [1.0 - side] * 2})
    assert many.counts.tolist() == [found.n_spikes] * 2
    assert many.grazing.tolist() == [bool(found.warnings)] * 2


# --- many runs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*CASES, *OWN])
def test_a_run_in_a_crowd_is_the_run_alone(name):
    """Each parameter varies: the same bits, states between spikes and while refractory besides."""
    neuron, drive = CASES[name] if name in CASES else (MODELS[name].neuron, MODELS[name].stimulus)
    drive = natrium.model.as_stimulus(drive)
    times = np.linspace(0.0, 60.0, 121)
    for varied, value in natrium.parameters(neuron, drive).items():
        if varied.startswith(("start", "width", "period", "count", "frequency", "phase")):
            continue
        values = np.array([value, 1.01 * value + 1e-3, value])
        runs = runs_of(neuron, drive, {varied: values}, t_end=60.0)
        many = natrium.Compiled().solve_runs(runs, times)
        assert not many.flags.any(), many.messages
        ends = np.cumsum(many.counts)
        for run in (0, 1):
            alone = natrium.Compiled().solve(runs.neuron_at(run), runs.stimulus_at(run), t_end=60.0)
            train = many.spike_times[ends[run] - many.counts[run] : ends[run]]
            np.testing.assert_array_equal(train, alone.spike_times, err_msg=varied)
            assert many.samples is not None
            sizes = 1.0 + np.abs(many.samples[run]).max(axis=1, keepdims=True)
            error = np.abs(many.samples[run] - alone.state(times)) / sizes
            assert error.max() < 2e-11, varied
            final = list(alone.final_state.values())
            np.testing.assert_allclose(many.final_states[run], final, rtol=1e-12, atol=1e-12)


def test_a_prepared_run_starts_from_any_state():
    for neuron, drive in (
        CASES["izhikevich, clamp"],
        CASES["squid, free"],
        (adaptive(2.0, 20.0), natrium.Constant(500.0)),
    ):
        prepared = natrium.Compiled().prepare(neuron, drive, t_end=60.0)
        state = np.array(neuron.initial_state()) + 0.01
        for start in (None, state):
            spikes, final = prepared(start)
            other = neuron if start is None else neuron.started(start.tolist())
            alone = natrium.Compiled().solve(other, drive, t_end=60.0)
            np.testing.assert_array_equal(spikes, alone.spike_times)
            np.testing.assert_allclose(final, list(alone.final_state.values()), rtol=1e-12)
    above, _ = natrium.Compiled().prepare(SQUID, t_end=5.0)([10.0, 0.9, 0.1, 0.6])
    assert above.size == 0
    with pytest.raises(natrium.ModelError, match="V must start below"):
        natrium.Compiled().prepare(IZHIKEVICH, t_end=5.0)([30.0, 0.0])


def test_a_spike_at_the_very_end_leaves_the_state_after_it():
    neuron, drive = CASES["izhikevich, V free"]
    free = natrium.Compiled().solve(neuron, drive, t_end=60.0)
    for end in (free.spike_times[1], np.nextafter(free.spike_times[1], 99.0)):
        found = natrium.Compiled().solve(neuron, drive, t_end=float(end))
        assert abs(found.n_spikes - 1.5) < 1.0  # the last digit decides
        if found.n_spikes == 2:
            assert found.final_state["V"] == pytest.approx(-65.0, abs=1e-9)
            np.testing.assert_allclose(found.state(found.t_end), free.events[1].after, rtol=1e-8)


# --- what is not for the lanes ----------------------------------------------------------------------


def test_what_the_lanes_do_not_know_is_named():
    V, th, current = sympy.symbols("V th I", real=True)
    odd = natrium.HybridNeuron(
        equations={"V": (-(V + 70) + 5 * sympy.atan(V + 60) + current) / 10},
        initial={"V": -70.0},
        v_thresh=-50.0,
        reset={"V": -70.0},
    )
    reset = attrs.evolve(MOVING, reset={"V": -80 + sympy.atan(th), "th": "th + 5"})
    for neuron in (odd, reset):
        found = natrium.Compiled().solve(neuron, natrium.Constant(25.0), t_end=60.0)
        truth = natrium.EventDriven(rtol=1e-9).solve(neuron, natrium.Constant(25.0), t_end=60.0)
        np.testing.assert_array_equal(found.spike_times, truth.spike_times)
        (said,) = found.warnings
        assert said.startswith(
            "carried by EventDriven: the compiled solver knows smooth elementary functions"
        )
        assert "got atan" in said
        many = natrium.simulate_many(neuron, t_end=60.0, parameters={"I": [0.0, 25.0]})
        assert np.all(many.flags & RunFlag.FALLBACK)
        np.testing.assert_array_equal(many.train(1), found.spike_times)


def test_error_functions_in_rates_and_resets_are_compiled():
    neuron = natrium.HybridNeuron(
        equations={"V": "(-(V + 70) + 5*erf((V + 60)/s) + I)/10", "w": "(erf(V/20 + 3) - w)/20"},
        parameters={"s": 3.0},
        initial={"V": -70.0, "w": 0.0},
        v_thresh=-50.0,
        reset={"V": "-70 + erf(w) + erf(s)"},
    )
    found = natrium.Compiled().solve(neuron, natrium.Constant(25.0), t_end=60.0)
    truth = natrium.EventDriven(rtol=1e-12).solve(neuron, natrium.Constant(25.0), t_end=60.0)
    assert found.n_spikes > 3
    assert not found.warnings
    np.testing.assert_allclose(found.spike_times, truth.spike_times, rtol=0.0, atol=1e-9)
    many = natrium.simulate_many(neuron, t_end=60.0, parameters={"I": [0.0, 25.0, 21.0]})
    np.testing.assert_array_equal(many.train(1), found.spike_times)


def test_a_reset_over_the_threshold_ends_its_own_run_alone():
    rising = attrs.evolve(MOVING, reset={"V": "-80 + th*0 + (th + 50)*3", "th": "th + 8"})
    with pytest.raises(natrium.SolverError, match=r"the reset must take V below v_thresh .* at t = "):
        natrium.Compiled().solve(rising, natrium.Constant(25.0), t_end=300.0)
    many = natrium.simulate_many(rising, t_end=300.0, parameters={"I": [0.0, 25.0, 21.0]})
    assert (many.flags & RunFlag.FAILED).astype(bool).tolist() == [False, True, False]
    assert "the reset must take V below v_thresh" in many.messages[1]


def test_budgets_are_kept():
    limits = natrium.Limits(max_spikes=3)
    with pytest.raises(natrium.TooManySpikes, match="at most 3"):
        natrium.Compiled(limits=limits).solve(IZHIKEVICH, natrium.Constant(10.0), t_end=300.0)
    with pytest.raises(natrium.SolverError, match=r"t = \S+ ms"):  # V runs off, and nothing ends it
        natrium.Compiled().solve(attrs.evolve(IZHIKEVICH, v_thresh=None), natrium.Constant(10.0), t_end=300.0)


def test_a_threshold_that_moves_is_handed_over():
    moving = natrium.loads(template("mat"))
    run = natrium.Compiled().solve(moving.neuron, moving.stimulus, t_end=60.0)
    assert "threshold that stands, got one that moves with theta_1, theta_2" in run.warnings[-1]
    assert run.spike_times.tolist() == natrium.run(moving).spike_times[: run.n_spikes].tolist()


def test_a_threshold_of_parameters_varies_with_them():
    neuron = natrium.HybridNeuron(
        equations={"V": "(I - V)/10"},
        parameters={"V_T": 5.0, "Delta": 2.0},
        initial={"V": 0.0},
        v_thresh="V_T + 5*Delta",
        reset={"V": 0.0},
    )
    runs = natrium.simulate_many(
        neuron, natrium.Constant(20.0), t_end=30.0, parameters={"V_T": [2.0, 5.0, 8.0]}, solver="compiled"
    )
    assert not runs.fell_back.any()
    firsts = [runs.train(k)[0] for k in range(3)]
    np.testing.assert_allclose(firsts, [10.0 * np.log(20.0 / (8.0 - d)) for d in (0.0, 3.0, 6.0)], atol=1e-8)
