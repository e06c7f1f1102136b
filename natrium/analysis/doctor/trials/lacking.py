"""What a formula may lack: a minus, a factor, a divisor, a power, a term."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from natrium.analysis.doctor.trace.meanings import is_voltage
from natrium.analysis.doctor.trials.formulas import summed
from natrium.analysis.doctor.trials.text import Text, is_step

_READ = (ast.Name, ast.Attribute, ast.Subscript)
POWERS = (2, 3, 4)


def negated(node: ast.expr, text: Text) -> Iterator[ast.expr]:
    """Give what begins a formula with a minus before it.

    Parameters
    ----------
    node : ast.expr
    text : Text
    """
    if not isinstance(node, (*_READ, ast.Call)) or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return
    above, field, _ = text.place[node]
    begins = (isinstance(above, ast.BinOp) and field == "left" and not isinstance(above.op, ast.Pow)) or (
        isinstance(above, (ast.Return, ast.Tuple, ast.List)) and isinstance(node, _READ)
    )
    if begins:
        yield ast.UnaryOp(ast.USub(), node)


def multiplied(node: ast.expr, text: Text) -> Iterator[ast.expr]:
    """Give a term with another factor or divisor that can be read there, or a power of what is in it.

    The step and what a loop counts by are among the names; `is_paced` tells them.

    Parameters
    ----------
    node : ast.expr
    text : Text
    """
    if not isinstance(node, (ast.BinOp, ast.Call, *_READ)) or not _is_value(node):
        return
    above = text.parent.get(node)
    if isinstance(node, _READ) and isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mult):
        for power in POWERS:
            yield ast.BinOp(node, ast.Pow(), ast.Constant(power))
    is_sum = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))
    in_product = isinstance(above, ast.BinOp) and not isinstance(above.op, (ast.Add, ast.Sub))
    if in_product if not is_sum else not in_product and isinstance(above, ast.BinOp):
        return
    kinds = (ast.BinOp, ast.Assign, ast.AugAssign, ast.Return, ast.UnaryOp, ast.Tuple, ast.Call)
    if not isinstance(above, kinds) or (isinstance(above, ast.Call) and node is above.func):
        return
    function = text.function_of(node)
    met = {ast.unparse(one) for one in ast.walk(node) if isinstance(one, _READ)}
    numbers = text.names_of(function).get("number", set())
    for name in sorted(numbers - met - text.things - set(text.functions)):
        if text.is_array(name, function) or name.partition(".")[0] in text.modules:
            continue
        by = ast.parse(name, mode="eval").body
        for op in (ast.Mult(), ast.Div()):
            yield ast.BinOp(node, op, by)


def counted_from(node: ast.expr, text: Text) -> Iterator[ast.expr]:
    """Give a factor with V less it, or it less V: a driving force that has lost one side.

    Parameters
    ----------
    node : ast.expr
    text : Text
    """
    above = text.parent.get(node)
    if not (isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mult) and isinstance(node, _READ)):
        return
    function = text.function_of(node)
    for name in sorted(filter(is_voltage, text.names_of(function).get("number", set()))):
        if name != ast.unparse(node) and not is_voltage(ast.unparse(node)):
            V = ast.parse(name, mode="eval").body
            yield ast.BinOp(node, ast.Sub(), V)
            yield ast.BinOp(V, ast.Sub(), node)


def is_paced(node: ast.expr, text: Text) -> bool:
    """Tell whether a product is by a step, or by what counts the turns of the loop that it is in.

    Parameters
    ----------
    node : ast.expr
    text : Text
    """
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
        return False
    by = ast.unparse(node.right)
    return is_step(by) or by in text.counters(node.left)


def left_out(node: ast.BinOp, text: Text) -> Iterator[ast.expr]:
    """Give names that a sum of names, called alike, may lack.

    Parameters
    ----------
    node : ast.BinOp
    text : Text
    """
    above = text.parent.get(node)
    parts = [] if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Add) else summed(node)
    if len(parts) < 2 or not all(isinstance(one, (ast.Name, ast.Attribute)) for one in parts):
        return
    own = {ast.unparse(one) for one in parts}
    begins = {one.partition("_")[0].lower() for one in own}
    here = text.names_of(text.function_of(node)).get("number", set())
    for name in sorted(here - own if len(begins) == 1 else ()):
        if name.partition("_")[0].lower() in begins:
            yield ast.parse(name, mode="eval").body


def _is_value(node: ast.expr) -> bool:
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
