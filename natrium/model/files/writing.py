"""Models as TOML: what a model file holds of them, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import attrs
import numpy as np
import sympy

from natrium.model.channel import Channel
from natrium.model.checks import check_path
from natrium.model.errors import ModelError
from natrium.model.expressions.expression import Expression, as_text, symbolic_of
from natrium.model.hybrid_neuron import HybridNeuron
from natrium.model.ions import Ions
from natrium.model.leak import Leak
from natrium.model.scheme import Scheme
from natrium.model.stimuli.kinds import KINDS, VERSION
from natrium.model.stimuli.stimulus import Sum
from natrium.model.threshold import NO_THRESHOLD, NoThreshold


class Writable(Protocol):
    """What a model file is written of: a `Model`."""

    @property
    def neuron(self) -> Any:
        """The table [neuron] and its channels."""

    @property
    def stimulus(self) -> Sum:
        """The tables [[stimuli]]."""

    @property
    def simulation(self) -> Any:
        """The table [simulation]."""


def to_dict(model: Writable) -> dict[str, Any]:
    """Give a model as the content of a version-1 model file, defaults written out.

    Raises
    ------
    ModelError
        When a stimulus cannot be written, such as a Python function.
    """
    for part in model.stimulus.parts:
        if type(part) not in KINDS.values():
            raise ModelError(f"a {type(part).__name__} stimulus cannot be written to a model file")
    data: dict[str, Any] = {"natrium": VERSION} | _neuron(model.neuron)
    data["stimuli"] = [{"kind": part.kind} | _plain(part) for part in model.stimulus.parts]
    data["simulation"] = _plain(model.simulation)
    return {key: value for key, value in data.items() if value not in ([], {})}


def _neuron(neuron: Any) -> dict[str, Any]:
    """Give a neuron's tables."""
    if isinstance(neuron, HybridNeuron):
        return _equations(neuron)
    if not neuron.of_channels:
        raise ModelError(f"a {type(neuron).__name__} cannot be written to a model file")
    own = _plain(neuron, without={"channels", "synapses", "calcium", "leak"}) | _leak(neuron.leak)
    tables = {"constants": neuron.constants, "neuron": own}
    tables |= {"calcium": _plain(neuron.calcium)} if neuron.calcium else {}
    return tables | {
        "channels": [_plain(channel) for channel in neuron.channels],
        "synapses": [_plain(synapse) for synapse in neuron.synapses],
    }


def _leak(leak: Leak | None) -> dict[str, Any]:
    """Give the keys of a leak in absolute units; its unit is also what currents are told in."""
    if leak is None:
        return {}
    area = {} if leak.area is None else {"area": f"{leak.area!r} cm^2"}
    return {"g_L": f"{leak.g_L!r} {leak.conductance_unit}"} | area


def _equations(neuron: HybridNeuron) -> dict[str, Any]:
    """Give the tables of equations of one's own."""
    states = [name for name, _ in neuron.equations]
    known = sorted({*states, *(name for name, _ in neuron.parameters), "I"})
    rule = neuron.refractory
    threshold = _text("v_thresh", neuron.threshold, known) if neuron.fires else NO_THRESHOLD
    words = {"rule": rule} if isinstance(rule, str) else dict(rule)
    unit = {"input_unit": neuron.input_unit} if neuron.input_unit else {}
    return unit | {
        "threshold": threshold,
        "equations": {name: _text(name, value, known) for name, value in neuron.equations},
        "initial": {name: float(value) for name, value in neuron.initial},
        "parameters": {name: float(value) for name, value in neuron.parameters},
        "reset": {name: _text(name, value, known) for name, value in neuron.reset},
        "refractory": {"duration": float(neuron.tau_ref)} | words,
    }


def _text(name: str, value: Any, known: Sequence[str]) -> Any:
    """Give an expression as text that is read again as the same."""
    if not isinstance(value, sympy.Expr):
        return value if isinstance(value, str) else float(value)
    try:
        text = as_text(value)
        symbolic_of(text, *known)
    except ModelError as error:
        raise ModelError(f"{name} cannot be written to a model file: {error}") from error
    return text


def channel_to_dict(channel: Channel) -> dict[str, Any]:
    """Give a channel as it stands in a model file."""
    return _plain(channel)


def _plain(item: Any, without: frozenset[str] | set[str] = frozenset()) -> dict[str, Any]:
    """Give the fields of one object as plain data."""
    data = {}
    for field in attrs.fields(type(item)):
        value = getattr(item, field.name)
        empty = value is None or (isinstance(value, (str, tuple)) and not value)
        if empty or field.name in without or field.name.startswith("_"):
            continue
        if isinstance(value, Expression):
            value = value.text
        elif isinstance(value, NoThreshold):
            value = NO_THRESHOLD
        elif isinstance(value, np.integer):
            value = int(value)  # JSON knows none of NumPy's
        elif isinstance(value, Ions):
            value = _plain(value)
        elif isinstance(value, Scheme):
            value = _plain(value)
            if not value.get("initial") or not isinstance(value["initial"], str):
                value["initial"] = dict(item.scheme.initial)
        elif isinstance(value, tuple):
            parts = bool(value) and attrs.has(type(value[0]))  # all of a kind: a record has many numbers
            value = [_plain(part) for part in value] if parts else list(value)
        data[field.name] = value
    return data


def to_toml(model: Writable) -> str:
    """Give a model as the text of a model file.

    Quantities are written as the numbers that they became; how they did stands in a comment.
    """
    said = [f"# {line}" for line in getattr(model.neuron, "conversions", list)()]
    return "\n".join([*said, *_lines(to_dict(model), "")]).strip() + "\n"


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


def save(model: Writable, path: str | os.PathLike[str]) -> None:
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
    check_path(path)
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
        hint = "; make its folder first" if isinstance(error, FileNotFoundError) else ""
        raise ModelError(f"cannot write {path}: {reason}{hint}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
