"""Model files: TOML, version 1, both ways."""

from __future__ import annotations

import json
import operator
import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import attrs
import cattrs
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, override

from natrium.model.errors import ModelError, NatriumError
from natrium.model.expression import Expression
from natrium.model.model import Model, Simulation
from natrium.model.neuron import Channel, Gate, Neuron
from natrium.model.rules import shown
from natrium.model.signals import Formula, Samples
from natrium.model.stimulus import Stimulus
from natrium.model.waveforms import Constant, Gaussian, Pulses, Ramp, Sine, Step

__all__ = ["KINDS", "channel_to_dict", "from_dict", "load", "loads", "save", "to_dict", "to_toml"]

VERSION = 1
KINDS: dict[str, type[Stimulus]] = {
    kind.kind: kind for kind in (Constant, Step, Pulses, Ramp, Sine, Gaussian, Samples, Formula)
}

MAX_BYTES = 8_000_000  # about 200 000 samples
MAX_NESTING = 20  # of brackets: a model file needs two
MAX_DOTS = 8  # of one key: tomllib's time grows with their square
_QUOTED = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)


@attrs.frozen
class _File:
    """The top level of a model file."""

    natrium: int
    neuron: Neuron
    channels: tuple[Channel, ...] = ()
    stimuli: tuple[Stimulus, ...] = ()
    simulation: Simulation = attrs.field(factory=Simulation)


@attrs.frozen
class _Neuron(Neuron):
    """The table [neuron]: its channels stand apart."""


# --- reading -------------------------------------------------------------------------------------


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model file.

    Parameters
    ----------
    path : str or path
        A TOML file, version 1.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        When the file cannot be read or breaks rules: all of them, each with its place.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"cannot read the model file {os.fspath(path)}: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise ModelError(f"a model file may have at most {MAX_BYTES} bytes, got more: {os.fspath(path)}")
    try:
        return loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ModelError(f"a model file must be UTF-8 text: {os.fspath(path)}: {error}") from error
    except ModelError as error:
        raise ModelError(f"{os.fspath(path)}: {error}") from error


def loads(text: str) -> Model:
    """Read a model from TOML text.

    Raises
    ------
    ModelError
        When the text breaks rules: all of them, each with its place.
    """
    if len(text) > MAX_BYTES:
        raise ModelError(f"a model file may have at most {MAX_BYTES} bytes, got {len(text)}")
    _guard(text)
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        raise ModelError(f"not valid TOML: {error}") from error
    return from_dict(data)


def _guard(text: str) -> None:
    """Refuse what would take tomllib long: deep nesting, long dotted keys."""
    bare = _QUOTED.sub("", text)
    depth = 0
    for match in re.finditer(r"[\[\]{}]", bare):
        depth += 1 if match[0] in "[{" else -1
        if depth > MAX_NESTING:
            raise ModelError(f"a model file may nest at most {MAX_NESTING} brackets, got more")
    for part in re.split(r"[=,{}\[\]\n]", bare):
        if part.count(".") > MAX_DOTS:
            raise ModelError(f"a key may have at most {MAX_DOTS} dots, got {shown(part.strip())}")


def from_dict(data: dict[str, Any]) -> Model:
    """Make a model of a model file's content.

    Parameters
    ----------
    data : dict
        As `tomllib` reads a version-1 file.

    Raises
    ------
    ModelError
        Naming every broken rule with its place, such as ``channels[0].gates[1].beta``.
    """
    try:
        file = _converter().structure(data, _File)
        own = {field.name: getattr(file.neuron, field.name) for field in attrs.fields(Neuron)}
        neuron = Neuron(**own | {"channels": file.channels})
        return Model(neuron=neuron, stimulus=file.stimuli, simulation=file.simulation)
    except (cattrs.BaseValidationError, NatriumError) as error:
        problems = list(dict.fromkeys(_problems(error, "")))
        if len(problems) == 1:
            raise ModelError(f"not a valid model: {problems[0]}") from None
        lines = "".join(f"\n  {problem}" for problem in problems)
        raise ModelError(f"not a valid model, {len(problems)} rules are broken:{lines}") from None


def _problems(error: BaseException, place: str) -> Iterator[str]:
    """Walk a group of errors; give each with its place."""
    dot = f"{place}." if place else ""
    if isinstance(error, ClassValidationError):
        noted, others = error.group_exceptions()
        for inner, note in noted:
            yield from _problems(inner, f"{dot}{note.name}")
        for inner in others:
            yield from _problems(inner, place)
    elif isinstance(error, IterableValidationError):
        for inner, index in error.group_exceptions()[0]:
            yield from _problems(inner, f"{place}[{index.index}]")
    elif isinstance(error, ForbiddenExtraKeysError):
        known = ", ".join(sorted(_keys(error.cl)))
        for key in sorted(error.extra_fields):
            yield f"{dot}{key}: unknown key; the keys here are {known}"
    elif isinstance(error, KeyError):
        yield f"{place}: missing key"
    else:
        yield f"{place}: {error}" if place else str(error)


def _keys(cls: type) -> set[str]:
    names = {field.name for field in attrs.fields(cls) if field.init}
    if cls is _Neuron:
        names -= {"channels"}
    return names | {"kind"} if issubclass(cls, Stimulus) else names


@cache
def _converter() -> cattrs.Converter:
    """Make the converter: each field's own rule checks it, so that all problems come together."""
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    for cls in (Gate, Simulation, *KINDS.values()):
        _register(converter, cls)
    _register(converter, Channel, nested={"gates": Gate})
    _register(converter, _Neuron, left_out={"channels"})
    converter.register_structure_hook_func(
        lambda asked: asked is Stimulus,
        lambda data, _: converter.structure(*_kind_of(_table(data))),
    )
    converter.register_structure_hook(
        _File,
        make_dict_structure_fn(
            _File,
            converter,
            _cattrs_forbid_extra_keys=True,
            natrium=override(struct_hook=_check_version),
            neuron=override(struct_hook=lambda data, _: converter.structure(_table(data), _Neuron)),
            channels=override(struct_hook=_listed(converter, Channel)),
            stimuli=override(struct_hook=_listed(converter, Stimulus)),
            simulation=override(struct_hook=lambda data, _: converter.structure(_table(data), Simulation)),
        ),
    )
    return converter


def _register(
    converter: cattrs.Converter,
    cls: type,
    nested: dict[str, type] | None = None,
    left_out: frozenset[str] | set[str] = frozenset(),
) -> None:
    hooks: dict[str, Any] = {}
    for field in attrs.fields(cls):
        if field.name in left_out:
            hooks[field.name] = override(omit=True)
        elif nested and field.name in nested:
            kind = nested[field.name]
            hooks[field.name] = override(struct_hook=_listed(converter, kind))
        else:
            hooks[field.name] = override(struct_hook=_checked(field))
    structure: Any = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **hooks)
    converter.register_structure_hook_func(
        partial(operator.is_, cls), lambda data, asked: structure(_table(data), asked)
    )


def _checked(field: attrs.Attribute[Any]) -> Callable[[Any, Any], Any]:
    """Make a hook that puts a value through its field's own converter and rule."""

    def hook(value: Any, _: Any) -> Any:
        convert: Any = field.converter
        if convert is not None:
            value = convert(value)
        if field.validator is not None:
            field.validator(None, field, value)
        return value

    return hook


def _table(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ModelError(f"must be a table, got {shown(data)}")
    return data


def _listed(converter: cattrs.Converter, kind: type) -> Callable[[Any, Any], Any]:
    """Make a hook that reads a list of tables."""
    return lambda data, _: _list(converter, data, kind)


def _list(converter: cattrs.Converter, data: Any, kind: type) -> Any:
    if not isinstance(data, (list, tuple)):
        raise ModelError(f"must be a list of tables, got {shown(data)}")
    return converter.structure(data, tuple[kind, ...])  # type: ignore[valid-type]  # a type at run time


def _kind_of(data: dict[str, Any]) -> tuple[dict[str, Any], type[Stimulus]]:
    rest = dict(data)
    kind = rest.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ModelError(f"kind must be one of {', '.join(KINDS)}, got {shown(kind)}")
    return rest, KINDS[kind]


def _check_version(value: Any, _: Any) -> int:
    if type(value) is not int or value != VERSION:
        raise ModelError(f"the version of the file's format must be {VERSION}, got {shown(value)}")
    return VERSION


# --- writing -------------------------------------------------------------------------------------


def to_dict(model: Model) -> dict[str, Any]:
    """Give a model as the content of a version-1 model file, defaults written out.

    Raises
    ------
    ModelError
        When a stimulus cannot be written, such as a Python function.
    """
    for part in model.stimulus.parts:
        if type(part) not in KINDS.values():
            raise ModelError(f"a {type(part).__name__} stimulus cannot be written to a model file")
    data: dict[str, Any] = {
        "natrium": VERSION,
        "neuron": _plain(model.neuron, without={"channels"}),
    }
    data["channels"] = [_plain(channel) for channel in model.neuron.channels]
    data["stimuli"] = [{"kind": part.kind} | _plain(part) for part in model.stimulus.parts]
    data["simulation"] = _plain(model.simulation)
    return {key: value for key, value in data.items() if value not in ([], {})}


def channel_to_dict(channel: Channel) -> dict[str, Any]:
    """Give a channel as it stands in a model file."""
    return _plain(channel)


def _plain(item: Any, without: frozenset[str] | set[str] = frozenset()) -> dict[str, Any]:
    """Give the fields of one object as plain data."""
    data = {}
    for field in attrs.fields(type(item)):
        value = getattr(item, field.name)
        if field.name in without or value is None or value in ("", ()):
            continue
        if isinstance(value, Expression):
            value = value.text
        elif isinstance(value, tuple):
            value = [_plain(part) if attrs.has(type(part)) else part for part in value]
        data[field.name] = value
    return data


def to_toml(model: Model) -> str:
    """Give a model as the text of a model file."""
    return "\n".join(_lines(to_dict(model), "")).strip() + "\n"


def _lines(table: dict[str, Any], prefix: str) -> Iterator[str]:
    for key, value in table.items():
        if not _is_tables(value):
            yield f"{key} = {_literal(value)}"
    for key, value in table.items():
        if isinstance(value, dict):
            yield from ("", f"[{prefix}{key}]", *_lines(value, f"{prefix}{key}."))
        elif _is_tables(value):
            for item in value:
                yield from ("", f"[[{prefix}{key}]]", *_lines(item, f"{prefix}{key}."))


def _is_tables(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value)  # for finite numbers, booleans and printable text JSON is TOML


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model file; reading it again gives an equal model.

    The file appears whole or not at all.

    Raises
    ------
    ModelError
        When the model cannot be written, or the place cannot be written to.
    """
    write_whole(path, to_toml(model))


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file under a temporary name beside it, then move it into place."""
    path = Path(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ModelError(f"cannot write {path}: {error.strerror}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
