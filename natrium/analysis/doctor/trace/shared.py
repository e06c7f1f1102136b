"""Texts that differ in one place, rewritten for plain runs: what they share is rewritten once."""

from __future__ import annotations

import ast
import copy
from typing import Any

from natrium.analysis.doctor.trace.rewrite import Rewriter

_OPENED = (ast.If, ast.For, ast.While, ast.FunctionDef, ast.ClassDef)  # their bodies are rewritten one by one
_BODIES = ("body", "orelse")


class Shared(Rewriter):
    """Rewrites texts one after the other.

    A statement is known by the object that it is: texts made of each other share those that do not differ.

    Parameters
    ----------
    tree : ast.Module
        Of which the texts are made; none is changed.
    siblings, main
        As for a `Rewriter`.
    """

    def __init__(self, tree: ast.Module, siblings: frozenset[str], main: bool) -> None:
        super().__init__(tree, False, siblings, main)
        self._known: dict[int, tuple[ast.stmt, list[ast.stmt], list[tuple[int, int]]]] = {}
        self._opens = True

    def of(self, tree: ast.Module) -> ast.Module:
        """Rewrite a text."""
        self.loops = {}
        made = ast.Module(self.block(tree.body), [])
        return ast.fix_missing_locations(made)

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Rewrite statements, each once where texts share it."""
        if not self._opens:
            return super().block(body)
        made: list[ast.stmt] = []
        for one in body:
            made += self._opened(one) if isinstance(one, _OPENED) else self._whole(one)
        return made

    def _opened(self, one: Any) -> list[ast.stmt]:
        """Rewrite a statement's own part anew, and what is in it as far as it differs."""
        fields = {
            name: value if name in _BODIES else copy.deepcopy(value) for name, value in ast.iter_fields(one)
        }
        new = ast.copy_location(type(one)(**fields), one)
        for name, value in fields.items():
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST) and name not in _BODIES:
                    ast.increment_lineno(part, 0)
        return _listed(self.visit(new))

    def _whole(self, one: ast.stmt) -> list[ast.stmt]:
        """Rewrite a statement that is known by now, or from now on."""
        begin = len(self.loops)
        known = self._known.get(id(one))
        if known is not None and (not known[2] or known[2][0][0] == begin):
            self.loops.update(known[2])
            return known[1]
        new, self._opens = copy.deepcopy(one), False
        made = _listed(self.visit(ast.increment_lineno(new, 0)))
        self._opens = True
        self._known[id(one)] = (one, made, list(self.loops.items())[begin:])
        return made


def _listed(made: Any) -> list[ast.stmt]:
    return made if isinstance(made, list) else [made]
