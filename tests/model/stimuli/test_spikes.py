"""Incoming spikes: states that jump, against runs cut by hand; weights and times as parameters."""

import attrs
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import natrium
from natrium.analysis.variation import equations
from natrium.analysis.variation.pieces import integrate
from natrium.model.files.writing import to_toml

TIMES = tuple(np.sort(np.random.default_rng(1).uniform(0.0, 120.0, 40)).tolist())
DECAYS = natrium.Gate("s", inf="0", tau="5", initial=0.0)
CELL = natrium.Neuron(
    channels=[natrium.Channel("exc", 1.0, 0.0, [DECAYS]), natrium.CHANNELS["notebook_sodium_1"]]
)
TRAIN = natrium.Spikes(TIMES, "exc.s", 0.12)
DRIVE = [TRAIN, natrium.Constant(2.0)]
TIGHT = natrium.EventDriven(rtol=1e-12)


def test_a_synapse_agrees_with_a_run_cut_by_hand():
    """The leaky cell with one conductance; each stretch by SciPy's DOP853 at 1e-13, an event at the threshold."""
    cell = natrium.Neuron(channels=[natrium.Channel("exc", 1.0, 0.0, [DECAYS])])
    run = natrium.simulate(cell, natrium.Spikes(TIMES, "exc.s", 0.2), t_end=120.0)

    def flow(t, y):
        return [(-(y[0] + 70.0) + y[1] * (0.0 - y[0])) / 10.0, -y[1] / 5.0]

    def cross(t, y):
        return y[0] + 55.0

    cross.terminal, cross.direction = True, 1.0
    y, t, held, spikes = np.array([-70.0, 0.0]), 0.0, 0.0, []
    for stop in (*TIMES, 120.0):
        while t < stop:
            if t < held:
                t = min(held, stop)  # hold: all stands still
                continue
            found = solve_ivp(
                flow, (t, stop), y, "DOP853", rtol=1e-13, atol=1e-14, events=cross, max_step=0.5
            )
            t, y = found.t[-1], found.y[:, -1]
            if found.status == 1:
                spikes.append(t)
                y, held = np.array([-70.0, y[1]]), t + 2.0
        if stop < 120.0:
            y = np.array([y[0], y[1] + 0.2])
    assert len(spikes) > 3
    assert run.spike_times == pytest.approx(spikes, abs=1e-8)


@pytest.mark.parametrize("weight", [3.0, 6.0, 14.9, 15.1])
def test_jumps_of_v_in_closed_form(weight):
    run = natrium.simulate(natrium.Neuron(), natrium.Spikes([1.0, 2.0, 3.0, 9.0], "V", weight), t_end=20.0)
    V, expected, free = 0.0, [], 0.0
    for t, before in ((1.0, 1.0), (2.0, 1.0), (3.0, 1.0), (9.0, 6.0)):
        V *= np.exp(-min(before, max(0.0, t - free)) / 10.0)
        if t < free:
            continue
        V += weight
        if V >= 15.0:
            expected.append(t)
            V, free = 0.0, t + 2.0
    assert run.spike_times.tolist() == expected
    assert run.state(0.5).tolist() == [-70.0]
    if weight < 15.0:
        assert run.state(1.0)[0] == pytest.approx(-70.0 + weight, abs=1e-12)
        assert run.state(1.0, side="left")[0] == pytest.approx(-70.0, abs=1e-12)


def test_a_kick_up_through_a_level_counts_and_v_goes_on():
    cell = natrium.HybridNeuron(equations={"V": "-V/10"}, initial={"V": 0.0}, v_thresh=1.0)
    run = natrium.simulate(cell, natrium.Spikes([5.0, 6.0, 40.0], "V", 1.5), t_end=60.0)
    assert run.spike_times.tolist() == [5.0, 40.0]
    assert run.state(6.0)[0] == pytest.approx(1.5 * np.exp(-0.1) + 1.5, abs=1e-9)


@pytest.mark.parametrize("name", ["weight_0", "delay_0", "g_exc", "E_exc", "v_thresh"])
def test_gradients_are_those_of_differences(name):
    model = natrium.Model(neuron=CELL, stimulus=DRIVE)
    run = natrium.simulate(CELL, DRIVE, t_end=120.0)
    gradients = natrium.spike_time_gradients(run)
    step = 1e-6 if name == "weight_0" else 1e-4
    known = natrium.parameters(CELL, natrium.Sum(tuple(DRIVE)))
    ends = []
    for sign in (1.0, -1.0):
        moved = natrium.with_parameters(model, {name: known[name] + sign * step})
        ends.append(natrium.simulate(moved.neuron, moved.stimulus, t_end=120.0, solver=TIGHT).spike_times)
    found = gradients.matrix[:, gradients.names.index(name)]
    expected = (ends[0] - ends[1]) / (2.0 * step)
    assert found == pytest.approx(expected, rel=2e-5, abs=1e-6 * np.abs(expected).max())


def test_gradients_that_have_no_answer_are_refused():
    run = natrium.simulate(natrium.Neuron(), natrium.Spikes([1.0], "V", 20.0), t_end=5.0)
    with pytest.raises(natrium.UnsupportedModel, match="an incoming spike makes"):
        natrium.spike_time_gradients(run)


def test_other_solvers_carry_it_or_say_why_not():
    run = natrium.simulate(CELL, DRIVE, t_end=120.0)
    compiled = natrium.simulate(CELL, DRIVE, t_end=120.0, solver="compiled")
    assert compiled.spike_times == pytest.approx(run.spike_times, rel=0.0, abs=1e-8)
    assert compiled.warnings == ()
    script = natrium.FixedStep(dt=0.002, label="end", refractory="exact").solve(CELL, DRIVE, t_end=60.0)
    assert script.spike_times == pytest.approx(run.spike_times[: script.n_spikes], abs=0.05)
    with pytest.raises(natrium.UnsupportedModel, match="got spikes that move a state: use EventDriven"):
        natrium.simulate(natrium.Neuron(), natrium.Spikes([1.0], "V", 1.0), t_end=5.0, solver="closed-form")
    runs = natrium.simulate_many(CELL, DRIVE, t_end=60.0, parameters={"weight_0": [0.0, 0.12]})
    assert runs.counts.tolist() == [0, int((run.spike_times <= 60.0).sum())]


def test_a_train_at_random():
    train = natrium.Poisson(200.0, "exc.s", 0.12, seed=3, stop=10_000.0)
    assert abs(len(train.times) - 2000) < 5 * np.sqrt(2000)
    assert train.times == natrium.Poisson(200.0, "exc.s", 0.12, seed=3, stop=10_000.0).times
    assert train.times != natrium.Poisson(200.0, "exc.s", 0.12, seed=4, stop=10_000.0).times
    gaps = np.diff(train.times)
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, abs=0.1)
    short = natrium.Poisson(300.0, "exc.s", 0.12, seed=3, start=20.0, stop=100.0)
    assert 20.0 <= min(short.times) < max(short.times) < 100.0
    run = natrium.simulate(CELL, [short, natrium.Constant(2.0)], t_end=100.0)
    same = natrium.simulate(
        CELL, [natrium.Spikes(short.times, "exc.s", 0.12), natrium.Constant(2.0)], t_end=100.0
    )
    assert run.spike_times == pytest.approx(same.spike_times, abs=1e-9)
    names = natrium.spike_time_gradients(run).names
    assert "weight_0" in names
    assert not {"rate_0", "seed_0", "stop_0"} & set(names)


def test_files_hold_them():
    model = natrium.Model(
        neuron=CELL,
        stimulus=[TRAIN, natrium.Poisson(10.0, "V", 1.0, seed=5, stop=50.0), natrium.Constant(1.0)],
    )
    assert natrium.loads(to_toml(model)) == model


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: natrium.Spikes([2.0, 1.0], "V", 1.0), "times must increase"),
        (lambda: natrium.Spikes([1.0], 3, 1.0), "target must be the name of a state"),
        (lambda: natrium.Spikes([1.0], "V", float("nan")), "weight must be finite"),
        (lambda: natrium.Poisson(10.0, "V", 1.0), "need a stop"),
        (lambda: natrium.Poisson(-1.0, "V", 1.0, stop=5.0), "rate must be"),
        (lambda: natrium.Poisson(1e9, "V", 1.0, stop=1e6), "at most 1000000 spikes"),
        (
            lambda: natrium.simulate(CELL, natrium.Spikes([1.0], "exc.x", 1.0), t_end=5.0),
            r"V, exc\.s, .* got 'exc\.x'",
        ),
    ],
)
def test_what_is_wrong_is_named(make, said):
    with pytest.raises(natrium.StimulusError, match=said):
        make()


@pytest.mark.parametrize("solver", ["event", "compiled"])
def test_gradients_by_every_spike_time_at_once(solver):
    """Against central differences; spikes that come in while V is held move nothing, or what is not held."""
    run = natrium.simulate(CELL, DRIVE, t_end=60.0, solver=solver)
    names = tuple(f"time_{k}_0" for k in range(len(TIMES)))
    found = natrium.spike_time_gradients(run, ["times_0", "weight_0"])
    assert found.names == (*names, "weight_0")
    assert found.values[:-1].tolist() == list(TIMES)
    assert found.matrix[:, :-1].sum(axis=1) == pytest.approx(
        natrium.spike_time_gradients(run, ["delay_0"])["delay_0"], abs=1e-9
    )
    model, step = natrium.Model(neuron=CELL, stimulus=DRIVE), 1e-4
    for name in names[:24:5]:
        ends = []
        for sign in (1.0, -1.0):
            moved = natrium.with_parameters(model, {name: TIMES[names.index(name)] + sign * step})
            ends.append(natrium.simulate(moved.neuron, moved.stimulus, t_end=60.0, rtol=1e-12).spike_times)
        expected = (ends[0] - ends[1]) / (2.0 * step)
        assert found[name] == pytest.approx(expected, rel=2e-5, abs=1e-7)


def test_a_train_without_spikes_has_no_times():
    """As of a neuron of a network that did not fire."""
    drive = [natrium.Constant(20.0), natrium.Spikes([], "exc.s", 1.0), natrium.Spikes([2.0], "exc.s", 0.1)]
    run = natrium.simulate(CELL, drive, t_end=20.0)
    found = natrium.spike_time_gradients(run, ["I_0", "weight_1", "times_1", "times_2"])
    assert found.names == ("I_0", "weight_1", "time_0_2")
    assert not found["weight_1"].any()
    assert natrium.spike_time_gradients(run, ["times_1"]).matrix.shape == (run.n_spikes, 0)


def test_all_spike_times_cost_what_a_few_do(monkeypatch):
    """As many numbers are integrated for forty times as for four, however they are asked for."""
    widths = []

    def counted(linear, drive, y, S, *others, **options):
        widths.append(S.shape[1])
        return integrate(linear, drive, y, S, *others, **options)

    monkeypatch.setattr(equations, "integrate", counted)
    run = natrium.simulate(CELL, DRIVE, t_end=20.0)
    natrium.spike_time_gradients(run, ["times_0", "g_exc"])
    assert set(widths) == {1 + len(CELL.system.states)}


def test_spike_times_are_fitted():
    """Three of four, from other times; an order that would change is no value."""
    cell = natrium.Neuron(synapses=[natrium.Synapse("exc", 2.0, 0.0, decay=5.0)])
    truth = natrium.Spikes([5.0, 14.0, 25.0, 37.0], "exc", 0.8)
    span = natrium.Simulation(t_end=60.0)
    data = natrium.simulate(cell, truth, t_end=60.0, rtol=1e-11).spike_times
    begin = natrium.Model(
        neuron=cell, stimulus=[attrs.evolve(truth, times=(5.6, 13.5, 25.0, 37.3))], simulation=span
    )
    found = natrium.fit(begin, data, ["time_0_0", "time_1_0", "time_3_0"])
    assert found.values == pytest.approx([5.0, 14.0, 37.0], abs=1e-6)
    with pytest.raises(natrium.StimulusError, match="increase"):
        natrium.with_parameters(begin, {"time_0_0": 20.0})
    with pytest.raises(natrium.ModelError, match="time_9_0"):
        natrium.spike_time_gradients(begin, ["time_9_0"])
