"""The JSON Schema of model files, made from the classes that they are read into: editors complete by it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import attrs

from natrium.model.absolute import OF_LEAK
from natrium.model.calcium import Calcium
from natrium.model.channel import Channel, Gate
from natrium.model.checks import _NAME, Choice, Count, Flag, Name, Number, Numbers, Optional, Text
from natrium.model.files.tables import APART
from natrium.model.hybrid import REFRACTORY_RULES
from natrium.model.ions import Ions
from natrium.model.leak import CURRENTS
from natrium.model.neuron import Neuron
from natrium.model.scheme import Scheme, Transition
from natrium.model.simulation import Simulation
from natrium.model.stimuli.kinds import KINDS, VERSION
from natrium.model.synapse import Synapse
from natrium.model.threshold import TAU_REF, NoThreshold

Schema = dict[str, Any]
FILE = f"natrium-{VERSION}.schema.json"  # its name, wherever it lies; of the repository's folder schema/
CLASSES = (Channel, Gate, Calcium, Ions, Synapse, Scheme, Transition, Simulation)
# A number, or text: a quantity with its unit.
QUANTITY: Schema = {"type": ["number", "string"]}
TEXT: Schema = {"type": "string"}
EXPRESSION: Schema = {"type": ["string", "number"]}
# What stands in a field without a rule of its own, by its type.
PLAIN: dict[str, Schema] = {
    "str": TEXT,
    "int": {"type": "integer"},
    "float | str": QUANTITY,
    "Expression": EXPRESSION,
    "tuple[str, ...]": {"type": ["array", "string"], "items": TEXT},
}


def schema_text() -> str:
    """Give the schema as it stands in a file."""
    return json.dumps(schema(), indent=1) + "\n"


def schema() -> Schema:
    """Give the schema of a model file, version 1, as plain data (draft 2020-12).

    Where the rest depends on a word it is if and then, so that an editor tells the one rule that is broken.
    """
    channels = {"channels": _list("Channel"), "synapses": _list("Synapse"), "calcium": _one("Calcium")}
    shared = {
        "natrium": {"const": VERSION, "description": "version of the file's format"},
        "constants": _each({"type": ["number", "string"]}, "names for numbers in rates"),
        "stimuli": {"type": "array", "items": {"$ref": "#/$defs/Stimulus"}},
        "simulation": _one("Simulation"),
    }
    named = {"propertyNames": {"pattern": _whole(_NAME.pattern)}}
    own = {
        "equations": _each(EXPRESSION, "time derivative of each state, V first") | named,
        "initial": _each(QUANTITY, "each state at the start") | named,
        "parameters": _each(QUANTITY, "values of all other names") | named,
        "threshold": QUANTITY | {"description": 'mV, an expression, or "none"'},
        "reset": _each(EXPRESSION, "states just after a spike") | named,
        "refractory": {
            "type": "object",
            "properties": {
                "duration": _of_rule(TAU_REF),
                "rule": {"enum": list(REFRACTORY_RULES)},
            },
            "additionalProperties": {"enum": ["hold", "free"]},
        },
        "input_unit": {"enum": ["", "mV", *CURRENTS]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "natrium model file",
        "type": "object",
        "required": ["natrium"],
        "if": {"required": ["equations"]},
        "then": _closed(shared | own, ["equations", "initial"]),
        "else": _closed(shared | {"neuron": {"$ref": "#/$defs/Neuron"}} | channels, ["neuron"]),
        "$defs": {cls.__name__: _of_class(cls) for cls in CLASSES}
        | {"Neuron": _neuron(), "Stimulus": _stimulus()},
    }


def _of_class(cls: Any, without: frozenset[str] | set[str] = frozenset()) -> Schema:
    """Give the schema of a table that is read into a class."""
    fields = [
        field for field in attrs.fields(cls) if not field.name.startswith("_") and field.name not in without
    ]
    required = [field.name for field in fields if field.default is attrs.NOTHING]
    found = _closed({field.name: _of_field(field) for field in fields}, required)
    if cls is Channel:
        others = [{"required": [name]} for name in ("ghk", "nernst")]
        found |= {"if": {"not": {"anyOf": others}}, "then": {"required": ["E"]}}
    if cls is Simulation:
        script = {"properties": {"solver": {"const": "script"}}, "required": ["solver"]}
        found |= {"if": script, "then": {"required": ["dt"]}}
    return found


def _neuron() -> Schema:
    """Give the schema of [neuron]: what else gives the leak stands in it too."""
    found = _of_class(Neuron, APART | {"leak"})
    found["properties"] |= dict.fromkeys(OF_LEAK, TEXT)
    return found


def _stimulus() -> Schema:
    """Give the schema of an input: by its kind."""
    kinds = []
    for kind, cls in KINDS.items():
        table = _of_class(cls)
        table["properties"]["kind"] = {"const": kind}
        kinds.append({"if": {"properties": {"kind": {"const": kind}}}, "then": table})
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(KINDS)}},
        "allOf": kinds,
    }


def _of_field(field: Any) -> Schema:
    """Give the schema of one value: by its rule, or by its type where it has none."""
    rule = field.validator.rule if isinstance(field.validator, Optional) else field.validator
    found = _of_rule(rule)
    if not found:
        kind = _type_name(field.type)
        many = re.fullmatch(r"tuple\[([A-Z]\w+), \.\.\.\]", kind)
        names = {cls.__name__ for cls in CLASSES}
        found = _list(many[1]) if many else _one(kind) if kind in names else dict(PLAIN.get(kind, {}))
    plain = isinstance(field.default, (bool, int, float, str)) and not isinstance(field.default, NoThreshold)
    if plain and field.default != "":
        found["default"] = field.default
    return found


def _type_name(kind: Any) -> str:
    """Give a field's type as it is written: text, or the type itself once a file was read."""
    text = kind.__name__ if isinstance(kind, type) else re.sub(r"[\w.]+\.(\w+)", r"\1", str(kind))
    return text.removesuffix(" | None")


def _of_rule(rule: Any) -> Schema:
    """Give the schema of a rule; empty where there is none to tell."""
    if isinstance(rule, Number):
        low = {"exclusiveMinimum" if rule.open_low else "minimum": rule.low}
        bounds = (low if math.isfinite(rule.low) else {}) | (
            {"maximum": rule.high} if math.isfinite(rule.high) else {}
        )
        told = ", ".join(filter(None, (rule.meaning, rule.unit)))
        return QUANTITY | bounds | ({"description": told} if told else {})
    if isinstance(rule, Count):
        return {"type": "integer", "minimum": rule.low, "maximum": rule.high}
    if isinstance(rule, Numbers):
        return {"type": "array", "items": QUANTITY, "minItems": rule.at_least}
    if isinstance(rule, Choice):
        return {"enum": list(rule.words)}
    if isinstance(rule, Flag):
        return {"type": "boolean"}
    if isinstance(rule, Name):
        return TEXT | {"pattern": _whole(_NAME.pattern)}
    return dict(TEXT) if isinstance(rule, Text) else {}


def _whole(pattern: str) -> str:
    return f"^{pattern}$"


def _closed(properties: Schema, required: list[str]) -> Schema:
    """Give the schema of a table that holds these keys and no others."""
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": required} if required else {})


def _each(value: Schema, description: str) -> Schema:
    return {"type": "object", "additionalProperties": value, "description": description}


def _list(name: str) -> Schema:
    return {"type": "array", "items": _one(name)}


def _one(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
