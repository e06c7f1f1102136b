"""Branches of cycles: published values, closed forms, independent runs."""

import numpy as np
import pytest

import natrium
from natrium import Neuron, continue_cycle, doubled_branch, limit_cycle
from natrium.analysis.cycle.smooth_cycle import smooth_cycle
from natrium.analysis.papers.adex_reset import adex
from natrium.model.files.new import template
from natrium.solvers import EventDriven
from tests.analysis.excitability.test_ending import ADAPTING

LEAN = natrium.HybridNeuron(
    equations={"V": "(V**2 + I)/tau"},
    parameters={"tau": 10.0},
    initial={"V": -1.0},
    v_thresh=100.0,
    reset={"V": "2.0"},
)


def named(branch, kind):
    return [one for one in branch.special if one.kind == kind]


@pytest.fixture(scope="module")
def adapting():
    return continue_cycle(limit_cycle(ADAPTING, 34.0), "I", between=(25.0, 60.0))


@pytest.fixture(scope="module")
def cascade():
    """The adaptive exponential neuron by its reset voltage: one spike, two, and where four begin."""
    one = continue_cycle(limit_cycle(adex(-55.0), 800.0), "v_reset", between=(-55.0, -47.5))
    (born,) = named(one, "period doubling")
    two = doubled_branch(one.axis, born, -55.0, -47.5)
    return one, born, two


def test_no_branch_is_lost_at_a_fold(adapting):
    """Independent, in extended precision: 32.111717543 mV, 45.491384891 ms; there stability is exchanged."""
    (fold,) = named(adapting, "fold of cycles")
    assert fold.value == pytest.approx(32.111717543, abs=6e-10)
    assert abs(fold.period - 45.491384891) < 1e-5  # where p is least, T moves by the root of p's last digit
    assert fold.error < 1e-10
    assert fold.multipliers[0] == pytest.approx(1.0, abs=1e-4)
    turns = np.flatnonzero(np.diff(adapting.stable))
    assert turns.size == 1
    assert set(adapting.stable[adapting.values > 40.0]) == {True}


def test_an_unstable_cycle_ends_where_its_spike_no_more_than_touches_the_threshold(adapting):
    (graze,) = named(adapting, "graze")
    assert graze.ends
    assert graze.error < 1e-9
    run = EventDriven(rtol=1e-11)
    silent = natrium.Neuron(
        tau_m=20.0, v_rest=-68.0, v_thresh=None, channels=ADAPTING.channels, v_init=ADAPTING.v_reset
    )
    w = graze.point.found.states[0]
    released = limit_cycle(ADAPTING, 34.0).map.released(w)[0]
    V = run.solve(silent.started(released.tolist()), natrium.Constant(graze.value), t_end=graze.period)
    course = V.state(np.linspace(0.0, graze.period - ADAPTING.tau_ref, 4001))[0]
    assert course.max() == pytest.approx(ADAPTING.v_thresh, abs=1e-9)


def test_the_leaky_neuron_fires_from_its_threshold_on():
    branch = continue_cycle(limit_cycle(Neuron(), 20.0), "I", between=(10.0, 40.0))
    (end,) = branch.special
    assert (end.kind, end.ends, end.period) == ("threshold", True, np.inf)
    assert end.value == pytest.approx(15.0, abs=1e-11)
    assert end.coefficient == pytest.approx(10.0, rel=1e-9)  # tau_m
    exact = 2.0 + 10.0 * np.log(branch.values / (branch.values - 15.0))
    assert branch.periods == pytest.approx(exact, rel=1e-10)


def test_a_fold_of_cycles_by_bautins_normal_form():
    """r' = r (mu + r^2 - r^4), phi' = 1 + b r^2: at mu = -1/4, r^2 = 1/2 +- sqrt(mu + 1/4) there, T = 2 pi/(1 + b r^2)."""
    b = 0.7
    spin = natrium.HybridNeuron(
        equations={
            "V": "V*(mu + V**2 + w**2 - (V**2 + w**2)**2) - w*(1 + b*(V**2 + w**2)) + I",
            "w": "w*(mu + V**2 + w**2 - (V**2 + w**2)**2) + V*(1 + b*(V**2 + w**2))",
        },
        parameters={"mu": -0.2, "b": b},
        initial={"V": 0.9, "w": 0.0},
        v_thresh=None,
    )
    branch = continue_cycle(smooth_cycle(spin, 0.0), "mu", between=(-1.0, 0.0))
    (fold,) = named(branch, "fold of cycles")
    assert fold.value == pytest.approx(-0.25, abs=1e-11)
    assert fold.period == pytest.approx(2.0 * np.pi / (1.0 + b / 2.0), rel=1e-9)
    assert fold.coefficient == pytest.approx(2.0 * np.pi * b / (1.0 + b / 2.0) ** 2, rel=1e-9)


def test_a_cycle_meets_a_saddle():
    """A quadratic neuron reset to 2 fires on while that lies above the saddle: to I = -4, b = 10/(2*2) ms."""
    branch = continue_cycle(limit_cycle(LEAN, 1.0), "I", between=(-10.0, 5.0))
    (end,) = branch.special
    assert end.kind == "saddle homoclinic"
    assert abs(end.value + 4.0) < max(1e-9, end.error) < 1e-8
    assert end.coefficient == pytest.approx(2.5, rel=1e-6)


def test_rest_and_saddle_vanish_beside_a_cycle():
    neuron = natrium.notebook.lif_na().neuron
    branch = continue_cycle(limit_cycle(neuron, 10.0), "I", between=(0.0, 20.0))
    (end,) = branch.special
    fold = natrium.rheobase(neuron).fold
    assert (end.kind, end.value) == ("saddle-node homoclinic", pytest.approx(fold.I, abs=1e-11))
    assert end.coefficient == pytest.approx(fold.passage, rel=0.01)
    assert end.coefficient > 0.0


def test_the_refractory_period_adds_to_every_interval_of_a_cell_that_forgets():
    branch = continue_cycle(limit_cycle(Neuron(), 20.0), "tau_ref", between=(0.0, 30.0))
    assert (branch.values.min(), branch.values.max(), branch.ended) == (0.0, 30.0, ("range", "range"))
    assert branch.periods - branch.values == pytest.approx(10.0 * np.log(4.0), rel=1e-12)


def test_periods_double_and_double_again(cascade):
    """Where a multiplier is -1 two spikes begin; at -48.3 mV both of them are known independently."""
    _, born, two = cascade
    assert born.multipliers == pytest.approx([-1.0], abs=1e-9)
    assert born.error < 1e-9
    assert two.n_spikes == 2
    assert two.special[0].value == born.value
    assert two.periods[0] == pytest.approx(2.0 * born.period, rel=1e-3)
    again = named(two, "period doubling")[-1]
    assert not again.ends
    assert born.value < again.value
    kept = limit_cycle(adex(-48.5), 800.0, 2)
    k = int(np.argmin(np.abs(two.values + 48.5)))
    near = continue_cycle(kept, "v_reset", between=(-48.6, -48.4))
    there = np.interp(two.values[k], near.values, near.periods)
    assert there == pytest.approx(two.periods[k], rel=1e-3)


def test_a_cycle_of_two_spikes_comes_back_to_that_of_one(cascade):
    _, born, _ = cascade
    two = continue_cycle(limit_cycle(adex(-48.5), 800.0, 2), "v_reset", between=(-49.5, -48.3))
    assert two.ended[0] == "halved"
    assert two.special[0].value == pytest.approx(born.value, abs=1e-9)


def test_a_piecewise_linear_neuron_with_resets():
    """Published (doi 10.1016/j.physd.2011.05.012): T 7.2838411166, multiplier -0.1507306."""
    neuron = natrium.HybridNeuron(
        equations={"V": "max(V, 0) - s*min(V, 0) - w + I", "w": "omega*(beta*V - w)"},
        parameters={"s": 0.35, "beta": 1.2, "omega": 1.0, "k": 0.4},
        initial={"V": 0.0, "w": 0.0},
        v_thresh=60.0,
        reset={"V": "20.0", "w": "w + k"},
    )
    cycle = limit_cycle(neuron, 6.3)
    assert cycle.period == pytest.approx(7.2838411166, abs=1e-9)
    branch = continue_cycle(cycle, "k", between=(0.3, 0.5))
    assert branch.multipliers[:, 0].real.min() < -0.1507306 < branch.multipliers[:, 0].real.max()


@pytest.mark.slow
def test_the_squid_axon_from_hopf_point_to_hopf_point():
    """Published (doi 10.3934/mbe.2018036), leak 10.598: between them three folds of cycles and two doublings."""
    squid = natrium.loads(template("hodgkin-huxley")).neuron.changed({"E_L": 10.598 - 65.0})
    branch = continue_cycle(limit_cycle(squid, 10.0), "I", between=(0.0, 160.0))
    low, high = named(branch, "Hopf point")
    assert (low.value, high.value) == pytest.approx((9.77993799539, 154.526933666), abs=1e-8)
    folds = [one.value for one in named(branch, "fold of cycles")]
    assert folds == pytest.approx([7.84684712, 7.92228549, 6.2648212745], abs=1e-8)
    assert named(branch, "fold of cycles")[-1].period == pytest.approx(19.8952407, abs=1e-6)
    assert len(named(branch, "period doubling")) == 2
    assert branch.ended == ("equilibrium", "equilibrium")


TEN = {
    "leaky": (Neuron(), 20.0, "v_reset", (-75.0, -60.0), 1),
    "second script": (natrium.notebook.lif_na().neuron, 10.0, "I", (7.0, 20.0), 1),
    "third script": (natrium.notebook.lif_na2().neuron, 10.0, "tau_ref", (0.5, 6.0), 1),
    "M-current": (ADAPTING, 34.0, "I", (32.0, 36.0), 1),
    "adaptive": (adex(-55.0), 800.0, "b", (40.0, 120.0), 1),
    "two spikes": (adex(-48.5), 800.0, "I", (780.0, 820.0), 2),
    "quadratic": (LEAN, 1.0, "tau", (5.0, 15.0), 1),
    "izhikevich": (natrium.loads(template("izhikevich")).neuron, 10.0, "d", (6.0, 10.0), 1),
    "exponential": (natrium.loads(template("exponential")).neuron, 2.5, "I", (2.0, 3.0), 1),
    "resonant": (natrium.loads(template("quadratic")).neuron, 10.0, "v_thresh", (80.0, 120.0), 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TEN)
def test_cycles_are_those_of_runs(name):
    """Points of a branch drawn at random: an event-driven run from each repeats, stable or not."""
    neuron, I, parameter, between, count = TEN[name]
    branch = continue_cycle(limit_cycle(neuron, I, count), parameter, between=between, most=12)
    random = np.random.default_rng(len(name))
    for k in random.integers(0, branch.values.size, 3).tolist():
        there, level = branch.axis.at(float(branch.values[k]))
        mapping = natrium.return_map(there, level)
        start = there.started(mapping.released(branch.states[k])[0].tolist())
        length = branch.periods[k] - mapping.linear.refractory()[0]
        run = EventDriven(rtol=1e-11).solve(start, natrium.Constant(level), t_end=1.0001 * length + 1e-3)
        assert run.n_spikes == count
        assert run.spike_times[-1] == pytest.approx(length, rel=1e-8)
        assert run.events[-1].after[list(mapping.free)] == pytest.approx(branch.states[k], rel=1e-6, abs=1e-7)


def test_what_it_says_stands_in_its_data(adapting):
    data, said = adapting.data(), " ".join(adapting.sentences())
    assert "Fold of cycles at I = 32.111717543 mV" in said
    assert "it ends there" in said
    assert [one["kind"] for one in data["special"]] == ["graze", "fold of cycles"]
    assert len(adapting.table()) == adapting.values.size
    assert set(adapting.table()[0]) >= {"I_mV", "period_ms", "rate_Hz", "stable"}


@pytest.mark.parametrize(
    ("parameter", "between", "message"),
    [
        ("g_X", (0.0, 1.0), "g_X"),
        ("I", (30.0, 40.0), "must hold the first cycle"),
        ("I", (40.0, 10.0), "from low to high"),
        ("I", (0.0, np.nan), "from low to high"),
        ("v_init", (-80.0, -60.0), "choose another"),
        ("tau_m", (-5.0, 20.0), "tau_m must be positive"),
        ("I", 3.0, "between must be two numbers"),
    ],
)
def test_bad_input_is_refused_with_a_reason(parameter, between, message):
    cycle = limit_cycle(Neuron(), 20.0)
    with pytest.raises(natrium.ModelError, match=message):
        continue_cycle(cycle, parameter, between=between)


def test_what_is_no_cycle_is_refused(adapting):
    with pytest.raises(natrium.ModelError, match="LimitCycle or a SmoothCycle"):
        continue_cycle(Neuron(), "I", between=(0.0, 1.0))
    with pytest.raises(natrium.ModelError, match="left at a period doubling"):
        doubled_branch(adapting.axis, adapting.special[0], 0.0, 1.0)
