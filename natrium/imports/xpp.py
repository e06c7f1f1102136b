"""XPP's .ode files: equations, parameters, functions and one reset, read without running anything."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import attrs

from natrium.imports.cell import is_taken, safe
from natrium.imports.guards import without_near_zero
from natrium.imports.infix import FUNCTIONS, Formula, as_value
from natrium.imports.nodes import ZERO, Node, make, name, num, replace, text_of
from natrium.imports.result import Imported
from natrium.imports.xpp_events import Events, events_of, same_slope
from natrium.model import Constant, HybridNeuron, Model, ModelError, Simulation
from natrium.model.errors import CannotImport
from natrium.model.stimuli.signals import Formula as Signal

MAX_LINES, MAX_CALLS = 2_000, 30
TOTAL, STEP = 20.0, 0.05  # XPP's own end and step
RESTING = -20.0  # mV: what starts below this is a membrane in mV, whose spikes pass 0
INPUTS = ("i", "iapp", "i0", "iext", "i_app", "i_ext", "idc")  # what a current is called
VOLTAGES = ("v", "vm", "u")

# Lines that are more than equations, by their first word.
_REFUSED = {
    "wiener": "noise", "markov": "noise", "table": "table", "volterra": "memory", "volt": "memory",
    "special": "networks", "vector": "networks", "solv": "algebraic", "dae": "algebraic", "import": "code",
    "export": "code",
}  # fmt: skip
_BOUNDARY = ("b", "bdry", "bndry")
_SKIPPED = ("set", "only", "options", "opt", "comment", "note", "output")
_NAME = r"[a-z_]\w*"
_PARAMETERS = re.compile(r"(?:p|par\w*(?:-\d+)?|params?)\s+(.*)")
_NUMBERS = re.compile(r"(?:n|num\w*)\s+(.*)")
_STARTS = re.compile(r"(?:i|init\w*)\s+(.*)")
_PAIR = re.compile(rf"\s*({_NAME})\s*=\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*[,\s]\s*")
_ALONE = re.compile(rf"\s*({_NAME})\s*[,\s]\s*")
_RATE = re.compile(rf"(?:d({_NAME})\s*/\s*dt|({_NAME})\s*')\s*=\s*(.+)")
_START = re.compile(rf"({_NAME})\s*\(\s*0\s*\)\s*=\s*(.+)")
_FUNCTION = re.compile(rf"({_NAME})\s*\(([^()=]*)\)\s*=\s*(.+)")
_FIXED = re.compile(rf"!?\s*({_NAME})\s*=\s*(.+)")
_GLOBAL = re.compile(r"global\s+([-+]?\d+)\s+\{?([^{}]+?)\}?\s*\{([^{}]*)\}\s*")


@attrs.define
class _File:
    """What the lines of a file declare, all in lower case as XPP takes them."""

    rates: dict[str, str] = attrs.field(factory=dict)
    starts: dict[str, float] = attrs.field(factory=dict)
    numbers: dict[str, float] = attrs.field(factory=dict)
    fixed: dict[str, str] = attrs.field(factory=dict)
    functions: dict[str, tuple[list[str], str]] = attrs.field(factory=dict)
    resets: list[tuple[int, str, str]] = attrs.field(factory=list)
    options: dict[str, str] = attrs.field(factory=dict)
    left_out: dict[str, None] = attrs.field(factory=dict)
    spelled: dict[str, str] = attrs.field(factory=dict)


def read_ode(text: str, source: str, celsius: float | None = None, current: str | None = None) -> Imported:
    """Read the text of an XPP file (see `natrium.imports.import_model`)."""
    if celsius is not None or current is not None:
        raise CannotImport(
            "options", "XPP's files take neither --celsius nor --current: change the model file"
        )
    declared = _declare(text)
    if not declared.rates:
        raise CannotImport("no equations", "a file must hold equations, x' = ... or dx/dt = ..., got none")
    return _Equations(declared, source).imported()


def _declare(text: str) -> _File:
    found = _File()
    lines = re.sub(r"\\[ \t]*\n", " ", text).split("\n")
    if len(lines) > MAX_LINES:
        raise CannotImport("too large", f"a file may have at most {MAX_LINES} lines, got {len(lines)}")
    for line in lines:
        for word in re.findall(r"[A-Za-z_]\w*", line):
            found.spelled.setdefault(word.lower(), word)
        line = line.split("#")[0].strip().lower()
        if line in ("done", "d"):
            break
        if line and not line.startswith('"'):
            _line(found, line)
    return found


def _line(found: _File, line: str) -> None:
    """Read one line."""
    first = re.split(r"[\s(=]", line)[0]
    rest = line[len(first) :].lstrip()
    if "[" in line or line.startswith("%"):
        raise CannotImport("arrays", f"equations must be written one by one, got {line[:60]!r}")
    if line.startswith("@"):
        for key, value in re.findall(r"(\w+)\s*=\s*([^\s,]+)", line):
            found.options[key] = value
    elif match := _GLOBAL.fullmatch(line):
        found.resets.append((int(match[1]), match[2], match[3]))
    elif match := _RATE.fullmatch(line):
        found.rates[match[1] or match[2]] = match[3]
    elif line.startswith("0"):
        raise CannotImport("algebraic", f"equations must be derivatives, got {line[:60]!r}")
    elif first in _REFUSED and not rest.startswith(("=", "(")):
        raise CannotImport(_REFUSED[first], f"a file must be equations, got the line {line[:60]!r}")
    elif first == "global":
        raise CannotImport("reset", f"a reset must be global 1 condition {{x=...}}, got {line[:60]!r}")
    elif first in ("aux", "a") and not rest.startswith(("=", "(")):
        found.left_out["aux (what is only shown)"] = None
    elif first in _BOUNDARY and not rest.startswith(("=", "(")):
        found.left_out["boundary values (a run begins at its starts)"] = None
    elif first in _SKIPPED and not rest.startswith(("=", "(")):
        found.left_out[first] = None
    elif match := _START.fullmatch(line):
        found.starts[match[1]] = _number(match[2])
    elif not rest.startswith(("=", "(")) and (
        match := _PARAMETERS.fullmatch(line) or _NUMBERS.fullmatch(line)
    ):
        found.numbers |= _pairs(match[1])
    elif not rest.startswith(("=", "(")) and (match := _STARTS.fullmatch(line)):
        found.starts |= _pairs(match[1])
    elif match := _FUNCTION.fullmatch(line):
        found.functions[match[1]] = [one.strip() for one in match[2].split(",") if one.strip()], match[3]
    elif match := _FIXED.fullmatch(line):
        found.fixed[match[1]] = match[2]
    else:
        raise CannotImport("no XPP", f"a line must be one of XPP's, got {line[:60]!r}")


def _number(text: str) -> float:
    node = Formula(text, lambda word: name(word)).node()
    if node.number is None:
        raise CannotImport("no number", f"a start must be a number, got {text[:40]!r}")
    return node.number


def _pairs(text: str) -> dict[str, float]:
    """Read ``name=number`` one after the other, with commas or blanks between; a name alone is zero."""
    found: dict[str, float] = {}
    text, at = re.sub(r"\s*=\s*", "=", text) + " ", 0
    while text[at:].strip():
        if match := _PAIR.match(text, at):
            found[match[1]] = float(match[2])
        elif match := _ALONE.match(text, at):
            found[match[1]] = 0.0
        else:
            raise CannotImport(
                "no number", f"a parameter must be name=number, got {text[at : at + 40].strip()!r}"
            )
        at = match.end()
    return found


class _Equations:
    """Names worked out into formulas of states, parameters and t; then V, its reset and its input."""

    def __init__(self, declared: _File, source: str) -> None:
        self.file, self.source = declared, source
        self.states = list(declared.rates)
        self.done: dict[str, Node] = {}
        self.behind: list[str] = []
        self.assumed: list[str] = []

    # Formulas

    def formula(self, text: str, given: Mapping[str, Node] | None = None) -> Node:
        """Read a formula with everything that its names stand for."""
        given = given or {}
        own: dict[str, Callable[..., Node]] = {word: self._function(word) for word in self.file.functions}
        functions = {**FUNCTIONS, "log": FUNCTIONS["ln"], **own, "not": _opposite}
        return as_value(
            Formula(text, lambda word: given[word] if word in given else self.look_up(word), functions).node()
        )

    def _function(self, word: str) -> Callable[..., Node]:
        arguments, body = self.file.functions[word]

        def call(*given: Node) -> Node:
            if len(given) != len(arguments):
                raise CannotImport("arguments", f"{word} takes {len(arguments)} arguments, got {len(given)}")
            self._go_in(word)
            found = self.formula(body, dict(zip(arguments, given, strict=True)))
            self.behind.pop()
            return without_near_zero(found, self.file.left_out)

        return call

    def _go_in(self, word: str) -> None:
        self.behind.append(word)
        if len(self.behind) > MAX_CALLS:
            raise CannotImport(
                "recursion", f"names must not go round in a circle, got {' -> '.join(self.behind[-4:])}"
            )

    def look_up(self, word: str) -> Node:
        """Give what a name stands for."""
        if word in self.states or word in self.file.numbers or word == "t":
            return name(word)
        if word == "pi":
            return num(math.pi)
        if word not in self.file.fixed:
            raise CannotImport("no such name", f"every name must be declared in the file, got {word}")
        if word not in self.done:
            self._go_in(word)
            self.done[word] = self.formula(self.file.fixed[word])
            self.behind.pop()
        return self.done[word]

    # The model

    def imported(self) -> Imported:
        """Give the model."""
        rates = {state: self.formula(text) for state, text in self.file.rates.items()}
        events = self._events(rates)
        voltage, threshold, reset = events.voltage, events.threshold, events.reset
        self.assumed += events.said
        self.states = [one for one in self.states if one not in events.gone | events.turned.keys()]
        held = {one: events.held(rates[one]) for one in self.states}
        for one in events.turned.keys() & self.file.rates.keys():
            self.file.numbers[one] = self.file.starts.get(one, 0.0)
        turns = events.turns()
        rates = {one: replace(events.awake(rates[one]), turns) for one in self.states}
        if threshold is None and self.file.starts.get(voltage, 0.0) < RESTING:
            threshold = ZERO
        signal = self._signal(rates, voltage)
        self.states = list(rates)
        spelled = self._spelling(voltage, "" if signal is None else signal[0])
        used = {one for node in (*rates.values(), *reset.values(), threshold or ZERO) for one in node.names}
        parameters = {
            spelled[one]: value
            for one, value in self.file.numbers.items()
            if one in used and spelled[one] != "I"
        }
        order = [voltage, *(one for one in self.states if one != voltage)]
        try:
            neuron = HybridNeuron(
                equations={spelled[one]: text_of(rates[one], spelled) for one in order},
                initial={spelled[one]: self.file.starts.get(one, 0.0) for one in order},
                parameters=parameters,
                v_thresh=None if threshold is None else _as_level(threshold, spelled, self.file.numbers),
                reset={spelled[one]: text_of(node, spelled) for one, node in reset.items()},
                tau_ref=events.tau_ref,
                refractory={spelled[one]: "hold" if held.get(one) else "free" for one in order}
                if events.tau_ref
                else "hold",
            )
            inputs = [*([] if signal is None else [signal[1]]), *events.spikes(spelled)]
            stimulus = reduce(operator.add, inputs) if inputs else None
            model = Model(neuron=neuron, stimulus=stimulus, simulation=self._simulation())
        except CannotImport:
            raise
        except ModelError as error:
            raise CannotImport("equations", str(error)) from error
        self._tell(events, threshold)
        return Imported(self.source, "XPP", "", model, tuple(self.assumed))

    def _tell(self, events: Events, threshold: Node | None) -> None:
        if events.voltage != "v":
            self.assumed.insert(0, f"{events.voltage} is taken as the voltage V")
        if events.threshold is None:
            counted = "no spikes are counted" if threshold is None else "a spike is V's way up through 0 mV"
            self.assumed.append(f"there is no reset; {counted}: threshold in the model file says otherwise")
        elif not events.tau_ref:
            self.assumed.append("there is no refractory period: XPP's resets take no time")
        if left := [one for one in self.states if one not in self.file.starts]:
            self.assumed.append(f"what the file gives no start begins at 0, as in XPP: {', '.join(left)}")
        if self.file.left_out:
            self.assumed.append(f"left out: {', '.join(self.file.left_out)}")

    def _events(self, rates: Mapping[str, Node]) -> Events:
        """Tell what the `global` lines do."""
        lines = []
        for sign, condition, actions in self.file.resets:
            done = []
            for action in (one for one in actions.split(";") if one.strip()):
                target, found, value = (one.strip() for one in action.partition("="))
                if target in ("out_put", "arret"):
                    self.file.left_out[target] = None
                elif not found:
                    raise CannotImport("reset", f"a reset must set states, got {action.strip()[:40]!r}")
                else:
                    done.append((target, value))
            lines.append((sign, condition, done))
        fallback = next((one for one in VOLTAGES if one in self.states), self.states[0])
        return events_of(lines, rates, self.file.starts, self.file.numbers, fallback, self.formula)

    def _signal(self, rates: dict[str, Node], voltage: str) -> tuple[str, Any] | None:
        """Make the input of what V's equation has of time, or of a parameter that is a current."""
        parts = {state: _of_time(node, set(self.states)) for state, node in rates.items()}
        found = parts.pop(voltage)
        if any(parts.values()) or len(set(found)) > 1:
            self._count(rates)
        elif found:
            rates[voltage] = _put(rates[voltage], found[0], name("input I"))
            signal = found[0]
            for one in self._currents(rates, voltage):
                if same_slope(rates[voltage], one, "input I"):
                    rates[voltage] = replace(rates[voltage], {one: ZERO})
                    signal = make("+", name(one), signal)
            text = text_of(signal, {one: f"({value!r})" for one, value in self.file.numbers.items()})
            self.assumed.append(f"the input I is {text_of(signal)[:80]}")
            return "input I", Signal(text)
        for one in self._currents(rates, voltage):
            value = self.file.numbers[one]
            self.assumed.append(f"{one} = {value:g} is taken as the input I")
            return one, Constant(value)
        return None

    def _count(self, rates: dict[str, Node]) -> None:
        """Make time a state: more than an input depends on it."""
        clock = "clock"
        while clock in self.file.spelled:
            clock += "_"
        for state, node in rates.items():
            rates[state] = replace(node, {"t": name(clock)})
        rates[clock] = num(1.0)
        self.file.starts[clock] = self._simulation().t_start
        self.assumed.append(f"{clock} is the time: more than an input of V depends on it")

    def _currents(self, rates: dict[str, Node], voltage: str) -> list[str]:
        """List the parameters of V's equation alone that are called as currents are."""
        elsewhere = {one for state, node in rates.items() if state != voltage for one in node.names}
        return [one for one in INPUTS if one in self.file.numbers and one in rates[voltage].names - elsewhere]

    def _spelling(self, voltage: str, current: str) -> dict[str, str]:
        """Say how names are written in the model: V and I, all else as in the file."""
        spelled = {voltage: "V"} | ({current: "I"} if current else {})
        for one in (*self.states, *self.file.numbers):
            own = safe(self.file.spelled.get(one, one))
            while one not in spelled and (own in spelled.values() or is_taken(own)):
                own += "_"
            spelled.setdefault(one, own)
        return spelled

    def _simulation(self) -> Simulation:
        def option(key: str, other: float) -> float:
            try:
                return float(self.file.options.get(key, other))
            except ValueError:
                return other

        begin = option("t0", 0.0)
        return Simulation(t_start=begin, t_end=begin + option("total", TOTAL), dt=abs(option("dt", STEP)))


def _opposite(x: Node) -> Node:
    return make("where", make("!=", x, ZERO), ZERO, num(1.0))


def _as_level(threshold: Node, spelled: Mapping[str, str], numbers: Mapping[str, float]) -> Any:
    """Give a threshold as a number where it is one, else as text."""
    return threshold.number if threshold.number is not None else text_of(threshold, spelled)


def _of_time(node: Node, states: set[str]) -> list[Node]:
    """List the largest parts of a formula that depend on t and on no state."""
    if "t" not in node.names:
        return []
    if node.names.isdisjoint(states):
        return [node]
    return [one for part in node.args for one in _of_time(part, states)]


def _put(node: Node, old: Node, new: Node) -> Node:
    if node == old:
        return new
    if node.op in ("num", "name"):
        return node
    return make(node.op, *(_put(one, old, new) for one in node.args))
