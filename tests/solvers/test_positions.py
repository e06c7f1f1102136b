"""What a public name takes by position is a promise; all else is taken by name alone, so that it can be added to."""

import inspect
from collections.abc import Callable

import natrium.model
import natrium.solvers

MORE_THAN_TWO = {
    "Calcium": "rest tau factor channels",
    "Channel": "name g E gates",
    "Channel.inward": "v celsius calcium",
    "Csv": "file time value time_unit factor interpolation",
    "Custom": "function max_step breakpoints",
    "Drive": "level slope waves curves max_step",
    "Event": "time before after slope",
    "Expression": "text variable constants",
    "Formula": "value breakpoints max_step",
    "Gate.derivative": "state pace names",
    "Gate.flow": "state pace names",
    "Gaussian": "amplitude center sigma",
    "Ions": "valence inside outside celsius",
    "Ions.drive": "V inside outside celsius",
    "Ions.potential": "inside outside celsius",
    "Leak": "g_L unit area",
    "Neuron": "tau_m tau_ref v_rest v_thresh channels",
    "Poisson": "rate target weight seed",
    "Pulses": "amplitude width period count",
    "Pulses.moving_edges": "short t_start t_end",
    "RecordedSpikes": "file target weight",
    "Samples": "times values interpolation",
    "Scheme": "states transitions open initial",
    "Sine": "amplitude frequency phase offset",
    "Spikes": "times target weight delay",
    "Stimulus.moving_edges": "short t_start t_end",
    "Synapse": "name g E",
    "Synapse.flows": "states fall rise",
}


def named() -> dict[str, Callable[..., object]]:
    """Give functions, classes and methods of the model and the solvers."""
    found: dict[str, Callable[..., object]] = {}
    for name in natrium.__all__:
        one = getattr(natrium.model, name, None) or getattr(natrium.solvers, name, None)
        if not callable(one) or not one.__module__.startswith(("natrium.model", "natrium.solvers")):
            continue
        if name == "HybridSystem":  # neurons make it
            continue
        found[name] = one
        if inspect.isclass(one):
            methods = {
                f"{name}.{key}": value for key, value in vars(one).items() if inspect.isfunction(value)
            }
            found |= {key: value for key, value in methods.items() if "._" not in key}
    return {
        name: one for name, one in found.items() if not (inspect.isclass(one) and issubclass(one, Exception))
    }


def test_no_more_than_two_are_taken_by_position_but_for_these() -> None:
    taken = {}
    for name, one in named().items():
        parameters = [each for each in inspect.signature(one).parameters.values() if each.name != "self"]
        assert not any(each.kind is each.POSITIONAL_ONLY for each in parameters), name
        taken[name] = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert {name: " ".join(these) for name, these in taken.items() if len(these) > 2} == MORE_THAN_TWO
