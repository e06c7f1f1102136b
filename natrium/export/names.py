"""Names that a target takes: no word of its language, none twice, none too long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def name_symbols(
    symbols: Iterable[Any], reserved: Iterable[str], longest: int = 60, folds: bool = False
) -> dict[Any, str]:
    """Give each symbol a name.

    Parameters
    ----------
    symbols : iterable of sympy.Symbol
    reserved : iterable of str
        What no symbol may be called.
    longest : int
        Letters at most.
    folds : bool
        Whether upper and lower case are one to the target.
    """
    fold = str.lower if folds else str
    taken, names = {fold(word) for word in reserved}, dict[Any, str]()
    for symbol in symbols:
        plain = re.sub(r"\W", "_", symbol.name).strip("_") or "x"
        name, count = plain[:longest], 1
        while fold(name) in taken:
            count += 1
            behind = f"_{count}"
            name = plain[: longest - len(behind)] + behind
        taken.add(fold(name))
        names[symbol] = name
    return names


class Named:
    """Mixed into a SymPy printer: symbols by the names given."""

    names: Mapping[Any, str]

    def _print_Symbol(self, expr: Any) -> str:
        return self.names.get(expr) or str(expr.name)
