"""What functions of a text call that which they are given."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from natrium.analysis.doctor.reading.text.labels import nodes_of


def called(node: ast.Call, functions: Mapping[str, ast.FunctionDef]) -> list[str]:
    """Name what a function of the text calls that which a call gives it.

    Parameters
    ----------
    node : ast.Call
    functions : mapping of str to ast.FunctionDef
        Of the text.
    """
    function = functions.get(ast.unparse(node.func).rpartition(".")[2])
    names = [one.arg for one in function.args.args] if function is not None else []
    return names[1:] if names[:1] == ["self"] else names


def calls_of(source: Sequence[str], line: int) -> list[int]:
    """Give the lines that call the function that a line is in, in the order of the text.

    Parameters
    ----------
    source : sequence of str
    line : int
    """
    nodes = nodes_of(source)
    within = [
        one
        for one in nodes
        if isinstance(one, ast.FunctionDef) and one.lineno <= line <= (one.end_lineno or one.lineno)
    ]
    name = within[-1].name if within else ""
    calls = (one for one in nodes if isinstance(one, ast.Call))
    return sorted(one.lineno for one in calls if ast.unparse(one.func).rpartition(".")[2] == name)


def passed_to(node: ast.AST, call: ast.AST | None, functions: Mapping[str, ast.FunctionDef]) -> list[str]:
    """Name what a function calls the elements that SciPy passes on to it by ``args=(...)``.

    Parameters
    ----------
    node : ast node
        Of the elements.
    call : ast node or None
        In which they may stand.
    functions : mapping of str to ast.FunctionDef
        Of the text.

    Returns
    -------
    list of str
        Empty where they are not passed on.
    """
    if not isinstance(call, ast.Call) or not isinstance(node, (ast.Tuple, ast.List)):
        return []
    passed = any(one.arg == "args" and one.value is node for one in call.keywords)
    names = [ast.unparse(one).rpartition(".")[2] for one in call.args[:1]] if passed else []
    function = next((functions[one] for one in names if one in functions), None)
    taken = [one.arg for one in function.args.args] if function is not None else []
    return taken[-len(node.elts) :] if node.elts else []
