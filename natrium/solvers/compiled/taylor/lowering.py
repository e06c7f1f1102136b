"""From a hybrid system to a program on Taylor series, and to the native code of its steps."""

from __future__ import annotations

from functools import lru_cache

import sympy

from natrium.model import Formula, HybridSystem
from natrium.model.expressions.exprel import whole
from natrium.model.kernel import event_system
from natrium.solvers.compiled.taylor.native import Native, compile_step
from natrium.solvers.compiled.taylor.series import Program, program


@lru_cache(maxsize=64)
def taylor_program(structure: HybridSystem) -> Program:
    """Write a system, V measured from its origin, as a program on Taylor series.

    Parameters
    ----------
    structure : HybridSystem
        Without values (`HybridSystem.structure`): systems that differ in these only share the program.

    Raises
    ------
    UnsupportedModel
        When a rate has no rule for its series.
    """
    event = event_system(structure)
    return program(event.rhs, event.states, event.input, event.parameters)


def native_step(system: HybridSystem, width: int, order: int) -> Native:
    """Compile one Taylor step of `width` runs at once, or load it where it was compiled before.

    For one order it is quicker to run, for any order (0) quicker to compile.
    """
    return compile_step(taylor_program(system.structure), width, order)


@lru_cache(maxsize=64)
def native_formula(formula: Formula) -> Native:
    """Compile the series of a formula of t: d(t, F)/dt = (1, formula), so that the formula is F'."""
    t = formula.value.symbol
    total, unused = sympy.Symbol("F_", real=True), sympy.Symbol("J_", real=True)
    return compile_step(program((sympy.S.One, whole(formula.value.symbolic)), (t, total), unused, ()), 1, 0)
