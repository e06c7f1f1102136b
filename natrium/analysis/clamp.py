"""Voltage clamp: gates and currents under a commanded V."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.analysis.result import Result, rows_of
from natrium.model import (
    HybridNeuron,
    ModelError,
    Neuron,
    Stimulus,
    UnsupportedModel,
    as_stimulus,
    smooth_spans,
)
from natrium.model.arrays import Array
from natrium.model.checks import Number
from natrium.model.kernel import lower_expressions
from natrium.model.leak import InputUnit, Leak, told_in
from natrium.solvers import EventDriven, Trajectory

SAMPLES = 2000  # of a run, unless told otherwise


@attrs.frozen(eq=False, repr=False)
class VoltageClamp(Result):
    """What flows, and what the gates do, while V is commanded.

    Attributes
    ----------
    t : ndarray, shape (n_times,)
        ms; a time stands twice where the command jumps, for both sides.
    V : ndarray, shape (n_times,)
        The command, mV.
    gates : mapping of str to ndarray, shape (n_times,)
        By the names that a run has: ``"Na.m"``.
    currents : mapping of str to ndarray, shape (n_times,)
        Of each channel and of the leak, outward positive, over the leak's conductance: mV.
    total : ndarray, shape (n_times,)
        Their sum; what the clamp gives, save where the command itself moves V.
    trajectory : Trajectory
        The gates' run, at any time.
    leak : Leak or None
        The leak in absolute units, where it is known.
    """

    t: Array
    V: Array
    gates: dict[str, Array]
    currents: dict[str, Array]
    total: Array
    trajectory: Trajectory
    leak: Leak | None = None

    @property
    def told_in(self) -> InputUnit:
        """What figures tell currents in."""
        return told_in("mV", self.leak)

    def peak(self, channel: str, t_start: float, t_end: float) -> tuple[float, float]:
        """Give the largest current of a channel (or ``leak``) by size within a window, and when.

        Parameters
        ----------
        channel : str
        t_start, t_end : float
            ms.

        Returns
        -------
        t, current : float
            ms and mV, of a sample.

        Raises
        ------
        ModelError
            When there is no such channel, or no sample in the window.
        """
        if channel not in self.currents:
            raise ModelError(f"channel must be one of {', '.join(self.currents)}, got {channel!r}")
        within = np.flatnonzero((self.t >= t_start) & (self.t <= t_end))
        if not within.size:
            raise ModelError(
                f"a window must lie within the run, to {self.t[-1]:g} ms, got {t_start!r} to {t_end!r}"
            )
        at = within[np.argmax(np.abs(self.currents[channel][within]))]
        return float(self.t[at]), float(self.currents[channel][at])

    def table(self) -> list[dict[str, Any]]:
        """Give one row for each time."""
        columns = {"t_ms": self.t, "V_mV": self.V, **self.gates}
        for name, current in self.currents.items():
            columns |= {f"I_{name}_mV": current} | self.told_in.beside(f"I_{name}", current)
        return rows_of(columns)


def voltage_clamp(
    neuron: Neuron,
    command: Stimulus | Sequence[Stimulus],
    *,
    t_end: float,
    t_start: float = 0.0,
    rtol: float = 1e-9,
    step: float | None = None,
) -> VoltageClamp:
    """Hold V at a command; give the gates and the currents.

    Gates follow their own equations at the commanded V, solved as any run: each jump of the command ends a
    step. A gate without an initial value of its own begins at its steady state at the first V.

    Parameters
    ----------
    neuron : Neuron
        Its threshold and its own V have no part.
    command : Stimulus or sequence of Stimulus
        V in mV, the parts added: ``[Constant(-90.0), Step(70.0, start=5.0, stop=25.0)]``.
    t_end, t_start : float
        ms.
    rtol : float
        Relative tolerance.
    step : float, optional
        Largest distance of two samples, ms; by default a two-thousandth of the run.

    Returns
    -------
    VoltageClamp

    Raises
    ------
    UnsupportedModel
        For a neuron of equations of its own, whose currents are not known one by one.
    ModelError
        When V is commanded to where a rate breaks its rules.

    References
    ----------
    .. [1] A. L. Hodgkin, A. F. Huxley, B. Katz, "Measurement of current-voltage relations in the membrane of
       the giant axon of Loligo", J. Physiol. 116 (1952) 424-448.
       https://doi.org/10.1113/jphysiol.1952.sp004716

    Examples
    --------
    >>> import natrium
    >>> cell = natrium.Neuron(channels=[natrium.CHANNELS["hh_sodium"]])
    >>> protocol = [natrium.Constant(-90.0), natrium.Step(70.0, start=5.0, stop=25.0)]
    >>> clamped = natrium.voltage_clamp(cell, protocol, t_end=30.0)
    >>> time, peak = clamped.peak("Na", 5.0, 25.0)
    >>> peak < 0.0
    True
    """
    if not isinstance(neuron, Neuron):
        raise UnsupportedModel("a voltage clamp needs channels, each with a current of its own")
    source = as_stimulus(command)
    first = source(t_start)
    _check_reach(neuron, np.array([first]))
    held = attrs.evolve(neuron, v_thresh=None, v_init=first, v_reset=first)
    system = held.system
    names = [f"x{index}" for index in range(1, len(system.states))]
    own = dict(zip(system.states[1:], sympy.symbols(names, real=True), strict=True))
    values = map(sympy.Float, system.values)  # the calcium's flow has parameters
    moved = {system.states[0]: system.input, **own, **dict(zip(system.parameters, values, strict=True))}
    gates = HybridNeuron(
        equations={
            "V": "0",
            **{name: rhs.xreplace(moved) for name, rhs in zip(names, system.rhs[1:], strict=True)},
        },
        initial={"V": 0.0, **dict(zip(names, held.initial_state()[1:], strict=True))},
    )
    run = EventDriven(rtol=rtol, atol=rtol / 100.0).solve(gates, source, t_start=t_start, t_end=t_end)
    t, V, states = _sampled(run, source, (t_end - t_start) / SAMPLES if step is None else step)
    _check_reach(held, V)
    currents = _currents(held, V, states)
    return VoltageClamp(
        t=t,
        V=V,
        gates=dict(zip(system.labels[1:], states, strict=True)),
        currents=currents,
        total=np.sum(list(currents.values()), axis=0),
        trajectory=run,
        leak=neuron.leak,
    )


def _sampled(run: Trajectory, command: Stimulus, step: float) -> tuple[Array, Array, Array]:
    """Give times, the commanded V and the gates, both sides of every jump among them."""
    Number("ms", 0.0, open_low=True).check("step", step)
    spans = list(smooth_spans(command, run.t_start, run.t_end))
    begins = [span.begin for span in spans]
    times, volts, states = [], [], []
    for segment in run.segments:
        local = np.linspace(0.0, segment.knots[-1], max(2, int(np.ceil(segment.knots[-1] / step)) + 1))
        span = spans[max(bisect_right(begins, segment.begin + segment.knots[-1] / 2.0) - 1, 0)]
        drive = span.drive(segment.begin)
        times.append(segment.begin + local)
        volts.append([drive(s) for s in local.tolist()])
        states.append(segment.state(local)[1:])
    return np.concatenate(times), np.concatenate(volts), np.concatenate(states, axis=1)


def _check_reach(neuron: Neuron, V: Array) -> None:
    """Refuse a command to where a rate breaks its rules."""
    for label, held in neuron.rate_ranges:
        for value, reason in ((float(V.min()), held.below), (float(V.max()), held.above)):
            if not held.low <= value <= held.high:
                raise ModelError(f"{label}: {reason}; V is commanded to {value!r} mV")


def _currents(neuron: Neuron, V: Array, gates: Array) -> dict[str, Array]:
    """Take the membrane's equation apart: it is linear in the conductances."""
    system = neuron.system
    inward = system.rhs[0] * sympy.Symbol("tau_m", real=True)
    names = [one.name for one in neuron.channels] + [one.name for one in neuron.synapses]
    g = {name: sympy.Symbol(f"g_{name}", real=True) for name in names}
    parts = {name: -symbol * inward.diff(symbol) for name, symbol in g.items()}
    parts["leak"] = -inward.xreplace(dict.fromkeys(g.values(), sympy.S.Zero))
    arguments = (*system.states, system.input, *system.parameters)
    values = lower_expressions(tuple(parts.values()), arguments, "grid")(V, *gates, 0.0, *system.values)
    return {
        name: np.broadcast_to(np.asarray(value, dtype=float), V.shape).copy()
        for name, value in zip(parts, values, strict=True)
    }
