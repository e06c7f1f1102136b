"""Models and inputs drawn at random by a seed, as users might have them."""

import attrs
import numpy as np

import natrium

T_END = 150.0  # ms


def random_case(seed):
    """Draw a neuron with up to three channels and an input of up to three parts that mostly make it fire."""
    draw = np.random.default_rng(seed)
    neuron = natrium.Neuron(
        tau_m=draw.uniform(4.0, 30.0),
        tau_ref=draw.choice([0.0, 0.5, 2.0, 4.1]),
        v_rest=draw.uniform(-75.0, -65.0),
        v_thresh=draw.uniform(-60.0, -40.0),
        channels=_channels(draw),
        refractory=str(draw.choice(["hold", "clamp"])),
    )
    return neuron, _inputs(draw), T_END


def _channels(draw):
    plain = [name for name, channel in natrium.CHANNELS.items() if channel.is_plain]
    names = draw.choice(plain, size=draw.integers(0, 4), replace=False)
    made = []
    for number, name in enumerate(names):
        channel = natrium.CHANNELS[str(name)]
        g = channel.g * draw.uniform(0.05, 1.2) if channel.E > 0.0 else draw.uniform(1.0, 20.0)
        gates = channel.gates
        if draw.random() < 0.5:
            gates = [attrs.evolve(gate, initial=draw.random()) if gate.moves else gate for gate in gates]
        made.append(attrs.evolve(channel, name=f"{channel.name}{number}", g=g, gates=tuple(gates)))
    return tuple(made)


def _inputs(draw):
    return tuple(_part(draw) for _ in range(draw.integers(1, 4)))


def _part(draw):
    start, size = draw.uniform(0.0, 40.0), draw.uniform(3.0, 35.0)
    kinds = (
        lambda: natrium.Constant(size),
        lambda: natrium.Step(size, start=start, stop=start + draw.uniform(5.0, 120.0)),
        lambda: natrium.Ramp(size / 50.0, start=start),
        lambda: natrium.Sine(size, draw.uniform(5.0, 200.0), phase=draw.uniform(0.0, 6.0)),
        lambda: natrium.Gaussian(2.0 * size, start + 40.0, draw.uniform(0.5, 15.0)),
        lambda: natrium.Pulses(
            2.0 * size, start=start, width=draw.uniform(0.2, 5.0), period=draw.uniform(6.0, 20.0), count=8
        ),
    )
    return kinds[draw.integers(len(kinds))]()
