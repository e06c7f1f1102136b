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

from collections.abc import Callable, Iterator, Sequence
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

# From a time after the step's start (ms) to the input there (mV).
Current = Callable[[float], float]


@attrs.frozen(eq=False)
class Flow:
    """The equations of one neuron, as the schemes call them.

    Attributes
    ----------
    gap : float
        Input less the input as the kernel takes it, mV.
    kernel : Kernel
    script : Neuron or None
        The neuron, where a script writes it: gates of V in ohmic channels.
    written : tuple of callable
        The derivative of each of its gates as a script writes it, of V and the gate.
    currents : tuple of callable
        The current of each of its channels as a script writes it, of V and the gates to come.
    """

    gap: float
    kernel: Kernel
    script: Neuron | None = None
    written: tuple[Callable[[Any, Any], Any], ...] = ()
    currents: tuple[Callable[[Any, Iterator[Any]], Any], ...] = ()

    @classmethod
    def of(cls, neuron: AnyNeuron) -> Flow:
        """Make the flow of a neuron."""
        kernel = _stepped(neuron.system)
        if not isinstance(neuron, Neuron) or not neuron.is_plain:
            return cls(neuron.gap, kernel)
        moving = (gate for channel in neuron.channels for gate in channel.moving)
        written = tuple(_written_derivative(gate, gate.pace(neuron.celsius)) for gate in moving)
        return cls(neuron.gap, kernel, neuron, written, tuple(map(_written_current, neuron.channels)))

    def at_rest(self, system: HybridSystem) -> Flow:
        """Give the flow while refractory, of a system with the rule."""
        return self if system.resting.rhs == system.rhs else Flow(self.gap, _stepped(system.resting))

    def derivative(self, y: Array, current: float) -> Array:
        """Evaluate dy/dt in the smooth form."""
        kernel = self.kernel
        u, J = y.tolist(), current - self.gap
        u[0] -= float(kernel.frame.threshold(y))
        return np.array(kernel.event_rhs(*u, J, *kernel.parameters))

    def diagonal(self, y: Array) -> Array:
        """Evaluate the Jacobian's diagonal: each state's own rate, negative, per ms."""
        u = self.kernel.frame.inward(y)
        return np.array(self.kernel.stiff_diagonal(*u.tolist(), 0.0, *self.kernel.parameters))

    def written_slopes(self, y: Array) -> list[Any]:
        """Evaluate the gates' derivatives as a script writes them."""
        V = y[0]
        return [derivative(V, x) for derivative, x in zip(self.written, y[1:], strict=True)]

    def written_current(self, V: Any, gates: Sequence[Any]) -> Any:
        """Sum g m**3 h (E - V) over the channels, factors and terms from left to right."""
        values = iter(gates)
        return sum(current(V, values) for current in self.currents)


def _stepped(system: HybridSystem) -> Kernel:
    """Lower a system for steps, which a script takes in V, whatever the threshold does."""
    return lower(system.unshifted if system.threshold_moves else system)


def _written_derivative(gate: Gate, pace: float) -> Callable[[Any, Any], Any]:
    """Give dx/dt of a gate as a script writes it."""
    if gate.alpha is not None and gate.beta is not None:
        alpha, beta = gate.alpha.written(), gate.beta.written()
        return lambda V, x: paced(open_and_close(x, alpha(V), beta(V)), pace)
    inf, tau = (rate.written() for rate in (gate.inf, gate.tau) if isinstance(rate, Expression))
    return lambda V, x: paced(approach(x, inf(V), tau(V)), pace)


def _written_current(channel: Channel) -> Callable[[Any, Iterator[Any]], Any]:
    """Give a channel's current as a script writes it."""
    g, E = channel.g, channel.reversal
    powers = tuple(
        (None if gate.moves or gate.inf is None else gate.inf.written(), gate.power) for gate in channel.gates
    )

    def current(V: Any, values: Iterator[Any]) -> Any:
        gates = [(next(values) if inf is None else inf(V), power) for inf, power in powers]
        return channel_current(V, g, E, gates)

    return current


Step = Callable[[Flow, Array, float, Current], Array]


@attrs.frozen
class Scheme:
    """A fixed-step scheme.

    Attributes
    ----------
    name : str
    order : int
        Of its error on smooth flow.
    step : callable
        ``(flow, y, h, current) -> y`` after a step of `h` ms.
    evaluations : int
        Evaluations of the right-hand side in a step.
    """

    name: str
    order: int
    step: Step
    evaluations: int


def _sequential_euler(flow: Flow, y: Array, h: float, current: Current) -> Array:
    """Gates first, with the old V; then V with the new gates: sums and products as the script has them."""
    neuron, V = flow.script, y[0]
    if neuron is None:
        # The other states first, all with the old ones.
        new = y + h * flow.derivative(y, current(0.0))
        new[0] = V
        new[0] = V + h * flow.derivative(new, current(0.0))[0]
        return np.asarray(new)
    gates = [x + slope * h for x, slope in zip(y[1:], flow.written_slopes(y), strict=True)]
    channels = flow.written_current(V, gates)
    dv = membrane(V, neuron.v_rest, current(0.0), [channels]) / neuron.tau_m * h
    return np.array([V + dv, *gates])


def _euler(flow: Flow, y: Array, h: float, current: Current) -> Array:
    return y + h * flow.derivative(y, current(0.0))


def _exponential_euler(flow: Flow, y: Array, h: float, current: Current) -> Array:
    """Each state exactly, the others held: linear in itself, x' = f + a (x - x_0)."""
    return np.asarray(y + h * flow.derivative(y, current(0.0)) * exprel_array(h * flow.diagonal(y)))


def _heun(flow: Flow, y: Array, h: float, current: Current) -> Array:
    k1 = flow.derivative(y, current(0.0))
    k2 = flow.derivative(y + h * k1, current(h))
    return y + 0.5 * h * (k1 + k2)


def _rk4(flow: Flow, y: Array, h: float, current: Current) -> Array:
    middle = current(0.5 * h)
    k1 = flow.derivative(y, current(0.0))
    k2 = flow.derivative(y + 0.5 * h * k1, middle)
    k3 = flow.derivative(y + 0.5 * h * k2, middle)
    k4 = flow.derivative(y + h * k3, current(h))
    return y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


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
