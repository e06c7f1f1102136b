"""A live class, object or function as a script: the definitions that it is made of, as they were typed.

What a subject needs is taken from where it was typed (a file, a notebook's cell) and keeps its lines; what is
no definition (numbers, arrays, other objects) is taken as it is now, copied.
"""

from __future__ import annotations

import ast
import builtins
import copy
import functools
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from natrium.analysis.doctor.trace.script import Script
from natrium.analysis.doctor.trace.sources import (
    SourceText,
    free_names,
    functions_of,
    is_on_disk,
    line_of_attribute,
    resolved,
    source_of,
    statement_of,
)
from natrium.analysis.doctor.trace.values import (
    PLAIN,
    cells_of,
    globals_of,
    import_of,
    is_own,
    remade,
    same,
)
from natrium.model import UnsupportedModel

_MANY = 200  # elements of a list that are written out


def live_script(subject: Any) -> tuple[Script, str]:
    """Write the script that a live subject would be.

    Parameters
    ----------
    subject : class, object or function

    Returns
    -------
    script : Script
        Its definitions, and what they need.
    name : str
        The subject's in it.

    Raises
    ------
    UnsupportedModel
        When the source of a part of it cannot be found.
    """
    written = _Written()
    if isinstance(subject, types.MethodType):
        subject = subject.__self__
    name = written.subject(subject)
    if written.main is None:
        raise no_source(subject)
    if isinstance(subject, type) and "SodiumChannel" in globals_of(subject):  # what the notebook's is made of
        written.bind("SodiumChannel", globals_of(subject)["SodiumChannel"], globals_of(subject))
    main = written.main
    script = Script(
        Path(main.file if is_on_disk(main) else "notebook"), "\n".join(written.lines), main=False,
        tree=written.tree(), given=written.given,
    )  # fmt: skip
    return script, name


def no_source(value: Any) -> UnsupportedModel:
    """Say what to do about what has no source."""
    name = getattr(value, "__qualname__", None) or f"an object of {type(value).__qualname__}"
    return UnsupportedModel(
        f"a subject must have its source in Python to be traced, got {name} without; give its file "
        "(natrium.read_script('FILE.py:NAME', model)), or a recording of its run: labels (ms) and V (mV)"
    )


class _Written:
    """The script, as far as it is written."""

    def __init__(self) -> None:
        self.main: SourceText | None = None
        self.lines: list[str] = []
        self.given: dict[str, Any] = {}
        self._offsets: dict[str, int] = {}
        self._statements: list[ast.stmt] = []
        self._taken: dict[str, Any] = {}
        self._known: dict[int, tuple[Any, str]] = {}

    def tree(self) -> ast.Module:
        """Give it as a tree, each definition before what uses it."""
        return ast.Module(body=self._statements, type_ignores=[])

    def subject(self, value: Any) -> str:
        """Write the subject, and give its name: of a call that is prepared, a function that makes it."""
        made = self.expression(value)
        if isinstance(value, functools.partial):
            made = ast.Lambda(args=_arguments(()), body=_call(made))
        if isinstance(made, ast.Name):
            return made.id
        self._assign("natrium_subject", made)
        return "natrium_subject"

    def _add(self, statement: ast.stmt, source: SourceText | None = None) -> None:
        statement.end_lineno = getattr(statement, "end_lineno", None) or getattr(statement, "lineno", 1)
        ast.fix_missing_locations(statement)
        if source is not None:
            ast.increment_lineno(statement, self._offset(source))
        self._statements.append(statement)

    def _assign(self, name: str, value: ast.expr, line: int = 0) -> None:
        self._add(ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=value, lineno=line))

    def _free(self, name: str, value: Any) -> str:
        """Give a name that nothing else has."""
        wanted, number = name, 2
        while wanted in self._taken:
            wanted, number = f"{name}_{number}", number + 1
        self._taken[wanted] = value
        return wanted

    def _offset(self, source: SourceText) -> int:
        """Join a text to the script's: its lines follow those that are there."""
        if source.file not in self._offsets:
            self.main = self.main or source
            self._offsets[source.file] = len(self.lines)
            self.lines += source.lines
        return self._offsets[source.file]

    # Definitions -------------------------------------------------------------------------------------

    def define(self, value: Any) -> str:
        """Write a class or function, and give the name that it has."""
        if id(value) in self._known:
            return self._known[id(value)][1]
        found = source_of(value)
        if found is None:
            return self._made_class(value)
        source, node = found[0], copy.deepcopy(found[1])
        self._offset(source)
        name = self._free(getattr(node, "name", "function"), value)
        self._known[id(value)] = value, name
        cells = cells_of(value)
        names = {**globals_of(value), **cells}
        if isinstance(node, ast.ClassDef) and len(node.bases) == len(value.__bases__):
            pairs = zip(node.bases, value.__bases__, strict=True)
            node.bases = [self.expression(one) if is_own(one) else base for base, one in pairs]
        node = _Modules(self, names).visit(node)
        statement: Any = node
        if isinstance(node, ast.Lambda):
            target = ast.Name(id=name, ctx=ast.Store())
            statement = ast.copy_location(ast.Assign(targets=[target], value=node), node)
        else:
            statement.name = name
        if cells:
            statement, call = self._closed(statement, name, cells)
        for one in free_names(statement):
            if one in names:
                self.bind(one, names[one], names)
        self._add(statement, source)
        if cells:
            self._assign(name, call)
        return name

    def _closed(self, statement: Any, name: str, cells: Mapping[str, Any]) -> tuple[Any, ast.expr]:
        """Write a definition within the function whose variables it goes on using."""
        maker = self._free(f"_make_{name}", cells)
        back = ast.Return(value=_name(name))
        around = ast.FunctionDef(
            name=maker, args=_arguments(cells), body=[statement, back], decorator_list=[],
            lineno=statement.lineno, end_lineno=statement.end_lineno,
        )  # fmt: skip
        ast.copy_location(back, statement)
        return around, _call(_name(maker), *(self.expression(one) for one in cells.values()))

    def _made_class(self, kind: Any) -> str:
        """Write a class that was made by `type`, of others and of functions."""
        if not isinstance(kind, type):
            raise no_source(kind)
        name = self._free(kind.__name__, kind)
        self._known[id(kind)] = kind, name
        own = {key: one for key, one in vars(kind).items() if not key.startswith("__") or callable(one)}
        if any(source_of(one) is None for one in functions_of(kind)):
            raise no_source(kind)
        held = self.expression(own)
        bases = [self.expression(one) for one in kind.__bases__ if one is not object]
        title, parents = ast.Constant(value=kind.__name__), ast.Tuple(elts=bases, ctx=ast.Load())
        self._assign(name, _call(_name("type"), title, parents, held))
        return name

    # Names -------------------------------------------------------------------------------------------

    def bind(self, name: str, value: Any, names: Mapping[str, Any]) -> None:
        """Let a name of a definition's module be there, as it is now."""
        if getattr(builtins, name, self) is value or name.startswith("__"):
            return
        if name in self._taken:
            if self._taken[name] is not value:
                raise UnsupportedModel(
                    f"a subject's modules must not use one name for two things, got two of {name!r}; give "
                    "its file: path/script.py:NAME"
                )
            return
        imported = import_of(name, value)
        if imported is not None:
            self._taken[name] = value
            self._add(imported)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            self._number(name, value, names)
        else:
            made = self.expression(value)
            if not (isinstance(made, ast.Name) and made.id == name):
                self._taken[name] = value
                self._assign(name, made)

    def _number(self, name: str, value: Any, names: Mapping[str, Any]) -> None:
        self._taken[name] = value
        found = statement_of(name, names)
        if found is None:
            self._assign(name, self.expression(value))
            return
        source, statement = found[0], copy.deepcopy(found[1])
        for one in free_names(statement):
            self.bind(one, names[one] if one in names else getattr(builtins, one), names)
        self._add(statement, source)

    # Values ------------------------------------------------------------------------------------------

    def expression(self, value: Any) -> ast.expr:
        """Write what gives a live value again."""
        kind = type(value)
        if kind in PLAIN:
            return ast.Constant(value=value)
        if isinstance(value, (type, types.FunctionType)):
            return _name(self.define(value)) if is_own(value) else self._kept(value)
        if isinstance(value, types.MethodType):
            owner = self.expression(value.__self__)
            return ast.Attribute(value=owner, attr=value.__func__.__name__, ctx=ast.Load())
        if isinstance(value, (staticmethod, classmethod)):
            return _call(_name(kind.__name__), self.expression(value.__func__))
        if kind in (list, tuple) and len(value) <= _MANY:
            shape = ast.List if kind is list else ast.Tuple
            return shape(elts=[self.expression(one) for one in value], ctx=ast.Load())
        if kind is dict and len(value) <= _MANY:
            values = [self.expression(one) for one in value.values()]
            return ast.Dict(keys=[self.expression(one) for one in value], values=values)
        if isinstance(value, functools.partial):
            ones = [self.expression(one) for one in (value.func, *value.args)]
            named = {key: self.expression(one) for key, one in value.keywords.items()}
            return _call(self._kept(functools.partial), *ones, **named)
        if hasattr(value, "__dict__") and is_own(kind) and not isinstance(value, types.ModuleType):
            return self._object(value)
        return self._kept(value)

    def _kept(self, value: Any) -> ast.expr:
        """Keep a value as it is, copied."""
        if id(value) not in self._known:
            name = self._free("_natrium_kept", value)
            self._known[id(value)] = value, name
            try:
                self.given[name] = copy.deepcopy(value)
            except Exception:  # whatever its own copying raises
                raise no_source(value) from None
        return _name(self._known[id(value)][1])

    def _object(self, value: Any) -> ast.expr:
        """Write an object: made anew where that gives it again, its attributes set where not."""
        if id(value) in self._known:
            return _name(self._known[id(value)][1])
        kind = self.define(type(value))
        name = self._free("natrium_object", value)
        self._known[id(value)] = value, name
        arguments, again = remade(value)
        if again is None:
            self._assign(name, _call(_name(f"{kind}.__new__"), _name(kind)))
        else:
            given = {key: ast.Constant(value=one) for key, one in arguments.items()}
            self._assign(name, _call(_name(kind), **given))
        for attr, one in vars(value).items():
            if again is None or not same(one, vars(again)[attr]):
                self._set(name, attr, one, type(value))
        return _name(name)

    def _set(self, name: str, attr: str, value: Any, kind: type) -> None:
        frozen = "__setattr__" in {one for part in kind.__mro__[:-1] for one in vars(part)}
        setter = _name("object.__setattr__" if frozen else "setattr")
        call = _call(setter, _name(name), ast.Constant(value=attr), self.expression(value))
        found = line_of_attribute(kind, attr)
        line = found[1] if found else 0
        self._add(ast.Expr(value=call, lineno=line), found[0] if found else None)


def _name(text: str) -> ast.expr:
    """Write a name, with dots or without."""
    return ast.parse(text, mode="eval").body


def _call(function: ast.expr, *arguments: ast.expr, **named: ast.expr) -> ast.Call:
    keywords = [ast.keyword(arg=key, value=one) for key, one in named.items()]
    return ast.Call(func=function, args=list(arguments), keywords=keywords)


def _arguments(names: Iterable[str]) -> ast.arguments:
    args = [ast.arg(arg=one) for one in names]
    return ast.arguments(posonlyargs=[], args=args, kwonlyargs=[], kw_defaults=[], defaults=[])


class _Modules(ast.NodeTransformer):
    """Takes what a definition has of the user's own modules, ``rates.alpha``, from the script itself."""

    def __init__(self, written: _Written, names: Mapping[str, Any]) -> None:
        self.written, self.names = written, names

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        owner = resolved(node.value, self.names)
        if isinstance(owner, types.ModuleType) and is_own(owner) and hasattr(owner, node.attr):
            value = getattr(owner, node.attr)
            if not isinstance(value, types.ModuleType):
                return ast.copy_location(self.written.expression(value), node)
        return self.generic_visit(node)
