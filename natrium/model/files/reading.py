"""From a model file's content to a model, every broken rule with its place."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import attrs
import cattrs
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, override

from natrium.model.absolute import CONDUCTANCE, CURRENT_FOR, OF_LEAK, Door, take_leak
from natrium.model.calcium import Calcium
from natrium.model.channel import Channel, Gate
from natrium.model.checks import (
    Choice,
    Name,
    Number,
    Numbers,
    Optional,
    is_real,
    nearest,
    reads_as_number,
    show,
)
from natrium.model.errors import ModelError, NatriumError
from natrium.model.expressions.constants import (
    activate,
    constants,
)
from natrium.model.files.door import OpenDoor, constants_through, door, first_current, opened, through
from natrium.model.files.tables import APART, Equations, File, NeuronTable
from natrium.model.hybrid import REFRACTORY_RULES
from natrium.model.ions import Ions
from natrium.model.leak import CURRENTS
from natrium.model.neuron import Neuron
from natrium.model.quantities import is_quantity
from natrium.model.scheme import Scheme, Transition
from natrium.model.simulation import Model, Simulation
from natrium.model.stimuli.kinds import KINDS, VERSION
from natrium.model.stimuli.recorded import Csv, Recording
from natrium.model.stimuli.stimulus import Stimulus
from natrium.model.synapse import Synapse
from natrium.model.threshold import TAU_REF, V_THRESH, as_threshold

_MISSING = object()  # for a key that is not there, where another might be
# Of a message: more would not be read.
MAX_TOLD, MAX_TOLD_LENGTH = 50, 400
OF_STIMULI = {"times": "ms", "values": "mV", "factor": "mV"}  # fields whose rule names no unit


def structure_model(data: dict[str, Any]) -> Model:
    """Make a model of a model file's content; see `natrium.model.from_dict`."""
    _table(data)
    try:
        if "equations" in data:
            with opened(OpenDoor()) as open_way:
                ours = _converter().structure(data, Equations)
                neuron = ours.neuron(open_way)
                return Model(neuron=neuron, stimulus=ours.stimuli, simulation=ours.simulation)
        # The file's own constants, and its leak, which the converter finds.
        with constants({}), opened(Door(rather=first_current(data.get("stimuli")))) as way:
            file = _converter().structure(data, File)
            own = {field.name: getattr(file.neuron, field.name) for field in attrs.fields(Neuron)}
            own |= {name: getattr(file, name) for name in APART} | {"leak": way.leak}
        return Model(neuron=Neuron(**own), stimulus=file.stimuli, simulation=file.simulation)
    except (cattrs.BaseValidationError, NatriumError) as error:
        problems = [_short(problem) for problem in dict.fromkeys(_problems(error, ""))]
        if len(problems) == 1:
            raise ModelError(f"not a valid model: {problems[0]}") from None
        lines = "".join(f"\n  {problem}" for problem in problems[:MAX_TOLD])
        if len(problems) > MAX_TOLD:
            lines += f"\n  and {len(problems) - MAX_TOLD} more"
        raise ModelError(f"not a valid model, {len(problems)} rules are broken:{lines}") from None


def _short(problem: str) -> str:
    return problem if len(problem) <= MAX_TOLD_LENGTH else f"{problem[: MAX_TOLD_LENGTH - 3]}..."


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
        known = sorted(_keys(error.cl))
        for count, key in enumerate(sorted(error.extra_fields, key=str)):
            near = nearest(str(key)[:MAX_TOLD_LENGTH], known) if count < MAX_TOLD else ""
            hint = near and f"; did you mean {near}?"
            yield f"{dot}{key}: unknown key; the keys here are {', '.join(known)}{hint}"
    elif isinstance(error, ExceptionGroup):
        for inner in error.exceptions:
            if isinstance(inner, _At):
                yield f"{dot}{inner.key}: {inner}"
            else:
                yield from _problems(inner, place)
    elif isinstance(error, KeyError):
        yield f"{place}: missing key"
    else:
        yield f"{place}: {error}" if place else str(error)


def _keys(cls: type) -> set[str]:
    names = {field.name for field in attrs.fields(cls) if field.init and not field.name.startswith("_")}
    if cls is NeuronTable:
        names = names - APART - {"leak"} | set(OF_LEAK)
    return names | {"kind"} if issubclass(cls, Stimulus) else names


@cache
def _converter() -> cattrs.Converter:
    """Make the converter: each field's own rule checks it, so that all problems come together."""
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    for cls in (Gate, Simulation, Ions, Calcium):
        _register(converter, cls)
    _register(converter, Synapse, prepared=_synapse)
    shared: dict[str, Any] = {
        "natrium": override(struct_hook=_check_version),
        "simulation": override(struct_hook=lambda data, _: converter.structure(_table(data), Simulation)),
        "stimuli": override(struct_hook=_list_of(converter, Stimulus)),
    }
    _register(converter, Scheme, nested={"transitions": Transition})
    _register(converter, Transition)
    single: dict[str, type] = {"scheme": Scheme, "ghk": Ions, "nernst": Ions}
    _register(converter, Channel, {"gates": Gate}, single, one_of=("E", "ghk", "nernst"))
    _register(converter, NeuronTable, left_out=APART | {"leak"})
    known: set[type[Stimulus]] = set()

    def stimulus(data: Any, _: Any) -> Any:
        rest, cls = _kind_of(_table(data))
        if rest.get("target") == "V" and "weight" in rest:  # a state of another kind has no unit
            rest["weight"] = through("weight", rest["weight"], "mV")
        if cls in (Csv, Recording) and rest.get("unit", "mV") != "mV":  # what one of it is, the leak tells
            rest.setdefault("factor", f"1 {rest['unit']}")
        if cls not in known:
            _register(converter, cls)
            known.add(cls)
        return converter.structure(rest, cls)

    converter.register_structure_hook_func(lambda asked: asked is Stimulus, stimulus)
    converter.register_structure_hook(
        File,
        make_dict_structure_fn(
            File,
            converter,
            _cattrs_forbid_extra_keys=True,
            constants=override(struct_hook=lambda data, _: activate(constants_through(_table(data)))),
            neuron=override(struct_hook=lambda data, _: _neuron(converter, _table(data))),
            channels=override(struct_hook=_list_of(converter, Channel)),
            synapses=override(struct_hook=_list_of(converter, Synapse)),
            calcium=override(struct_hook=_table_of(converter, Calcium)),
            **shared,
        ),
    )
    converter.register_structure_hook(
        Equations,
        make_dict_structure_fn(
            Equations,
            converter,
            _cattrs_forbid_extra_keys=True,
            equations=override(struct_hook=_each_of(_equation)),
            initial=override(struct_hook=_each_of(_new_value)),
            parameters=override(struct_hook=_each_of(_number)),
            constants=override(struct_hook=lambda data, _: constants_through(_table(data))),
            input_unit=override(struct_hook=_input_unit),
            threshold=override(struct_hook=_threshold),
            reset=override(struct_hook=_each_of(_new_value)),
            refractory=override(struct_hook=_refractory),
            **shared,
        ),
    )
    return converter


def _neuron(converter: cattrs.Converter, data: dict[str, Any]) -> Any:
    """Read [neuron]; C, g_L or R make the leak, by which what comes after is divided."""
    rest, way = dict(data), door()
    given = {name: rest.pop(name) for name in OF_LEAK if name in rest}
    broken: list[Exception] = []
    if given:
        try:
            rest["tau_m"], way.leak = take_leak(given, rest.get("tau_m"), rather=way.rather)
        except ModelError as error:
            broken.append(error)
            way.broken = True
            rest.pop("tau_m", None)
    try:
        found = converter.structure(rest, NeuronTable)
    except cattrs.BaseValidationError as error:
        broken.append(error)
    if broken:
        raise ExceptionGroup("the neuron", broken)
    return found


def _synapse(data: dict[str, Any]) -> dict[str, Any]:
    """Read the g of a synapse: a conductance over the leak's; without a reversal a current, as inputs are."""
    if "g" not in data:
        return data
    current = "E" not in data
    return data | {"g": through("g", data["g"], "mV" if current else CONDUCTANCE, is_input=current)}


def _input_unit(value: Any, _: Any) -> str:
    Choice(("", "mV", *CURRENTS)).check("input_unit", value)
    return str(value)


def _register(
    converter: cattrs.Converter,
    cls: type,
    nested: dict[str, type] | None = None,
    single: dict[str, type] | None = None,
    left_out: frozenset[str] | set[str] = frozenset(),
    one_of: tuple[str, ...] = (),
    prepared: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> None:
    """Register a class; of the keys `one_of` one must be there, or the first is told as missing."""
    hooks: dict[str, Any] = {}
    for field in attrs.fields(cls):
        if field.name in left_out or field.name.startswith("_"):
            hooks[field.name] = override(omit=True)
        elif nested and field.name in nested:
            kind = nested[field.name]
            hooks[field.name] = override(struct_hook=_list_of(converter, kind))
        elif single and field.name in single:
            hooks[field.name] = override(struct_hook=_table_of(converter, single[field.name]))
        else:
            hooks[field.name] = override(struct_hook=_check_as(field, cls))

    def whole(data: dict[str, Any]) -> dict[str, Any]:
        return data if not one_of or any(key in data for key in one_of) else data | {one_of[0]: _MISSING}

    structure: Any = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **hooks)
    converter.register_structure_hook_func(
        partial(operator.is_, cls), lambda data, asked: structure(whole(prepared(_table(data))), asked)
    )


def _check_as(field: attrs.Attribute[Any], cls: type) -> Callable[[Any, Any], Any]:
    """Make a hook that puts a value through its field's own converter and rule, a quantity made a number."""
    rule: Any = field.validator
    rule = rule.rule if isinstance(rule, Optional) else rule
    unit = CONDUCTANCE if cls is Channel and field.name == "g" else getattr(rule, "unit", "")
    if issubclass(cls, Stimulus):
        unit = OF_STIMULI.get(field.name, unit)
    number = partial(through, unit=unit, is_input=issubclass(cls, Stimulus) and unit in CURRENT_FOR)

    def hook(value: Any, _: Any) -> Any:
        if value is _MISSING:
            raise KeyError(field.name)
        convert: Any = field.converter
        if isinstance(rule, Number):
            value = number(field.name, _bare(field.name, value))
        elif isinstance(rule, Numbers) and isinstance(value, list) and value and isinstance(value[0], str):
            value = [number(f"{field.name}[{index}]", one) for index, one in enumerate(value)]
        if convert is not None:
            value = convert(value)
        if field.validator is not None:
            field.validator(None, field, value)
        return value

    return hook


def _each_of(check: Callable[[str, Any], Any]) -> Callable[[Any, Any], dict[str, Any]]:
    """Make a hook that puts every value of a table through a check, all problems together."""

    def hook(data: Any, _: Any) -> dict[str, Any]:
        found, broken = {}, []
        for name, value in _table(data).items():
            try:
                if slope := re.fullmatch(r"d(\w+)/dt|(\w+)'", name):
                    raise ModelError(f"a slope goes by its state's name alone, {slope[1] or slope[2]}")
                Name().check("a name", name)
                found[name] = check(name, value)
            except ModelError as error:
                broken.append(_At(name, error))
        if broken:
            raise ExceptionGroup("a table", broken)
        return found

    return hook


class _At(ModelError):
    """An error at a key of a table."""

    def __init__(self, key: str, error: ModelError) -> None:
        super().__init__(str(error))
        self.key = key


def _number(name: str, value: Any) -> float:
    value = through(name, _bare(name, value))
    Number().check(name, value)
    return float(value)


def _bare(name: str, value: Any) -> Any:
    """Give a value; refuse a number that stands as text, or alone in a list, and say how it is written."""
    told = ""
    if isinstance(value, list) and len(value) == 1 and is_real(value[0]):
        told = "write it without brackets"
    elif isinstance(value, str) and reads_as_number(value):
        told = "write it without quotes"
    elif isinstance(value, str) and reads_as_number(value.split(" ")[0].replace(",", ".", 1)):
        told = "" if is_quantity(value) else "write a point for the comma"
    elif isinstance(value, str) and is_quantity(value.replace("*", " ", 1)) and "*" in value:
        told = f"write its unit after a blank, {value.replace('*', ' ', 1)}"
    if told:
        raise ModelError(f"{Number().broken(name, value)}: {told}")
    return value


def _equation(name: str, value: Any) -> Any:
    return value if isinstance(value, str) else _number(name, value)


def _new_value(name: str, value: Any) -> Any:
    return value if isinstance(value, str) and not is_quantity(value) else _number(name, value)


def _threshold(value: Any, _: Any) -> Any:
    if isinstance(value, str) and (compared := re.fullmatch(r"\s*V\s*>=?\s*([^<>]+)", value)):
        raise ModelError(f"must be what V is compared with alone, {compared[1].strip()}, got {show(value)}")
    value = through("threshold", value, "mV")
    if not isinstance(value, str):
        V_THRESH.check("threshold", as_threshold(value))
    return value


def _refractory(data: Any, _: Any) -> dict[str, Any]:
    data = dict(_table(data))
    for name, value in data.items():
        if name == "duration":
            data[name] = through(name, value, "ms")
            TAU_REF.check("duration", data[name])
        elif name == "rule" and value == "free":
            raise ModelError(
                f"rule must be 'hold', or 'clamp', by which all but V move on, got {show(value)}"
            )
        elif name == "rule":
            Choice(REFRACTORY_RULES).check("rule", value)
        else:
            Choice(("hold", "free")).check(name, value)
    return data


def _table(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        headed = ": head it with single brackets, [...]" if isinstance(data, list) and data else ""
        raise ModelError(f"must be a table, got {show(data)}{headed}")
    return data


def _table_of(converter: cattrs.Converter, kind: type) -> Callable[[Any, Any], Any]:
    """Make a hook that reads one table."""
    return lambda data, _: converter.structure(_table(data), kind)


def _list_of(converter: cattrs.Converter, kind: type) -> Callable[[Any, Any], Any]:
    """Make a hook that reads a list of tables."""
    return lambda data, _: _list(converter, data, kind)


def _list(converter: cattrs.Converter, data: Any, kind: type) -> Any:
    if not isinstance(data, (list, tuple)):
        headed = ": head each with double brackets, [[...]]" if isinstance(data, dict) else ""
        raise ModelError(f"must be a list of tables, got {show(data)}{headed}")
    return converter.structure(data, tuple[kind, ...])  # type: ignore[valid-type]  # a type at run time


def _kind_of(data: dict[str, Any]) -> tuple[dict[str, Any], type[Stimulus]]:
    rest = dict(data)
    kind = rest.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ModelError(f"kind must be one of {', '.join(KINDS)}, got {show(kind)}")
    return rest, KINDS[kind]


def _check_version(value: Any, _: Any) -> int:
    if type(value) is not int or value != VERSION:
        raise ModelError(f"the version of the file's format must be {VERSION}, got {show(value)}")
    return VERSION
