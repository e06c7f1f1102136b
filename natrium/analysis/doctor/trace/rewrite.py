"""A script's tree, rewritten so that stores, loops, arguments and imports pass through the trace.

Lines stay what they are. ``_trace`` is the object that the rewritten script calls; it is `Plain` in the plain
run, where loops, imports and what writes or draws are all that is rewritten, and `Watch` in the traced one.
"""

from __future__ import annotations

import ast
from typing import Any

HOOK = "_trace"
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
OUTWARD = ("input", "print", "open", "exit", "quit")
# Modules for which there is a layer or a stand-in.
LAYERED = frozenset((
    "numpy", "math", "scipy", "matplotlib", "pylab", "mpl_toolkits", "seaborn", "plotly", "bokeh", "tqdm",
    "random", "time", "IPython", "ipywidgets", "pandas", "numba", "tkinter", "sys", "os", "PIL", "cv2",
    "imageio", "pyqtgraph", "turtle", "pygame", "altair", "holoviews", "streamlit", "dash",
))  # fmt: skip


class Scope:
    """A function or class that is being rewritten."""

    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind = name, kind
        self.outer: dict[str, str] = {}


class Rewriter(ast.NodeTransformer):
    """Rewrites one file.

    Parameters
    ----------
    tracing : bool
    siblings : set of str
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
        siblings: set[str],
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
        self.used = {one.id for one in nodes if isinstance(one, ast.Name)}

    # Small makers ------------------------------------------------------------------------------------

    def hook(self, name: str, *args: Any, at: ast.AST) -> ast.Call:
        """Write a call of the hook."""
        made = ast.Call(
            func=ast.Attribute(value=ast.Name(id=HOOK, ctx=ast.Load()), attr=name, ctx=ast.Load()),
            args=[one if isinstance(one, ast.AST) else constant(one) for one in args],
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

    def index(self, node: ast.expr) -> ast.expr:
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
        """Number a loop, by where it is in the script."""
        number = len(self.loops) + 100_000 * self.beside
        self.loops[number] = getattr(node, "lineno", 0)
        return number

    def visit_For(self, node: ast.For) -> Any:
        """Count the turns of a loop."""
        number = self.number_loop(node)
        text = ast.unparse(node.iter)
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

        def ask(what: str) -> ast.Call:
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

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        """Count the turns of a comprehension."""
        number = self.number_loop(node.iter)
        text = ast.unparse(node.iter)
        node.iter = self.hook("loop", self.visit(node.iter), number, text, at=node.iter)
        node.ifs = [self.visit(one) for one in node.ifs]
        return node

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
        node.body = self.visit(node.body)
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

    def given(self, node: ast.expr) -> ast.expr:
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

    def constant(self, node: ast.expr) -> ast.expr:
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
                wanted = sorted(self.used)
                call = self.hook("star", node.module, ast.Tuple(
                    elts=[ast.Constant(value=one) for one in wanted], ctx=ast.Load()), at=node)  # fmt: skip
                spread = ast.Call(
                    func=ast.Attribute(
                        value=ast.Call(func=ast.Name(id="globals", ctx=ast.Load()), args=[], keywords=[]),
                        attr="update", ctx=ast.Load()),
                    args=[call], keywords=[])  # fmt: skip
                made.append(placed(ast.Expr(value=spread), node))
                continue
            call = self.hook("member", node.module, alias.name, at=node)
            stored = placed(ast.Name(id=alias.asname or alias.name, ctx=ast.Store()), node)
            made.append(placed(ast.Assign(targets=[stored], value=call), node))
        return made

    def layered(self, module: str) -> bool:
        """Whether a module comes through the hook."""
        return module.split(".")[0] in LAYERED or module.split(".")[0] in self.siblings


def placed(node: Any, at: Any) -> Any:
    """Give a new node the place of an old one."""
    ast.copy_location(node, at)
    return node


def constant(value: Any) -> ast.expr:
    """Write a value: numbers, text, tuples of these."""
    if isinstance(value, tuple):
        return ast.Tuple(elts=[constant(one) for one in value], ctx=ast.Load())
    return ast.Constant(value=value)


def load(node: Any) -> Any:
    """Give a target as it is read."""
    new = ast.parse(ast.unparse(node), mode="eval").body
    for one in ast.walk(new):
        ast.copy_location(one, node)
    return new


def pattern(target: ast.expr) -> Any:
    """Give the shape of what a target takes apart: 0 a value, a tuple what is taken apart in its turn."""
    if isinstance(target, (ast.Tuple, ast.List)):
        return tuple(pattern(one) for one in target.elts)
    return -1 if isinstance(target, ast.Starred) else 0


def is_literal(node: ast.AST) -> bool:
    """Whether an expression is made of numbers alone."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float))
    if isinstance(node, ast.UnaryOp):
        return is_literal(node.operand)
    if isinstance(node, ast.BinOp):
        return is_literal(node.left) and is_literal(node.right)
    return False


def literal_value(node: ast.expr) -> float | None:
    """Give the value of a float that is written out, with its sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = literal_value(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return node.value
    return None


def default_lines(arguments: ast.arguments) -> dict[str, int]:
    """Give the lines of a function's defaults."""
    lines: dict[str, int] = {}
    plain = [*arguments.posonlyargs, *arguments.args]
    for one, default in zip(reversed(plain), reversed(arguments.defaults), strict=False):
        lines[one.arg] = default.lineno
    for one, other in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if other is not None:
            lines[one.arg] = other.lineno
    return lines
