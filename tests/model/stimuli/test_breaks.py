"""Inputs of t with branches: every break is found, and in between the input is smooth."""

import math

import numpy as np
import pytest

import natrium
from natrium.model.stimuli.breaks import MAX_BREAKS
from natrium.model.stimuli.stimulus import smooth_spans

CELL = natrium.Neuron()


def edges(text: str, t_start: float = 0.0, t_end: float = 100.0) -> list[float]:
    spans = list(smooth_spans(natrium.Formula(text), t_start, t_end))
    return [span.begin for span in spans[1:]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10*heaviside(t - 10)", [10.0]),
        ("where(t < 20 or t > 70, 0, 5)", [20.0, 70.0]),
        ("max(0, sin(t/10))", [10 * math.pi * k for k in (1, 2, 3)]),
        ("abs(t - 33.25)", [33.25]),
        ("floor(t/20)", [20.0, 40.0, 60.0, 80.0]),
        ("where(t % 25 < 5, 60, 0)", [5.0, 25.0, 30.0, 50.0, 55.0, 75.0, 80.0]),
        ("where(t % 25 < 0.01, 60, 0)", [0.01, 25.0, 25.01, 50.0, 50.01, 75.0, 75.01]),
        ("floor(10*sin(t/20))", sorted(20 * x for k in range(1, 10) for x in (math.asin(k / 10),
            math.pi - math.asin(k / 10))) + [20 * math.pi] + [20 * (math.pi + math.asin(k / 10)) for k in range(1, 10)]),
        ("min(t, max(5, 50 - t))", [25.0, 45.0]),
        ("sign(t - 5)*sign(t - 6)", [5.0, 6.0]),
        ("t**2 + exp(-t)", []),
    ],
)  # fmt: skip
def test_every_break_is_found(text: str, expected: list[float]) -> None:
    found = edges(text)
    # A branch whose other side is never taken may break as well: nothing is lost by that.
    assert all(min(abs(np.array(found) - edge)) < 1e-10 for edge in expected)
    if "min(t" not in text and "floor(10" not in text:
        assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("where(t % 20 < 5, 60, 0)", natrium.Pulses(60.0, start=0.0, width=5.0, period=20.0, count=5)),
        ("20*heaviside(t - 10)", natrium.Step(20.0, start=10.0)),
        ("where(t >= 10 and t < 60, 2*(t - 10), 0)", natrium.Ramp(2.0, start=10.0, stop=60.0)),
    ],
)
def test_spikes_are_those_of_the_same_input_by_its_kind(text: str, same: natrium.Stimulus) -> None:
    run, other = (natrium.simulate(CELL, one, t_end=100.0) for one in (natrium.Formula(text), same))
    assert run.n_spikes == other.n_spikes > 2
    assert np.abs(run.spike_times - other.spike_times).max() < 1e-9
    assert run.rhs_evaluations < 1.6 * other.rhs_evaluations + 100


def test_values_are_those_as_written() -> None:
    formula = natrium.Formula("where(t % 20 < 5, 60 + t, floor(t/7)) + abs(cos(t))*max(t, 50)")
    written = formula.value.written()
    for t in np.linspace(0.05, 99.95, 512):
        assert formula(t) == pytest.approx(written(t), rel=1e-14)


@pytest.mark.parametrize("text", ["floor(1e9*t)", "where(sin(1e4*t) > 0, 1, 0)", "t % 1e-5"])
def test_too_many_breaks_are_refused(text: str) -> None:
    with pytest.raises(natrium.StimulusError, match=f"may change its branch {MAX_BREAKS} times"):
        natrium.simulate(CELL, natrium.Formula(text), t_end=100.0)


def test_an_input_that_stops_being_a_number_is_told_with_its_time() -> None:
    with pytest.raises(natrium.SolverError, match="not finite at t = 50"):
        natrium.simulate(CELL, natrium.Formula("where(t < 50, 1, sqrt(40 - t))"), t_end=100.0)
