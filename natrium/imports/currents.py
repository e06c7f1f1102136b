"""From a current to channels: conductance, what drives it, and the gates that multiply it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import pairwise

import attrs
import numpy as np

from natrium.imports.nodes import Node, factors_of, make, num, product, terms_of, text_of, value_of
from natrium.model.equations import constant_field
from natrium.model.errors import CannotImport
from natrium.model.expressions.exprel import exprel_scalar
from natrium.model.ions import FARADAY, GAS, KELVIN
from natrium.model.root import find_root

V_GRID = np.linspace(-149.9, 149.7, 1201)
_AFFINE = 1e-11  # how far from a straight line, of its largest value, rounding takes one
_SAME_FIELD = 1e-8  # the same of a constant field, which files write in several ways
_SAME_CELSIUS = 1e-8  # degrees
LOW, HIGH = 20.0, 32.0  # mV: RT/F from -41 to 98 degrees
_TRIED = 25  # values of it, between which its own is looked for
_TWO = (-110.3, 23.7)  # mV: where a current and a field are held together first
_DIGITS = 12  # to which a reversal that was worked out is taken as what was meant
_POWERS = 16

Values = Mapping[str, float]
Sides = Callable[[float], tuple[float, float]]  # concentrations inside and outside, by RT/F


@attrs.frozen
class Field:
    """A constant field: the ion's charge and concentrations, and the temperature that its RT/F is of."""

    valence: int
    inside: float
    outside: float
    celsius: float


@attrs.frozen
class Branch:
    """One product of gates with what drives it."""

    conductance: float  # S/cm2: of E - V, or of a constant field far below its reversal
    reversal: float | None  # mV; None with a field
    powers: dict[str, int]  # the states that multiply it, with their powers
    at_once: tuple[tuple[Node, int], ...] = ()  # what of V multiplies it, at most one, with its power
    field: Field | None = None
    opened: tuple[str, ...] = ()  # states of one scheme, whose sum multiplies it
    # What its channel is called by, beside the file's own name, where there are several currents.
    label: str = ""


def branches_of(
    current: Node, states: frozenset[str], values: Values, ion: tuple[int, float, float] | None
) -> list[Branch]:
    """Take a current apart: a branch for every product of states.

    Parameters
    ----------
    current : Node
        Outward, in mA/cm2.
    states : frozenset of str
    values : mapping of str to float
        Of every other name but v.
    ion : (int, float, float), optional
        Charge and concentrations of the ion that it is of.

    Raises
    ------
    CannotImport
        When it is no sum of conductances times gates.
    """
    grouped: dict[tuple[tuple[str, int], ...], Node] = {}
    for coefficient, powers in terms_of(current, states):
        key = tuple(sorted(powers.items()))
        grouped[key] = make("+", grouped[key], coefficient) if key in grouped else coefficient
    found: list[Branch] = []
    for product_of, coefficient in grouped.items():
        found += _branches(coefficient, dict(product_of), values, ion)
    return [one for one in found if one.conductance != 0.0]


def _branches(
    coefficient: Node, powers: dict[str, int], values: Values, ion: tuple[int, float, float] | None
) -> list[Branch]:
    """Take a coefficient as one branch, or each addend of it as one."""
    try:
        return [_branch(coefficient, powers, values, ion)]
    except CannotImport:
        if coefficient.op not in "+-":
            raise
        one, other = coefficient.args
        other = make("neg", other) if coefficient.op == "-" else other
        return _branches(one, powers, values, ion) + _branches(other, powers, values, ion)


def _branch(
    coefficient: Node, powers: dict[str, int], values: Values, ion: tuple[int, float, float] | None
) -> Branch:
    for take_apart in (_products_of, factors_of):
        constant, moving = _divided(take_apart(coefficient))
        scale = float(value_of(product(constant), values))
        line, rest = _driven(moving, values)
        if line is not None:
            break
    if not math.isfinite(scale):
        raise CannotImport(
            "no number", f"a conductance must be a finite number, got {text_of(coefficient)[:80]}"
        )
    if line is None or (line[1] == 0.0 and ion is not None and rest):
        found = _field_branch(scale, moving, powers, values, ion)
        if found is not None:
            return found
    if line is None:
        raise CannotImport(
            "no driving force",
            "a current must be driven by V - E or by the constant field of its ion, got "
            f"{text_of(product(moving))[:100]}",
        )
    slope, reversal = line
    at_once, factor = _at_once(rest, values)
    conductance = scale * slope * factor
    if conductance < 0.0:
        raise CannotImport(
            "negative conductance",
            f"a conductance must not be negative, got {conductance:.6g} S/cm2 times (V - E)",
        )
    return Branch(conductance, reversal, powers, at_once)


def _driven(
    moving: list[tuple[Node, int]], values: Values
) -> tuple[tuple[float, float] | None, list[tuple[Node, int]]]:
    """Find what drives a current: the one factor that is a straight line, or the whole; and give the rest."""
    whole = _line(product(moving), values)
    if whole is not None and not any("cai" in one.names and "v" not in one.names for one, _ in moving):
        return whole, []
    found = []
    for k, (one, power) in enumerate(moving):
        line, rest = _line(one, values), moving[:k] + moving[k + 1 :]
        if power == 1 and line is not None and _keeps_its_sign(product(rest), values):
            found.append((line, rest))
    return found[0] if len(found) == 1 else (None, moving)


def _keeps_its_sign(node: Node, values: Values) -> bool:
    """Tell whether a formula of V could be a gate, but for its size and sign."""
    found = np.broadcast_to(value_of(node, {**values, "v": V_GRID}), V_GRID.shape)
    return bool(np.all(np.isfinite(found)) and (np.all(found >= 0.0) or np.all(found <= 0.0)))


def _products_of(node: Node) -> Iterator[tuple[Node, int]]:
    """Take a product apart, but leave a quotient of V whole: it is a gate that was named."""
    if node.op == "*":
        yield from _products_of(node.args[0])
        yield from _products_of(node.args[1])
    elif node.op == "/" and node.args[1].names.isdisjoint(("v", "cai")):
        yield from _products_of(node.args[0])
        yield node.args[1], -1
    elif node.op == "neg":
        yield num(-1.0), 1
        yield from _products_of(node.args[0])
    else:
        yield node, 1


def _divided(factors: Iterable[tuple[Node, int]]) -> tuple[list[tuple[Node, int]], list[tuple[Node, int]]]:
    """Divide a product into what is a number and what depends on V or calcium."""
    constant: list[tuple[Node, int]] = []
    moving: list[tuple[Node, int]] = []
    for one, power in factors:
        held = one.names & {"v", "cai"}
        (moving if held else constant).append((one, power))
    return constant, _whole_powers(moving)


def _whole_powers(moving: list[tuple[Node, int]]) -> list[tuple[Node, int]]:
    found: list[tuple[Node, int]] = []
    for one, power in moving:
        while (
            one.op == "**" and (n := one.args[1].number) is not None and n.is_integer() and 0 < n <= _POWERS
        ):
            one, power = one.args[0], power * int(n)
        found.append((one, power))
    return found


def is_leak(current: Node, states: frozenset[str], values: Values) -> bool:
    """Tell whether a current is a conductance that nothing gates, times V - E."""
    return current.names.isdisjoint((*states, "cai")) and _line(current, values) is not None


def _line(node: Node, values: Values) -> tuple[float, float] | None:
    """Give slope and zero of what is a straight line in v; None where it is none."""
    if "v" not in node.names:
        return None
    found = np.broadcast_to(value_of(node, {**values, "v": V_GRID}), V_GRID.shape)
    if not np.all(np.isfinite(found)):
        return None
    # What is 0/0 at one of these is no straight line.
    at_zero, at_hundred = (float(value_of(node, {**values, "v": v})) for v in (0.0, 100.0))
    slope = (at_hundred - at_zero) / 100.0
    if (
        slope == 0.0
        or not math.isfinite(slope)
        or np.max(np.abs(found - (at_zero + slope * V_GRID))) > _AFFINE * np.max(np.abs(found))
    ):
        return None
    return _meant(slope), _meant(-at_zero / slope)


def peak(node: Node, values: Values) -> float:
    """Give the largest value of a formula of V, where it has one; minus infinity where it has none."""
    found = np.broadcast_to(value_of(node, {**values, "v": V_GRID}), V_GRID.shape)
    return float(np.max(found, initial=-math.inf, where=np.isfinite(found)))


def _meant(value: float) -> float:
    """Take a number that rounding has moved as the short one beside it."""
    short = float(f"{value:.{_DIGITS}g}") + 0.0  # no minus before a zero
    return short if abs(short - value) <= 4e-16 * 100 * abs(value) else value


def _at_once(moving: list[tuple[Node, int]], values: Values) -> tuple[tuple[tuple[Node, int], ...], float]:
    """Make one gate of all that depends on V alone, and give by how much it was divided to stay below one."""
    if not moving:
        return (), 1.0
    counted: dict[Node, int] = {}
    for one, n in moving:
        counted[one] = counted.get(one, 0) + n
    power = math.gcd(*(n for n in counted.values()))
    if not 0 < power <= _POWERS:
        power = 1
    signs = [(one, 1 if n > 0 else -1) for one, n in counted.items() for _ in range(abs(n) // power)]
    inf = product(signs)
    sign = 1.0
    if peak(inf, values) <= 0.0:
        inf, sign = make("neg", inf), (-1.0) ** power
    largest = peak(inf, values)
    if not math.isfinite(largest) or largest <= 0.0:
        raise CannotImport(
            "no gate", f"what multiplies a conductance must be positive, got {text_of(inf)[:80]}"
        )
    if largest > 1.0:
        inf = make("/", inf, num(largest))
        return ((inf, power),), sign * largest**power
    return ((inf, power),), sign


def _constant_field(drive: Node, values: Values, valence: int, sides: Sides) -> tuple[float, float] | None:
    """Give by what a formula is larger than a constant field, and the RT/F of this; None where it is none."""

    def field(v: float, thermal: float) -> float:
        return float(constant_field(v, thermal, valence, *sides(thermal), exprel_scalar))

    low, high = (float(value_of(drive, {**values, "v": v})) for v in _TWO)

    def apart(thermal: float) -> float:
        return low * field(_TWO[1], thermal) - high * field(_TWO[0], thermal)

    given = np.broadcast_to(value_of(drive, {**values, "v": V_GRID}), V_GRID.shape)
    tried = [float(one) for one in np.linspace(LOW, HIGH, _TRIED)]
    for one, other in pairwise(tried):
        if not apart(one) * apart(other) <= 0.0:  # also where one is NaN
            continue
        thermal = find_root(apart, one, other, xtol=1e-13, rtol=1e-14)
        K = low / field(_TWO[0], thermal)
        expected = np.array([K * field(v, thermal) for v in V_GRID])
        if np.all(np.abs(expected - given) <= _SAME_FIELD * np.max(np.abs(expected))):
            return K, thermal
    return None


def _zero(drive: Node, values: Values) -> float | None:
    """Give the one V at which a formula changes its sign; None where there is none, or are several."""

    def at(v: float) -> float:
        return float(value_of(drive, {**values, "v": v}))

    found = np.broadcast_to(value_of(drive, {**values, "v": V_GRID}), V_GRID.shape)
    (changes,) = np.nonzero(found[:-1] * found[1:] <= 0.0)
    if changes.size != 1:
        return None
    low, high = V_GRID[changes[0]], V_GRID[changes[0] + 1]
    return find_root(at, low, high, xtol=1e-13, rtol=1e-14)


def _sides(drive: Node, values: Values, ion: tuple[int, float, float] | None) -> Iterator[tuple[int, Sides]]:
    """Give charges and concentrations to try: the ion's; then those that reverse where the current does."""
    valences = dict.fromkeys((ion[0], 1, 2) if ion else (1, 2))  # a file may take another charge than its ion
    if ion is not None:
        _, inside, outside = ion
        yield from ((z, lambda _: (inside, outside)) for z in valences)
    E = _zero(drive, values)
    if E is not None:
        yield from ((z, partial(_reversing, E, z)) for z in valences)


def _reversing(E: float, z: int, thermal: float) -> tuple[float, float]:
    """Give concentrations, of 1 outside, at which an ion reverses at E."""
    return math.exp(-z * E / thermal), 1.0


def _field_branch(
    scale: float,
    moving: list[tuple[Node, int]],
    powers: dict[str, int],
    values: Values,
    ion: tuple[int, float, float] | None,
) -> Branch | None:
    """Find the constant field that a current follows, by what RT/F it takes; None where it follows none."""
    drive = product([one for one in moving if "v" in one[0].names])
    for valence, sides in _sides(drive, values, ion):
        found = _constant_field(drive, values, valence, sides)
        if found is not None:
            break
    else:
        return None
    K, thermal = found
    inside, outside = (_meant(one) for one in sides(thermal))
    at_once, factor = _at_once([one for one in moving if "v" not in one[0].names], values)
    conductance = -scale * K * factor
    if conductance < 0.0:
        raise CannotImport(
            "negative conductance", f"a permeability must not be negative, got {conductance:.6g} S/cm2"
        )
    celsius = thermal * FARADAY / (1e3 * GAS) - KELVIN
    told = values.get("celsius", math.nan)
    if abs(celsius - told) < _SAME_CELSIUS:
        celsius = told
    return Branch(conductance, None, powers, at_once, Field(valence, inside, outside, _meant(celsius)))
