"""Native code of a program: compiled once per structure, kept on disk, loaded in milliseconds."""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

import attrs

from natrium.solvers.compiled.store import keep_code, read_code
from natrium.solvers.compiled.taylor.series import Program

_ONE_AT_A_TIME = threading.Lock()
LIBRARY = ("exp", "log", "pow", "sqrt", "sin", "cos", "fmod")  # of C, that code may call
JUMP = -1  # the order of what is no series
FORMAT = 11  # of what is written here: counts up when the emitted code changes


@attrs.frozen
class Native:
    """A step in native code.

    Attributes
    ----------
    address : int
        Of the function; it takes a pointer to the addresses named in `emit.ARGUMENTS`.
    width : int
        Lanes.
    n_scratch : int
        Series of scratch that it needs.
    was_cached : bool
        Whether it came from disk.
    """

    address: int
    width: int
    n_scratch: int
    was_cached: bool
    _engine: Any = attrs.field(repr=False)


@cache
def _target() -> tuple[Any, bool, str]:
    """Give the machine's own target, whether it multiplies and adds in one, and its description."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    # numba binds these for itself; a process that loads code alone has no numba.
    library = ctypes.CDLL("ucrtbase" if os.name == "nt" else None)
    for function in LIBRARY:
        llvm.add_symbol(function, ctypes.cast(getattr(library, function), ctypes.c_void_p).value)
    name, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features()
    triple = llvm.get_process_triple()
    fused = bool(features.get("fma")) or triple.startswith(("aarch64", "arm64"))
    flat = features.flatten()
    machine = llvm.Target.from_triple(triple).create_target_machine(
        cpu=name, features=flat, opt=1, reloc="pic", codemodel="jitdefault", jit=True
    )
    return machine, fused, f"{triple} {name} {flat}"


def _key(program: Program, width: int, order: int) -> str:
    _, fused, description = _target()
    versions = (FORMAT, version("natrium"), version("llvmlite"))
    content = repr((*versions, description, fused, width, order, program))
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _optimise(program: Program, width: int, order: int) -> Any:
    import llvmlite.binding as llvm

    from natrium.solvers.compiled.taylor.emit import module_of
    from natrium.solvers.compiled.taylor.jumps import jump_of

    _, fused, _ = _target()
    written = jump_of(program, fused) if order == JUMP else module_of(program, width, fused, order)
    module = llvm.parse_assembly(str(written))
    module.verify()
    if order == 0:
        return module  # a loop is for few runs: nothing pays for passes over it
    _run_passes(module)
    return module


def _run_passes(module: Any) -> None:
    """Optimise, no more than pays: steps are written in vectors and unrolled, the driver needs neither."""
    import llvmlite.binding as llvm

    options = llvm.create_pipeline_tuning_options(speed_level=1)
    options.loop_vectorization = options.slp_vectorization = False
    builder = llvm.create_pass_builder(_target()[0], options)
    builder.getModulePassManager().run(module, builder)


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

    machine = _target()[0]
    return str(machine.emit_assembly(_optimise(program, width, written_for(program, order))))


def compile_step(program: Program, width: int, order: int) -> Native:
    """Compile a program, or load what was compiled before.

    Parameters
    ----------
    program : Program
    width : int
        Lanes.
    order : int
        Of the series, written out in line unless the program is long; 0 for a loop that serves all orders.
        Both give the same bits.
    """
    from natrium.solvers.compiled.taylor.emit import written_for

    with _ONE_AT_A_TIME:  # two threads that compile the same would each drop the other's code
        return _compile(program, width, written_for(program, order))


def compile_jump(program: Program) -> Native:
    """Compile a jump of one run's states, whatever series its program would have."""
    with _ONE_AT_A_TIME:
        return _compile(program, 1, JUMP)


@lru_cache(maxsize=256)
def _compile(program: Program, width: int, order: int) -> Native:
    from natrium.solvers.compiled.taylor.emit import n_slots

    name = f"{_key(program, width, order)}.bin"
    made = load(name, lambda: _target()[0].emit_object(_optimise(program, width, order)))
    return attrs.evolve(made, width=width, n_scratch=n_slots(program))


def describe_target() -> str:
    """Say for which machine code is compiled."""
    return _target()[2]


def link(text: str, function: str) -> bytes:
    """Compile a module of which one function is called from outside, as `FUNCTION`.

    Parameters
    ----------
    text : str
        LLVM's assembly.
    function : str
        Its name there.
    """
    import llvmlite.binding as llvm

    from natrium.solvers.compiled.taylor.emit import FUNCTION

    _target()
    module = llvm.parse_assembly(text)
    for one in (*module.functions, *module.global_variables):
        if not one.is_declaration:
            one.linkage = "internal"
    entry = module.get_function(function)
    entry.linkage, entry.name = "external", FUNCTION
    module.verify()
    _run_passes(module)
    # Addresses in this process, which nothing reads, are gone, and nothing of numba's own is called.
    assert not any(one.name.startswith("numba") for one in module.global_variables)
    outside = {one.name for one in module.functions if one.is_declaration}
    assert all(name in LIBRARY or name.startswith("llvm.") for name in outside), outside
    return _target()[0].emit_object(module)


def load(name: str, emit: Callable[[], bytes]) -> Native:
    """Load code that is kept under a name, or emit it and keep it."""
    import llvmlite.binding as llvm

    from natrium.solvers.compiled.taylor.emit import FUNCTION

    _target()
    code = read_code(name)
    was_cached = code is not None
    if code is None:
        code = emit()
        keep_code(name, code)
    empty = llvm.parse_assembly("")
    empty.triple = llvm.get_process_triple()
    engine = llvm.create_mcjit_compiler(
        empty, llvm.Target.from_triple(empty.triple).create_target_machine(jit=True)
    )
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Native(engine.get_function_address(FUNCTION), 1, 0, was_cached, engine)
