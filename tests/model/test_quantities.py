"""Quantities: what is read, to the last digit, and what is refused."""

import contextlib
import subprocess
import sys
import time
from fractions import Fraction

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natrium.model import quantities
from natrium.model.errors import ModelError
from natrium.model.quantities import KINDS, as_quantity, is_quantity


@pytest.mark.parametrize(
    ("text", "value", "kind", "per_area"),
    [
        ("281 pF", "281", "capacitance", False),
        ("0.281 nF", "281", "capacitance", False),
        ("1 uF/cm^2", "1", "capacitance", True),
        ("1 µF/cm²", "1", "capacitance", True),
        ("0.01 F/m**2", "1", "capacitance", True),
        ("0.3 mS/cm^2", "0.3", "conductance", True),
        ("0.3 mS cm^-2", "0.3", "conductance", True),
        ("0.3 mS·cm⁻²", "0.3", "conductance", True),
        ("0.3 mS.cm-2", "0.3", "conductance", True),
        ("3e-4 S/cm2", "0.3", "conductance", True),
        ("3e-4 S/(cm**2)", "0.3", "conductance", True),
        ("0.3e6 pA/(mV * cm^2)", "0.3", "conductance", True),
        ("0.3 msiemens/cm**2", "0.3", "conductance", True),
        ("30nS", "30", "conductance", False),
        (" 0.03 uS ", "30", "conductance", False),
        ("100 MOhm", "0.1", "resistance", False),
        ("0.1 GΩ", "0.1", "resistance", False),
        ("10 kOhm cm^2", "10", "resistance", True),
        ("300 pA", "300", "current", False),
        (".3 nA", "300", "current", False),
        ("10 uA/cm^2", "10", "current", True),
        ("-0.1 A/m^2", "-10", "current", True),
        ("0.01 s", "10", "time", False),
        ("20 us", "0.02", "time", False),
        ("-65 mV", "-65", "voltage", False),
        ("-0.065 V", "-65", "voltage", False),
        ("8 Hz", "0.008", "frequency", False),
        ("3 /ms", "3", "frequency", False),
        ("0.03 1/ms", "0.03", "frequency", False),
        ("0.7 1 / ms", "0.7", "frequency", False),
        ("5 pA/ms", "5", "current per time", False),
        ("2 V/s", "2", "voltage per time", False),
        ("20000 um^2", "0.0002", "area", False),
    ],
)
def test_what_is_written_is_read_to_the_last_digit(text: str, value: str, kind: str, per_area: bool) -> None:
    found = as_quantity("x", text)
    assert is_quantity(text)
    assert (found.value, found.per_area) == (Fraction(value), per_area)
    assert [one for one in KINDS if found.is_kind(one)] == [kind]


@given(st.decimals(-1000, 1000, places=6))
def test_a_prefix_changes_nothing(number: object) -> None:
    one, other = as_quantity("x", f"{number:f} pA"), as_quantity("x", f"{number:f}e-3 nA")
    assert one.value == other.value == Fraction(str(number))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5 mv", "a unit that is not known, 'mv' in '5 mv'; did you mean mV?"),
        ("3 foo", "a unit that is not known, 'foo'"),
        ("10 degC", "must be made of time, voltage and current"),
        ("7 mM", "must be made of time, voltage and current"),
        ("3 m", "must be made of time"),
        ("1 rad", "must have a unit of time, voltage or current"),
        ("5 percent", "must have a unit of time, voltage or current"),
        ("1e400 mV", "must be finite"),
        ("5", "must be a number with a unit"),
        ("mV", "must be a number with a unit"),
        ("1/2 mV", "must be a number with a unit"),
        ("1,5 mV", "must be a number with a unit"),
        ("5 mV;", "must be a number with a unit"),
        ("5 __import__('os')", "must be a number with a unit"),
        ("5 V**9", "must be a number with a unit"),
        ("5 " + "mV" * 60, "must be a number with a unit"),
    ],
)  # fmt: skip
def test_what_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(ModelError) as error:
        as_quantity("x", text)
    assert str(error.value).startswith("x ")
    assert said in str(error.value)


def test_what_does_not_fit_is_refused_with_what_does() -> None:
    with pytest.raises(ModelError) as error:
        as_quantity("g_L", "30 pF").need("g_L", "conductance")
    assert str(error.value) == "g_L must be a conductance (nS, uS or mS/cm^2), got '30 pF'"


@pytest.mark.parametrize(
    "text", ["2V + 3", "3 if V else 4", "V", "0.1*(V + 40)", "steady-state", "none", "1", "2 + mV"]
)
def test_an_expression_is_no_quantity(text: str) -> None:
    assert not is_quantity(text)


@pytest.mark.parametrize(
    "text", ["9" * 70 + " mV", "1e999 mV", "5 " + "E" * 70, "5 " + "m" * 70, "5 m" + "^" * 60]
)
def test_hostile_text_takes_no_time(text: str) -> None:
    as_quantity("x", "1 mV")  # pint is there
    begin = time.perf_counter()
    with contextlib.suppress(ModelError):
        as_quantity("x", text)
    assert time.perf_counter() - begin < 0.5


class Brian:
    """As Brian 2 has them: a number in SI units with a method that tells its dimensions."""

    def __init__(self, number: float, **powers: int) -> None:
        self.number, self.powers, self.dim = number, powers, self

    def __float__(self) -> float:
        return self.number

    def get_dimension(self, name: str) -> float:
        return float(self.powers.get(name, 0))


class Astropy:
    def __init__(self, value: float, unit: str) -> None:
        self.value, self.unit = value, unit


def test_quantities_of_libraries() -> None:
    pq = pytest.importorskip("quantities")
    text = as_quantity("x", "120 mS/cm^2")
    units = pint.UnitRegistry()
    for other in (
        120 * units.mS / units.cm**2,
        units.Quantity(1200.0, "S/m^2"),
        pq.Quantity(120.0, "mS/cm**2"),
        Astropy(120.0, "mS / cm2"),
        Brian(1200.0, kg=-1, m=-4, s=3, A=2),
    ):
        assert is_quantity(other)
        found = as_quantity("x", other)
        assert (found.value, found.powers, found.length) == (text.value, text.powers, text.length)
    with pytest.raises(ModelError, match="x must be one number with a unit"):
        as_quantity("x", pq.Quantity([1.0, 2.0], "mV"))


def test_without_pint_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pint", None)
    for kept in (quantities._registry, quantities._asked):
        kept.cache_clear()
    with pytest.raises(ModelError, match=r"C has a unit, got '281 pF'; .*pip install natrium\[units\]"):
        as_quantity("C", "281 pF")


def test_pint_is_loaded_where_a_unit_is_read_alone() -> None:
    code = """
import sys, natrium
natrium.loads('natrium = 1\\n[neuron]\\ntau_m = 10.0\\n[[stimuli]]\\nkind = "constant"\\namplitude = 3')
assert "pint" not in sys.modules
natrium.loads('natrium = 1\\n[neuron]\\ntau_m = "10 ms"')
assert "pint" in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
