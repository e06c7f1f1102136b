"""What stores are made with: operations in place, objects that hold numbers, options of the command line."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from typing import Any

IN_PLACE: dict[str, Any] = {
    "Add": operator.iadd, "Sub": operator.isub, "Mult": operator.imul, "Div": operator.itruediv,
    "FloorDiv": operator.ifloordiv, "Mod": operator.imod, "Pow": operator.ipow, "BitAnd": operator.iand,
    "BitOr": operator.ior, "BitXor": operator.ixor, "MatMult": operator.imatmul,
    "LShift": operator.ilshift, "RShift": operator.irshift,
}  # fmt: skip


def option_line(source: Sequence[str], name: str) -> int:
    """Find the line in which an option of the command line is declared; 0 where none is."""
    written = re.compile(rf"""["']-{{0,2}}{re.escape(name).replace("_", "[-_]")}["']""")
    return next((k for k, text in enumerate(source, start=1) if written.search(text)), 0)
