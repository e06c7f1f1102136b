"""From a program to LLVM: the values of its ends alone, of one run: a reset, or the rates at hand."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from natrium.solvers.compiled.taylor.emit import ARGUMENTS
from natrium.solvers.compiled.taylor.nodes import Program
from natrium.solvers.compiled.taylor.recurrences import Recurrences
from natrium.solvers.compiled.taylor.vectors import I64
from natrium.solvers.machine import FUNCTION


def jump_of(program: Program, fused: bool) -> Any:
    """Write the jump of one run: the final states are what the program's ends are at the states at hand.

    Parameters
    ----------
    program : Program
    fused : bool
        Whether to multiply and add in one rounding.

    Returns
    -------
    llvmlite.ir.Module
        With one function, `FUNCTION`, of a pointer to the addresses named in `ARGUMENTS`.
    """
    module = ir.Module(name="natrium")
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [I64.as_pointer()]), name=FUNCTION)
    _Jump(module, function, program, 1, fused, near=True, order=0).write()
    return module


class _Jump(Recurrences):
    """Writes one function."""

    def write(self) -> None:
        """Evaluate every node once."""
        b, v = self.b, self.v
        for index, name in enumerate(ARGUMENTS[:-1]):
            address = b.load(b.gep(self.function.args[0], [ir.Constant(I64, index)]))
            self.at[name] = b.inttoptr(address, v.type.as_pointer())
        self.current = v.load(self.at["base"])
        for node in self.program.nodes:
            self.first[node] = self._start(node)
        for index, end in enumerate(self.program.rates):
            v.store(self.first[end], self.at["final"], index)
        b.ret_void()
