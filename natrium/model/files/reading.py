"""From a model file's content to a model, every broken rule with its place."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import attrs
import cattrs
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, override

from natrium.model.calcium import Calcium
from natrium.model.channel import Channel, Gate
from natrium.model.checks import Choice, Name, Number, show
from natrium.model.errors import ModelError, NatriumError
from natrium.model.expressions.constants import (
    Constants,
    activate,
    as_constants,
    constants,
    spell_out,
)
from natrium.model.hybrid import REFRACTORY_RULES
from natrium.model.hybrid_neuron import HybridNeuron
from natrium.model.ions import Ions
from natrium.model.neuron import TAU_REF, V_THRESH, Neuron
from natrium.model.scheme import Scheme, Transition
from natrium.model.simulation import Model, Simulation
from natrium.model.stimuli.kinds import KINDS, VERSION
from natrium.model.stimuli.stimulus import Stimulus
from natrium.model.synapse import Synapse
from natrium.model.threshold import NO_THRESHOLD, as_threshold

APART = {"channels", "synapses", "calcium"}  # tables of their own beside [neuron]
_MISSING = object()  # for a key that is not there, where another might be
# Of a message: more would not be read.
MAX_TOLD, MAX_TOLD_LENGTH = 50, 400


@attrs.frozen(kw_only=True)
class _File:
    """The top level of a model file; the constants are read before the rates that they stand in."""

    natrium: int
    constants: dict[str, Any] = attrs.field(factory=dict)
    neuron: Neuron
    channels: tuple[Channel, ...] = ()
    synapses: tuple[Synapse, ...] = ()
    calcium: Calcium | None = None
    stimuli: tuple[Stimulus, ...] = ()
    simulation: Simulation = attrs.field(factory=Simulation)


@attrs.frozen
class _Equations:
    """The top level of a model file of equations of one's own."""

    natrium: int
    equations: dict[str, Any]
    initial: dict[str, Any]
    parameters: dict[str, Any] = attrs.field(factory=dict)
    constants: dict[str, Any] = attrs.field(factory=dict)
    threshold: Any = NO_THRESHOLD
    reset: dict[str, Any] = attrs.field(factory=dict)
    refractory: dict[str, Any] = attrs.field(factory=dict)
    stimuli: tuple[Stimulus, ...] = ()
    simulation: Simulation = attrs.field(factory=Simulation)

    def neuron(self) -> HybridNeuron:
        """Make the neuron, every expression read with its place."""
        period = dict(self.refractory)
        duration, rule = period.pop("duration", 0.0), period.pop("rule", None)
        if rule is not None and period:
            raise ModelError("refractory: either a rule, or a word for each state, got both")
        if both := sorted(self.constants.keys() & self.parameters.keys()):
            raise ModelError(f"constants and parameters must differ in name, got {both[0]}")
        known = as_constants(self.parameters | self.constants) if self.constants else ()
        return HybridNeuron(
            equations=_spelled(self.equations, known),
            initial=self.initial,
            parameters=self.parameters | {name: x for name, x in known if not isinstance(x, str)},
            v_thresh=self.threshold,
            reset=_spelled(self.reset, known),
            tau_ref=duration,
            refractory=rule or period or "hold",
        )


def _spelled(table: dict[str, Any], known: Constants) -> dict[str, Any]:
    return {
        name: spell_out(value, known) if isinstance(value, str) else value for name, value in table.items()
    }


@attrs.frozen
class _Neuron(Neuron):
    """The table [neuron]: its channels, its synapses and its calcium stand apart."""


def structure_model(data: dict[str, Any]) -> Model:
    """Make a model of a model file's content; see `natrium.model.from_dict`."""
    _table(data)
    try:
        if "equations" in data:
            ours = _converter().structure(data, _Equations)
            return Model(neuron=ours.neuron(), stimulus=ours.stimuli, simulation=ours.simulation)
        with constants({}):  # the file's own, which the converter finds
            file = _converter().structure(data, _File)
            own = {field.name: getattr(file.neuron, field.name) for field in attrs.fields(Neuron)}
            neuron = Neuron(**own | {name: getattr(file, name) for name in APART})
        return Model(neuron=neuron, stimulus=file.stimuli, simulation=file.simulation)
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
        known = ", ".join(sorted(_keys(error.cl)))
        for key in sorted(error.extra_fields, key=str):
            yield f"{dot}{key}: unknown key; the keys here are {known}"
    elif isinstance(error, ExceptionGroup):
        for inner in error.exceptions:
            yield f"{dot}{inner.key}: {inner}" if isinstance(inner, _At) else f"{place}: {inner}"
    elif isinstance(error, KeyError):
        yield f"{place}: missing key"
    else:
        yield f"{place}: {error}" if place else str(error)


def _keys(cls: type) -> set[str]:
    names = {field.name for field in attrs.fields(cls) if field.init and not field.name.startswith("_")}
    if cls is _Neuron:
        names -= APART
    return names | {"kind"} if issubclass(cls, Stimulus) else names


@cache
def _converter() -> cattrs.Converter:
    """Make the converter: each field's own rule checks it, so that all problems come together."""
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    for cls in (Gate, Simulation, Ions, Calcium, Synapse):
        _register(converter, cls)
    shared: dict[str, Any] = {
        "natrium": override(struct_hook=_check_version),
        "simulation": override(struct_hook=lambda data, _: converter.structure(_table(data), Simulation)),
        "stimuli": override(struct_hook=_list_of(converter, Stimulus)),
    }
    _register(converter, Scheme, nested={"transitions": Transition})
    _register(converter, Transition)
    single: dict[str, type] = {"scheme": Scheme, "ghk": Ions, "nernst": Ions}
    _register(converter, Channel, {"gates": Gate}, single, one_of=("E", "ghk", "nernst"))
    _register(converter, _Neuron, left_out=APART)
    known: set[type[Stimulus]] = set()

    def stimulus(data: Any, _: Any) -> Any:
        rest, cls = _kind_of(_table(data))
        if cls not in known:
            _register(converter, cls)
            known.add(cls)
        return converter.structure(rest, cls)

    converter.register_structure_hook_func(lambda asked: asked is Stimulus, stimulus)
    converter.register_structure_hook(
        _File,
        make_dict_structure_fn(
            _File,
            converter,
            _cattrs_forbid_extra_keys=True,
            constants=override(struct_hook=lambda data, _: activate(_table(data))),
            neuron=override(struct_hook=lambda data, _: converter.structure(_table(data), _Neuron)),
            channels=override(struct_hook=_list_of(converter, Channel)),
            synapses=override(struct_hook=_list_of(converter, Synapse)),
            calcium=override(struct_hook=_table_of(converter, Calcium)),
            **shared,
        ),
    )
    converter.register_structure_hook(
        _Equations,
        make_dict_structure_fn(
            _Equations,
            converter,
            _cattrs_forbid_extra_keys=True,
            equations=override(struct_hook=_each_of(_expression)),
            initial=override(struct_hook=_each_of(_number)),
            parameters=override(struct_hook=_each_of(_number)),
            constants=override(struct_hook=lambda data, _: _table(data)),
            threshold=override(struct_hook=_threshold),
            reset=override(struct_hook=_each_of(_expression)),
            refractory=override(struct_hook=_refractory),
            **shared,
        ),
    )
    return converter


def _register(
    converter: cattrs.Converter,
    cls: type,
    nested: dict[str, type] | None = None,
    single: dict[str, type] | None = None,
    left_out: frozenset[str] | set[str] = frozenset(),
    one_of: tuple[str, ...] = (),
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
            hooks[field.name] = override(struct_hook=_check_as(field))

    def whole(data: dict[str, Any]) -> dict[str, Any]:
        return data if not one_of or any(key in data for key in one_of) else data | {one_of[0]: _MISSING}

    structure: Any = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **hooks)
    converter.register_structure_hook_func(
        partial(operator.is_, cls), lambda data, asked: structure(whole(_table(data)), asked)
    )


def _check_as(field: attrs.Attribute[Any]) -> Callable[[Any, Any], Any]:
    """Make a hook that puts a value through its field's own converter and rule."""

    def hook(value: Any, _: Any) -> Any:
        if value is _MISSING:
            raise KeyError(field.name)
        convert: Any = field.converter
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
    Number().check(name, value)
    return float(value)


def _expression(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return _number(name, value)
    return value


def _threshold(value: Any, _: Any) -> Any:
    V_THRESH.check("threshold", as_threshold(value))
    return value


def _refractory(data: Any, _: Any) -> dict[str, Any]:
    for name, value in _table(data).items():
        if name == "duration":
            TAU_REF.check("duration", value)
        elif name == "rule":
            Choice(REFRACTORY_RULES).check("rule", value)
        else:
            Choice(("hold", "free")).check(name, value)
    return dict(data)


def _table(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ModelError(f"must be a table, got {show(data)}")
    return data


def _table_of(converter: cattrs.Converter, kind: type) -> Callable[[Any, Any], Any]:
    """Make a hook that reads one table."""
    return lambda data, _: converter.structure(_table(data), kind)


def _list_of(converter: cattrs.Converter, kind: type) -> Callable[[Any, Any], Any]:
    """Make a hook that reads a list of tables."""
    return lambda data, _: _list(converter, data, kind)


def _list(converter: cattrs.Converter, data: Any, kind: type) -> Any:
    if not isinstance(data, (list, tuple)):
        raise ModelError(f"must be a list of tables, got {show(data)}")
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
