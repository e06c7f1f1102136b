"""A script's stores, rewritten so that what is kept is tagged with where."""

from __future__ import annotations

import ast
from typing import Any

from natrium.analysis.doctor.trace.syntax import (
    HOOK,
    Scope,
    constant,
    is_literal,
    load,
    pattern,
    placed,
)

# Builtins that a star import puts others in the place of; pylab puts some back.
_STARS = {"numpy": ("min", "max", "sum"), "pylab": ("sum",), "matplotlib.pylab": ("sum",)}


class Stores(ast.NodeTransformer):
    """Rewrites one file.

    Parameters
    ----------
    tracing : bool
    siblings : frozenset of str
        Modules beside the script, traced like it.
    main : bool
        Whether ``__name__`` is ``"__main__"``.
    beside : int
        Of a file beside the script: which.
    compiled : bool
        Whether what Numba compiles is left as it is.
    """

    def __init__(
        self,
        tree: ast.Module,
        tracing: bool,
        siblings: frozenset[str],
        main: bool,
        compiled: bool = False,
        beside: int = 0,
    ) -> None:
        self.compiled, self.beside = compiled, beside
        self.tracing, self.siblings, self.main = tracing, siblings, main
        self.scopes: list[Scope] = []
        self.spans: list[tuple[int, int] | None] = []
        self.loops: dict[int, int] = {}
        self.serial = 0
        self.lambdas: dict[tuple[int, int], str] = {}
        self.tests: tuple[int, ...] = ()
        self.constants: dict[str, tuple[float, int]] = {}
        nodes = list(ast.walk(tree))
        self.defined = {
            one.name
            for one in nodes
            if isinstance(one, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef))
        }
        self.assigned = self.defined | {
            one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        } | {one.arg for one in nodes if isinstance(one, ast.arg)}  # fmt: skip
        for one in nodes:
            if isinstance(one, ast.ImportFrom):
                stars = _STARS.get(one.module or "", ()) if one.names[0].name == "*" else ()
                self.assigned |= {alias.asname or alias.name for alias in one.names} | set(stars)
        self.used = {one.id for one in nodes if isinstance(one, ast.Name)}
        modules = [alias for one in nodes if isinstance(one, ast.Import) for alias in one.names]
        self.modules = {one.asname or one.name for one in modules} - self.assigned

    # Small makers ------------------------------------------------------------------------------------

    def hook(self, name: str, *args: Any, at: ast.AST) -> Any:
        """Write a call of the hook."""
        made: Any = ast.Call(
            func=ast.Attribute(value=ast.Name(id=HOOK, ctx=ast.Load()), attr=name, ctx=ast.Load()),
            args=[one if isinstance(one, ast.expr) else constant(one) for one in args],
            keywords=[],
        )
        return placed(made, at)

    def temporary(self) -> str:
        """Give a name that no script has."""
        self.serial += 1
        return f"_trace_{self.serial}"

    def scope_of(self, name: str) -> str:
        """Say in which scope a name that is stored here lives."""
        if not self.scopes:
            return ""
        here = self.scopes[-1]
        return here.outer.get(name, here.name)

    def shown(self, name: str) -> str:
        """Give a variable as it is called: of a class, by self."""
        return f"self.{name}" if self.scopes and self.scopes[-1].kind == "class" else name

    # Stores ------------------------------------------------------------------------------------------

    def stores(self, target: ast.expr, value: ast.expr, literal: bool, line: int) -> list[ast.stmt]:
        """Write the statements by which a value is stored, and tagged with where."""
        if isinstance(target, ast.Name):
            if self.tracing:
                text = self.shown(target.id)
                value = self.hook(
                    "name",
                    value,
                    self.scope_of(target.id),
                    target.id,
                    text,
                    line,
                    literal,
                    self.tests,
                    at=target,
                )
            return [placed(ast.Assign(targets=[target], value=value), target)]
        if isinstance(target, ast.Attribute) and self.tracing:
            owner = self.visit(load(target.value))
            attr = self.mangled(target.attr)
            call = self.hook(
                "set_attr", value, owner, attr, ast.unparse(target), line, literal, self.tests, at=target
            )
            return [placed(ast.Expr(value=call), target)]
        if isinstance(target, ast.Subscript) and self.tracing:
            call = self.hook(
                "set_item", value, self.visit(load(target.value)), self.visit(self.index(target.slice)),
                ast.unparse(target.value), line, literal, self.tests, at=target,
            )  # fmt: skip
            return [placed(ast.Expr(value=call), target)]
        if isinstance(target, (ast.Tuple, ast.List)):
            return self.unpacked(target, value, line)
        return [placed(ast.Assign(targets=[target], value=value), target)]

    def unpacked(self, target: ast.Tuple | ast.List, value: ast.expr, line: int) -> list[ast.stmt]:
        """Write the statements for ``a, b = ...``."""
        shape = pattern(target)
        parts = target.elts
        literals = [False] * len(parts)
        lines = [line] * len(parts)
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(parts):
            literals = [is_literal(one) for one in value.elts]
            lines = [one.lineno for one in value.elts]
        names: list[ast.expr] = []
        after: list[ast.stmt] = []
        for one, literal, at in zip(parts, literals, lines, strict=True):
            inner = one.value if isinstance(one, ast.Starred) else one
            name = self.temporary()
            stored: ast.expr = placed(ast.Name(id=name, ctx=ast.Store()), one)
            if isinstance(one, ast.Starred):
                stored = placed(ast.Starred(value=stored, ctx=ast.Store()), one)
            names.append(stored)
            after += self.stores(inner, placed(ast.Name(id=name, ctx=ast.Load()), one), literal, at)
        call = self.hook("unpack", value, shape, at=value)
        first = ast.Assign(targets=[placed(ast.Tuple(elts=names, ctx=ast.Store()), target)], value=call)
        return [placed(first, target), *after]

    def index(self, node: ast.expr) -> Any:
        """Write an index as an expression: slices are calls."""
        if isinstance(node, ast.Slice):
            bounds = [one or ast.Constant(value=None) for one in (node.lower, node.upper, node.step)]
            return self.hook("slice", *bounds, at=node)
        if isinstance(node, ast.Tuple):
            return placed(ast.Tuple(elts=[self.index(one) for one in node.elts], ctx=ast.Load()), node)
        return load(node)

    def mangled(self, attr: str) -> str:
        """Give a private attribute's true name."""
        owner = next((one.name for one in reversed(self.scopes) if one.kind == "class"), "")
        if attr.startswith("__") and not attr.endswith("__") and owner:
            return f"_{owner.rpartition('.')[2].lstrip('_')}{attr}"
        return attr

    def visit_Assign(self, node: ast.Assign) -> Any:
        """Tag what is assigned."""
        literal, line = is_literal(node.value), node.value.lineno
        if isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
            self.lambdas[(node.value.lineno, node.value.col_offset)] = node.targets[0].id
        value = self.since(node.value)
        if len(node.targets) == 1:
            return self.stores(node.targets[0], value, literal, line)
        name = self.temporary()
        made: list[ast.stmt] = [
            placed(ast.Assign(targets=[placed(ast.Name(id=name, ctx=ast.Store()), node)], value=value), node)
        ]
        for target in node.targets:
            made += self.stores(target, placed(ast.Name(id=name, ctx=ast.Load()), target), literal, line)
        return made

    def since(self, node: ast.expr) -> ast.expr:
        """Rewrite a value; choices that it makes on its way are what it hangs on."""
        chooses = any(isinstance(one, (ast.Call, ast.IfExp, ast.BoolOp)) for one in ast.walk(node))
        value: ast.expr = self.visit(node)
        return (
            self.hook("since", self.hook("here", at=node), value, at=node)
            if self.tracing and chooses
            else value
        )

    def visit_Return(self, node: ast.Return) -> Any:
        """Name what a function gives."""
        if node.value is None or not self.tracing or not self.scopes or self.spans[-1] is None:
            return self.generic_visit(node)
        literal, line = is_literal(node.value), node.value.lineno
        if isinstance(node.value, (ast.Tuple, ast.List, ast.Dict)):
            return self.generic_visit(node)
        scope = self.scopes[-1].name
        value: ast.expr = self.visit(node.value)
        node.value = self.hook(
            "returned", value, scope, scope.rpartition(".")[2], line, literal, *self.spans[-1], at=node
        )
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """Tag what is assigned with its type beside it."""
        if node.value is None or not self.tracing:
            return self.generic_visit(node)
        literal, line = is_literal(node.value), node.value.lineno
        if isinstance(node.target, ast.Name) and not isinstance(node.value, ast.Call):
            name = node.target.id
            node.value = self.hook(
                "name", self.visit(node.value), self.scope_of(name), name, self.shown(name), line, literal,
                self.tests, at=node.value,
            )  # fmt: skip
            return node
        if self.scopes and self.scopes[-1].kind == "class":
            return self.generic_visit(node)
        return self.stores(node.target, self.visit(node.value), literal, line)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """Tag what is changed in place."""
        if not self.tracing:
            return self.generic_visit(node)
        one = node.value.elts if isinstance(node.value, ast.List) and isinstance(node.op, ast.Add) else []
        if len(one) == 1 and not isinstance(node.target, ast.Subscript):  # it is appended
            method = placed(ast.Attribute(value=load(node.target), attr="append", ctx=ast.Load()), node)
            call = placed(ast.Call(func=method, args=one, keywords=[]), node)
            return self.visit(placed(ast.Expr(value=call), node))
        value = self.since(node.value)
        op = type(node.op).__name__
        line = node.lineno
        if isinstance(node.target, ast.Name):
            name = node.target.id
            plain = placed(ast.AugAssign(target=node.target, op=node.op, value=value), node)
            tag = self.hook(
                "name", placed(ast.Name(id=name, ctx=ast.Load()), node), self.scope_of(name), name,
                self.shown(name), line, False, self.tests, at=node,
            )  # fmt: skip
            again = ast.Assign(targets=[placed(ast.Name(id=name, ctx=ast.Store()), node)], value=tag)
            return [plain, placed(again, node)]
        if isinstance(node.target, ast.Attribute):
            call = self.hook(
                "aug_attr", self.visit(load(node.target.value)), self.mangled(node.target.attr), op, value,
                ast.unparse(node.target), line, self.tests, at=node,
            )  # fmt: skip
        else:
            call = self.hook(
                "aug_item", self.visit(load(node.target.value)), self.visit(self.index(node.target.slice)),
                op, value, ast.unparse(node.target.value), line, self.tests, at=node,
            )  # fmt: skip
        return placed(ast.Expr(value=call), node)
