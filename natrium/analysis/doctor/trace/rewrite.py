"""A script's tree, rewritten so that stores, loops, arguments and imports pass through the trace.

Lines stay what they are. ``_trace`` is the object that the rewritten script calls; it is `Plain` in the plain
run, where loops, imports and what writes or draws are all that is rewritten, and `Watch` in the traced one.
"""

from __future__ import annotations

import ast
from typing import Any

from natrium.analysis.doctor.trace.beside import is_installed
from natrium.analysis.doctor.trace.rewrite_stores import Stores
from natrium.analysis.doctor.trace.syntax import (
    HOOK,
    Scope,
    default_lines,
    is_literal,
    literal_value,
    placed,
)

# Builtins that would lose what a number remembers, or that reach out of the script.
BUILTINS = (
    "int",
    "float",
    "bool",
    "min",
    "max",
    "sum",
    "isinstance",
    "setattr",
    "input",
    "print",
    "open",
    "exit",
    "quit",
)
# Builtins that change nothing.
_PAIRS = ("enumerate", "zip")
LOOKING = frozenset(
    ("abs", "bool", "float", "int", "len", "max", "min", "range", "round", "str", "sum", *_PAIRS)
)
OUTWARD = ("input", "print", "open", "exit", "quit")
# Modules for which there is a layer or a stand-in.
LAYERED = frozenset((
    "numpy", "math", "scipy", "matplotlib", "pylab", "mpl_toolkits", "seaborn", "plotly", "bokeh", "tqdm",
    "random", "time", "IPython", "ipywidgets", "pandas", "numba", "tkinter", "sys", "os", "PIL", "cv2",
    "imageio", "pyqtgraph", "turtle", "pygame", "altair", "holoviews", "streamlit", "dash",
))  # fmt: skip


class Rewriter(Stores):
    """Rewrites one file: its loops, functions, expressions and imports, beside its stores."""

    def visit_If(self, node: ast.If) -> Any:
        """Remember which tests a store stands under."""
        before = self.tests
        node.test = self.visit(node.test)
        self.tests = (*before, *range(node.test.lineno, (node.test.end_lineno or node.test.lineno) + 1))
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        self.tests = before
        return node

    # Loops -------------------------------------------------------------------------------------------

    def number_loop(self, node: ast.AST) -> int:
        """Give a loop its number, by where it is in the script."""
        number = len(self.loops) + 100_000 * self.beside
        self.loops[number] = getattr(node, "lineno", 0)
        return number

    def visit_For(self, node: ast.For) -> Any:
        """Count the turns of a loop."""
        number = self.number_loop(node)
        text = ast.unparse(node.iter)
        if self.tracing and isinstance(node.iter, (ast.Tuple, ast.List)):
            node.iter.elts = [self.given(one) for one in node.iter.elts]
        node.iter = self.hook("loop", self.visit(node.iter), number, text, at=node.iter)
        targets = node.target
        tags: list[ast.stmt] = []
        if self.tracing:
            for one in ast.walk(targets):
                if isinstance(one, ast.Name):
                    tag = self.hook(
                        "item", placed(ast.Name(id=one.id, ctx=ast.Load()), one), self.scope_of(one.id),
                        one.id, node.lineno, at=one,
                    )  # fmt: skip
                    stored = placed(ast.Name(id=one.id, ctx=ast.Store()), one)
                    tags.append(placed(ast.Assign(targets=[stored], value=tag), one))
        node.body = tags + self.block(node.body)
        node.orelse = self.block(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> Any:
        """Count the turns of a loop; its condition belongs to the step."""
        name = self.temporary()
        number = self.number_loop(node)
        turns = self.hook("turns", number, at=node)
        begin = ast.Assign(targets=[placed(ast.Name(id=name, ctx=ast.Store()), node)], value=turns)

        def ask(what: str) -> Any:
            call = ast.Call(
                func=ast.Attribute(value=ast.Name(id=name, ctx=ast.Load()), attr=what, ctx=ast.Load()),
                args=[], keywords=[],
            )  # fmt: skip
            return placed(call, node)

        test = ast.BoolOp(op=ast.And(), values=[ask("turn"), self.visit(node.test)])
        body: list[ast.stmt] = [placed(ast.Expr(value=ask("body")), node), *self.block(node.body)]
        loop = ast.While(test=placed(test, node), body=body, orelse=self.block(node.orelse))
        whole = ast.Try(
            body=[placed(loop, node)], handlers=[], orelse=[],
            finalbody=[placed(ast.Expr(value=ask("leave")), node)],
        )  # fmt: skip
        return [placed(begin, node), placed(whole, node)]

    def visit_ListComp(self, node: ast.ListComp) -> Any:
        """Count the turns of a list's comprehension; of one that only looks, all as no loop's."""
        if self.looks(node):
            for one in node.generators:
                one.iter = self.hook("items", self.visit(one.iter), at=one.iter)
                one.ifs = [self.visit(test) for test in one.ifs]
            node.elt = self.visit(node.elt)
            return node
        return self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        """Count the turns of a comprehension."""
        number = self.number_loop(node.iter)
        text = ast.unparse(node.iter)
        node.iter = self.hook("loop", self.visit(node.iter), number, text, at=node.iter)
        node.ifs = [self.visit(one) for one in node.ifs]
        return node

    def looks(self, node: ast.ListComp) -> bool:
        """Tell whether a comprehension changes nothing by what it calls: none of its turns is a step."""
        for one in ast.walk(node):
            if isinstance(one, ast.Call):
                func = one.func
                owner = func.value if isinstance(func, ast.Attribute) else None
                of_module = isinstance(owner, ast.Name) and owner.id in self.modules
                if not (of_module or (isinstance(func, ast.Name) and func.id in LOOKING - self.assigned)):
                    return False
            elif isinstance(one, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
                return False
        return True

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Rewrite statements, one by one."""
        made: list[ast.stmt] = []
        for one in body:
            new = self.visit(one)
            made += new if isinstance(new, list) else [new]
        return made

    # Scopes ------------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        """Tag a function's arguments as it begins."""
        if self.compiled and any("jit" in ast.unparse(one) for one in node.decorator_list):
            for one in ast.walk(node):
                if isinstance(one, (ast.For, ast.While)):
                    self.number_loop(one)
                elif isinstance(one, ast.comprehension):
                    self.number_loop(one.iter)
            return node
        outer = self.scopes[-1].name + "." if self.scopes else ""
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        scope = Scope(outer + node.name, "function")
        for one in ast.walk(node):
            if isinstance(one, ast.Global):
                scope.outer.update(dict.fromkeys(one.names, ""))
            elif isinstance(one, ast.Nonlocal) and self.scopes:
                scope.outer.update(dict.fromkeys(one.names, self.scopes[-1].name))
        lines = default_lines(node.args)
        everything = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self.scopes.append(scope)
        before, self.tests = self.tests, ()
        self.spans.append((node.lineno, node.end_lineno or node.lineno))
        body = self.block(node.body)
        self.spans.pop()
        self.tests = before
        self.scopes.pop()
        if self.tracing:
            head = 1 if ast.get_docstring(node) is not None else 0
            tags: list[ast.stmt] = []
            for argument in everything:
                name = argument.arg
                if name in ("self", "cls"):
                    continue
                call = self.hook(
                    "argument", placed(ast.Name(id=name, ctx=ast.Load()), node), scope.name, name,
                    lines.get(name, node.lineno), at=node,
                )  # fmt: skip
                stored = placed(ast.Name(id=name, ctx=ast.Store()), node)
                tags.append(placed(ast.Assign(targets=[stored], value=call), node))
            body[head:head] = tags
        node.body = body
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        """Rewrite what a lambda gives."""
        self.scopes.append(Scope((self.scopes[-1].name if self.scopes else "") + ".<lambda>", "function"))
        scope = f"{self.scopes[-1].name}{node.lineno}:{node.col_offset}"
        span = (node.lineno, node.end_lineno or node.lineno)
        literal, line = is_literal(node.body), node.body.lineno
        node.body = self.visit(node.body)
        if self.tracing and not isinstance(node.body, (ast.Tuple, ast.List, ast.Dict)):
            name = self.lambdas.get((node.lineno, node.col_offset), f"line {node.lineno}")
            node.body = self.hook("returned", node.body, scope, name, line, literal, *span, at=node)
        self.scopes.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """Rewrite a class; its own numbers are called by self."""
        outer = self.scopes[-1].name + "." if self.scopes else ""
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        self.scopes.append(Scope(outer + node.name, "class"))
        node.body = self.block(node.body)
        self.scopes.pop()
        return node

    # Expressions -------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> Any:
        """Send calls that would lose or reach out through the hook."""
        func = node.func
        mapping = isinstance(func, ast.Name) and func.id == "map" and "map" not in self.assigned
        if mapping and len(node.args) > 1 and isinstance(node.args[0], (ast.Name, ast.Attribute)):
            return self.visit(self.mapped(node))
        own = isinstance(func, ast.Name) and func.id in self.defined
        own = own or (isinstance(func, ast.Attribute) and func.attr in self.defined)
        own = own or (isinstance(func, ast.Name) and func.id == "dict")
        self.generic_visit(node)
        if isinstance(func, ast.Name) and func.id in BUILTINS and func.id not in self.assigned:
            if self.tracing or func.id in OUTWARD:
                owner = ast.Name(id=HOOK, ctx=ast.Load())
                node.func = placed(ast.Attribute(value=owner, attr=f"{func.id}_", ctx=ast.Load()), func)
            return node
        if not self.tracing:
            return node
        if isinstance(func, ast.Attribute) and func.attr == "append" and len(node.args) == 1 and not own:
            owner_ = node.func.value  # type: ignore[attr-defined]  # an attribute's call, as was asked
            literal = is_literal(node.args[0])
            return self.hook(
                "append",
                owner_,
                node.args[0],
                ast.unparse(func.value),
                node.lineno,
                literal,
                self.tests,
                at=node,
            )
        if own:
            node.args = [self.given(one) for one in node.args]
            for keyword in node.keywords:
                keyword.value = self.given(keyword.value)
        return node

    def mapped(self, node: ast.Call) -> ast.GeneratorExp:
        """Write a map as the loop that it is."""
        name = self.temporary()
        zipped = ast.Call(func=ast.Name(id="zip", ctx=ast.Load()), args=node.args[1:], keywords=[])
        each = ast.Starred(value=ast.Name(id=name, ctx=ast.Load()), ctx=ast.Load())
        made = ast.GeneratorExp(
            elt=ast.Call(func=node.args[0], args=[each], keywords=[]),
            generators=[
                ast.comprehension(target=ast.Name(id=name, ctx=ast.Store()), iter=zipped, ifs=[], is_async=0)
            ],
        )
        for one in ast.walk(made):
            if not hasattr(one, "lineno"):
                placed(one, node)
        return made

    def given(self, node: ast.expr) -> Any:
        """Let a number given to the script's own function know its line."""
        if is_literal(node) and isinstance(node, (ast.Constant, ast.UnaryOp)):
            return self.hook("given", node, node.lineno, at=node)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        """Read elements of lists and dictionaries through the hook."""
        if not self.tracing or not isinstance(node.ctx, ast.Load):
            return self.generic_visit(node)
        owner, index = self.visit(node.value), self.visit(self.index(node.slice))
        return self.hook("get", owner, index, ast.unparse(node.value), at=node)

    def visit_Dict(self, node: ast.Dict) -> Any:
        """Let the numbers of a dictionary know their lines."""
        self.generic_visit(node)
        if self.tracing:
            node.values = [self.given(one) for one in node.values]
        return node

    def visit_arg(self, node: ast.arg) -> Any:
        """Leave types alone."""
        return node

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        """Name what a conditional expression gives by its text."""
        text, line = ast.unparse(node), node.lineno
        self.generic_visit(node)
        return self.hook("chosen", node, text, line, at=node) if self.tracing else node

    def constant(self, node: ast.expr) -> Any:
        """Let a number that stands before others remember: Python's own would take an int for plain."""
        value = literal_value(node)
        if not self.tracing or value is None:
            return node
        name = f"{HOOK}_{len(self.constants)}_constant"
        self.constants[name] = (value, node.lineno)
        return placed(ast.Name(id=name, ctx=ast.Load()), node)

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        """Let a number on the left remember."""
        left = self.constant(node.left)
        node.left = self.visit(node.left) if left is node.left else left
        node.right = self.visit(node.right)
        return node

    def visit_Compare(self, node: ast.Compare) -> Any:
        """Compare truths that remember by what they are."""
        self.generic_visit(node)
        node.left = self.constant(node.left)
        if len(node.ops) > 1:
            node.comparators = [self.constant(one) for one in node.comparators]
        if self.tracing and len(node.ops) == 1 and isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            right = node.comparators[0]
            if isinstance(right, ast.Constant) and isinstance(right.value, bool):
                same = isinstance(node.ops[0], ast.Is)
                return self.hook("is_truth", node.left, right, same, at=node)
        return node

    def visit_Match(self, node: ast.Match) -> Any:
        """Match truths that remember as truths."""
        self.generic_visit(node)
        if self.tracing:
            node.subject = self.hook("subject", node.subject, at=node.subject)
        return node

    def visit_Name(self, node: ast.Name) -> Any:
        """Let the script take itself for the main one."""
        if node.id == "__name__" and self.main and isinstance(node.ctx, ast.Load):
            return placed(ast.Constant(value="__main__"), node)
        return node

    # Imports -----------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> Any:
        """Take modules from the layer."""
        made: list[ast.stmt] = []
        for alias in node.names:
            if not self.layered(alias.name):
                made.append(placed(ast.Import(names=[alias]), node))
                continue
            whole = alias.name if alias.asname else alias.name.split(".")[0]
            call = self.hook("module", whole, alias.name, at=node)
            stored = placed(ast.Name(id=alias.asname or whole, ctx=ast.Store()), node)
            made.append(placed(ast.Assign(targets=[stored], value=call), node))
        return made

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        """Take members of modules from the layer."""
        if node.level or node.module is None or not self.layered(node.module):
            return node
        made: list[ast.stmt] = []
        for alias in node.names:
            if alias.name == "*":
                wanted = ast.Tuple(elts=[ast.Constant(one) for one in sorted(self.used)], ctx=ast.Load())
                bound = ast.Call(func=ast.Name(id="globals", ctx=ast.Load()), args=[], keywords=[])
                made.append(placed(ast.Expr(self.hook("star", node.module, wanted, bound, at=node)), node))
                continue
            call = self.hook("member", node.module, alias.name, at=node)
            stored = placed(ast.Name(id=alias.asname or alias.name, ctx=ast.Store()), node)
            made.append(placed(ast.Assign(targets=[stored], value=call), node))
        return made

    def layered(self, module: str) -> bool:
        """Whether a module comes through the hook: what is not installed, the script may bring along."""
        top = module.split(".")[0]
        return top in LAYERED or top in self.siblings or not is_installed(top)
