"""Changes of a script's text in one place, such as slips make: another name, number, index, sign, order."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Collection, Iterator, Sequence
from difflib import SequenceMatcher

import attrs

from natrium.analysis.doctor.reading.expressions.numbers import is_nice, is_one_of
from natrium.analysis.doctor.reading.model.models import tidied
from natrium.analysis.doctor.reading.text.named import numbers_named
from natrium.analysis.doctor.reading.text.passing import called, passed_to
from natrium.analysis.doctor.trials.formulas import (
    FEW,
    changed,
    exchanged,
    many,
    regrouped,
    turned_names,
    turned_round,
)
from natrium.analysis.doctor.trials.lacking import counted_from, is_paced, left_out, multiplied, negated
from natrium.analysis.doctor.trials.lent import lent_names
from natrium.analysis.doctor.trials.passed import disordered, misnamed
from natrium.analysis.doctor.trials.text import WHOLE, Text, is_of_grid

_OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Div, ast.Pow, ast.Add, ast.Sub),
    ast.Div: (ast.Mult, ast.Sub),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.Div,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.GtE, ast.NotEq: ast.Eq,
}  # fmt: skip
NAME, NUMBER, WANTED, ORDER, SIGN, OPERATION, DROP, MORE = 1.0, 1.35, 0.95, 1.0, 1.1, 1.1, 1.2, 1.3
BRACKETS, LENT, READ, PASSED, KNOWN = 1.05, 0.9, 0.88, 0.6, 0.5  # READ: in the formula that reads it
PACED, ADDED = 1.4, 1.7  # anything that can be read may be a factor: looked for where something is told alone
_UNITS, NEAR = (1.0, 1e-3, 1e3), 30.0  # of a number that is another's: how far from it
_WORD = re.compile(r"\w+")


@attrs.frozen(eq=False)
class Edit:
    """One change of a script's text.

    Attributes
    ----------
    line : int
    stands, should : str
    rank : float
        How far-fetched it is.
    within, exchanged : bool
        Whether it changes one place of a formula, and nothing else; whether two things change places.
    """

    line: int
    stands: str
    should: str
    rank: float
    within: bool
    exchanged: bool
    _node: ast.AST
    _new: ast.AST
    _text: Text

    def made(self) -> ast.Module:
        """Give the whole text with this change; it shares with the text what does not differ."""
        node, new = self._node, self._new
        while node in self._text.place:
            node, field, at = self._text.place[node]
            kept = getattr(node, field)
            new = changed(node, **{field: new if at < 0 else [*kept[:at], new, *kept[at + 1 :]]})
        assert isinstance(new, ast.Module)  # what all is in
        return new


class Editor:
    """Lists the changes of a text.

    Parameters
    ----------
    tree : ast.Module
    wanted : sequence of (float, float)
        Numbers that the script has, and those that are asked for in their places.
    step : float
        A step, in the script's time; 0: unknown.
    known : collection of float
        Sizes of numbers that the script should have, in its own units or a thousand of them.
    """

    def __init__(
        self,
        tree: ast.Module,
        wanted: Sequence[tuple[float, float]],
        step: float = 0.0,
        known: Collection[float] = (),
    ) -> None:
        self.tree, self.wanted, self.step, self.known = tree, wanted, step, known
        self.text = Text(tree)
        self.unread = [one for one in lent_names(tree) if one not in self.text.things]
        values = (one.value for one in self.text.nodes if isinstance(one, ast.Constant))
        own = {abs(float(one)) for one in values if isinstance(one, (int, float))}
        asked = [other for _, other in wanted]
        self.named = numbers_named(ast.unparse(tree).splitlines())
        bare = {one.id for one in self.text.nodes if isinstance(one, ast.Name)}
        fields = {one.attr: ast.unparse(one) for one in self.text.nodes if isinstance(one, ast.Attribute)}
        wanted_names = (name for name, value in self.named.items() if value in asked)
        read_as = [name if name in bare else fields.get(name, name) for name in wanted_names]
        self.asked = [name for name in read_as if name not in self.unread]
        self.lacking = [one for one in sorted(known) if not is_one_of(one, own)]

    def edits(self) -> Iterator[Edit]:
        """List the changes, in the order of the text."""
        for node in self.text.nodes:
            defaults = node.defaults if isinstance(node, ast.arguments) else []
            line = getattr(defaults[0] if defaults else node, "lineno", 0)
            if not line or self.text.is_spoken(node) or self.text.is_grid(node):
                continue
            for new, rank in self._of(node):
                stands, should = ast.unparse(node), ast.unparse(new)
                words, others = _WORD.findall(stands), _WORD.findall(should)
                turned, within = words != others and sorted(words) == sorted(others), self._is_within(node)
                yield Edit(line, stands, should, rank, within, turned, node, new, self.text)

    def _is_within(self, node: ast.AST) -> bool:
        """Tell whether a node is part of a formula: not what a call is given, nor what is set."""
        plain_name = isinstance(node, (ast.Name, ast.Attribute)) and self.text.role(node) == "number"
        above = self.text.parent.get(node)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            return isinstance(node.slice.value, str)
        if isinstance(node, ast.Call) or isinstance(above, (ast.Call, ast.keyword, ast.Subscript)):
            return False
        if isinstance(getattr(node, "ctx", None), ast.Store) or isinstance(
            node, (ast.stmt, ast.Tuple, ast.List)
        ):
            return False
        return plain_name or isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Constant))

    def _of(self, node: ast.AST) -> Iterator[tuple[ast.AST, float]]:
        if isinstance(node, ast.expr):
            found = multiplied(node, self.text)
            yield from ((one, PACED if is_paced(one, self.text) else ADDED) for one in found)
            yield from ((one, PACED) for one in counted_from(node, self.text))
            yield from ((one, SIGN) for one in negated(node, self.text))
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and self.text.is_operand(node):
            for name in self._lent(node):
                by = ast.parse(name, mode="eval").body
                yield from ((ast.BinOp(node, op, by), READ) for op in (ast.Mult(), ast.Div()))
        if isinstance(node, ast.Constant):
            yield from self._numbers(node)
        elif isinstance(node, (ast.Name, ast.Attribute)):
            yield from self._names(node)
        elif isinstance(node, ast.Subscript):
            yield from self._elements(node)
        elif isinstance(node, ast.Compare):
            turned = _TURNED.get(type(node.ops[0]))
            if turned is not None:
                yield changed(node, ops=[turned(), *node.ops[1:]]), SIGN
        elif isinstance(node, ast.BinOp):
            yield from self._operations(node)
        elif isinstance(node, ast.UnaryOp):
            if isinstance(node.op, (ast.USub, ast.Not)):
                yield node.operand, SIGN
        elif isinstance(node, ast.BoolOp):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield changed(node, op=other), OPERATION
        elif isinstance(node, ast.Call):
            names = called(node, self.text.functions)
            if ast.unparse(node.func).rpartition(".")[2] in WHOLE and len(node.args) == 1:
                for step in self.text.steps_at(node):
                    yield changed(node, args=[ast.BinOp(node.args[0], ast.Div(), step)]), LENT
            for one in exchanged(node, "args"):
                yield one, ORDER + many(node.args) + misnamed(node.args, one.args, names)
            if len(node.args) == 1 and not node.keywords:
                yield node.args[0], MORE
                told = ast.unparse(node.args[0]) in self.named  # its sign stands where its number does
                yield changed(node, args=[ast.UnaryOp(ast.USub(), node.args[0])]), MORE + KNOWN * told
        elif isinstance(node, (ast.Tuple, ast.List)):
            if 2 <= len(node.elts) <= FEW:
                yield from self._orders(node)
        elif isinstance(node, ast.arguments):
            for one in exchanged(node, "defaults"):
                yield one, MORE
        elif isinstance(node, ast.IfExp):
            yield changed(node, body=node.orelse, orelse=node.body), OPERATION
        elif isinstance(node, ast.AugAssign):
            for kind in _OPERATORS.get(type(node.op), ())[:1]:
                yield changed(node, op=kind()), SIGN
            yield ast.copy_location(ast.Assign([node.target], node.value), node), OPERATION
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            yield from ((one, ORDER) for one in turned_round(node))
            yield from self._assigned(node)

    def _orders(self, node: ast.Tuple | ast.List) -> Iterator[tuple[ast.AST, float]]:
        above = self.text.parent.get(node, node)
        names = passed_to(node, self.text.parent.get(above), self.text.functions)
        target = above.targets[0] if isinstance(above, ast.Assign) else None
        targets = [ast.unparse(one) for one in target.elts] if isinstance(target, ast.Tuple) else []
        beside = not names and isinstance(getattr(above, "value", None), ast.Tuple)
        for one in exchanged(node, "elts", isinstance(above, ast.Return)):
            odd = misnamed(node.elts, one.elts, names or targets)
            odd = odd if names or odd else disordered(self.text.nodes, node, one)
            likely = odd < 0 and bool(targets)  # the names say that it is another order
            yield (
                one,
                (PASSED if names else ORDER) + max(many(node.elts), 0.25 * (beside and not likely)) + odd,
            )

    def _numbers(self, node: ast.Constant) -> Iterator[tuple[ast.AST, float]]:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return
        if isinstance(self.text.parent.get(node), (ast.Subscript, ast.Slice)) and value in (0, 1, -1, 2):
            return
        if value == 1 and self.text.is_clocked(node):
            yield from ((step, NAME) for step in self.text.steps_at(node))
        met = {float(value)}
        for one, rank in [
            *((one, WANTED) for one in self._asked(abs(float(value)))),
            *((one, WANTED) for one in self._lacking(abs(float(value)))),
            *((tidied(value * other / one), SIGN) for one, other in self.wanted if one and other),
            (-value, SIGN),
            *((one, NUMBER) for one in (value * 10, value / 10, value * 1000, value / 1000)),
            *((one, NUMBER) for one in (1, value + 1, value - 1, value * 2, value / 2)),
        ]:
            if math.isfinite(one) and float(one) not in met and (is_nice(one) or rank == WANTED):
                met.add(float(one))
                whole = isinstance(value, int) and float(one).is_integer()
                new = ast.Constant(int(one) if whole else float(f"{one:.12g}"))
                meant = is_one_of(value, self.known) and not is_one_of(one, self.known)
                yield ast.copy_location(new, node), rank + KNOWN * meant

    def _lacking(self, value: float) -> Iterator[float]:
        """Give the numbers that the script should have and nowhere has, for one that it should not have."""
        if value and not is_one_of(value, self.known):
            for one in self.lacking:
                yield from (one * unit for unit in _UNITS if 1.0 / NEAR <= one * unit / value <= NEAR)

    def _asked(self, value: float) -> Iterator[float]:
        """Give the numbers that are asked for in the place of one, in whatever power of ten, or in steps."""
        for one, other in self.wanted:
            for unit in (1.0, self.step):
                if not (one and value and unit):
                    continue
                if 0.0 < abs(value * unit - abs(one)) <= 1.5 * self.step:  # a time that a step is off
                    yield float(f"{value + (other - one) / unit:.12g}")
                ratio = value * unit / abs(one)
                ten = 10.0 ** round(math.log10(ratio))
                if abs(ratio - ten) < 1e-6 * ten:
                    sign = 1.0 if one > 0 or other > 0 else -1.0
                    yield float(f"{sign * other * ten / unit:.12g}")

    def _lent(self, node: ast.AST) -> list[str]:
        """Give the names that nothing reads and that a node could: a function's own are no other's."""
        function = self.text.function_of(node)
        return [name for name in self.unread if self.text.is_known(name, function)]

    def _names(self, node: ast.Name | ast.Attribute) -> Iterator[tuple[ast.AST, float]]:
        role, own = self.text.role(node), ast.unparse(node)
        if role == "owner" or own.split(".")[0] in self.text.modules:
            return
        function = self.text.function_of(node)
        here = self.text.names_of(function).get(role, set())
        method = any(one[:5] == "self." for names in self.text.names_of(function).values() for one in names)
        base = ast.unparse(node.value) if isinstance(node, ast.Attribute) else "self" if method else ""
        known = (
            here
            | {
                text
                for one in (None, *self.text.functions.values())
                for text in self.text.names_of(one).get(role, ())
                if base and text.rpartition(".")[0] == base
            }
            | (self.text.names_of(None).get(role, set()) if isinstance(node, ast.Name) else set())
        )
        if role == "function":
            known = {one for one in known | set(self.text.functions) if self.text.is_alike(one, own)}
        else:
            known -= set(self.text.functions)
            if role == "number":
                known = {one for one in known if not self.text.is_array(one, function)}
            known -= self.text.things if own not in self.text.things else set()
            known |= set(self._lent(node)) if isinstance(node.ctx, ast.Load) else set()
        if isinstance(node, ast.Attribute) and node.attr in self.text.properties:
            known |= {f"{base}.{one}" for one in self.text.properties}
        call = self.text.parent.get(node)
        owner = ast.unparse(call.func).rpartition(".")[0] if isinstance(call, ast.Call) else ""
        for other in sorted(known - {own, owner}):  # a list that is given itself has no end
            if other.split(".")[0] in self.text.modules or other.startswith("__") or other == "self":
                continue
            rank = NAME + 0.25 * isinstance(node.ctx, ast.Store)
            apart = 1.0 - SequenceMatcher(None, own, other).ratio()
            rank += 0.0 if other in here else 0.15
            new = ast.parse(other, mode="eval").body
            new.ctx = node.ctx  # type: ignore[attr-defined]  # a name's or an attribute's
            yield ast.copy_location(new, node), LENT if other in self.unread else rank + 0.3 * apart

    def _elements(self, node: ast.Subscript) -> Iterator[tuple[ast.AST, float]]:
        """Read or write another element: by another index of the same function, by another key."""
        function, own = self.text.function_of(node), ast.unparse(node.slice)
        key = isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
        base = ast.unparse(node.value)
        met: dict[str, ast.expr] = {}
        for one in self.text.nodes:
            if not isinstance(one, ast.Subscript) or isinstance(one.slice, ast.Slice):
                continue
            a_key = isinstance(one.slice, ast.Constant) and isinstance(one.slice.value, str)
            if a_key != key or (key and ast.unparse(one.value) != base):
                continue
            if key or self.text.function_of(one) is function:
                met.setdefault(ast.unparse(one.slice), one.slice)
        for held in (one for one in self.text.nodes if key and isinstance(one, ast.Dict)):
            keys = [one for one in held.keys if isinstance(one, ast.Constant)]  # nothing may read them
            if any(ast.unparse(one) == own for one in keys):
                met |= {ast.unparse(one): one for one in keys if isinstance(one.value, str)}
        if not key and isinstance(node.slice, ast.Name):
            for op in (ast.Add(), ast.Sub()):
                new = ast.BinOp(ast.Name(node.slice.id, ast.Load()), op, ast.Constant(1))
                met.setdefault(ast.unparse(new), new)
        if (
            isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, int)
            and node.slice.value >= 0
        ):
            met |= {str(k): ast.Constant(k) for k in range(4)}
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
        for at, part in enumerate(parts):
            if isinstance(part, ast.Constant) and isinstance(part.value, int):
                for k in range(4):
                    elts = [ast.Constant(k) if i == at else one for i, one in enumerate(parts)]
                    new_slice = ast.Tuple(elts, ast.Load())
                    met.setdefault(ast.unparse(new_slice), new_slice)
        for text, other in met.items():
            if text != own:
                new = changed(node, slice=other)
                apart = 1.0 - SequenceMatcher(None, own, text).ratio() if key else 0.0
                unread = ast.unparse(new) in self.unread
                yield new, (PASSED if unread else NAME) + 0.3 * apart

    def _operations(self, node: ast.BinOp) -> Iterator[tuple[ast.AST, float]]:
        for kind in _OPERATORS.get(type(node.op), ()):
            yield changed(node, op=kind()), OPERATION
        if isinstance(node.op, (ast.Sub, ast.Div)):
            yield changed(node, left=node.right, right=node.left), OPERATION
        slip = isinstance(node.op, (ast.Mult, ast.Div)) and _is_unit(node.right)
        yield node.left, WANTED if slip else DROP
        if not isinstance(node.op, (ast.Div, ast.Pow)):
            yield node.right, DROP
        for one in regrouped(node):
            yield one, BRACKETS
        for name in left_out(node, self.text):
            yield ast.BinOp(node, ast.Add(), name), PASSED if ast.unparse(name) in self.unread else MORE
        if not isinstance(self.text.parent.get(node), ast.BinOp):
            rare = any(isinstance(one, ast.Compare) for one in ast.walk(node))
            yield from ((one, MORE if rare else ORDER) for one in turned_names(node))

    def _assigned(self, node: ast.Assign) -> Iterator[tuple[ast.AST, float]]:
        target, value = node.targets[0], node.value
        span = is_of_grid(ast.unparse(target)) and not self.text.is_turned(node)
        if span or not isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
            return
        for by in [] if isinstance(value, ast.Constant) else self.text.steps_at(value):
            for op in (ast.Mult(), ast.Div()):
                yield (
                    changed(node, value=ast.BinOp(value, op, by)),
                    MORE if isinstance(value, ast.BinOp) else SIGN,
                )
        for name in [*self._lent(node), *self.asked]:
            if name != ast.unparse(target):
                by = ast.parse(name, mode="eval").body
                bare = isinstance(
                    value, (ast.Name, ast.Attribute, ast.Subscript)
                )  # nothing else stands there
                for way in (ast.Mult(), ast.Div(), ast.Add()):
                    yield changed(node, value=ast.BinOp(value, way, by)), LENT - 0.3 * bare
        if not isinstance(value, ast.Constant):
            yield changed(node, value=ast.UnaryOp(ast.USub(), value)), MORE
        if isinstance(value, (ast.Name, ast.Attribute)):
            yield changed(node, value=ast.Constant(0.0)), DROP
        read = {ast.unparse(one) for one in ast.walk(value) if isinstance(one, type(target))}
        if ast.unparse(target) not in read and self.text.goes_on(target):
            less = MORE if isinstance(value, ast.Constant) else ORDER
            for more, rank in ((ast.Add(), ORDER), (ast.Sub(), less)):
                yield ast.copy_location(ast.AugAssign(target, more, value), node), rank


def _is_unit(node: ast.expr) -> bool:
    """Tell whether a factor is one that units differ by."""
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, (int, float)) and value > 0 and math.log10(value).is_integer() and value != 1
