"""The original script's scheme, kept step for step: sequential Euler with a subtracting counter.

Per step, if the refractory counter is above zero: counter -= dt and V stays at its reset value. Else
every gate advances by Euler with the old V, then V advances with the *new* gates and the old V; if V
is then at or above threshold, V is reset and the counter set to tau_ref. Sample k is stored after the
update but labelled t_k as `numpy.arange` makes it; the input is read at t_k with strict inequalities.
Sums and products are taken in the script's own order and rates in their written form, so that every
double agrees with the script's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np

from natrium.model import (
    Expression,
    Gate,
    Neuron,
    Number,
    SolverError,
    StepLimit,
    Stimulus,
    Sum,
    as_float,
)
from natrium.solvers.base import checked_run, manifest
from natrium.solvers.bernstein import Array
from natrium.solvers.limits import Limits
from natrium.solvers.trajectory import Event, Segment, Trajectory

__all__ = ["ScriptScheme"]

Derivative = Callable[[Any, Any], Any]


@attrs.frozen(kw_only=True)
class ScriptScheme:
    """Replay the notebook's fixed-step scheme, every double as the script computes it.

    `Trajectory.t` holds the script's labels, `spike_times` the labels of the steps that fired, and
    ``extras["refractory_counter"]`` the counter after each step. Beside the labels nothing is
    interpolated: `Trajectory.state` gives the last sample.

    Parameters
    ----------
    dt : float
        Step, ms.
    limits : Limits
        Budgets: `max_rhs_evaluations` bounds the number of steps.
    """

    dt: float = attrs.field(converter=as_float, validator=Number("ms", 0.0, open_low=True))
    limits: Limits = attrs.field(factory=Limits)

    def solve(
        self,
        neuron: Neuron,
        stimulus: Stimulus | Sequence[Stimulus] | None = None,
        *,
        t_start: float = 0.0,
        t_end: float,
    ) -> Trajectory:
        """Run a neuron; parameters and result as in `EventDriven.solve`.

        Raises
        ------
        StepLimit
            When the run has more steps than the budget allows.
        SolverError
            When V or a gate stops being finite, as where a written rate is 0/0.
        """
        total, t_start, t_end = checked_run(neuron, stimulus, t_start, t_end)
        steps = (t_end - t_start) / self.dt
        if steps > self.limits.max_rhs_evaluations:
            raise StepLimit(
                f"a run may take at most {self.limits.max_rhs_evaluations} steps, got {steps:.3g}; "
                "raise dt, shorten the run or raise max_rhs_evaluations"
            )
        labels = np.arange(t_start, t_end, self.dt)
        with np.errstate(all="ignore"):  # the script's own overflow ends below, named
            y, counters, spikes = _replay(neuron, total, labels, self.dt)
        names = neuron.system.labels
        segment = _samples(labels, y, t_end)
        return Trajectory(
            neuron=neuron,
            stimulus=total,
            names=names,
            t_start=t_start,
            t_end=t_end,
            segments=(segment,),
            events=tuple(_event(labels, y, k, neuron) for k in spikes),
            solver="script",
            method="sequential-euler",
            made_by=self,
            rhs_evaluations=int(np.count_nonzero(counters[:-1] <= 0.0)) + 1,
            extras={"refractory_counter": counters},
            manifest=manifest(self, neuron, total),
        )


def _derivative(gate: Gate) -> Derivative:
    """Give dx/dt of a gate as a script writes it."""
    if gate.alpha is not None and gate.beta is not None:
        alpha, beta = _written(gate.alpha), _written(gate.beta)
        return lambda V, x: alpha(V) * (1 - x) - beta(V) * x
    inf, tau = _written(gate.inf), _written(gate.tau)
    return lambda V, x: (inf(V) - x) / tau(V)


def _written(rate: Expression | None) -> Callable[[Any], Any]:
    assert rate is not None
    return rate.written()


def _replay(neuron: Neuron, stimulus: Sum, labels: Array, dt: float) -> tuple[Array, Array, list[int]]:
    """Step through the labels; give states, counters and the indices of the steps that fired."""
    state = [np.float64(value) for value in neuron.initial_state()]
    V, gates = state[0], state[1:]
    tau_m, v_rest, v_thresh, v_reset = neuron.tau_m, neuron.v_rest, neuron.v_thresh, neuron.v_reset
    clamp = neuron.refractory == "clamp"
    derivatives = [_derivative(gate) for channel in neuron.channels for gate in channel.gates]
    counter: float = 0
    y = np.empty((1 + len(gates), labels.size))
    counters = np.empty(labels.size)
    spikes = []
    for k, t in enumerate(labels.tolist()):
        held = counter > 0
        if clamp or not held:
            slopes = [derivative(V, x) for derivative, x in zip(derivatives, gates, strict=True)]
            gates = [x + slope * dt for x, slope in zip(gates, slopes, strict=True)]
        if held:
            counter -= dt
            V = np.float64(v_reset)
        else:
            current = sum(part(t, strict=True) for part in stimulus.parts)
            dv = (-(V - v_rest) + current + _channel_current(neuron, V, gates)) / tau_m * dt
            V = V + dv
            if v_thresh <= V:
                V, counter = np.float64(v_reset), neuron.tau_ref
                spikes.append(k)
        y[0, k], y[1:, k], counters[k] = V, gates, counter
        if not np.isfinite(V) or not np.all(np.isfinite(y[1:, k])):
            raise SolverError(
                f"the script's state stops being finite at t = {t!r} ms: a step too long, or a rate that "
                "is 0/0 as written; the event-driven solver has neither"
            )
    return y, counters, spikes


def _channel_current(neuron: Neuron, V: Any, gates: list[Any]) -> Any:
    """Sum g m**3 h (E - V) over the channels, factors and terms from left to right."""
    total: Any = 0
    values = iter(gates)
    for channel in neuron.channels:
        product: Any = channel.g
        for gate in channel.gates:
            x = next(values)
            product = product * (x**gate.power if gate.power > 1 else x)
        total = total + product * (channel.E - V)
    return total


def _event(labels: Array, y: Array, k: int, neuron: Neuron) -> Event:
    """Give a spike as the grid knows it: found after the step, its crossing not located."""
    before = y[:, k].copy()
    before[0] = neuron.v_thresh
    return Event(float(labels[k]), before, y[:, k], float("nan"))


def _samples(labels: Array, y: Array, t_end: float) -> Segment:
    def state(s: Array) -> Array:
        return y[:, np.clip(np.searchsorted(knots, s, side="right") - 1, 0, None)]

    knots = labels - labels[0]
    return Segment(float(labels[0]), t_end, knots, y, state)
