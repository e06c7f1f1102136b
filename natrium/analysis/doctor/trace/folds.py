"""What steps without a loop of the script's own, written as the loop that it is."""

from __future__ import annotations

import ast

# Functions that call another again and again: the modules that have them.
_CALLED = {"accumulate": "itertools", "reduce": "functools", "FuncAnimation": "matplotlib.animation"}
# An animation that does not end by itself ends after so many frames.
_LOOPS = """
def _natrium_accumulate(xs, function=None, *, initial=None):
    xs = iter(xs)
    v = next(xs) if initial is None else initial
    made = [v]
    for x in xs:
        v = v + x if function is None else function(v, x)
        made.append(v)
    return iter(made)

def _natrium_reduce(function, xs, *initial):
    xs = iter(xs)
    v = initial[0] if initial else next(xs)
    for x in xs:
        v = function(v, x)
    return v

def _natrium_FuncAnimation(fig, func, frames=None, init_func=None, fargs=None, *more, **options):
    if init_func is not None:
        init_func()
    frames = frames() if callable(frames) else frames
    frames = 2000 if frames is None else frames
    for _, frame in zip(range(2000), range(frames) if isinstance(frames, int) else frames):
        func(frame, *(fargs or ()))
    return fig
"""


def with_loops(tree: ast.Module, line: int) -> ast.Module:
    """Put loops in the place of calls that make steps; they count from a line on."""
    names: dict[str, str] = {}
    modules: dict[str, str] = {}
    for one in ast.walk(tree):
        if isinstance(one, ast.ImportFrom) and one.module:
            for alias in one.names:
                whole = f"{one.module}.{alias.name}"
                modules[alias.asname or alias.name] = whole
                if _CALLED.get(alias.name) == one.module:
                    names[alias.asname or alias.name] = alias.name
        elif isinstance(one, ast.Import):
            modules.update((alias.asname, alias.name) for alias in one.names if alias.asname)
    met = False
    for one in ast.walk(tree):
        if not isinstance(one, ast.Call):
            continue
        name = ""
        if isinstance(one.func, ast.Name):
            name = names.get(one.func.id, "")
        elif isinstance(one.func, ast.Attribute):
            owner = ast.unparse(one.func.value)
            asked = one.func.attr
            name = asked if _CALLED.get(asked) == modules.get(owner, owner) else ""
        if name:
            one.func = ast.copy_location(ast.Name(f"_natrium_{name}", ast.Load()), one.func)
            met = True
    if met:
        loops = ast.parse(_LOOPS)
        ast.increment_lineno(loops, line)
        begin = 1 + max(
            (at for at, one in enumerate(tree.body) if getattr(one, "module", "") == "__future__"), default=-1
        )
        tree.body[begin:begin] = loops.body
    return tree
