"""From an NMODL file to a channel in a leak cell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import attrs

from natrium.imports.cell import Kinetics, cell_around
from natrium.imports.currents import Branch, branches_of, is_leak
from natrium.imports.gates import Rates, flow_of_update, rates_of
from natrium.imports.kinetics import REST, Part, parts_of, ways_of
from natrium.imports.nmodl.counted import leave_counted
from natrium.imports.nmodl.known import check_known, check_timeless
from natrium.imports.nmodl.program import CELSIUS, IONS, OTHER_ION, Ion, Program, declare
from natrium.imports.nmodl.run import Run
from natrium.imports.nmodl.source import Tree, include, parse, prepare
from natrium.imports.nodes import Node, terms_of, text_of, value_of
from natrium.imports.result import AROUND, OPEN, Imported, Mechanism
from natrium.model.errors import CannotImport

_SAME = 1e-9
ALL = "all"  # the word for every current
DIGITS = 6  # of a parameter, in what NEURON's translator writes


def read_mod(
    text: str,
    source: str,
    celsius: float | None = None,
    current: str | None = None,
    folder: Path | None = None,
) -> Imported:
    """Read the text of an NMODL file and of what it includes (see `natrium.imports.import_model`)."""
    text, taken = include(text, folder) if folder else (text, [])
    bare, title = prepare(text)
    (tree,) = parse([bare])
    found = read_tree(tree, source, title, celsius, current)
    said = [f"{one} is included, and read in its place" for one in dict.fromkeys(taken)]
    return attrs.evolve(found, assumed=(*said, *found.assumed))


def read_tree(
    tree: Tree | CannotImport,
    source: str,
    title: str = "",
    celsius: float | None = None,
    current: str | None = None,
) -> Imported:
    """Make a model of what the parser gave.

    Raises
    ------
    CannotImport
        When it is no channel, or one that no model here can be.
    """
    if isinstance(tree, CannotImport):
        raise tree
    program = declare(tree)
    values, notes = _values(program, celsius), list[str]()
    run = Run(program, values)
    run.go()
    for one in (one for one in program.currents if one in run.names):
        check_known(run.names[one])
    leave_counted(program, run)
    flows = _Flows(program, run)
    flows.find(values)
    chosen = _chosen(program, run, values, current, notes)
    branches, zeroed = _branches(program, run, values, chosen, notes)
    initial = _initial(run, flows, values, {one for branch in branches for one in branch.powers})
    if initial:
        said = ", ".join(f"{key} = {value:g}" for key, value in initial.items())
        notes.append(f"starts at {said}, as the file says; all else at its steady state")
    kinetics = Kinetics(flows.gates, flows.schemes, initial, values, values.get("cai"))
    model, gates = cell_around(program.suffix, branches, kinetics, f"{source}{f': {title}' if title else ''}")
    if model.neuron.calcium is not None:
        notes.append(
            f"calcium stays at {values['cai']:g} mM: the file only reads cai. Give [calcium] its tau, "
            "factor and channels"
        )
    used = {one for rate in flows.all_rates() for one in rate.names} | run.frozen
    used |= {one for current in chosen for one in run.names[current].names}
    temperature = values["celsius"] if "celsius" in used else None
    notes[:0] = [
        *_of_ions(program, values, used),
        *_not_given(program, used & (values.keys() - zeroed.keys())),
    ]
    rounded = _rounded(program)
    notes += [
        f"{one} = {rounded[one]!r}, of which NEURON itself keeps six digits" for one in rounded if one in used
    ]
    if temperature is not None:
        notes.insert(0, _of_temperature(program, celsius, temperature))
    notes.append(AROUND)
    ions = {one: values[one] for ion in program.ions.values() for one in ion.reads if one in values}
    mechanism = Mechanism(
        program.suffix,
        {one: one not in program.nonspecific for one in chosen},
        values["celsius"],
        ions,
        tuple(dict.fromkeys(one for state in gates for one in (state, flows.pairs.get(state)) if one)),
        gates,
        zeroed | {one: rounded[one] for one in rounded if one not in ions},
        pairs=flows.pairs,
        stepped=bool(run.updates),
    )
    return Imported(source, "NMODL", title, model, tuple(dict.fromkeys([*notes, *run.assumed()])), mechanism)


def _of_ions(program: Program, values: Mapping[str, float], used: set[str]) -> list[str]:
    """Say where the numbers of an ion come from that the file reads."""
    told = []
    for variable, default in (
        (one, ion.default(one)) for ion in program.ions.values() for one in ion.reads if one in used
    ):
        unit, given = "mV" if variable.startswith("e") else "mM", program.parameters.get(variable)
        if default is None or variable == "cai":
            continue
        if given is None:
            told.append(f"{variable} = {values[variable]:g} {unit}, NEURON's own where nothing sets it")
        elif given != default:
            told.append(
                f"{variable} = {given:g} {unit}, the file's own; NEURON goes by the ion's, {default:g} "
                "where nothing "
                "sets it"
            )
    return told


def _not_given(program: Program, used: set[str]) -> list[str]:
    """Say which parameters the file gives no number."""
    others = (one for ion in program.ions.values() for one in ion.reads if ion.default(one) is not None)
    used = used - {"celsius", *others}
    missing = [one for one, value in program.parameters.items() if value is None and one in used]
    said = "0: the file gives it no number, for which NEURON takes 0; change it to what is meant"
    return [f"{one} = {said}" for one in missing]


def _rounded(program: Program) -> dict[str, float]:
    """Give the parameters that NEURON's translator writes with fewer digits than the file."""
    given = {key: value for key, value in program.parameters.items() if value is not None}
    return {key: value for key, value in given.items() if float(f"{value:.{DIGITS}g}") != value}


def _of_temperature(program: Program, asked: float | None, taken: float) -> str:
    if asked is not None:
        return f"at {taken:g} degrees, as asked"
    if program.parameters.get("celsius") is not None:
        return f"at {taken:g} degrees, the file's own (NEURON goes by h.celsius): --celsius gives another"
    return f"at {taken:g} degrees, NEURON's own where nothing sets it: --celsius gives another"


def _values(program: Program, celsius: float | None) -> dict[str, float]:
    """Give every parameter and every variable of an ion its number."""
    values = {key: value if value is not None else 0.0 for key, value in program.parameters.items()}
    for other in ("v", "t", "dt"):
        values.pop(other, None)
    given = program.parameters.get("celsius")
    values["celsius"] = celsius if celsius is not None else CELSIUS if given is None else given
    for ion in program.ions.values():
        for variable in ion.reads:
            default = ion.default(variable)
            given = program.parameters.get(variable)
            if given is None and default is not None:
                values[variable] = default
    return values


@attrs.define
class _Flows:
    """How each state moves: as a gate, or as one of a scheme."""

    program: Program
    run: Run
    gates: dict[str, Rates] = attrs.field(factory=dict)
    schemes: list[Part] = attrs.field(factory=list)
    whole: list[tuple[str, ...]] = attrs.field(factory=list)
    pairs: dict[str, str] = attrs.field(factory=dict)

    def all_rates(self) -> list[Node]:
        """List every rate."""
        return [one for rates in self.gates.values() for one in rates.values()] + [
            one for part in self.schemes for one in part.rates.values()
        ]

    def find(self, values: Mapping[str, float]) -> None:
        """Read gates and schemes off derivatives, updates and reactions."""
        states = frozenset(self.program.states)
        ways = self._coupled(states, values)
        for state, flow in self.run.derivatives.items():
            if not any(state in way for way in ways):
                self.gates[state] = rates_of(state, flow, states)
        for state, update in self.run.updates.items():
            check_known(update)
            moved = flow_of_update(state, update, dict(values))
            self.gates[state] = {"inf": update} if moved is None else rates_of(state, moved, states)
        self._react(states, values)
        self._divide((*self.program.states, REST), ways)
        for rate in self.all_rates():
            check_timeless(rate)
        self._check_start(values)

    def _check_start(self, values: Mapping[str, float]) -> None:
        """See that states which nothing else makes shares add up to one where they start."""
        for states in [] if self.run.settled or self.run.conserved else self.whole:
            nodes = [self.run.started[one] for one in states]
            if any(node.names & {"v", "cai"} for node in nodes):
                self.run.note(f"{', '.join(states)} are taken to add up to one: the file has no CONSERVE")
            elif abs((total := sum(float(value_of(node, values)) for node in nodes)) - 1.0) > _SAME:
                raise CannotImport(
                    "not shares",
                    f"the states of a scheme must add up to 1, got {', '.join(states)} = {total:g} at "
                    "the start",
                )

    def _coupled(self, states: frozenset[str], values: Mapping[str, float]) -> list[tuple[str, str, Node]]:
        """Give the ways between states whose derivatives need each other."""
        flows = self.run.derivatives
        needed = {one: (flow.names & states) - {one} for one, flow in flows.items()}
        tied = {
            one for one, others in needed.items() if others or any(one in rest for rest in needed.values())
        }
        for one in tied:
            if unknown := needed[one] - flows.keys():
                raise CannotImport("coupled states", f"{one}' needs {min(unknown)}, which has no derivative")
        return ways_of({one: flows[one] for one in flows if one in tied}, values) if tied else []

    def _react(self, states: frozenset[str], values: Mapping[str, float]) -> None:
        ways = []
        for tree, forward, backward in self.run.reactions:
            at = next(k for k, one in enumerate(tree.parts) if one.kind == "ReactionOperator")
            source, target = (
                _one_state(self.run, one, states) for one in (tree.parts[at - 1], tree.parts[at + 1])
            )
            ways += [(source, target, forward), (target, source, backward)]
        for left, right in self.run.conserved:
            self._check_conserved(left, right, states, values)
        self._divide(tuple(self.program.states), ways)

    def _divide(self, states: tuple[str, ...], ways: list[tuple[str, str, Node]]) -> None:
        """Make gates of two states that react with each other alone, and schemes of more."""
        for part in parts_of(states, ways):
            if REST not in part.states:
                self.whole.append(part.states)
            if len(part.states) == 2 and REST not in part.states:
                self.gates |= {one: part.gate(one) for one in part.states}
                self.pairs |= dict(zip(part.states, reversed(part.states), strict=True))
            else:
                self.schemes.append(part)

    def _check_conserved(
        self, left: Node, right: Node, states: frozenset[str], values: Mapping[str, float]
    ) -> None:
        total = float(value_of(right, values)) if right.names.isdisjoint(states) else math.nan
        weights = [float(value_of(one, values)) for one, _ in terms_of(left, states)]
        if not abs(total - 1.0) <= _SAME or any(one != 1.0 for one in weights):
            raise CannotImport(
                "not shares",
                f"the states of a scheme must add up to 1, got CONSERVE {text_of(left)[:80]} = {total:g}",
            )


def _one_state(run: Run, tree: Tree, states: frozenset[str]) -> str:
    node = run.value(tree)
    if node.op != "name" or node.args[0] not in states:
        raise CannotImport(
            "open KINETIC", f"a reaction must lead from one state to another, got {text_of(node)[:60]}"
        )
    return str(node.args[0])


def _chosen(
    program: Program, run: Run, values: dict[str, float], asked: str | None, notes: list[str]
) -> list[str]:
    """Choose the currents that carry something, or those that are asked for."""
    currents = [one for one in program.currents if one in run.names]
    if not currents:
        raise CannotImport(
            "no current", "a channel must write a current, by USEION ... WRITE or NONSPECIFIC_CURRENT"
        )
    if asked is not None:
        wanted = currents if asked == ALL else [one.strip() for one in asked.split(",")]
        if unknown := [one for one in wanted if one not in currents]:
            raise CannotImport("no current", f"--current must be of {', '.join(currents)}, got {unknown[0]}")
        return list(dict.fromkeys(wanted))
    states = frozenset(program.states)
    leaks = [one for one in currents if is_leak(run.names[one], states, values)]
    if len(leaks) == len(currents):
        leaks = []
    gated = [one for one in currents if one not in leaks]
    live = [one for one in gated if not _is_nothing(run.names[one], states, values)]
    if not live and len(gated) > 1:  # what opens the first may open others
        opened = {**values, **_opened(run.names[gated[0]], states, values)}
        live = [one for one in gated if not _is_nothing(run.names[one], states, opened)]
    if len(live) > 1:
        notes.append(f"{', '.join(live)} are read, a channel of each: --current {live[0]} takes one")
    if live and (left := [one for one in gated if one not in live]):
        notes.append(f"{', '.join(left)} carries nothing at the file's own numbers, and is left out")
    if leaks:
        notes.append(f"{', '.join(leaks)} is a leak of the file's own: a channel without gates")
    return [*(live or gated[:1]), *leaks]


def _branches(
    program: Program, run: Run, values: dict[str, float], chosen: list[str], notes: list[str]
) -> tuple[list[Branch], dict[str, float]]:
    """Take the chosen currents apart; give the parameters, too, that were zero and are not here."""
    states, zeroed, branches = frozenset(program.states), dict[str, float](), list[Branch]()
    for one in chosen:
        current = run.names[one]
        check_timeless(current)
        ion = next((ion for ion in program.ions.values() if ion.current == one), None)
        if _is_nothing(current, states, values):
            opened = _opened(current, states, values)
            values |= opened
            zeroed |= opened
            said = ", ".join(f"{key} = {value:.6g}" for key, value in opened.items())
            notes.append(f"the file's conductance is zero; {said} is taken, {OPEN:g} S/cm2")
        label = "" if len(chosen) == 1 else ion.name if ion else one
        found = branches_of(current, states, values, None if ion is None else _carried(ion, values))
        branches += [attrs.evolve(branch, label=label) for branch in found]
    return branches, zeroed


def _carried(ion: Ion, values: Mapping[str, float]) -> tuple[int, float, float]:
    _, inside, outside = IONS.get(ion.name, OTHER_ION)
    return (
        ion.valence or 1,
        values.get(f"{ion.name}i", inside),
        values.get(f"{ion.name}o", outside),
    )


def _is_nothing(current: Node, states: frozenset[str], values: Mapping[str, float]) -> bool:
    """Tell whether a current is zero whatever V and its states are."""
    given = {**values, **dict.fromkeys(states, 0.6180339887)}
    return all(float(value_of(current, {**given, "v": v})) == 0.0 for v in (-83.1, -41.7, 12.9))


def _opened(current: Node, states: frozenset[str], values: Mapping[str, float]) -> dict[str, float]:
    """Find the parameter that is the conductance, by what opens the channel when it is not zero."""
    for key in sorted(one for one in current.names if values.get(one) == 0.0):
        trial = {**values, key: 1.0}
        if _is_nothing(current, states, trial):
            continue
        given = {**trial, **dict.fromkeys(states, 1.0)}
        slope = abs(
            float(value_of(current, {**given, "v": -20.0})) - float(value_of(current, {**given, "v": -21.0}))
        )
        if math.isfinite(slope) and slope > 0.0:
            return {key: float(f"{OPEN / slope:.6g}")}
    raise CannotImport(
        "no conductance", "a channel must carry a current, got one that is zero whatever its numbers"
    )


def _initial(run: Run, flows: _Flows, values: Mapping[str, float], used: set[str]) -> dict[str, float]:
    """Give those of the used states that start at a number; all others start at their steady state."""
    found = {}
    for state, node in run.started.items():
        if not node.names & {"v", "cai"} and 0.0 <= (value := float(value_of(node, values))) <= 1.0:
            found[state] = value
    for part in flows.schemes:
        total = sum(found.get(one, math.nan) for one in part.told)
        if not (total <= 1.0 if REST in part.states else math.isclose(total, 1.0, abs_tol=_SAME)):
            found = {key: value for key, value in found.items() if key not in part.states}
        elif used & set(part.states):
            used |= set(part.states)
    return {key: value for key, value in found.items() if key in used}
