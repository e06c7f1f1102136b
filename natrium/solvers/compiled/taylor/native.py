"""Native code of a program: compiled once per structure, kept on disk, loaded in milliseconds."""

from __future__ import annotations

import hashlib
import threading
from functools import lru_cache
from typing import Any

import attrs

from natrium.model.versions import version_of
from natrium.solvers.compiled.taylor.nodes import Program
from natrium.solvers.machine import Native, load, quick_machine, run_passes, target

_ONE_AT_A_TIME = threading.Lock()
JUMP = -1  # the order of what is no series
FORMAT = 18  # of what is written here: counts up when the emitted code changes


def _key(program: Program, width: int, order: int, quick: bool) -> str:
    _, fused, description = target()
    versions = (FORMAT, version_of("natrium"), version_of("llvmlite"))
    # A node is said once, and by its place within others.
    places: Any = {node: place for place, node in enumerate(program.nodes)}

    def at(nodes: Any) -> Any:
        return tuple(places[node] for node in nodes)

    nodes = tuple(attrs.evolve(node, args=at(node.args)) for node in program.nodes)
    said = attrs.evolve(
        program, nodes=nodes, rates=at(program.rates), surfaces=at(program.surfaces), gates=at(program.gates)
    )
    content = repr((*versions, description, fused, width, order, quick, said))
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _optimise(program: Program, width: int, order: int, quick: bool = False) -> Any:
    import llvmlite.binding as llvm

    from natrium.solvers.compiled.taylor.emit import module_of
    from natrium.solvers.compiled.taylor.jumps import jump_of

    _, fused, _ = target()
    written = jump_of(program, fused) if order == JUMP else module_of(program, width, fused, order)
    module = llvm.parse_assembly(str(written))
    module.verify()
    if quick or order == 0:
        return module  # a loop is for few runs: nothing pays for passes over it
    run_passes(module)
    return module


def assembly(program: Program, width: int, order: int) -> str:
    """Give the machine's instructions as text.

    Parameters
    ----------
    program : Program
    width : int
        Lanes.
    order : int
        Of the series.
    """
    from natrium.solvers.compiled.taylor.emit import written_for

    machine = target()[0]
    return str(machine.emit_assembly(_optimise(program, width, written_for(program, order))))


def compile_step(program: Program, width: int, order: int, *, quick: bool = False) -> Native:
    """Compile a program, or load what was compiled before.

    Parameters
    ----------
    program : Program
    width : int
        Lanes.
    order : int
        Of the series, written out in line unless the program is long; 0 for a loop that serves all orders.
        Both give the same bits.
    quick : bool
        Whether to make code soon rather than code that is fast: the same bits as well.
    """
    from natrium.solvers.compiled.taylor.emit import written_for

    with _ONE_AT_A_TIME:  # two threads that compile the same would each drop the other's code
        return _compile(program, width, written_for(program, order), quick)


def compile_jump(program: Program) -> Native:
    """Compile a jump of one run's states, whatever series its program would have."""
    with _ONE_AT_A_TIME:
        return _compile(program, 1, JUMP, quick=True)


@lru_cache(maxsize=256)
def _compile(program: Program, width: int, order: int, quick: bool = False) -> Native:
    from natrium.solvers.compiled.taylor.emit import n_slots

    name = f"{_key(program, width, order, quick)}.bin"
    machine = quick_machine() if quick else target()[0]
    made = load(name, lambda: machine.emit_object(_optimise(program, width, order, quick)))
    return attrs.evolve(made, width=width, n_scratch=n_slots(program))
