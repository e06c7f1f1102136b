"""Machine code: linked from what numba or we write, kept on disk, loaded in milliseconds."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import attrs

from natrium.model import UnsupportedModel
from natrium.model.store import keep_code, read_code

FUNCTION = "natrium_step"  # what the code is called by
# Of C, what code may call.
LIBRARY = (
    "exp", "expm1", "log", "log10", "pow", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "fmod",
)  # fmt: skip


@attrs.frozen
class Native:
    """A step in native code."""

    address: int  # of the function; it takes a pointer to the addresses named in `emit.ARGUMENTS`
    width: int  # lanes
    n_scratch: int  # series of scratch that it needs
    was_cached: bool  # whether it came from disk
    _engine: Any = attrs.field(repr=False)


@cache
def target() -> tuple[Any, bool, str]:
    """Give the machine's own target, whether it multiplies and adds in one, and its description."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    # numba binds these for itself; a process that loads code alone has no numba.
    library = ctypes.CDLL("ucrtbase" if os.name == "nt" else None)
    for function in LIBRARY:
        llvm.add_symbol(function, ctypes.cast(getattr(library, function), ctypes.c_void_p).value)
    name, features, triple = llvm.get_host_cpu_name(), llvm.get_host_cpu_features(), system()
    fused = bool(features.get("fma")) or triple.startswith(("aarch64", "arm64"))
    return _machine(opt=1), fused, f"{triple} {name} {features.flatten()}"


@cache
def quick_machine() -> Any:
    """Give the machine of which code is had seven times sooner: to the same bits, in up to twice the time."""
    target()
    return _machine(opt=0)


def _machine(opt: int) -> Any:
    import llvmlite.binding as llvm

    return llvm.Target.from_triple(system()).create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=opt,
        reloc="pic",
        codemodel="jitdefault",
        jit=True,
    )


@cache
def vector_width() -> int:
    """Say how many runs go side by side: the doubles of one register; more of them would be spilled."""
    import llvmlite.binding as llvm

    return 8 if llvm.get_host_cpu_features().get("avx512f") else 4


def run_passes(module: Any) -> None:
    """Optimise, no more than pays: steps are written in vectors and unrolled, the driver needs neither."""
    import llvmlite.binding as llvm

    options = llvm.create_pipeline_tuning_options(speed_level=1)
    options.loop_vectorization = options.slp_vectorization = False
    builder = llvm.create_pass_builder(target()[0], options)
    builder.getModulePassManager().run(module, builder)


def describe_target() -> str:
    """Say for which machine code is compiled."""
    return target()[2]


def link(text: str, function: str) -> bytes:
    """Optimise a module of which one function is called from outside, as `FUNCTION`.

    Parameters
    ----------
    text : str
        LLVM's assembly.
    function : str
        Its name there.

    Returns
    -------
    bytes
        LLVM's bitcode, which `compiled` makes machine code of.

    Raises
    ------
    UnsupportedModel
        When it calls what is not there.
    """
    import llvmlite.binding as llvm

    target()
    module = llvm.parse_assembly(text)
    for one in (*module.functions, *module.global_variables):
        if not one.is_declaration:
            one.linkage = "internal"
    entry = module.get_function(function)
    entry.linkage, entry.name = "external", FUNCTION
    module.verify()
    run_passes(module)
    # Addresses in this process, which nothing reads, are gone, and nothing of numba's own is called.
    assert not any(one.name.startswith("numba") for one in module.global_variables)
    outside = {one.name for one in module.functions if one.is_declaration}
    if not all(name in LIBRARY or name.startswith("llvm.") for name in outside):
        raise UnsupportedModel(f"native code may call C's {', '.join(LIBRARY)}, got {', '.join(outside)}")
    bitcode: bytes = module.as_bitcode()
    return bitcode


def compiled(bitcode: bytes) -> bytes:
    """Make machine code of what `link` gives.

    Raises
    ------
    RuntimeError
        When it is none, or of a later LLVM.
    """
    import llvmlite.binding as llvm

    machine = target()[0]
    code: bytes = machine.emit_object(llvm.parse_bitcode(bitcode))
    return code


def system() -> str:
    """Say for which kind of system code is written, whatever its processor."""
    import llvmlite.binding as llvm

    triple: str = llvm.get_process_triple()
    return triple


def load(name: str, emit: Callable[[], bytes]) -> Native:
    """Load code that is kept under a name, or emit it and keep it."""
    import llvmlite.binding as llvm

    target()
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
