"""A script's text, part by part: what stands where, what names are used as, what can be read at a place."""

from __future__ import annotations

import ast
from collections.abc import Container

from natrium.analysis.doctor.reading.text.labels import given_by

WHOLE = ("int", "round", "ceil", "floor", "rint")
_STEPS = ("dt", "h", "delta_t", "timestep", "time_step", "tstep", "step")
_SPANS = ("t", "t_end", "t_max", "tmax", "duration", "t_stop", "tstop")
_DRAWING = ("matplotlib", "pylab", "seaborn", "plotly")
_THINGS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.JoinedStr, ast.Lambda)
_PRODUCT = (ast.Constant, ast.Name, ast.Attribute, ast.BinOp, ast.Mult, ast.Div, ast.Load)


class Text:
    """What stands where in a text.

    Parameters
    ----------
    tree : ast.Module

    Attributes
    ----------
    nodes : list of ast.AST
    place : dict of ast.AST to (ast.AST, str, int)
        By node: what it stands in, in which field, at which place of a list; -1: of none.
    parent : dict of ast.AST to ast.AST
    functions : dict of str to ast.FunctionDef
    modules, things, properties : set of str
        Names of what is imported; what is never a number: lists, figures; functions that are read as numbers.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.nodes = list(ast.walk(tree))
        self.place: dict[ast.AST, tuple[ast.AST, str, int]] = {}
        self.parent: dict[ast.AST, ast.AST] = {}
        for node in self.nodes:
            for field, value in ast.iter_fields(node):
                for at, one in enumerate(value) if isinstance(value, list) else [(-1, value)]:
                    if isinstance(one, ast.AST):
                        self.place[one], self.parent[one] = (node, field, at), node
        self.functions = {one.name: one for one in self.nodes if isinstance(one, ast.FunctionDef)}
        self.modules = {
            (alias.asname or alias.name).split(".")[0]
            for one in self.nodes
            if isinstance(one, (ast.Import, ast.ImportFrom))
            for alias in one.names
        }
        self.properties = {name for name, one in self.functions.items() if _is_property(one)}
        self.things = self._things()
        self._indexed: dict[str, set[ast.AST | None]] = {}  # what has elements: where it is read so
        for one in self.nodes:
            if isinstance(one, ast.Subscript):
                self._indexed.setdefault(ast.unparse(one.value), set()).add(self.function_of(one))
        self._counts = {
            ast.unparse(one.targets[0])
            for one in self.nodes
            if isinstance(one, ast.Assign) and _is_whole(one.value)
        }
        self._known: dict[ast.AST | None, dict[str, set[str]]] = {}
        self._makers: dict[str, set[ast.AST | None]] = {}  # of names that are set: where

    def _things(self) -> set[str]:
        """Name what is never given a number."""
        drawing = {
            (alias.asname or alias.name).split(".")[0]
            for one in self.nodes
            if isinstance(one, (ast.Import, ast.ImportFrom))
            for alias in one.names
            if (alias.name if isinstance(one, ast.Import) else one.module or "").split(".")[0] in _DRAWING
        }
        given: dict[str, list[bool]] = {}
        for one in (each for each in self.nodes if isinstance(each, ast.Assign)):
            for target, value in given_by(one):
                for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
                    given.setdefault(ast.unparse(part), []).append(_is_thing(value, drawing))
        return {name for name, each in given.items() if all(each)}

    def is_operand(self, node: ast.AST) -> bool:
        """Tell whether a node is a part of an operation."""
        above = self.parent.get(node)
        return isinstance(above, (ast.BinOp, ast.UnaryOp))

    def is_spoken(self, node: ast.AST) -> bool:
        """Tell whether a node is in what is only printed or drawn."""
        while node in self.parent:
            node = self.parent[node]
            if isinstance(node, ast.JoinedStr):
                return True
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                function = node.value.func
                owner = function.value if isinstance(function, ast.Attribute) else function
                if isinstance(owner, ast.Name) and owner.id in ("plt", "ax", "fig", "print", "axs", "pylab"):
                    return True
        return False

    def is_grid(self, node: ast.AST) -> bool:
        """Tell whether a node is in what is given to a step or to a span: those are no model's.

        A time that a loop sets in each turn is no span.
        """
        if self.is_turned(node):
            return False
        while node in self.parent and isinstance(node, _PRODUCT):
            counts = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
            if is_of_grid(self.given_to(node)) or (counts and self._is_count(node)):
                return all(isinstance(one, _PRODUCT) for one in ast.walk(node))
            node = self.parent[node]
        return False

    def is_turned(self, node: ast.AST) -> bool:
        """Tell whether a node is in what a loop of its function does in each turn."""
        while node in self.place and not isinstance(node, ast.FunctionDef):
            node, field, _ = self.place[node]
            if isinstance(node, (ast.For, ast.While)) and field == "body":
                return True
        return False

    def counters(self, node: ast.AST) -> set[str]:
        """Name what counts the turns of the loops of its function that a node is in."""
        found: set[str] = set()
        while node in self.place and not isinstance(node, ast.FunctionDef):
            node, field, _ = self.place[node]
            if isinstance(node, ast.For) and field == "body":
                found.add(ast.unparse(node.target))
            elif isinstance(node, ast.While) and field == "body":
                ones = (one for one in node.body if isinstance(one, ast.AugAssign))
                found |= {ast.unparse(one.target) for one in ones if ast.unparse(one.value) == "1"}
        return found

    @staticmethod
    def _is_count(node: ast.AST) -> bool:
        """Tell whether a quotient is how many steps a run has."""
        parts = [getattr(node, field) for field in ("left", "right")]
        return all(_is_name(one) and is_of_grid(ast.unparse(one)) for one in parts)

    def given_to(self, node: ast.AST) -> str:
        """Name what a number is given to; empty where it is part of something else."""
        above = self.parent.get(node)
        if isinstance(above, ast.Assign):
            return ast.unparse(above.targets[0])
        if isinstance(above, ast.keyword):
            return above.arg or ""
        if isinstance(above, ast.arguments) and node in above.defaults:
            return above.args[above.defaults.index(node) - len(above.defaults)].arg
        return ""

    def function_of(self, node: ast.AST) -> ast.AST | None:
        """Give the function that a node is in."""
        while node in self.parent:
            node = self.parent[node]
            if isinstance(node, ast.FunctionDef):
                return node
        return None

    def role(self, node: ast.AST) -> str:
        """Tell what a name is used as."""
        above = self.parent.get(node)
        if isinstance(above, ast.Subscript) and above.value is node:
            return "array"
        if isinstance(above, ast.Call) and above.func is node:
            return "function"
        if isinstance(above, ast.Attribute):
            return "owner"
        return "number"

    def is_array(self, name: str, function: ast.AST | None) -> bool:
        """Tell whether a name has elements in a function: what it is given may be called like an array."""
        places = self._indexed.get(name, set())
        given = [one.arg for one in function.args.args] if isinstance(function, ast.FunctionDef) else []
        return function in places if name in given else bool(places)

    def names_of(self, function: ast.AST | None) -> dict[str, set[str]]:
        """Give the names that are used in a function, or beside all, by what they are used as."""
        if function not in self._known:
            found: dict[str, set[str]] = {}
            for one in self.nodes:
                if isinstance(one, (ast.Name, ast.Attribute)) and self.function_of(one) is function:
                    found.setdefault(self.role(one), set()).add(ast.unparse(one))
            if isinstance(function, ast.FunctionDef):
                found.setdefault("number", set()).update(one.arg for one in function.args.args)
            self._known[function] = found
        return self._known[function]

    def is_known(self, name: str, function: ast.AST | None) -> bool:
        """Tell whether a name can be read in a function, or beside all: not where another one sets it."""
        if not self._makers:
            for one in (each for each in self.nodes if isinstance(each, ast.Name)):
                if isinstance(one.ctx, ast.Store):
                    self._makers.setdefault(one.id, set()).add(self.function_of(one))
        makers = self._makers.get(name, {None})
        return None in makers or function in makers

    def is_alike(self, one: str, other: str) -> bool:
        """Tell whether two functions take as many things."""
        a, b = (self.functions.get(name.rpartition(".")[2]) for name in (one, other))
        return a is not None and b is not None and len(a.args.args) == len(b.args.args)

    def goes_on(self, target: ast.expr) -> bool:
        """Tell whether what is set may have been there before: a field, an element, a name set elsewhere."""
        name = target.id if isinstance(target, ast.Name) else ""
        return not name or sum(isinstance(one.ctx, ast.Store) for one in self._named(name)) > 1

    def _named(self, name: str) -> list[ast.Name]:
        return [one for one in self.nodes if isinstance(one, ast.Name) and one.id == name]

    def steps_at(self, node: ast.AST) -> list[ast.expr]:
        """Give the names of steps that can be read at a node, but within what has one."""
        if any(is_step(ast.unparse(one)) for one in ast.walk(node) if _is_name(one)):
            return []
        here, all_over = (self.names_of(one).get("number", set()) for one in (self.function_of(node), None))
        names = sorted(filter(is_step, here | all_over))
        return [ast.parse(one, mode="eval").body for one in names]

    def is_clocked(self, node: ast.AST) -> bool:
        """Tell whether a number is what a clock goes on by, and not what counts steps."""
        above = self.parent.get(node)
        if isinstance(above, ast.BinOp):
            return isinstance(above.op, (ast.Add, ast.Sub)) and isinstance(self.parent[above], ast.Assign)
        return isinstance(above, ast.AugAssign) and ast.unparse(above.target) not in self._counts


def _is_property(node: ast.FunctionDef) -> bool:
    return any(ast.unparse(one) in ("property", "cached_property") for one in node.decorator_list)


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute))


def _is_thing(value: ast.expr, drawing: Container[str]) -> bool:
    """Tell whether what is set is no number: a list, a text, a figure."""
    if isinstance(value, ast.Constant):
        return value.value is None or isinstance(value.value, str)
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).partition(".")[0] in drawing
    return isinstance(value, _THINGS)


def _is_whole(value: ast.expr) -> bool:
    """Tell whether what is set is a whole number, as it is written."""
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).rpartition(".")[2] in WHOLE
    return isinstance(value, ast.Constant) and type(value.value) is int


def is_step(name: str) -> bool:
    """Tell whether a step is called so."""
    return name.rpartition(".")[2].lower() in _STEPS


def is_of_grid(name: str) -> bool:
    """Tell whether a step, or the span of a run, is called so."""
    return is_step(name) or name.rpartition(".")[2].lower() in _SPANS
