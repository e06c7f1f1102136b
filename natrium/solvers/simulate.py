"""The short first call: run a neuron, or a whole model file's model."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import cache
from typing import Any

from natrium.model import AnyNeuron, Model, ModelError, Simulation, Stimulus
from natrium.model.checks import unknown_name
from natrium.model.simulation import check_model
from natrium.solvers.base import BaseSolver, Solver
from natrium.solvers.closed_form import ClosedForm
from natrium.solvers.compiled.solver import Compiled
from natrium.solvers.event_driven.solver import EventDriven
from natrium.solvers.fixed_step.solver import FixedStep
from natrium.solvers.trajectory import Trajectory

SOLVERS: dict[str, type[BaseSolver]] = {
    solver.name: solver for solver in (EventDriven, FixedStep, ClosedForm, Compiled)
}
"""All solvers by their names in `simulate`, in model files and on the command line."""


def simulate(
    neuron: AnyNeuron,
    stimulus: Stimulus | Sequence[Stimulus] | None = None,
    *,
    t_end: float,
    t_start: float = 0.0,
    solver: str | Solver = "event",
    **options: Any,
) -> Trajectory:
    """Run a neuron.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    stimulus : Stimulus or sequence of Stimulus, optional
        No input by default; several add up.
    t_end, t_start : float
        Span, ms.
    solver : {"event", "script", "closed-form", "compiled"} or Solver
        ``"event"``: spikes located to the digits asked for; ``"script"``: the original fixed-step
        scheme, or another of its family; ``"closed-form"``: exact, for a neuron without channels;
        ``"compiled"``: in native code, as exact as ``"event"``.
    **options
        Of the solver named: ``method``, ``rtol``, ``atol`` for `EventDriven`; ``rtol``, ``atol``, ``order``
        for `Compiled`; ``dt`` and the rules of
        `FixedStep` for ``"script"``; ``limits`` for all.

    Raises
    ------
    ModelError, StimulusError
        When what is given breaks a rule.
    SolverError
        When the run cannot be carried through.

    Examples
    --------
    >>> import natrium
    >>> neuron = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
    >>> trajectory = natrium.simulate(neuron, natrium.Constant(20.0), t_end=50.0)
    >>> trajectory.spike_times.round(6).tolist()
    [13.862944, 29.725887, 45.588831]
    """
    return choose_solver(solver, options).solve(neuron, stimulus, t_start=t_start, t_end=t_end)


def choose_solver(solver: str | Solver, options: dict[str, Any]) -> Solver:
    """Make the solver that is named, or take the one given.

    Raises
    ------
    ModelError
        When there is none of that name, it does not take the options, a solver object stands beside any, or
        it is no solver.
    """
    if isinstance(solver, str):
        return make_solver(solver, options)
    if options:
        raise ModelError(f"options go with a solver's name, got {', '.join(options)} beside a solver object")
    if not isinstance(solver, Solver):
        raise ModelError(f"solver must be a name or have a method solve, got {type(solver).__name__}")
    return solver


def make_solver(name: str, options: dict[str, Any]) -> Solver:
    """Make the solver of a name; see `simulate` for the options."""
    if name not in SOLVERS:
        raise ModelError(unknown_name("solver", name, SOLVERS))
    known = _options_of(SOLVERS[name])
    for option in (option for option in options if option not in known):
        raise ModelError(unknown_name(f"an option of solver {name!r}", option, known))
    try:
        return SOLVERS[name](**options)
    except TypeError as error:
        given = ", ".join(options) or "none"
        raise ModelError(f"solver {name!r} does not take the options given ({given}): {error}") from None


@cache
def _options_of(kind: type[BaseSolver]) -> tuple[str, ...]:
    return tuple(inspect.signature(kind).parameters)


def solver_of(simulation: Simulation) -> Solver:
    """Make the solver that a model file asks for."""
    return SOLVERS[simulation.solver].of(simulation)


def run(model: Model, solver: Solver | None = None) -> Trajectory:
    """Run a model as its file says.

    Parameters
    ----------
    model : Model
    solver : Solver, optional
        Instead of the one that the model names.

    Raises
    ------
    ModelError
        When the model says no `t_end`.
    SolverError
        When the run cannot be carried through.
    """
    check_model(model)
    simulation = model.simulation
    if simulation.t_end is None:
        raise ModelError("a run needs an end, got no t_end: give t_end in [simulation] or --t-end")
    chosen = solver if solver is not None else solver_of(simulation)
    return chosen.solve(model.neuron, model.stimulus, t_start=simulation.t_start, t_end=simulation.t_end)
