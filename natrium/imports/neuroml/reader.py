"""From a NeuroML 2 channel to a channel in a leak cell."""

from __future__ import annotations

import attrs

from natrium.imports.cell import Kinetics, cell_around
from natrium.imports.currents import branches_of
from natrium.imports.gates import Rates
from natrium.imports.guards import told, without_guards
from natrium.imports.kinetics import Part, parts_of
from natrium.imports.neuroml.components import component
from natrium.imports.neuroml.xml import Element, read_xml
from natrium.imports.nodes import ONE, Node, make, name, num
from natrium.imports.result import AROUND, OPEN, Imported
from natrium.model.errors import CannotImport

# What species reverse at, where nothing says it: NEURON's own numbers.
REVERSALS = {"na": 50.0, "k": -77.0, "ca": 132.4579341637009}
CALCIUM = 5e-5  # mM
_CHANNELS = ("ionChannel", "ionChannelHH", "ionChannelKS", "ionChannelVShift")
_GATES = (
    "gate", "gateHHrates", "gateHHratesTau", "gateHHtauInf", "gateHHratesInf", "gateHHratesTauInf",
    "gateHHInstantaneous", "gateFractional", "gateKS", "gateHHUndetermined",
)  # fmt: skip


@attrs.define
class _Read:
    """What is gathered from a channel's gates."""

    types: dict[str, Element]
    celsius: float | None
    values: dict[str, float]
    assumed: list[str]
    gates: dict[str, Rates] = attrs.field(factory=dict)
    schemes: list[Part] = attrs.field(factory=list)
    states: list[str] = attrs.field(factory=list)
    guards: dict[str, None] = attrs.field(factory=dict)


def read_neuroml(
    text: str, source: str, celsius: float | None = None, current: str | None = None
) -> Imported:
    """Read the text of a NeuroML file with a channel (see `natrium.imports.import_model`)."""
    document = read_xml(text)
    channel = _channel(document, current)
    named = channel.word("id")
    read = _Read(
        {one.word("name"): one for one in document.walk() if one.tag == "ComponentType"}, celsius, {}, []
    )
    _temperature(channel, read)
    E, carried = _reversal(channel)
    read.assumed.append(carried)
    conductance: Node = num(OPEN)
    read.assumed.append(f"{OPEN:g} S/cm2 is taken: a channel's file does not say how many there are")
    for scaling in channel.all("q10ConductanceScaling"):
        conductance = make("*", conductance, _q10(scaling, named, read))
    for gate in (one for one in channel.parts if one.tag in _GATES):
        conductance = make("*", conductance, _gate(gate, read))
    if unknown := [
        one.tag for one in channel.parts if one.tag.lower().startswith("gate") and one.tag not in _GATES
    ]:
        raise CannotImport("unknown type", f"a gate must be one of {', '.join(_GATES)}, got {unknown[0]}")
    whole = make("*", conductance, make("-", name("v"), num(E)))
    read.values |= {"cai": CALCIUM}
    branches = branches_of(whole, frozenset(read.states), read.values, None)
    model, _ = cell_around(
        named, branches, Kinetics(read.gates, read.schemes, {}, read.values, CALCIUM), source
    )
    if model.neuron.calcium is not None:
        read.assumed.append(f"calcium stays at {CALCIUM:g} mM: give [calcium] its tau, factor and channels")
    read.assumed += [*told(read.guards), AROUND]
    return Imported(source, "NeuroML", named, model, tuple(read.assumed))


def _channel(document: Element, asked: str | None) -> Element:
    found = [one for one in document.walk() if one.tag in _CHANNELS]
    names = [one.word("id") for one in found]
    if asked is not None and asked not in names:
        raise CannotImport(
            "no channel", f"--current must be one of {', '.join(names) or 'none'}, got {asked}"
        )
    chosen = [one for one in found if asked in (None, one.word("id"))]
    if not chosen:
        inside = ", ".join(one.tag for one in document.parts[:5]) or document.tag
        raise CannotImport("no channel", f"a file must hold one of {', '.join(_CHANNELS)}, got {inside}")
    if len(chosen) > 1:
        raise CannotImport("several channels", f"choose one of {', '.join(names)}: --current {names[0]}")
    if chosen[0].tag == "ionChannelVShift" or "vShift" in chosen[0].given:
        raise CannotImport(
            "unknown type", "a shift of V is given where the channel is used, got ionChannelVShift"
        )
    return chosen[0]


def _reversal(channel: Element) -> tuple[float, str]:
    species = channel.given.get("species", "").lower()
    if species in REVERSALS:
        E = REVERSALS[species]
        return E, f"E = {E:g} mV is taken for {species}: a channel's file does not say it"
    return 0.0, f"E = 0 mV is taken: the file says neither it nor an ion ({species or 'no species'})"


def _temperature(channel: Element, read: _Read) -> None:
    """Choose the temperature: as asked, or the first at which rates were measured."""
    given = [one.quantity("experimentalTemp") for one in channel.walk() if "experimentalTemp" in one.given]
    read.values["celsius"] = read.celsius if read.celsius is not None else given[0] if given else 6.3
    if given:
        how = "as asked" if read.celsius is not None else "at which it was measured: --celsius gives another"
        read.assumed.append(f"at {read.values['celsius']:g} degrees, {how}")


def _q10(one: Element, owner: str, read: _Read) -> Node:
    """Give the factor of a temperature, its numbers by names."""
    if one.given.get("type") == "q10Fixed" or "fixedQ10" in one.given:
        return num(one.quantity("fixedQ10"))
    if one.given.get("type", "q10ExpTemp") not in ("q10ExpTemp",) and "q10Factor" not in one.given:
        raise CannotImport(
            "unknown type", f"a q10 must be q10Fixed or q10ExpTemp, got {one.given.get('type')}"
        )
    factor, at = f"q10_{owner}", f"celsius_{owner}"
    read.values |= {factor: one.quantity("q10Factor"), at: one.quantity("experimentalTemp")}
    warmer = make("-", name("celsius"), name(at))
    return make("**", name(factor), make("/", warmer, num(10.0)))


def _pace(gate: Element, owner: str, read: _Read) -> Node:
    pace = ONE
    for k, one in enumerate(gate.all("q10Settings")):
        pace = make("*", pace, _q10(one, owner if k == 0 else f"{owner}_{k}", read))
    return pace


def _gate(gate: Element, read: _Read) -> Node:
    """Give what a gate multiplies the conductance by, and keep its rates."""
    kind = gate.given.get("type", "") if gate.tag == "gate" else gate.tag
    own, power = gate.word("id"), gate.quantity("instances") if "instances" in gate.given else 1.0
    if not power.is_integer() or power < 1.0:
        raise CannotImport("instances", f"instances must be a whole number, got {power:g} of gate {own}")
    if kind == "gateKS":
        share = _scheme(gate, own, read)
    elif kind == "gateFractional":
        share = _fractions(gate, own, read)
    else:
        rates = _rates(gate, kind, own, read)
        share = rates["inf"] if list(rates) == ["inf"] else _state(own, rates, read)
    return make("**", share, num(power))


def _state(own: str, rates: Rates, read: _Read) -> Node:
    if own in read.states:
        raise CannotImport("incomplete", f"gates must differ in id, got {own} twice")
    read.gates[own] = rates
    read.states.append(own)
    return name(own)


def _part(gate: Element, tag: str, read: _Read, **around: Node) -> Node | None:
    """Give a rate, a steady state or a time course of a gate; None where it has none."""
    one = gate.first(tag)
    return (
        None if one is None else without_guards(component(one, read.types, around), read.values, read.guards)
    )


def _rates(gate: Element, kind: str, own: str, read: _Read) -> Rates:
    """Give a gate's rates, as NeuroML's definition of its type has them."""
    pace = _pace(gate, own, read)
    alpha, beta = (_part(gate, tag, read) for tag in ("forwardRate", "reverseRate"))
    around = {"rateScale": pace} | (
        {"alpha": alpha, "beta": beta} if alpha is not None and beta is not None else {}
    )
    inf, tau = (_part(gate, tag, read, **around) for tag in ("steadyState", "timeCourse"))
    slower = None if tau is None else make("/", tau, pace)
    if alpha is not None and beta is not None:
        total = make("+", alpha, beta)
        if inf is None and tau is None:
            return {"alpha": make("*", alpha, pace), "beta": make("*", beta, pace)}
        return {
            "inf": inf if inf is not None else make("/", alpha, total),
            "tau": slower if slower is not None else make("/", ONE, make("*", total, pace)),
        }
    if inf is not None and slower is not None:
        return {"inf": inf, "tau": slower}
    if inf is not None and kind == "gateHHInstantaneous":
        return {"inf": inf}
    has = ", ".join(one.tag for one in gate.parts) or "nothing"
    raise CannotImport(
        "unknown type", f"gate {own} must have rates, or a steady state and a time course, got {kind}: {has}"
    )


def _fractions(gate: Element, own: str, read: _Read) -> Node:
    """Give the sum of a gate's parts, each with its share of the conductance."""
    total = num(0.0)
    for part in gate.all("subGate"):
        rates = _rates(part, "subGate", f"{own}_{part.word('id')}", read)
        share = num(part.quantity("fractionalConductance"))
        total = make("+", total, make("*", share, _state(f"{own}_{part.word('id')}", rates, read)))
    return total


def _scheme(gate: Element, own: str, read: _Read) -> Node:
    """Read a kinetic scheme; give the sum of its open states."""
    states = [one.word("id") for one in gate.all("closedState", "openState")]
    opened = [one.word("id") for one in gate.all("openState")]
    pace, ways = _pace(gate, own, read), list[tuple[str, str, Node]]()
    for one in gate.all("forwardTransition", "reverseTransition"):
        rate = _part(one, "rate", read)
        if rate is None:
            raise CannotImport("incomplete", f"a transition needs a <rate>, got none from {one.word('from')}")
        ends = one.word("from"), one.word("to")
        source, target = ends if one.tag == "forwardTransition" else ends[::-1]
        ways.append((source, target, make("*", rate, pace)))
    for one in gate.all("tauInfTransition"):
        inf, tau = (_part(one, tag, read) for tag in ("steadyState", "timeCourse"))
        if inf is None or tau is None:
            raise CannotImport(
                "incomplete", f"a transition needs a steady state and a time course: {one.word('from')}"
            )
        ways.append((one.word("from"), one.word("to"), make("*", make("/", inf, tau), pace)))
        ways.append((one.word("to"), one.word("from"), make("*", make("/", make("-", ONE, inf), tau), pace)))
    if other := gate.all("vHalfTransition"):
        raise CannotImport(
            "unknown type", f"a transition must give rates, got vHalfTransition from {other[0].word('from')}"
        )
    if not opened or {end for way in ways for end in way[:2]} - set(states):
        raise CannotImport("incomplete", f"gate {own} needs open states, and transitions between its own")
    total: Node = num(0.0)
    for part in parts_of(tuple(states), ways):
        if len(part.states) == 2:
            read.gates |= {one: part.gate(one) for one in part.states}
        else:
            read.schemes.append(part)
        read.states += part.states
        for state in (state for state in part.states if state in opened):
            total = make("+", total, name(state))
    return total
