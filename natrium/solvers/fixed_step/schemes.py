"""Fixed-step schemes: one step each, as data to be listed.

References
----------
.. [1] D. Hansel, G. Mato, C. Meunier, L. Neltner, "On numerical simulations of integrate-and-fire
   neural networks", Neural Comput. 10 (1998) 467-483. https://doi.org/10.1162/089976698300017845
.. [2] S. Rush, H. Larsen, "A practical algorithm for solving dynamic membrane equations",
   IEEE Trans. Biomed. Eng. 25 (1978) 389-392. https://doi.org/10.1109/TBME.1978.326270
.. [3] E. Hairer, S. P. Norsett, G. Wanner, "Solving Ordinary Differential Equations I", 2nd ed.
   (1993), sec. II.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs
import numpy as np

from natrium.model import (
    AnyNeuron,
    Channel,
    Expression,
    Gate,
    HybridSystem,
    Kernel,
    Neuron,
    exprel_array,
    lower,
)
from natrium.model.arrays import Array
from natrium.model.channel import paced
from natrium.model.equations import approach, channel_current, membrane, open_and_close
from natrium.model.expressions.evaluator import Code, evaluator, is_plain
from natrium.model.kernel import lower_code

# From a time after the step's start (ms) to the input there (mV).
Current = Callable[[float], float]
# As a script writes them: derivatives of gates, of V and the gate; currents, of V and the gates to come.
Slopes = tuple[Callable[[Any, Any], Any], ...]
Currents = tuple[Callable[[Any, Iterator[Any]], Any], ...]


@attrs.frozen(eq=False)
class Flow:
    """The equations of one neuron, as the schemes call them."""

    gap: float  # input less the input as the kernel takes it, mV
    kernel: Kernel
    script: Neuron | None = None  # the neuron, where a script writes it: gates of V in ohmic channels
    written: Slopes = ()  # the derivative of each of its gates as a script writes it, of V and the gate
    # The current of each of its channels as a script writes it, of V and the gates to come.
    currents: Currents = ()
    # What a script writes as one function of the states, the step and the input, Python's own floats: the
    # same doubles, sooner, but errors where these are inf or NaN. None where a rate is no plain arithmetic.
    on_floats: Callable[..., list[float]] | None = None

    @classmethod
    def of(cls, neuron: AnyNeuron) -> Flow:
        """Make the flow of a neuron."""
        kernel = _stepped(neuron.system)
        if not isinstance(neuron, Neuron) or not neuron.is_plain:
            return cls(neuron.gap, kernel)
        rates = [rate for channel in neuron.channels for gate in channel.gates for rate in _rates_of(gate)]
        on_floats = _as_code(neuron) if all(is_plain(rate.tree) for rate in rates) else None
        return cls(neuron.gap, kernel, neuron, *_as_written(neuron, Expression.written), on_floats)

    def at_rest(self, system: HybridSystem) -> Flow:
        """Give the flow while refractory, of a system with the rule."""
        return self if system.resting.rhs == system.rhs else Flow(self.gap, _stepped(system.resting))

    def derivative(self, y: Array, current: float) -> Array:
        """Evaluate dy/dt in the smooth form."""
        return np.array(self.slopes(y.tolist(), current))

    def slopes(self, y: list[float], current: float) -> list[float]:
        """Evaluate the same, of floats: quicker than small arrays, and the same doubles."""
        kernel = self.kernel
        return kernel.event_rhs(y[0] - kernel.frame.level, *y[1:], current - self.gap, *kernel.parameters)

    def diagonal(self, y: Array) -> Array:
        """Evaluate the Jacobian's diagonal: each state's own rate, negative, per ms."""
        u = self.kernel.frame.inward(y)
        return np.array(self.kernel.stiff_diagonal(*u.tolist(), 0.0, *self.kernel.parameters))

    def written_slopes(self, y: Array) -> list[Any]:
        """Evaluate the gates' derivatives as a script writes them."""
        V = y[0]
        return [derivative(V, x) for derivative, x in zip(self.written, y[1:], strict=True)]


def _stepped(system: HybridSystem) -> Kernel:
    """Lower a system for steps, which a script takes in V, whatever the threshold does."""
    return lower(system.unshifted if system.threshold_moves else system)


Meaning = Callable[[Expression], Any]  # what evaluates a rate as it is written


def _rates_of(gate: Gate) -> list[Expression]:
    return [rate for rate in (gate.alpha, gate.beta, gate.inf, gate.tau) if isinstance(rate, Expression)]


def _as_written(neuron: Neuron, meaning: Meaning) -> tuple[Slopes, Currents]:
    """Give the derivatives of a neuron's gates and the currents of its channels, as a script writes them."""
    moving = (gate for channel in neuron.channels for gate in channel.moving)
    slopes = tuple(_written_derivative(gate, gate.pace(neuron.celsius), meaning) for gate in moving)
    return slopes, tuple(_written_current(channel, meaning) for channel in neuron.channels)


def _written_derivative(gate: Gate, pace: float, meaning: Meaning) -> Callable[[Any, Any], Any]:
    """Give dx/dt of a gate as a script writes it."""
    if gate.alpha is not None and gate.beta is not None:
        alpha, beta = meaning(gate.alpha), meaning(gate.beta)
        return lambda V, x: paced(open_and_close(x, alpha(V), beta(V)), pace)
    inf, tau = (meaning(rate) for rate in (gate.inf, gate.tau) if isinstance(rate, Expression))
    return lambda V, x: paced(approach(x, inf(V), tau(V)), pace)


def _written_current(channel: Channel, meaning: Meaning) -> Callable[[Any, Iterator[Any]], Any]:
    """Give a channel's current as a script writes it."""
    g, E = channel.g, channel.reversal
    powers = tuple(
        (None if gate.moves or gate.inf is None else meaning(gate.inf), gate.power) for gate in channel.gates
    )

    def current(V: Any, values: Iterator[Any]) -> Any:
        gates = [(next(values) if inf is None else inf(V), power) for inf, power in powers]
        return channel_current(V, g, E, gates)

    return current


Step = Callable[[Flow, Array, float, Current], Array]


@attrs.frozen
class Scheme:
    """A fixed-step scheme."""

    name: str
    order: int  # of its error on smooth flow
    step: Step  # ``(flow, y, h, current) -> y`` after a step of `h` ms
    evaluations: int  # evaluations of the right-hand side in a step


def _sequential_euler(flow: Flow, y: Array, h: float, current: Current) -> Array:
    """Gates first, with the old V; then V with the new gates: sums and products as the script has them."""
    neuron, V = flow.script, y[0]
    if neuron is None:
        # The other states first, all with the old ones.
        old, I = y.tolist(), current(0.0)
        new = [old[0], *_moved(old, h, flow.slopes(old, I))[1:]]
        return np.array([old[0] + h * flow.slopes(new, I)[0], *new[1:]])
    I = current(0.0)
    if flow.on_floats is not None:
        try:
            return np.array(flow.on_floats(*y.tolist(), h, I))
        except ArithmeticError:  # what Python's floats refuse is inf or NaN in NumPy's
            pass
    gates = _moved_gates(flow.written, V, y[1:], h)
    return np.array([_moved_voltage(neuron, flow.currents, V, gates, h, I), *gates])


def _moved_gates(slopes: Slopes, V: Any, old: Iterable[Any], h: Any) -> list[Any]:
    """Step the gates by what a script writes."""
    return [x + slope(V, x) * h for x, slope in zip(old, slopes, strict=True)]


def _moved_voltage(neuron: Neuron, currents: Currents, V: Any, gates: list[Any], h: Any, I: Any) -> Any:
    """Step V likewise: factors and terms from left to right."""
    values = iter(gates)
    channels = sum(channel(V, values) for channel in currents)
    return V + membrane(V, neuron.v_rest, I, [channels]) / neuron.tau_m * h


def _as_code(neuron: Neuron) -> Callable[..., list[float]]:
    """Give a step as one function, ``f(V, *gates, h, I) -> list``, as a script writes it."""
    slopes, currents = _as_written(neuron, lambda rate: evaluator(rate.tree, Code))
    V, h, I = map(Code, "VhI")
    names = [f"x{k}" for k in range(len(slopes))]
    gates = _moved_gates(slopes, V, map(Code, names), h)
    named = [gate.named(name) for gate, name in zip(gates, names, strict=True)]
    after = _moved_voltage(neuron, currents, V, named, h, I)
    return lower_code(("V", *names, "h", "I"), (after, *map(Code, names)))


def _moved(y: list[float], h: float, slopes: list[float]) -> list[float]:
    return [x + h * slope for x, slope in zip(y, slopes, strict=True)]


def _euler(flow: Flow, y: Array, h: float, current: Current) -> Array:
    old = y.tolist()
    return np.array(_moved(old, h, flow.slopes(old, current(0.0))))


def _exponential_euler(flow: Flow, y: Array, h: float, current: Current) -> Array:
    """Each state exactly, the others held: linear in itself, x' = f + a (x - x_0)."""
    return np.asarray(y + h * flow.derivative(y, current(0.0)) * exprel_array(h * flow.diagonal(y)))


def _heun(flow: Flow, y: Array, h: float, current: Current) -> Array:
    old = y.tolist()
    k1 = flow.slopes(old, current(0.0))
    k2 = flow.slopes(_moved(old, h, k1), current(h))
    return np.array(_moved(old, 0.5 * h, [a + b for a, b in zip(k1, k2, strict=True)]))


def _rk4(flow: Flow, y: Array, h: float, current: Current) -> Array:
    old, middle = y.tolist(), current(0.5 * h)
    k1 = flow.slopes(old, current(0.0))
    k2 = flow.slopes(_moved(old, 0.5 * h, k1), middle)
    k3 = flow.slopes(_moved(old, 0.5 * h, k2), middle)
    k4 = flow.slopes(_moved(old, h, k3), current(h))
    stages = zip(k1, k2, k3, k4, strict=True)
    return np.array(_moved(old, h / 6.0, [a + 2.0 * b + 2.0 * c + d for a, b, c, d in stages]))


SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme("sequential-euler", 1, _sequential_euler, 1),
        Scheme("euler", 1, _euler, 1),
        Scheme("exponential-euler", 1, _exponential_euler, 1),
        Scheme("heun", 2, _heun, 2),
        Scheme("rk4", 4, _rk4, 4),
    )
}
"""All schemes by name; a new one is tested by being listed."""
