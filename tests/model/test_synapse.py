"""Synapses: their time courses in closed form, runs against DOP853, and what is no synapse."""

import math

import attrs
import numpy as np
import pytest

import natrium
from natrium.model import to_toml
from tests.model.independent import fire

SODIUM = natrium.CHANNELS["notebook_sodium_1"]
EXC = natrium.Synapse("exc", 3.0, 0.0, decay=4.0, rise=0.6)
INH = natrium.Synapse("inh", 2.0, -80.0, decay=9.0)
MG = "1/(1 + 0.28*exp(-0.062*V))"
NMDA = natrium.Synapse("nmda", 1.5, 0.0, decay=40.0, rise=40.0, block=MG)
CURRENT = natrium.Synapse("drive", 12.0, decay=6.0, rise=2.0)
SYNAPSES = [EXC, INH, NMDA, CURRENT]
INPUT = [
    natrium.Spikes([4.0, 6.5, 7.0, 30.0, 31.0], "exc", 0.9),
    natrium.Spikes([12.0, 40.0], "inh", 0.7),
    natrium.Spikes([5.0], "nmda", 1.1, delay=1.25),
    natrium.Spikes([20.0], "drive", 1.6),
]
JUMPS = {"exc.x": [4.0, 6.5, 7.0, 30.0, 31.0], "inh.s": [12.0, 40.0], "nmda.x": [6.25], "drive.x": [20.0]}
WEIGHTS = {"exc.x": 0.9, "inh.s": 0.7, "nmda.x": 1.1, "drive.x": 1.6}
T_END = 80.0


def cell(**changes):
    return natrium.Neuron(**{"synapses": SYNAPSES} | changes)


def course(t, fall, rise):
    """A spike at 0: the difference of exponentials, scaled so that its peak is 1, as papers print it."""
    if fall == rise:
        return t / fall * np.exp(1.0 - t / fall)
    peak = fall * rise / (fall - rise) * math.log(fall / rise)
    scale = math.exp(-peak / fall) - math.exp(-peak / rise)
    return (np.exp(-t / fall) - np.exp(-t / rise)) / scale


@pytest.mark.parametrize(
    ("fall", "rise"), [(4.0, 0.6), (5.0, 5.0), (0.5, 3.0), (2.0, 2.0 + 1e-6), (30.0, 0.01)]
)
def test_one_spike_rises_to_its_weight_and_falls(fall, rise):
    one = natrium.Neuron(synapses=[natrium.Synapse("x", 0.1, 0.0, decay=fall, rise=rise)])
    run = natrium.simulate(one, natrium.Spikes([3.0], "x", 0.7), t_end=40.0, rtol=1e-11)
    t = np.linspace(3.0, 40.0, 371)[1:]
    assert run.state(t)[1] == pytest.approx(0.7 * course(t - 3.0, fall, rise), rel=1e-6, abs=1e-10)
    assert np.all(run.state(np.linspace(0.0, 2.9, 5))[1:] == 0.0)


def test_without_rise_it_jumps():
    one = natrium.Neuron(synapses=[INH])
    run = natrium.simulate(one, natrium.Spikes([3.0, 5.0], "inh", 0.5), t_end=20.0, rtol=1e-11)
    for t in (4.0, 8.0, 19.0):
        expected = 0.5 * (math.exp(-(t - 3.0) / 9.0) + (t >= 5.0) * math.exp(-(t - 5.0) / 9.0))
        assert run.state(t)[1] == pytest.approx(expected, rel=1e-9)


def test_a_current_alone_has_the_membrane_s_closed_form():
    """A linear membrane: V less rest is the course of the current, filtered by the leak."""
    one = natrium.Neuron(synapses=[natrium.Synapse("x", 5.0, decay=4.0)])
    run = natrium.simulate(one, natrium.Spikes([2.0], "x", 1.0), t_end=30.0, rtol=1e-11)
    t = np.linspace(2.0, 30.0, 57)[1:]
    expected = 5.0 / (1.0 - 10.0 / 4.0) * (np.exp(-(t - 2.0) / 4.0) - np.exp(-(t - 2.0) / 10.0))
    assert run.state(t)[0] + 70.0 == pytest.approx(expected, rel=1e-7)


NAMES = ("exc.s", "exc.x", "inh.s", "nmda.s", "nmda.x", "drive.s", "drive.x")


def by_hand(refractory=False, gates=False):
    """Give the flow of the cell of four synapses and a sodium channel, typed anew."""

    def rising(s, x, fall, rise):
        if fall == rise:
            return -s / fall + math.e / fall * x, -x / rise
        ratio = fall / rise
        return -s / fall + ratio ** (1.0 / (ratio - 1.0)) / rise * x, -x / rise

    def flow(t, y):
        V, m, h, es, ex, s, ns, nx, ds, dx = y
        a_m, b_m = 0.1 * (V + 40) / -math.expm1(-(V + 40) / 10), 4 * math.exp(-(V + 65) / 18)
        a_h, b_h = 0.07 * math.exp(-(V + 65) / 20), 1 / (1 + math.exp(-(V + 35) / 10))
        block = 1 / (1 + 0.28 * math.exp(-0.062 * V))
        synaptic = 3.0 * es * -V + 2.0 * s * (-80.0 - V) + 1.5 * ns * block * -V + 12.0 * ds
        dV = (-(V + 70.0) + 5.0 * m**3 * h * (50.0 - V) + synaptic) / 10.0
        moving = not refractory or gates
        return [
            0.0 if refractory else dV,
            (a_m * (1 - m) - b_m * m) * moving,
            (a_h * (1 - h) - b_h * h) * moving,
            *rising(es, ex, 4.0, 0.6),
            -s / 9.0,
            *rising(ns, nx, 40.0, 40.0),
            *rising(ds, dx, 6.0, 2.0),
        ]

    return flow


@pytest.mark.parametrize("solver", ["event", "compiled"])
@pytest.mark.parametrize("rule", ["hold", "clamp"])
def test_runs_are_those_of_an_independent_integration(rule, solver):
    """Synapses go on while V is held, under either rule; the gates as the rule says."""
    one = cell(channels=[attrs.evolve(SODIUM, g=5.0)], refractory=rule)
    assert one.system.labels == ("V", "Na.m", "Na.h", *NAMES)
    jumps = [
        (time, np.eye(10)[3 + NAMES.index(name)] * WEIGHTS[name])
        for name, times in JUMPS.items()
        for time in times
    ]
    spikes, end = fire(
        by_hand(),
        (-70.0, 0.0, 1.0, *(0.0,) * 7),
        v_thresh=-55.0,
        v_reset=-70.0,
        tau_ref=2.0,
        t_end=T_END,
        resting=by_hand(refractory=True, gates=rule == "clamp"),
        jumps=jumps,
    )
    run = natrium.simulate(one, INPUT, t_end=T_END, solver=solver, rtol=1e-11)
    assert run.n_spikes == spikes.size >= 4
    assert np.abs(run.spike_times - spikes).max() < 1e-7
    assert run.state(T_END) == pytest.approx(end, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize("scheme", ["sequential-euler", "rk4"])
def test_fixed_steps_come_to_the_same(scheme):
    truth = natrium.simulate(cell(), INPUT, t_end=T_END).spike_times
    for dt in (0.04, 0.01):
        found = natrium.FixedStep(dt=dt, scheme=scheme).solve(cell(), INPUT, t_end=T_END).spike_times
        assert found.size == truth.size
        assert np.abs(found - truth).max() < 20.0 * dt


def test_a_synapse_that_jumps_is_the_gate_that_jumps():
    """Without a spike there is no difference between a channel whose gate decays and a synapse."""
    gate = natrium.Gate("s", inf="0", tau="9", initial=0.0)
    channel = natrium.Neuron(channels=[natrium.Channel("inh", 2.0, -80.0, [gate])])
    runs = [
        natrium.simulate(one, natrium.Spikes([3.0], target, 0.6), t_end=20.0).state(15.0)
        for one, target in ((channel, "inh.s"), (natrium.Neuron(synapses=[INH]), "inh"))
    ]
    assert runs[0] == pytest.approx(runs[1], rel=1e-9)


@pytest.mark.parametrize("rule", ["hold", "clamp"])
@pytest.mark.parametrize("rise", [0.6, 4.0, None])
def test_gradients_by_weight_time_and_time_constants(rule, rise):
    """The second source comes while V is held after the first spike."""
    synapse = attrs.evolve(EXC, rise=rise)
    one = natrium.Neuron(synapses=[synapse], channels=[attrs.evolve(SODIUM, g=5.0)], refractory=rule)
    weight = 0.9 if rise else 0.6
    stimulus = [
        natrium.Spikes([4.0], "exc", weight, delay=0.5),
        natrium.Spikes([6.5], "exc", 0.5),
        natrium.Constant(9.0),
    ]
    names = [
        "weight_0",
        "delay_0",
        "weight_1",
        "delay_1",
        "g_exc",
        "E_exc",
        "decay_exc",
        "tau_ref",
        "v_reset",
    ]
    names += ["rise_exc"] if rise else []
    model = natrium.Model(neuron=one, stimulus=stimulus, simulation=natrium.Simulation(t_end=14.0))
    found = natrium.spike_time_gradients(model, names)
    assert found.spike_times.size >= 2
    assert found.spike_times[0] < 6.5 < found.spike_times[0] + 2.0
    values = natrium.parameters(one, model.stimulus)
    for column, name in enumerate(names):
        step = 1e-4 * max(abs(values[name]), 1.0)
        ends = []
        for side in (1, -1):
            moved = natrium.with_parameters(model, {name: values[name] + side * step})
            run = natrium.simulate(moved.neuron, moved.stimulus, t_end=14.0, rtol=1e-12)
            ends.append(run.spike_times)
        assert found.matrix[:, column] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=2e-5, abs=1e-7)


def test_ensembles_give_the_bits_of_single_runs():
    weights = np.array([0.4, 0.8, 1.2])
    table = natrium.simulate_many(cell(), INPUT, parameters={"weight_0": weights}, t_end=T_END)
    for k, weight in enumerate(weights.tolist()):
        stimulus = [attrs.evolve(INPUT[0], weight=weight), *INPUT[1:]]
        single = natrium.simulate(cell(), stimulus, t_end=T_END, solver="compiled").spike_times
        assert np.array_equal(table.train(k), single)


def test_silent_synapses_change_nothing():
    plain = natrium.simulate(
        natrium.Neuron(channels=[SODIUM]), natrium.Constant(12.0), t_end=60.0
    ).spike_times
    idle = natrium.simulate(cell(channels=[SODIUM]), natrium.Constant(12.0), t_end=60.0).spike_times
    assert idle == pytest.approx(plain, abs=1e-8)
    rests = [
        natrium.equilibria(one, 5.0)[0]
        for one in (natrium.Neuron(channels=[SODIUM]), cell(channels=[SODIUM]))
    ]
    assert pytest.approx(rests[1].V, abs=1e-10) == rests[0].V
    assert rests[1].state[3:] == pytest.approx(np.zeros(7), abs=0.0)
    assert natrium.rheobase(cell()).value == pytest.approx(15.0, abs=1e-9)


def test_it_may_carry_calcium():
    pool = natrium.Calcium(rest=0.1, tau=30.0, factor=0.01, channels=["nmda"])
    one = cell(calcium=pool)
    run = natrium.simulate(one, INPUT, t_end=T_END)
    assert run.names[-1] == "Ca"
    assert run.state(np.linspace(0.0, T_END, 81))[-1].max() > 0.12


def test_it_starts_where_a_run_left_it():
    run = natrium.simulate(cell(), INPUT, t_end=45.0, rtol=1e-11)
    later = [attrs.evolve(one, times=[t - 45.0 for t in one.times if t >= 45.0]) for one in INPUT]
    moved = cell().started(run.state(45.0).tolist())
    assert moved.initial_state() == pytest.approx(run.state(45.0), rel=1e-12)
    rest = natrium.simulate(moved, later, t_end=20.0, rtol=1e-11)
    whole = natrium.simulate(cell(), INPUT, t_end=65.0, rtol=1e-11)
    assert rest.state(20.0) == pytest.approx(whole.state(65.0), rel=1e-8)


def test_a_model_file_holds_them():
    started = attrs.evolve(INH, initial=[0.25])
    assert started.initial == (0.25,)
    neuron = cell(synapses=[EXC, started, NMDA, CURRENT])
    model = natrium.Model(neuron=neuron, stimulus=INPUT, simulation=natrium.Simulation(t_end=20.0))
    text = to_toml(model)
    assert '[[synapses]]\nname = "exc"\ng = 3.0\nE = 0.0\ndecay = 4.0\nrise = 0.6\n' in text
    assert "initial = [0.25]" in text
    assert natrium.loads(text) == model
    with pytest.raises(natrium.ModelError, match=r"synapses\[0\].decay: missing key"):
        natrium.loads(text.replace("decay = 4.0\n", ""))


def test_their_equations_are_printed():
    text = natrium.latex(cell())
    assert r"g_{\mathrm{exc}} s_{\mathrm{exc}} (E_{\mathrm{exc}} - V)" in text
    assert r"g_{\mathrm{nmda}} s_{\mathrm{nmda}} b_{\mathrm{nmda}}(V) (E_{\mathrm{nmda}} - V)" in text
    assert r"\frac{ds_{\mathrm{inh}}}{dt} &= \frac{-s_{\mathrm{inh}}}{\tau^{decay}_{\mathrm{inh}}}" in text
    assert r"+ g_{\mathrm{drive}} s_{\mathrm{drive}} \\" in text


def test_what_needs_a_plain_cell_says_so():
    with pytest.raises(natrium.UnsupportedModel, match="gates of V alone"):
        natrium.phase_plane(cell(channels=[SODIUM]), 0.0)
    with pytest.raises(
        natrium.UnsupportedModel, match="without channels and synapses that is reset, got exc, inh"
    ):
        natrium.ClosedForm().solve(cell(), natrium.Constant(20.0), t_end=10.0)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: natrium.Synapse("x y", 1.0, 0.0, decay=1.0), "name must be a name"),
        (lambda: attrs.evolve(EXC, g=-1.0), "g of synapse exc must be zero or positive, got -1.0"),
        (lambda: attrs.evolve(EXC, decay=0.0), "decay must be positive, got 0.0 ms"),
        (lambda: attrs.evolve(EXC, rise=-1.0), "rise must be positive, got -1.0 ms"),
        (lambda: attrs.evolve(EXC, E=float("nan")), "E must be finite"),
        (lambda: attrs.evolve(EXC, block="2"), "block must be at most 1"),
        (lambda: attrs.evolve(EXC, block="1/(1 + Ca)"), "block must be of V alone"),
        (lambda: attrs.evolve(EXC, initial=[0.1]), "initial of synapse exc must give s and x, got"),
        (lambda: attrs.evolve(EXC, initial=["a", 0.1]), r"initial\[0\] must be a number"),
        (lambda: cell(synapses=[EXC, EXC]), "names of synapses in the neuron must differ"),
        (lambda: cell(synapses=EXC), "synapses of the neuron must be a sequence"),
        (
            lambda: cell(channels=[natrium.Channel("exc", 1.0, 0.0)]),
            "a channel and a synapse must differ in name",
        ),
        (
            lambda: natrium.simulate(cell(), natrium.Spikes([1.0], "gaba", 1.0), t_end=5.0),
            "spikes must come to a state of the neuron, .*, exc, inh, nmda, drive, got 'gaba'",
        ),
    ],
)
def test_what_is_refused(make, said):
    with pytest.raises(natrium.NatriumError, match=said):
        make()


@pytest.mark.parametrize(("E", "inward"), [(0.0, 2.0 * 80.0), (-20.0, 2.0 * 60.0), (None, 2.0)])
def test_the_calcium_that_one_carries_is_bounded_by_its_inward_current(E, inward):
    """At -80 mV: no cell lives below. Just over 1 that level is looked at, just under it 0.5 is the last."""
    one = natrium.Synapse("x", 2.0, E, decay=4.0)
    for most, last in ((1.0 + 1e-9, 1.0), (1.0 - 1e-9, 0.5)):
        pool = natrium.Calcium(rest=0.0, tau=1.0, factor=most / inward, channels=["x"])
        levels = natrium.Neuron(synapses=[one], calcium=pool).calcium_levels
        assert levels[-1] == last
        assert levels[:2] == pytest.approx((0.0, 1e-6 if last == 1.0 else 1e-7), rel=1e-15)


@pytest.mark.parametrize("times", [(2.0, 0.5), (5.0, 5.0), (5.0, 5.0 - 1e-9), (3.0, 40.0), (9.0, 1e-3)])
def test_two_time_constants_are_compiled_and_may_be_equal(times):
    one = natrium.Neuron(synapses=[natrium.Synapse("a", 4.0, 0.0, decay=times[0], rise=times[1])])
    drive = natrium.Spikes([3.0, 5.0, 6.0], "a", 1.0)
    run, other = (natrium.simulate(one, drive, t_end=40.0, solver=name) for name in ("compiled", "event"))
    assert run.warnings == ()
    assert run.spike_times == pytest.approx(other.spike_times, abs=1e-8)
    many = natrium.simulate_many(one, drive, t_end=40.0, parameters={"rise_a": [times[1], times[0], 0.7]})
    assert not many.fell_back.any()
    assert many.train(0).tolist() == run.spike_times.tolist()
