"""The leak in absolute units: currents to mV and back."""

import numpy as np
import pytest

from natrium.model.errors import ModelError
from natrium.model.leak import CURRENTS, InputUnit, Leak
from natrium.model.quantities import as_quantity


@pytest.mark.parametrize("unit", CURRENTS)
def test_units_of_a_row_belong_together(unit: str) -> None:
    """1 of the conductance times 1 mV is 1 of the current; capacitance over conductance is 1 ms."""
    conductance, capacitance, size = CURRENTS[unit]
    g, C, I = (as_quantity("x", f"1 {one}") for one in (conductance, capacitance, unit))
    assert g.value == C.value == I.value == size
    leak = Leak(1.0, unit)
    assert leak.to_mV(f"1 {unit}") == 1.0
    assert leak.ratio("C", C) == leak.ratio("g", g) == 1


@pytest.mark.parametrize(
    ("current", "mV"),
    [("300 pA", 10.0), ("0.3 nA", 10.0), (300.0, 10.0), ("7 mV", 7.0), ("0.007 V", 7.0), (0, 0.0)],
)
def test_currents_become_mV(current: object, mV: float) -> None:
    assert Leak(30.0, "pA").to_mV(current) == mV


def test_arrays_go_both_ways() -> None:
    leak = Leak(0.3, "uA/cm^2")
    currents = np.linspace(-5.0, 20.0, 11)
    assert leak.from_mV(leak.to_mV(currents)) == pytest.approx(currents, rel=1e-15)
    assert leak.from_mV(10.0) == 3.0


def test_the_area_joins_absolute_and_per_area() -> None:
    leak = Leak(0.3, "uA/cm^2", area=2e-4)
    assert leak.to_mV("2 nA") == pytest.approx(10.0 / 0.3, rel=1e-15)  # 2 nA on 20 000 um^2 are 10 uA/cm^2
    with pytest.raises(
        ModelError, match="current is absolute and the leak is per area, .*: give the area too"
    ):
        Leak(0.3, "uA/cm^2").to_mV("2 nA")


@pytest.mark.parametrize(
    ("current", "said"),
    [
        ("30 nS", r"current must be a current \(pA, nA or uA/cm\^2\) or a voltage \(mV or V\), got '30 nS'"),
        ("300", "current must be a number with a unit"),
        (float("nan"), "current must be finite"),
    ],
)
def test_what_is_no_current_is_refused(current: object, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        Leak(30.0).to_mV(current)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"g_L": 0.0}, "g_L must be positive"),
        ({"g_L": 1.0, "unit": "pF"}, "unit must be one of 'pA'"),
        ({"g_L": 1.0, "area": -1.0}, "area must be positive"),
    ],
)
def test_a_leak_has_rules(given: dict, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        Leak(**given)


def test_what_inputs_are_told_in() -> None:
    unit = InputUnit("uA/cm^2", 0.3)
    assert unit.show(10.0) == "3 uA/cm^2"
    assert unit.beside("input", 10.0) == {"input_uA_per_cm2": 3.0}
    assert InputUnit().beside("input", 10.0) == {}
    assert InputUnit("").show(10.0) == "10"
