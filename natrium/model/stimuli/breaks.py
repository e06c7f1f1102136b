"""Inputs of t with branches: where they change, and the smooth expression in between."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.model.branches import choose
from natrium.model.errors import StimulusError
from natrium.model.expressions.exprel import whole
from natrium.model.expressions.smooth import feature_scale
from natrium.model.kernel import lower_expressions
from natrium.model.root import find_root

MAX_BREAKS = 100_000  # in one span
MAX_LOOKS = 2_000_000
LOOKS = 16  # in a feature's length, for a change of sign
AFTER = 1e-10  # relative, and ms: this long after a break the sides are those of the next piece


@attrs.frozen(eq=False)
class Broken:
    """An expression of t, its branches held from one break to the next."""

    held: Callable[..., list[float]]  # of t, then of a whole part or a side (+1, -1) for each of `parts`
    # What changes, inner ones first: whether it is the whole part of its function of t, or its sign; that
    # function of floats and of arrays; and the length of its finest feature, ms.
    parts: tuple[tuple[bool, Callable[..., Any], Callable[..., Any], float], ...]

    def on(self, t: float) -> Callable[[float], list[float]]:
        """Give the smooth expression of the piece that begins at `t`, as a function of the time."""
        later = t + AFTER * (1.0 + abs(t))
        found = []
        for is_whole, function, _, _ in self.parts:
            value = function(later)[0]
            if isinstance(value, complex):
                return lambda time: [math.nan]
            found.append(float(math.floor(value)) if is_whole else (1.0 if value >= 0.0 else -1.0))
        return lambda time: self.held(time, *found)

    def breaks(self, t_start: float, t_end: float) -> tuple[float, ...]:
        """Find every time in a span at which something changes.

        Raises
        ------
        StimulusError
            When there are more than can be gone through.
        """
        edges = [t_start, t_end]
        for is_whole, function, on_grid, scale in self.parts:
            found: set[float] = set()
            if (t_end - t_start) / scale * LOOKS > MAX_LOOKS:
                raise _too_many(t_end - t_start)
            for a, b in pairwise(edges):
                found |= set(_changes(is_whole, function, on_grid, a, b, scale))
                if len(found) > MAX_BREAKS:
                    raise _too_many(t_end - t_start)
            edges = sorted({*edges, *found})
        return tuple(edges[1:-1])


def _changes(
    is_whole: bool,
    function: Callable[..., Any],
    on_grid: Callable[..., Any],
    a: float,
    b: float,
    scale: float,
) -> list[float]:
    """Find where a function, smooth from a to b, passes zero, or any whole number."""
    inside = AFTER * (1.0 + max(abs(a), abs(b)))
    if b - a <= 2.0 * inside:
        return []
    t = np.linspace(a + inside, b - inside, 3 + math.ceil((b - a) / scale * LOOKS))
    values = np.broadcast_to(on_grid(t)[0], t.shape)
    if np.iscomplexobj(values) or not np.all(np.isfinite(values)):
        return []  # told by the solver, with the time
    steps = np.floor(values) if is_whole else (values >= 0.0).astype(float)
    if np.abs(np.diff(steps)).sum() > MAX_BREAKS:
        raise _too_many(b - a)
    found: list[float] = []
    for k in np.flatnonzero(np.diff(steps)).tolist():
        low, high = sorted((steps[k], steps[k + 1]))
        levels = np.arange(low + 1.0, high + 1.0).tolist() if is_whole else [0.0]
        found += [_where(function, level, float(t[k]), float(t[k + 1])) for level in levels]
    return found


def _where(function: Callable[..., Any], level: float, a: float, b: float) -> float:
    return find_root(lambda t: function(t)[0] - level, a, b, xtol=1e-13)


def _too_many(length: float) -> StimulusError:
    return StimulusError(
        f"an input may change its branch {MAX_BREAKS} times in a run, got more in {length:g} ms: "
        "shorten the run, or slow the input down"
    )


@lru_cache(maxsize=256)
def broken(expr: Any, t: Any) -> Broken | None:
    """Take an expression of t apart at its branches; None where it has none."""
    atoms = [atom for atom in expr.atoms(choose, sympy.floor, sympy.Abs) if atom.has(t)]
    if not atoms:
        return None
    # Inner ones are smaller than what they are in.
    atoms.sort(key=lambda atom: (sum(1 for _ in sympy.preorder_traversal(atom)), str(atom)))
    parts, symbols, held = [], [], whole(expr)
    names: dict[Any, Any] = {}
    for atom in atoms:
        symbol = names.setdefault(atom, sympy.Symbol(f"_part_{len(names)}", real=True))
        inner = atom.args[0]
        scalar = lower_expressions((inner,), (t,), saturated=False)
        grid = lower_expressions((inner,), (t,), "grid", saturated=False)
        parts.append((isinstance(atom, sympy.floor), scalar, grid, _scale(inner, t)))
        symbols.append(symbol)
    held = _hold(held, names)
    function = lower_expressions((held,), (t, *symbols), saturated=False)
    return Broken(function, tuple(parts))


def _scale(expr: Any, t: Any) -> float:
    """Give the length (ms) of an expression's features, its own breaks apart."""
    smooth = expr.replace(lambda part: isinstance(part, sympy.floor), lambda part: sympy.S.One)
    smooth = smooth.replace(
        lambda part: isinstance(part, (choose, sympy.Abs)), lambda part: sympy.Add(*part.args)
    )
    return feature_scale(smooth, t)


def _hold(expr: Any, names: dict[Any, Any]) -> Any:
    """Put symbols for the whole parts and the sides."""
    if expr in names and isinstance(expr, sympy.floor):
        return names[expr]
    if not expr.args:
        return expr
    args = [_hold(arg, names) for arg in expr.args]
    if expr in names and isinstance(expr, choose):
        return choose(names[expr], *args[1:])
    if expr in names:
        return choose(names[expr], args[0], -args[0])
    return expr.func(*args)
