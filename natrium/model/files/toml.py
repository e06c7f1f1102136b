"""Model files: TOML, version 1, both ways."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from natrium.model.channel import Channel
from natrium.model.checks import shown
from natrium.model.errors import ModelError
from natrium.model.expressions.expression import Expression
from natrium.model.neuron import NO_THRESHOLD, NoThreshold
from natrium.model.simulation import Model
from natrium.model.stimuli.kinds import KINDS, VERSION

MAX_BYTES = 8_000_000  # about 200 000 samples
MAX_NESTING = 20  # of brackets: a model file needs two
MAX_DOTS = 8  # of one key: tomllib's time grows with their square
# Quoted text and comments; one that never ends is taken up to where it must, so that time stays linear.
_QUOTED = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"""|\Z)|\'\'\'.*?(?:\'\'\'|\Z)|"(?:\\.|[^"\\\n])*+"?|\'[^\'\n]*+\'?|#[^\n]*',
    re.DOTALL,
)


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
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"cannot read the model file {os.fspath(path)}: {reason}") from error
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
    from natrium.model.files.reading import structured  # loads cattrs: only where a file is read

    return structured(data)


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
        if field.name in without or value is None or (isinstance(value, (str, tuple)) and not value):
            continue
        if isinstance(value, Expression):
            value = value.text
        elif isinstance(value, NoThreshold):
            value = NO_THRESHOLD
        elif isinstance(value, np.integer):
            value = int(value)  # JSON knows none of NumPy's
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
    # For finite numbers and booleans JSON is TOML; in text TOML escapes one character more.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


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
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".natrium-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"cannot write {path}: {reason}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
