"""A neuron of one's own equations, in other units."""

import natrium


def in_units(neuron, sizes, I, t):
    """Multiply states (by name), input and time by numbers: the same neuron, told in other units."""
    system = neuron.system
    factors = [sizes.get(label, 1.0) for label in system.labels]
    back = {state: state / size for state, size in zip(system.states, factors, strict=True)}
    back[system.input] = system.input / I
    by_name = dict(zip(system.labels, factors, strict=True))
    moved = zip(system.labels, system.states, system.reset, strict=True)
    return natrium.HybridNeuron(
        equations={
            label: flow.xreplace(back) * by_name[label] / t
            for label, flow in zip(system.labels, system.rhs, strict=True)
        },
        parameters=dict(neuron.parameters),
        initial={name: value * by_name[name] for name, value in neuron.initial},
        v_thresh=neuron.v_thresh * by_name["V"] if neuron.fires else None,
        reset={
            label: after.xreplace(back) * by_name[label] for label, state, after in moved if after != state
        },
        tau_ref=neuron.tau_ref * t,
        refractory=neuron.refractory,
    )
