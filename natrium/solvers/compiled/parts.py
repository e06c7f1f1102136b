"""Parts of the lanes' driver: numba writes them, and they are compiled, kept and loaded as native steps are.

What only some models need is compiled apart. What numba wrote is kept beside its sources, see `driver.py`:
where that is of these sources and for this system, numba is not asked.
"""

from __future__ import annotations

import gc
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal, get_args

from natrium.model import UnsupportedModel
from natrium.model.store import is_kept
from natrium.model.versions import version_of
from natrium.solvers.compiled.driver import read_part, sources_digest
from natrium.solvers.machine import Native, compiled, describe_target, link, load, system

Part = Literal["advance", "fill_input", "leap", "settle_sides", "find_turn", "turn"]
PARTS: tuple[Part, ...] = get_args(Part)
_ONE_AT_A_TIME = threading.RLock()


def part(name: Part) -> int:
    """Give the address of a part of the driver, compiled if need be.

    Parameters
    ----------
    name : str
        Of the function.

    Raises
    ------
    UnsupportedModel
        When numba is not installed.
    """
    with _ONE_AT_A_TIME:
        return _load(name).address


@cache
def check_numba() -> None:
    """Refuse to go on without numba, whatever was compiled before; it is imported where it is to compile.

    Raises
    ------
    UnsupportedModel
        When it is not installed, or cannot be imported.
    """
    try:
        if find_spec("numba") is None or not is_compiled():
            import numba  # noqa: F401 - to see whether it can be
    except ImportError as error:
        raise UnsupportedModel(
            f"the compiled solver needs numba, which cannot be imported ({error}): pip install numba, "
            'or use solver="event"'
        ) from None


def is_compiled() -> bool:
    """Tell whether numba need not be asked for what every model needs."""
    return is_kept(_file("advance")) or read_part("advance", system()) is not None


@cache
def _load(name: Part) -> Native:
    return load(_file(name), lambda: _write(name))


@cache
def _file(name: Part) -> str:
    """Give what a part is kept as: another name whenever anything changes that it is made of."""
    content = repr((*map(version_of, ("numba", "llvmlite")), describe_target(), name, sources_digest()))
    return f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.bin"


def _write(name: Part) -> bytes:
    """Compile a part, which numba is asked for where it has not been."""
    known = read_part(name, system())
    if known is not None:
        try:
            return compiled(known)
        except RuntimeError:  # of a later LLVM
            pass
    return compiled(written_by_numba(name))


def written_by_numba(name: Part) -> bytes:
    """Have numba write a part, as LLVM's bitcode."""
    from numba.core.compiler_lock import global_compiler_lock

    with global_compiler_lock, _uncollected():
        (made,) = _find(name).overloads.values()
        return link(made.library.get_llvm_str(), made.fndesc.llvm_func_name)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Leave garbage for later: numba makes much that lives, and each look at it all takes a while."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _find(name: Part) -> Any:
    """Import what numba writes a part of, which it does there and then."""
    if name == "advance":
        from natrium.solvers.compiled.lanes import advance

        return advance
    if name == "fill_input":
        from natrium.solvers.compiled.lane_terms import fill_input

        return fill_input
    if name == "leap":
        from natrium.solvers.compiled.lane_leaps import leap

        return leap
    from natrium.solvers.compiled import lane_sides

    return getattr(lane_sides, name)
