"""A model as what every target writes down: names, numbers, equations, input; nothing of any language."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import attrs
import sympy

from natrium.export.inputs import Part, parts_of
from natrium.export.readable import ratio, readable
from natrium.model import AnyNeuron, HybridSystem, Model, ModelError, UnsupportedModel
from natrium.model.hybrid_structure import DURATION, ORIGIN
from natrium.model.simulation import check_model
from natrium.model.stimuli.stimulus import breakpoints, smooth_spans
from natrium.solvers.base import Run

LARGEST_EXPONENT = 230.0  # where natrium itself holds exp
MOST_EDGES = 200_000  # of the input, in a file that people are to open
# The parameters of the system that are no user's, by the names that files give them.
PLAIN = {ORIGIN: "v_thresh", DURATION: "tau_ref"}


@attrs.frozen(eq=False)
class Lowered:
    """A model to be written down."""

    name: str
    model: Model
    system: HybridSystem
    start: tuple[float, ...]  # the state at the start
    parameters: dict[Any, float]  # those that the equations below hold
    # rhs and rest: derivative of each state between events, and while refractory; per ms, of states, input,
    # parameters.
    rhs: tuple[Any, ...]
    rest: tuple[Any, ...]
    level: Any  # the threshold; None without one
    reset: tuple[Any, ...]  # the state after a spike, of that before
    tau_ref: float  # ms
    parts: tuple[Part, ...]  # the input
    edges: tuple[float, ...]  # where the input has edges, kinks or kicks, ms; the span's ends left out
    kicks: tuple[tuple[float, int, float], ...]  # time (ms), place of the state, by how much it grows
    # t_start and t_end: ms.
    t_start: float
    t_end: float
    max_step: float  # a step longer than this (ms) might not see the input's features

    @property
    def neuron(self) -> AnyNeuron:
        """The neuron."""
        found: AnyNeuron = self.model.neuron
        return found

    @property
    def fires(self) -> bool:
        """Whether there is a threshold."""
        return self.level is not None

    @property
    def passes(self) -> bool:
        """Whether V goes on through the threshold, a spike being its way up."""
        return self.system.passes

    @property
    def stands(self) -> bool:
        """Whether everything stands still while refractory."""
        return all(flow == 0 for flow in self.rest)

    @property
    def held(self) -> tuple[bool, ...]:
        """For each state, whether it stands still while refractory."""
        return tuple(flow == 0 for flow in self.rest)

    @property
    def rule(self) -> str:
        """The refractory rule, in a word or two for each state."""
        if not self.fires or self.tau_ref == 0.0:
            return "there is no refractory period"
        if self.stands:
            return f"for tau_ref = {self.tau_ref:g} ms after a spike everything stands still (hold)"
        still = [label for label, held in zip(self.system.labels, self.held, strict=True) if held]
        moving = [label for label, held in zip(self.system.labels, self.held, strict=True) if not held]
        told = f"{', '.join(still) or 'nothing'} stands still, {', '.join(moving)} moves on"
        return f"for tau_ref = {self.tau_ref:g} ms after a spike {told}"

    @property
    def runs_away(self) -> bool:
        """Whether V runs off exponentially before a reset catches it: no step of a high order follows it."""
        V, flow = self.system.states[0], self.rhs[0]
        kinds = ("exp", "growth", "whole_exp")
        growing = [one for one in flow.atoms(sympy.Function) if type(one).__name__ in kinds]
        caught = self.fires and not self.passes and not self.neuron.of_channels
        return caught and any(one.has(V) for one in growing)

    @property
    def highest_exponent(self) -> float:
        """What no exponential of V's own rate gets beyond below the threshold, and a little more."""
        known = {symbol: sympy.Float(value) for symbol, value in self.parameters.items()}
        V = self.system.states[0]
        level = None if self.level is None else self.level.xreplace(known)
        found = [LARGEST_EXPONENT]
        if level is not None and level.is_number:
            arguments = (one.args[0] for one in self.rhs[0].atoms(sympy.Function) if one.has(V))
            plain = (one.replace(ratio, lambda a, b: a / b).xreplace(known | {V: level}) for one in arguments)
            values = [float(one) for one in plain if one.is_number]
            found = [max(values, default=LARGEST_EXPONENT) + 2.0]
        return min(LARGEST_EXPONENT, *found)


def lower_model(model: Model, name: str = "model") -> Lowered:
    """Take a model apart for writing.

    Parameters
    ----------
    model : Model
        With `t_end` in its simulation.
    name : str

    Raises
    ------
    ModelError
        When it has no `t_end`.
    UnsupportedModel
        When its input cannot be written down.
    """
    check_model(model)
    begin, end = model.simulation.t_start, model.simulation.t_end
    if end is None:
        raise ModelError(
            "a file runs from t_start to t_end, got no t_end: give it in [simulation] (or --t-end)"
        )
    neuron, stimulus = model.neuron, model.stimulus
    system = neuron.system
    renamed = _plain_names(system)

    def plain(expressions: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(readable(sympy.S(one).xreplace(renamed)) for one in expressions)

    level = None if system.guard is None else plain([system.states[0] - system.guard])[0]
    rhs, rest, reset = plain(system.rhs), plain(system.resting.rhs), plain(system.reset)
    values = dict(zip((renamed.get(one, one) for one in system.parameters), system.values, strict=True))
    used = set().union(
        *(one.free_symbols for one in (*rhs, *rest, *reset, *([] if level is None else [level])))
    )
    run = Run.check(neuron, stimulus, begin, end)
    jumps = run.kicks()
    edges = tuple(breakpoints(stimulus, begin, end)[1:-1])
    if len(edges) > MOST_EDGES:
        raise UnsupportedModel(
            f"a file may hold at most {MOST_EDGES} edges of an input, got {len(edges)}: shorten the run"
        )
    return Lowered(
        name=name,
        model=model,
        system=system,
        start=neuron.initial_state(),
        parameters={symbol: value for symbol, value in values.items() if symbol in used},
        rhs=rhs,
        rest=rest,
        level=level,
        reset=reset,
        tau_ref=float(neuron.tau_ref) if neuron.fires else 0.0,
        parts=tuple(part for one in stimulus.parts for part in parts_of(one, begin, end)),
        edges=edges,
        kicks=tuple((time, *one) for time, found in sorted(jumps.items()) for one in found),
        t_start=begin,
        t_end=end,
        max_step=min(
            (span.drive(span.begin).max_step for span in smooth_spans(stimulus, begin, end)), default=math.inf
        ),
    )


def _plain_names(system: HybridSystem) -> dict[Any, Any]:
    """Give symbols by the names that files use for those that are no user's."""
    taken = {symbol.name for symbol in (*system.states, *system.parameters)}
    found = {}
    for symbol in system.parameters:
        name = PLAIN.get(symbol.name)
        if name is not None:
            while name in taken:
                name += "_"
            found[symbol] = sympy.Symbol(name, real=True)
    return found
