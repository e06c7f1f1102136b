"""Laws that hold for every model, over models drawn at random."""

import attrs
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import natrium

T_END = 70.0
SPAN = st.floats(0.0, T_END)
CHANNELS = [channel for channel in natrium.CHANNELS.values() if channel.is_plain]
LAW = settings(max_examples=12, deadline=None, derandomize=True)
# Of one run's error in a spike time (1e-9 mV and less over a slope that is not tiny), with room.
CLOSE = 2e-7


def slowed(gate, factor):
    """Give a gate whose rates take a factor of the time that they took."""
    paces = {"alpha": 1 / factor, "beta": 1 / factor, "tau": factor}
    given = {name: getattr(gate, name) for name in paces if getattr(gate, name) is not None}
    return attrs.evolve(gate, **{name: f"{paces[name]!r}*({rate})" for name, rate in given.items()})


@st.composite
def channels(draw):
    """Draw none to two channels of the catalogue's kinetics."""
    kinds = draw(st.lists(st.sampled_from(range(len(CHANNELS))), max_size=2))
    made = []
    for number, kind in enumerate(kinds):
        channel = CHANNELS[kind]
        gates = channel.gates
        if draw(st.booleans()):
            gates = [
                attrs.evolve(gate, initial=draw(st.floats(0.0, 1.0))) if gate.moves else gate
                for gate in gates
            ]
        g = draw(st.floats(0.0, 150.0 if channel.E > 0.0 else 20.0))
        made.append(attrs.evolve(channel, name=f"c{number}", g=g, gates=gates))
    return tuple(made)


@st.composite
def neurons(draw, **fixed):
    values = {
        "tau_m": draw(st.floats(4.0, 30.0)),
        "tau_ref": draw(st.sampled_from([0.0, 0.7, 2.0, 4.1])),
        "v_rest": draw(st.floats(-75.0, -65.0)),
        "v_thresh": draw(st.floats(-60.0, -40.0)),
        "channels": draw(channels()),
        "refractory": draw(st.sampled_from(["hold", "clamp"])),
    }
    return natrium.Neuron(**(values | fixed))


@st.composite
def inputs(draw, t_start=0.0):
    """Draw one or two stimuli, as functions of a shift in time."""
    made = []
    for kind in draw(
        st.lists(st.sampled_from(["step", "pulses", "ramp", "sine", "gaussian"]), min_size=1, max_size=2)
    ):
        start, size = draw(st.floats(0.0, 30.0)), draw(st.floats(-5.0, 40.0))
        if kind == "step":
            stop = start + draw(st.floats(1.0, 40.0))
            made.append(lambda d, a=size, s=start, e=stop: natrium.Step(a, start=s + d, stop=e + d))
        elif kind == "pulses":
            made.append(
                lambda d, a=size, s=start: natrium.Pulses(2 * a, width=2.5, period=8.0, count=6, start=s + d)
            )
        elif kind == "ramp":
            made.append(
                lambda d, a=size, s=start: natrium.Ramp(a / 20.0, start=s + d, stop=s + d + 40.0, hold=True)
            )
        elif kind == "sine":
            f = draw(st.sampled_from([20.0, 50.0, 250.0]))  # whole periods in 200 ms
            made.append(lambda d, a=size, f=f: natrium.Sine(a / 2.0, f, offset=12.0))
        else:
            made.append(lambda d, a=size, s=start: natrium.Gaussian(2 * a, s + d + 10.0, 3.0))
    return lambda d=0.0: [make(d) for make in made]


def fire(neuron, stimulus, t_start=0.0, t_end=None, **options):
    return natrium.simulate(
        neuron, stimulus, t_start=t_start, t_end=t_start + T_END if t_end is None else t_end, **options
    )


def sure(run):
    """Leave out runs that hang by a hair: a graze, or a crossing so flat that times are ill-determined."""
    assume(not run.warnings)
    assume(min((event.slope for event in run.events), default=1.0) > 0.02)
    assume(all(event.time < run.t_end - 1e-3 for event in run.events))
    return run


def same(one, other, atol=CLOSE):
    """Hold two trains against each other."""
    assert len(one) == len(other)
    np.testing.assert_allclose(one, other, rtol=0.0, atol=atol)


@given(neurons(), inputs())
@LAW
def test_gates_stay_between_zero_and_one(neuron, make):
    run = fire(neuron, make())
    for values in (run.y[1:], run.sample(0.5)[1][1:]):
        if values.size:
            assert values.min() >= 0.0
            assert values.max() <= 1.0


@given(neurons(), inputs())
@LAW
def test_two_spikes_are_a_refractory_period_apart(neuron, make):
    run = fire(neuron, make())
    assert np.all(np.diff(run.spike_times) >= neuron.tau_ref - 1e-12)
    assert np.all((run.spike_times >= 0.0) & (run.spike_times <= T_END))
    assert run.V.max() <= neuron.v_thresh + 1e-9


@given(neurons(), inputs(), st.sampled_from([200.0, -400.0, 1e4, 1e6]))
@LAW
def test_shifting_time_shifts_spikes(neuron, make, shift):
    here = sure(fire(neuron, make()))
    there = fire(neuron, make(shift), t_start=shift)
    same(there.spike_times - shift, here.spike_times, CLOSE + 4 * np.spacing(abs(shift)))


@given(neurons(), inputs(), SPAN, st.floats(0.0, 40.0))
@LAW
def test_a_step_in_two_is_the_step(neuron, make, at, level):
    assume(1.0 < at < T_END - 1.0)
    whole = sure(fire(neuron, [*make(), natrium.Step(level, start=1.0, stop=T_END - 1.0)]))
    parts = [natrium.Step(level, start=1.0, stop=at), natrium.Step(level, start=at, stop=T_END - 1.0)]
    same(fire(neuron, [*make(), *parts]).spike_times, whole.spike_times)


@given(neurons(), inputs(), st.sampled_from(CHANNELS))
@LAW
def test_a_channel_of_no_conductance_is_no_channel(neuron, make, channel):
    without = sure(fire(neuron, make()))
    idle = attrs.evolve(channel, name="idle", g=0.0)
    same(
        fire(attrs.evolve(neuron, channels=(*neuron.channels, idle)), make()).spike_times, without.spike_times
    )


@given(neurons(), inputs(), st.sampled_from(CHANNELS[:3]), st.floats(1.0, 70.0))
@LAW
def test_two_channels_alike_are_one_of_twice_the_conductance(neuron, make, channel, g):
    one = attrs.evolve(channel, name="one", g=2 * g)
    pair = tuple(attrs.evolve(channel, name=name, g=g) for name in ("left", "right"))
    single = sure(fire(attrs.evolve(neuron, channels=(*neuron.channels, one)), make()))
    double = fire(attrs.evolve(neuron, channels=(*neuron.channels, *pair)), make())
    same(double.spike_times, single.spike_times)


@given(neurons(), st.floats(5.0, 40.0), st.sampled_from([0.5, 3.0]))
@LAW
def test_scaling_all_times_scales_spikes(neuron, level, factor):
    slow = attrs.evolve(
        neuron,
        tau_m=factor * neuron.tau_m,
        tau_ref=factor * neuron.tau_ref,
        channels=tuple(
            attrs.evolve(
                channel,
                gates=tuple(slowed(gate, factor) for gate in channel.gates),
            )
            for channel in neuron.channels
        ),
    )
    plain = sure(fire(neuron, natrium.Step(level, start=3.0)))
    scaled = fire(slow, natrium.Step(level, start=3.0 * factor), t_end=T_END * factor)
    same(scaled.spike_times / factor, plain.spike_times)


@given(neurons(), inputs(), st.floats(-40.0, 40.0))
@LAW
def test_moving_every_voltage_moves_v_alone(neuron, make, by):
    assume(abs(by) > 1.0)
    moved = attrs.evolve(
        neuron,
        v_rest=neuron.v_rest + by,
        v_thresh=neuron.v_thresh + by,
        v_reset=neuron.v_reset + by,
        v_init=neuron.v_init + by,
        channels=(),
    )
    here = sure(fire(attrs.evolve(neuron, channels=()), make()))
    same(fire(moved, make()).spike_times, here.spike_times, 1e-8)


@given(neurons(channels=()), st.floats(10.0, 30.0), st.floats(0.1, 10.0))
@LAW
def test_more_input_fires_no_later_and_no_less(neuron, level, more):
    weak, strong = (fire(neuron, natrium.Constant(I)).spike_times for I in (level, level + more))
    assert strong.size >= weak.size
    assert np.all(strong[: weak.size] <= weak + 1e-9)


@given(neurons(), inputs(), SPAN)
@LAW
def test_a_run_that_ends_earlier_is_the_beginning_of_the_longer_one(neuron, make, end):
    assume(end > 1.0)
    whole = sure(fire(neuron, make()))
    assume(np.abs(whole.spike_times - end).min(initial=1.0) > 1e-3)
    part = fire(neuron, make(), t_end=end)
    same(part.spike_times, whole.spike_times[whole.spike_times < end])


@pytest.mark.parametrize("method", ["RK45", "Radau", "compiled"])
@given(neurons(), inputs())
@settings(max_examples=5, deadline=None, derandomize=True)
def test_methods_agree(method, neuron, make):
    default = sure(fire(neuron, make()))
    options = {"solver": "compiled"} if method == "compiled" else {"method": method}
    same(fire(neuron, make(), rtol=1e-8, **options).spike_times, default.spike_times, 1e-5)
