"""Simpler forms of formulas, where they are small enough that SymPy finds them at once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy

SMALL = 80  # operations of what is worth simplifying


@lru_cache(maxsize=512)  # trials of one script ask for the same again and again
def simple_form(expr: Any) -> Any:
    """Cancel what is small enough to be anything simple, each function and root in it taken as one symbol."""
    if expr.count_ops() > SMALL:
        return expr
    roots = {one for one in expr.atoms(sympy.Pow) if not one.exp.is_Integer}
    marks = {one: sympy.Dummy() for one in expr.atoms(sympy.Function) | roots}
    return sympy.cancel(expr.xreplace(marks)).xreplace({mark: one for one, mark in marks.items()})


def without_pace(expr: Any, marks: set[Any]) -> Any:
    """Cancel the sum by which a state's target is divided and its pace multiplied: ``(V - c/G) G``."""
    powers = expr.atoms(sympy.Pow)
    below = {one for one in powers if one.exp.could_extract_minus_sign()}
    alone = {one for one in below if not one.free_symbols & marks}
    if alone == below:
        return expr
    roots = {one for one in powers if not one.exp.is_Integer}
    hidden = {one: sympy.Dummy() for one in alone | roots | expr.atoms(sympy.Function)}
    short = expr.xreplace(hidden)
    if short.count_ops() > SMALL:
        return expr
    found = sympy.cancel(short).xreplace({mark: one for one, mark in hidden.items()})
    return expr if sympy.denom(found).free_symbols & marks else found
