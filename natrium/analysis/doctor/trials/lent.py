"""Names that a script gives a number to and reads nowhere: what lacks elsewhere is likely one of them."""

from __future__ import annotations

import ast

from natrium.analysis.doctor.reading.text.named import idle, unread

FEW = 3  # fields of one class or dictionary that are read nowhere: of more, it is read otherwise


def lent_names(tree: ast.Module) -> list[str]:
    """List them, as the script would read them.

    Parameters
    ----------
    tree : ast.Module
    """
    nodes = list(ast.walk(tree))
    functions = {one.name for one in nodes if isinstance(one, ast.FunctionDef)}
    written = {one.attr: ast.unparse(one) for one in nodes if isinstance(one, ast.Attribute)}
    fields = [_fields(one) for one in nodes]
    inside = {name for names in fields for name in names}
    text = ast.unparse(tree).splitlines()
    found = {written.get(one, one) for one in {*unread(text), *idle(text)} if one not in inside}
    owners: dict[str, set[str]] = {}  # of fields that are read: what stands around the name
    for one in nodes:
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Load):
            owners.setdefault(one.attr, set()).add(f"{ast.unparse(one.value)}.{{}}")
        elif isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant):
            owners.setdefault(str(one.slice.value), set()).add(f"{ast.unparse(one.value)}['{{}}']")
    for names in fields:
        unused = [name for name in names if name not in owners]
        around = {text for name in names for text in owners.get(name, ())}
        found |= {text.format(name) for name in unused for text in around if len(unused) <= FEW}
    return sorted(
        one for one in found if one.partition(".")[0] not in functions
    )  # a function's: SciPy reads it


def _is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _fields(node: ast.AST) -> list[str]:
    """Name what a class or a dictionary holds."""
    if isinstance(node, ast.ClassDef):
        set_here = [one for one in node.body if isinstance(one, (ast.Assign, ast.AnnAssign)) and one.value]
        set_here = [one for one in set_here if not _is_text(one.value)]
        targets = [one.targets[0] if isinstance(one, ast.Assign) else one.target for one in set_here]
        return [one.id for one in targets if isinstance(one, ast.Name)]
    if isinstance(node, ast.Dict):
        held = zip(node.keys, node.values, strict=True)
        numbers = [key for key, value in held if not _is_text(value)]
        return [one.value for one in numbers if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        return [one.arg for one in node.keywords if one.arg]
    return []
