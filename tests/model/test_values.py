"""Numbers as other libraries hold them: the same numbers, or a refusal that says what is written instead."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import natrium

TIMES, VALUES = [0.0, 10.0, 20.0], [0.0, 30.0, 30.0]
HOLDERS = [np.array, pd.Series, pd.Index, xr.DataArray]


class Amperes:
    """Stand-in for numbers with a unit."""

    def __init__(self, magnitude: list[float]) -> None:
        self.magnitude, self.units = magnitude, "A"

    def __array__(self, dtype: type | None = None, copy: bool | None = None) -> np.ndarray:
        raise AssertionError("the unit was dropped")

    def __repr__(self) -> str:
        return f"<{self.magnitude} A>"


@pytest.mark.parametrize("holder", HOLDERS)
def test_samples_and_spikes_are_taken_from_any_array(holder: type) -> None:
    assert natrium.Samples(holder(TIMES), holder(VALUES)) == natrium.Samples(TIMES, VALUES)
    assert natrium.Spikes(holder(TIMES), "V", 1.0) == natrium.Spikes(TIMES, "V", 1.0)


@pytest.mark.parametrize("number", [np.array(12.5), xr.DataArray(12.5), np.float32(12.5)])
def test_number_of_an_array_without_axes_is_a_number(number: float) -> None:
    assert natrium.Neuron(tau_m=number) == natrium.Neuron(tau_m=12.5)
    assert natrium.Constant(number) == natrium.Constant(12.5)


def test_several_numbers_are_none() -> None:
    with pytest.raises(natrium.ModelError, match="tau_m must be a number, got array"):
        natrium.Neuron(tau_m=np.array([12.5]))  # type: ignore[arg-type]  # what is refused


def test_no_unit_is_dropped() -> None:
    amperes: list[float] = Amperes([1.0, 2.0])  # type: ignore[assignment]  # what is refused
    said = "natrium.membrane takes units, and its leak.to_mV makes mV of a current"
    with pytest.raises(
        natrium.ModelError, match=f"inputs must be numbers without a unit, got <.* A>: {said}"
    ):
        natrium.f_i_curve(natrium.Neuron(), amperes)
    with pytest.raises(natrium.ModelError, match=f"tau_m must be a number, got .*: {said}"):
        natrium.Neuron(tau_m=amperes)  # type: ignore[arg-type]  # what is refused
    with pytest.raises(natrium.StimulusError, match="times must be a list of numbers, got <.* A>"):
        natrium.Samples(amperes, VALUES)


def test_tables_are_shown_in_one_line() -> None:
    with pytest.raises(natrium.ModelError) as caught:
        natrium.Neuron(tau_m=pd.Series(TIMES))  # type: ignore[arg-type]  # what is refused
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("drive", "meant"),
    [
        (16, r"Constant\(16\)"),
        ("5*sin(t)", r"Expression\('5\*sin\(t\)'\)"),
        (abs, r"Custom\(function, max_step=...\)"),
        (np.ones(3), r"Samples\(times, values\)"),
        ([abs], r"Custom\(function, max_step=...\)"),
    ],
)
def test_what_is_no_stimulus_is_told_which_is_made_of_it(drive: object, meant: str) -> None:
    with pytest.raises(natrium.StimulusError, match=f"got .*: write {meant}$"):
        natrium.simulate(natrium.Neuron(), drive, t_end=1.0)  # type: ignore[arg-type]  # what is refused


def test_option_that_a_solver_does_not_have_is_told_the_nearest() -> None:
    with pytest.raises(
        natrium.ModelError, match=r"option of solver 'script' must be one of dt, .*; did you mean 'scheme'"
    ):
        natrium.simulate(natrium.Neuron(), t_end=1.0, solver="script", dt=0.1, schema="rk4")
