"""From a hybrid system to a program on Taylor series, and to the native code of its steps."""

from __future__ import annotations

from functools import lru_cache

import attrs
import sympy

from natrium.model import Formula, GateFlow, HybridSystem, UnsupportedModel
from natrium.model.branches import split_branches
from natrium.model.expressions.exprel import whole
from natrium.model.kernel import event_system
from natrium.solvers.compiled.taylor.native import compile_jump, compile_step
from natrium.solvers.compiled.taylor.nodes import Follower, Program
from natrium.solvers.compiled.taylor.series import program
from natrium.solvers.machine import Native

# A number of the run at hand: 1, and 0 while refractory, where what stands still is multiplied by it.
MOVES = sympy.Symbol("_moves", real=True)


@lru_cache(maxsize=256)
def rests_apart(structure: HybridSystem) -> bool:
    """Tell whether the refractory period is known without an integration: all follows from V, which stands.

    Parameters
    ----------
    structure : HybridSystem
    """
    if structure.relaxations is None:
        return False
    V = structure.states[0]
    return all(
        one.state != V and (one.inf.free_symbols | one.rate.free_symbols) <= {V}
        for one in structure.relaxations
    ) and (not structure.relaxations or sets_voltage(structure))


def check_threshold(structure: HybridSystem) -> None:
    """Refuse a threshold that moves with other states.

    Raises
    ------
    UnsupportedModel
        Naming the states.
    """
    if structure.threshold_moves:
        raise UnsupportedModel(
            "the compiled solver needs a threshold that stands, got one that moves with "
            f"{', '.join(structure.threshold_moves)}"
        )


def sets_voltage(structure: HybridSystem) -> bool:
    """Tell whether V after a spike is a number of the run, whatever the state before."""
    return structure.reset[0].free_symbols <= set(structure.parameters)


def taylor_program(structure: HybridSystem, fast: tuple[GateFlow, ...] = ()) -> Program:
    """Write a system, V measured from its origin, as a program on Taylor series.

    Behind the parameters are the sides of all branches, the modes of fast gates, then, where the refractory
    period must be integrated, `MOVES`.

    Parameters
    ----------
    structure : HybridSystem
        Without values (`HybridSystem.structure`): systems that differ in these only share the program.
    fast : tuple of GateFlow
        Of its gates those that may follow V.

    Raises
    ------
    UnsupportedModel
        When a rate has no rule for its series.
    """
    return _written(structure, fast)  # one key, whichever way it was asked


@lru_cache(maxsize=64)
def _written(structure: HybridSystem, fast: tuple[GateFlow, ...]) -> Program:
    check_threshold(structure)
    event = event_system(structure)
    shift = {structure.states[0]: event.states[0] + event.origin}
    laws = tuple(part.xreplace(shift) for gate in fast for part in (gate.inf, 1 / gate.rate))
    both, branches = split_branches((*event.rhs, *laws))
    rates, laws = both[: len(event.rhs)], both[len(event.rhs) :]
    modes = tuple(sympy.Symbol(f"_mode_{index}", real=True) for index in range(len(fast)))
    parameters = (*event.parameters, *(branch.side for branch in branches), *modes)
    still: dict[sympy.Symbol, sympy.Expr] = {}
    if not rests_apart(structure):
        resting = zip(structure.states, structure.resting.rhs, strict=True)
        still = {state: MOVES for state, flow in resting if flow == 0}
        moves = (still.get(state, sympy.S.One) for state in structure.states)
        rates = tuple(one * rate for one, rate in zip(moves, rates, strict=True))
        parameters = (*parameters, MOVES)
    followers = tuple(
        Follower(gate.state, inf, tau, (mode, *filter(None, (still.get(gate.state),))))
        for gate, inf, tau, mode in zip(fast, laws[::2], laws[1::2], modes, strict=True)
    )
    found = program(rates, event.states, event.input, parameters, branches=branches, followers=followers)
    if len(set(found.surfaces)) < len(branches):
        raise UnsupportedModel("the compiled solver knows each surface of a branch once only, got one twice")
    return _known(attrs.evolve(found, turns=structure.passes, runs_off=_runs_off(structure)))


@lru_cache(maxsize=256)
def _known(found: Program) -> Program:
    """Give the first program that is equal: what is asked for by it is then found without a comparison."""
    return found


def _runs_off(structure: HybridSystem) -> bool:
    """Tell whether V may rise to the threshold ever faster: it does not where its flow is a line in V."""
    if structure.guard is None or structure.passes:
        return False
    V = structure.states[0]
    slope = structure.rhs[0].diff(V)
    return bool(slope.has(V) and slope.diff(V) != 0)


@lru_cache(maxsize=64)
def jump_program(structure: HybridSystem) -> Program | None:
    """Write a reset, V measured from its origin, as a program; None where V alone is set, if anything.

    Raises
    ------
    UnsupportedModel
        When an expression has no rule here.
    """
    if not structure.resets_others and (structure.passes or sets_voltage(structure)):
        return None
    event = event_system(structure)
    after = (event.reset[0] - event.origin, *event.reset[1:])
    return _known(program(after, event.states, event.input, event.parameters, once=True))


@lru_cache(maxsize=64)
def surface_program(structure: HybridSystem) -> Program | None:
    """Write the surfaces at which branches change, as values alone; None where there are none."""
    event = event_system(structure)
    _, branches = split_branches(event.rhs)
    if not branches:
        return None
    parameters = (*event.parameters, *(branch.side for branch in branches))
    surfaces = tuple(branch.surface for branch in branches)
    return _known(program(surfaces, event.states, event.input, parameters, once=True))


def native_step(
    system: HybridSystem, width: int, order: int, *, fast: tuple[GateFlow, ...] = (), quick: bool = False
) -> Native:
    """Compile one Taylor step of `width` runs at once, or load it where it was compiled before.

    For one order it is quicker to run, for any order (0) quicker to compile, the more so where it is told to.
    """
    return compile_step(taylor_program(system.structure, fast), width, order, quick=quick)


def native_jump(system: HybridSystem) -> Native | None:
    """Compile the reset of one run at a time; None where `jump_program` is."""
    found = jump_program(system.structure)
    return None if found is None else compile_jump(found)


def native_surfaces(system: HybridSystem) -> Native | None:
    """Compile the surfaces of all branches, of one run at a time; None where there are none."""
    found = surface_program(system.structure)
    return None if found is None else compile_jump(found)


def native_flow(system: HybridSystem) -> Native | None:
    """Compile the rates of one run at a time; None where V cannot run off."""
    found = taylor_program(system.structure)
    return compile_jump(found) if found.runs_off else None


@lru_cache(maxsize=64)
def native_formula(formula: Formula) -> Native:
    """Compile the series of a formula of t: d(t, F)/dt = (1, formula), so that the formula is F'."""
    t = formula.value.symbol
    total, unused = sympy.Symbol("F_", real=True), sympy.Symbol("J_", real=True)
    return compile_step(program((sympy.S.One, whole(formula.value.symbolic)), (t, total), unused, ()), 1, 0)
