"""Absolute units at the door: quantities become the numbers of a model, in ms, in mV and over g_L."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import attrs

from natrium.model.channel import Channel
from natrium.model.checks import Choice, Number, reads_as_number, show
from natrium.model.errors import ModelError
from natrium.model.leak import CURRENTS, Leak, leak_of
from natrium.model.neuron import Neuron
from natrium.model.parameter import Parameter
from natrium.model.quantities import Quantity, as_number, as_quantity, exact, fits_of, is_quantity
from natrium.model.synapse import Synapse

# What fits a field by the unit of its plain numbers, and how many of that unit one in the base is.
FITS: dict[str, tuple[str, int]] = {
    "ms": ("time", 1),
    "Hz": ("frequency", 1000),
    "mV": ("voltage", 1),
    "mV/ms": ("voltage per time", 1),
}
CURRENT_FOR = {"mV": "current", "mV/ms": "current per time"}  # R I may be given as I
OF_LEAK = ("C", "g_L", "R", "area")
CONDUCTANCE = "g/g_L"  # the unit, as it were, of a channel's g
_NO_LEAK = 'give the leak too, such as g_L = "30 nS" or R = "100 MOhm" in [neuron]'


@attrs.define
class Door:
    """What turns the quantities of one model into numbers."""

    leak: Leak | None = None  # by which currents and conductances are divided
    broken: bool = False  # whether it was given and is refused already; no more is said of it then
    rather: str | None = None  # what currents are told in, if the leak allows

    def number(self, name: str, value: Any, unit: str, *, is_input: bool = False) -> float:
        """Give a quantity in the unit of a field's plain numbers; where it is R I, a current too.

        Raises
        ------
        ModelError
            When it does not fit, or the leak is needed and not known.
        """
        if unit == CONDUCTANCE:
            found = as_quantity(name, value).need(name, "conductance")
            return as_number(name, self._over_leak(name, found))
        if unit not in FITS:
            raise ModelError(f"{name} must be a plain number, got {show(value)}")
        kind, size = FITS[unit]
        kinds = (CURRENT_FOR[unit], kind) if is_input and unit in CURRENT_FOR else (kind,)
        found = as_quantity(name, value).need(name, *kinds)
        if found.powers[2]:
            return as_number(name, self._over_leak(name, found))
        return as_number(name, found.value * size)

    def _over_leak(self, name: str, found: Quantity) -> Fraction:
        if self.broken:
            return Fraction(1)
        if self.leak is None:
            what = "conductance" if found.is_kind("conductance") else "current"
            raise ModelError(f"{name} is a {what}, got {found.shown}: {_NO_LEAK}")
        return self.leak.ratio(name, found)


def as_input(neuron: Any, name: str, value: Any) -> float:
    """Give the input that a neuron takes for a plain number, which is that already, or for a quantity.

    Raises
    ------
    ModelError
        When it does not fit, or what the neuron's equations take is not known.
    """
    if not is_quantity(value):
        if isinstance(value, str) and reads_as_number(value):
            value = float(value)
        Number().check(name, value)
        return float(value)
    unit = neuron.input_unit
    if unit in CURRENTS:
        found = as_quantity(name, value).need(name, "current")
        return as_number(name, found.over_area(name, per_area="/" in unit, area=None) / CURRENTS[unit][2])
    if unit != "mV":
        raise ModelError(
            f"{name} must be a plain number, got {show(value)}: the unit of I is not known in this model; "
            'say it, input_unit = "pA" for one'
        )
    return Door(leak_of(neuron)).number(name, value, "mV", is_input=True)


def as_parameter(neuron: Any, one: Parameter, value: Any) -> float:
    """Give the value of a parameter for a quantity: see `natrium.parameters`.

    Raises
    ------
    ModelError
        When it does not fit.
    """
    if one.part is not None and one.unit in CURRENT_FOR:
        return as_input(neuron, one.name, value)
    unit = CONDUCTANCE if one.short == "g" else one.unit
    return Door(leak_of(neuron)).number(one.name, value, unit)


def unit_of(found: Quantity) -> str:
    """Give the unit of current that goes with a quantity's own: pA with nS or pF, uA/cm^2 with mS/cm^2."""
    per_area = found.per_area
    for unit, (*_, size) in CURRENTS.items():
        if ("/" in unit) == per_area and size == found.unit:
            return unit
    return "uA/cm^2" if per_area else "pA"


def take_leak(
    given: Mapping[str, Any], tau_m: Any = None, *, unit: str | None = None, rather: str | None = None
) -> tuple[float, Leak]:
    """Make tau_m and the leak of two of C, g_L (or R) and tau_m.

    Parameters
    ----------
    given : mapping of str to quantity
        ``C``, ``g_L``, ``R``, ``area``.
    tau_m : float or quantity, optional
        A plain number is in ms.
    unit : str, optional
        What currents are told in; by default what goes with `g_L`.
    rather : str, optional
        The same, where it can be without an area that is not given.

    Raises
    ------
    ModelError
        When a quantity does not fit, or there are too few or too many of them.
    """
    kinds = {"C": "capacitance", "g_L": "conductance", "R": "resistance", "area": "area"}
    found = {name: _positive(name, _of_kind(name, value, kinds[name])) for name, value in given.items()}
    names = [name for name in ("C", "g_L", "R") if name in found] + ["tau_m"] * (tau_m is not None)
    if len(names) != 2 or {"g_L", "R"} <= found.keys():
        raise ModelError(
            f"a membrane needs two of C, g_L (or R) and tau_m, got {', '.join(names) or 'none of them'}"
        )
    if tau_m is not None:
        if is_quantity(tau_m):
            tau = _positive("tau_m", as_quantity("tau_m", tau_m).need("tau_m", "time")).value
        else:
            Number("ms", 0.0, open_low=True).check("tau_m", tau_m)
            tau = exact(tau_m)
    area = found["area"].value if "area" in found else None
    if "g_L" in found:
        leak = found["g_L"]
    elif "R" in found:
        leak = _inverse(found["R"])
    else:
        leak = attrs.evolve(found["C"], value=found["C"].value / tau)  # unit and area say the rest
    if unit is None and rather is not None and (area is not None or ("/" in rather) == leak.per_area):
        unit = rather
    unit = unit_of(leak) if unit is None else unit
    Choice(tuple(CURRENTS)).check("unit", unit)
    per_area, size = "/" in unit, CURRENTS[unit][2]
    if area is None and per_area != leak.per_area:
        what = "per area" if leak.per_area else "absolute"
        raise ModelError(f"unit must be one for a leak that is {what}, got {show(unit)}: give the area too")
    g_L = leak.over_area("g_L" if "g_L" in found else names[0], per_area=per_area, area=area)
    if "C" in found and tau_m is None:
        tau = found["C"].over_area("C", per_area=per_area, area=area) / g_L
    square = None if area is None else as_number("area", area)
    return as_number("tau_m", tau), Leak(as_number("g_L", g_L / size), unit, square)


def _of_kind(name: str, value: Any, kind: str) -> Quantity:
    if not is_quantity(value):
        raise ModelError(f"{name} must be {fits_of(kind)} with its unit, got {show(value)}")
    return as_quantity(name, value).need(name, kind)


def _positive(name: str, found: Quantity) -> Quantity:
    if found.value <= 0:
        raise ModelError(f"{name} must be positive, got {found.shown}")
    return found


def _inverse(found: Quantity) -> Quantity:
    time, voltage, current = found.powers
    return attrs.evolve(
        found,
        value=1 / found.value,
        powers=(-time, -voltage, -current),
        length=-found.length,
        unit=1 / found.unit,
    )


def membrane(
    *,
    C: Any = None,
    g_L: Any = None,
    R: Any = None,
    tau_m: Any = None,
    area: Any = None,
    channels: Iterable[Channel] = (),
    conductances: Mapping[str, Any] | None = None,
    unit: str | None = None,
    **others: Any,
) -> Neuron:
    r"""Make a neuron of numbers with units, as papers give them.

    A quantity is text (``"281 pF"``) or one of pint, quantities, Astropy or Brian 2. What is solved is the
    same neuron without units, tau_m = C/g_L and each g over g_L; ``neuron.leak`` turns currents into inputs
    (R I, mV) and back, and figures, tables and words tell inputs as currents.

    Parameters
    ----------
    C, g_L, R : quantity
        Capacitance, leak conductance or resistance; two of C, g_L (or R) and tau_m.
    tau_m : quantity or float
        Membrane time constant; a plain number is in ms.
    area : quantity, optional
        Of the membrane, where some quantities are absolute and others per area.
    channels : sequence of Channel
    conductances : mapping of str to quantity, optional
        By the name of a channel or a synapse its conductance instead of its own `g`; a current of a synapse
        without reversal.
    unit : str, optional
        What currents are told in: pA, nA, uA, uA/cm^2, ...; by default what goes with the leak.
    **others
        All else of `Neuron`, times and voltages as quantities or as plain numbers in ms and mV.

    Raises
    ------
    ModelError
        When a quantity does not fit, a value breaks a rule, or pint is not installed (``natrium[units]``).

    Examples
    --------
    >>> cell = membrane(C="281 pF", g_L="30 nS", v_rest="-70.6 mV", v_thresh="-50.4 mV")
    >>> round(cell.tau_m, 4), cell.leak.to_mV("300 pA")
    (9.3667, 10.0)
    >>> print("\n".join(cell.conversions()))
    C/g_L = 281 pF / 30 nS = 9.3667 ms
    I/g_L = 1 pA / 30 nS = 0.033333 mV
    """
    given = {
        name: value for name, value in {"C": C, "g_L": g_L, "R": R, "area": area}.items() if value is not None
    }
    tau, leak = take_leak(given, tau_m, unit=unit)
    door = Door(leak)
    fields: dict[str, Any] = {}
    rules = {field.name: field.validator for field in attrs.fields(Neuron)}
    for name, value in others.items():
        rule: Any = rules.get(name)
        fields[name] = door.number(name, value, getattr(rule, "unit", "")) if is_quantity(value) else value
    parts = {"channels": channels, "synapses": others.get("synapses", ())}
    return Neuron(tau_m=tau, leak=leak, **fields | _scaled(door, parts, conductances))


def _scaled(
    door: Door, parts: dict[str, Iterable[Channel | Synapse]], conductances: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Give channels and synapses with conductances in absolute units over the leak's."""
    found: dict[str, Any] = {
        name: list(part) if hasattr(part, "__iter__") else part for name, part in parts.items()
    }
    lists = [part for part in found.values() if isinstance(part, list)]
    if not conductances or len(lists) < len(found):
        return found  # the neuron refuses what is none
    names = [getattr(one, "name", None) for part in lists for one in part]
    if not isinstance(conductances, Mapping):
        raise ModelError(f"conductances must be a mapping of channels' names, got {show(conductances)}")
    for name in conductances:
        if name not in names:
            there = ", ".join(map(str, names)) or "none"
            raise ModelError(f"conductances must name channels ({there}), got {show(name)}")

    def scaled(one: Any) -> Any:
        if not isinstance(one, (Channel, Synapse)) or one.name not in conductances:
            return one
        current = isinstance(one, Synapse) and one.E is None
        name, unit = f"g_{one.name}", "mV" if current else CONDUCTANCE
        return attrs.evolve(one, g=door.number(name, conductances[one.name], unit, is_input=current))

    return {name: list(map(scaled, part)) for name, part in found.items()}
