"""What functions of a text call that which they are given."""

from __future__ import annotations

import ast
from collections.abc import Mapping


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
