"""A leak cell around imported channels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from natrium.imports.currents import Branch, peak
from natrium.imports.gates import Rates
from natrium.imports.kinetics import REST, Part
from natrium.imports.nodes import Node, make, num, text_of
from natrium.imports.result import LEAK
from natrium.model import Calcium, Channel, Gate, Ions, Model, ModelError, Neuron, Scheme, Simulation, Step
from natrium.model.checks import Name
from natrium.model.errors import CannotImport
from natrium.model.expressions.constants import as_constants, constants

INPUT, START, STOP, END = 25.0, 20.0, 180.0, 200.0  # mV and ms: a step that the leak alone would fire by

ROUNDING = 1e-9  # by how much a steady state may be above 1


@attrs.frozen
class Kinetics:
    """How the states of a file move."""

    gates: Mapping[str, Rates]  # the rates of each state that is a gate
    schemes: Sequence[Part]
    initial: Mapping[str, float]  # where states start that do not start at their steady state
    values: Mapping[str, float]  # the number of every name in the rates
    calcium: float | None = None  # the concentration that rates read


def cell_around(
    named: str, branches: Sequence[Branch], kinetics: Kinetics, source: str
) -> tuple[Model, dict[str, tuple[str, str, float]]]:
    """Make a model of what was read: its channels in a leak cell of 10 ms.

    Returns
    -------
    Model
    dict of str to (str, str, float)
        The channel and gate that each state became, and by how much it was divided.

    Raises
    ------
    CannotImport
        When a rate breaks a rule of natrium's.
    """
    branches = _merged(branches, kinetics.schemes)
    if not branches:
        raise CannotImport("no conductance", f"a channel must carry a current, got none from {named}")
    names = _names(named, branches)
    spelled, known = _spelling(kinetics, branches, tuple(f"_{one}" for one in (*names, "Ca")))
    where: dict[str, tuple[str, str, float]] = {}
    channels = []
    with constants(known):
        for own, branch in zip(names, branches, strict=True):
            try:
                channels.append(_channel(own, branch, kinetics, spelled, where, source))
            except CannotImport:
                raise
            except ModelError as error:
                raise CannotImport("rates", f"channel {own}: {error}") from error
        try:
            neuron = Neuron(
                tau_m=10.0,
                refractory="clamp",
                channels=channels,
                calcium=_pool(kinetics, channels),
            )
        except ModelError as error:
            raise CannotImport("rates", str(error)) from error
    model = Model(
        neuron=neuron, stimulus=Step(INPUT, start=START, stop=STOP), simulation=Simulation(t_end=END)
    )
    return model, where


def _names(named: str, branches: Sequence[Branch]) -> list[str]:
    """Name channels by the file, by the current where there are several, and by a number where needed."""
    whole = [safe(named if not one.label else f"{named}_{one.label}") for one in branches]
    return [
        one if whole.count(one) == 1 else f"{one}_{whole[: k + 1].count(one)}" for k, one in enumerate(whole)
    ]


def _merged(branches: Sequence[Branch], schemes: Sequence[Part]) -> list[Branch]:
    """Put branches together that differ in the open state alone."""
    found: dict[object, Branch] = {}
    for k, one in enumerate(branches):
        part = next((p for p in schemes for state in one.powers if state in p.states), None)
        state = next((s for s in one.powers if part and s in part.states), None)
        if part is None or state is None or one.powers[state] != 1:
            found[k] = one
            continue
        rest = {key: power for key, power in one.powers.items() if key != state}
        key = (
            part.states,
            tuple(rest.items()),
            one.conductance,
            one.reversal,
            one.at_once,
            one.field,
            one.label,
        )
        before = found.get(key)
        opened = (*before.opened, state) if before else (state,)
        found[key] = attrs.evolve(one, powers=rest, opened=opened)
    return list(found.values())


def _pool(kinetics: Kinetics, channels: Sequence[Channel]) -> Calcium | None:
    if not any(channel.reads_calcium for channel in channels):
        return None
    return Calcium(rest=kinetics.calcium or 0.0, tau=1.0, factor=0.0, channels=[channels[0].name])


def safe(word: str) -> str:
    """Make a foreign name one of ours."""
    kept = "".join(c if c.isalnum() and c.isascii() else "_" for c in word)[:36]
    return kept if kept[:1].isalpha() else f"x{kept}"


def _spelling(
    kinetics: Kinetics, branches: Sequence[Branch], endings: tuple[str, ...]
) -> tuple[dict[str, str], dict[str, float]]:
    """Say how names are spelled, and which numbers get one; the cell's own have its channels' endings."""
    used = {one for rates in kinetics.gates.values() for rate in rates.values() for one in rate.names}
    used |= {one for part in kinetics.schemes for rate in part.rates.values() for one in rate.names}
    used |= {one for branch in branches for inf, _ in branch.at_once for one in inf.names}
    spelled, known = {"v": "V", "cai": "Ca"}, dict[str, float]()
    for word in sorted(used & kinetics.values.keys() - spelled.keys()):
        own = safe(word)
        while is_taken(own) or own in known or own.endswith(endings):
            own += "_"
        spelled[word], known[own] = own, float(kinetics.values[word])
    return spelled, known


_OWN = frozenset(Neuron(tau_m=10.0).numbers())  # a constant must not be called like one of these


def is_taken(word: str) -> bool:
    """Tell whether a name means something else in rates, or is none."""
    try:
        Name().check("a name", word)
        as_constants({word: 1.0})
    except ModelError:
        return True
    return word == "Ca" or word in _OWN


def _channel(
    own: str,
    branch: Branch,
    kinetics: Kinetics,
    spelled: Mapping[str, str],
    where: dict[str, tuple[str, str, float]],
    source: str,
) -> Channel:
    def text(node: Node) -> str:
        return text_of(node, spelled)

    gates, scheme, conductance = [], None, branch.conductance
    if branch.opened:
        part = next(one for one in kinetics.schemes if branch.opened[0] in one.states)
        scheme = _scheme(part, branch.opened, kinetics, text)
        where |= {one: (own, safe(one), 1.0) for one in part.told}
    for state, power in branch.powers.items():
        if any(state in part.states for part in kinetics.schemes):
            raise CannotImport(
                "several schemes", f"a scheme's open share multiplies once, got {state} to {power}"
            )
        if state not in kinetics.gates:
            raise CannotImport("no dynamics", f"every gate needs an equation, got none for {state}")
        rates, largest = _bounded(kinetics.gates[state], kinetics.values)
        conductance *= largest**power
        start = kinetics.initial.get(state)
        initial: dict[str, Any] = (
            {} if start is None or list(rates) == ["inf"] else {"initial": start / largest}
        )
        gates.append(Gate(safe(state), power, **{key: text(rate) for key, rate in rates.items()}, **initial))
        where.setdefault(state, (own, safe(state), largest))
    taken = {gate.name for gate in gates} | set(scheme.states if scheme else ())
    for inf, power in branch.at_once:
        gates.append(
            Gate(next(one for one in ("a", "o", "at_once", "of_V") if one not in taken), power, inf=text(inf))
        )
    field = branch.field
    if field is None:
        drive: dict[str, Any] = {"E": branch.reversal}
    else:
        inside: Any = "Ca" if field.valence == 2 and _reads_calcium(gates, scheme) else field.inside
        drive = {"ghk": Ions(field.valence, inside, field.outside, field.celsius)}
    return Channel(own, conductance / LEAK, gates=gates, scheme=scheme, source=source, **drive)


def _bounded(rates: Rates, values: Mapping[str, float]) -> tuple[Rates, float]:
    """Divide a gate whose steady state goes beyond 1, and give by how much."""
    if "inf" not in rates or "cai" in rates["inf"].names:
        return rates, 1.0
    largest = peak(rates["inf"], values)
    if not 1.0 + ROUNDING < largest < math.inf:
        return rates, 1.0
    return {**rates, "inf": make("/", rates["inf"], num(largest))}, largest


def _reads_calcium(gates: Sequence[Gate], scheme: Scheme | None) -> bool:
    return any(gate.reads_calcium for gate in gates) or (
        scheme is not None and any(one.rate.reads_calcium for one in scheme.transitions)
    )


def _scheme(part: Part, opened: tuple[str, ...], kinetics: Kinetics, text: Any) -> Scheme:
    shares = {safe(one): kinetics.initial[one] for one in part.told if one in kinetics.initial}
    if len(shares) == len(part.told) < len(part.states):
        shares[REST] = 1.0 - sum(shares.values())
    started: dict[str, Any] = {}
    if len(shares) == len(part.states) and math.isclose(sum(shares.values()), 1.0, abs_tol=1e-9):
        started = {"initial": shares}
    return Scheme(
        states=[safe(one) for one in part.states],
        transitions=[(safe(a), safe(b), text(rate)) for (a, b), rate in part.rates.items()],
        open=[safe(one) for one in opened],
        **started,
    )
