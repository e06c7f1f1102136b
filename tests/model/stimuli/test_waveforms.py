"""Stimuli given by a few numbers."""

import contextlib
import math
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import natrium
from natrium.model.stimuli.stimulus import Stimulus
from natrium.model.stimuli.waveforms import GAUSSIAN_REACH
from tests.model.stimuli.inputs import pieces


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: natrium.Constant("3"), r"amplitude must be a number, got '3' \(str\)"),
        (lambda: natrium.Constant(math.nan), "amplitude must be finite, got nan mV"),
        (lambda: natrium.Constant(None), "amplitude must be a number"),
        (lambda: natrium.Step(math.inf), "amplitude must be finite, got inf mV"),
        (lambda: natrium.Step(10**400), "amplitude must be"),
        (lambda: natrium.Pulses(1.0, width=0.0, period=1.0), "width must be positive, got 0.0 ms"),
        (lambda: natrium.Pulses(1.0, width=-1.0, period=1.0), "width must be positive, got -1.0 ms"),
        (lambda: natrium.Pulses(1.0, width=1.0, period=0.0), "period must be positive, got 0.0 ms"),
        (
            lambda: natrium.Pulses(1.0, width=2.0, period=1.0),
            r"width must not exceed the period \(1.0 ms\), got 2.0 ms",
        ),
        (lambda: natrium.Pulses(1.0, width=1.0, period=2.0, count=-1), "count must be a whole number from 0"),
        (
            lambda: natrium.Pulses(1.0, width=1.0, period=2.0, count=2.5),
            "count must be a whole number .* got 2.5",
        ),
        (
            lambda: natrium.Pulses(1.0, width=1.0, period=2.0, count=True),
            "count must be a whole number .* got True",
        ),
        (lambda: natrium.Ramp(math.nan), "slope must be finite, got nan mV/ms"),
        (lambda: natrium.Ramp(1.0, hold=1), "hold must be true or false, got 1"),
        (
            lambda: natrium.Ramp(1.0, hold=True),
            "hold = true needs a stop, got none: give the end of the ramp",
        ),
        (lambda: natrium.Sine(1.0, -1.0), "frequency must be .*, got -1.0 Hz"),
        (lambda: natrium.Sine(1.0, math.inf), "frequency must be finite, got inf Hz"),
        (lambda: natrium.Sine(1.0, 1.0, "0"), "phase must be a number"),
        (lambda: natrium.Sine(1.0, 1.0, offset=None), "offset must be a number, got None"),
        (lambda: natrium.Gaussian(1.0, 0.0, 0.0), "sigma must be positive, got 0.0 ms"),
        (lambda: natrium.Gaussian(1.0, math.nan, 1.0), "center must be finite, got nan ms"),
        (lambda: natrium.Gaussian(1.0, 0.0, -2.0), "sigma must be positive, got -2.0 ms"),
    ],
)
def test_rules(make: Any, message: str) -> None:
    with pytest.raises(natrium.StimulusError, match=message):
        make()


def test_constant_and_step() -> None:
    assert natrium.Constant(7)(1e9) == natrium.Constant(7)(-1e9) == 7.0
    step = natrium.Step(-3.5, start=20.0, stop=50.0)
    assert [step(t) for t in (0.0, 20.0, 35.0, 49.999, 50.0)] == [0.0, -3.5, -3.5, -3.5, 0.0]
    assert step.piece(20.0).is_constant
    assert list(step.edges(0.0, 100.0)) == [20.0, 50.0]


# --- pulses --------------------------------------------------------------------------------------


def test_pulses_without_end_and_counted() -> None:
    train = natrium.Pulses(5.0, width=1.0, period=4.0, start=10.0)
    assert [train(t) for t in (9.9, 10.0, 10.9, 11.0, 13.9, 14.0, 14.99, 15.0, 1e6 + 10.5)] == [
        0,
        5,
        5,
        0,
        0,
        5,
        5,
        0,
        5,
    ]
    counted = natrium.Pulses(5.0, width=1.0, period=4.0, start=10.0, count=2)
    assert [counted(t) for t in (10.5, 14.5, 18.5, 1e6 + 10.5, 6.5)] == [5, 5, 0, 0, 0]
    assert natrium.Pulses(5.0, width=1.0, period=4.0, count=0)(0.5) == 0.0
    assert natrium.Pulses(5.0, width=1.0, period=4.0)(0.0) == 5.0
    assert natrium.Pulses(5.0, width=1.0, period=4.0)(-3.5) == 0.0
    assert natrium.Pulses(5.0, width=1.0, period=4.0)(0.0, strict=True) == 0.0
    stopped = natrium.Pulses(5.0, width=2.0, period=4.0, stop=5.0)
    assert [stopped(t) for t in (4.5, 5.0, 5.5, 8.5)] == [5, 0, 0, 0]


def test_edges_of_pulses() -> None:
    train = natrium.Pulses(5.0, width=1.0, period=4.0, start=10.0, count=3)
    assert {10.0, 11.0, 14.0, 15.0, 18.0, 19.0} == set(train.edges(0.0, 100.0))
    assert {14.0, 15.0} <= set(train.edges(13.0, 16.0)) <= {10.0, 11.0, 14.0, 15.0, 18.0, 19.0}


@given(
    st.sampled_from((0.1, 0.3, 1 / 3, 0.7, 1.1, 0.07, math.pi, 1e-3)),
    st.sampled_from((0.0, 0.1, -7.3, 20.7)),
    st.sampled_from((0.1, 1 / 3, 0.5, 0.9, 1.0)), st.integers(0, 100_000),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_pulses_with_awkward_periods(period: float, start: float, share: float, index: int) -> None:
    """However the periods add up in floating point, an onset is on, an end is off, and both are edges."""
    train = natrium.Pulses(1.0, width=share * period, period=period, start=start)
    onset = start + index * period
    end = onset + train.width
    assert train(onset) == 1.0
    assert train(onset, strict=True) == (0.0 if share < 1.0 or index == 0 else train(onset, strict=True))
    assert train(float(np.nextafter(end, -math.inf))) == 1.0
    assert train((onset + end) / 2) == 1.0
    if share < 1.0:
        assert train(end) == 0.0
        assert train(float(np.nextafter(onset, -math.inf))) == 0.0
        assert train((end + onset + period) / 2) == 0.0
    assert {onset, end} <= set(train.edges(onset - 2 * period, end + 2 * period))


@pytest.mark.parametrize("until", [7.0, 10.0, 11.5, 30.0])
def test_edges_that_move_are_those_within_the_run(until: float) -> None:
    train = natrium.Pulses(1.0, width=1.0, period=3.0, count=8, start=1.0)
    edges = [edge for edge in train.edges(0.0, until) if edge < until]
    assert {edge.time: edge.velocity for edge in train.moving_edges("period", 0.0, until)} == {
        edge: (edge - 1.0) // 3.0 for edge in edges
    }


def test_pulses_that_touch_are_one_level() -> None:
    train = natrium.Pulses(2.0, width=0.1, period=0.1)
    covered = sum(end - begin for begin, end, drive in pieces(train, 0.0, 10.0) if drive(0.0) == 2.0)
    assert covered == pytest.approx(10.0, abs=1e-12)


def test_too_many_pulses_are_refused_before_they_are_made() -> None:
    with pytest.raises(natrium.StepLimit, match="at most 2000000 pulses within a run, got .*; raise"):
        list(natrium.Pulses(1.0, width=1e-9, period=1e-9).edges(0.0, 100.0))
    few = natrium.Pulses(1.0, width=1e-9, period=2e-9, count=5)
    assert len(set(few.edges(0.0, 100.0))) == 10


@pytest.mark.parametrize(
    "window", [{"stop": 1.0}, {"start": 2999.0, "stop": 3000.0}, {"start": 2999.0}, {"start": 5000.0}]
)
def test_only_pulses_within_their_window_are_counted(window: dict[str, float]) -> None:
    train = natrium.Pulses(1.0, width=5e-4, period=1e-3, **window)
    assert len(set(train.edges(0.0, 3000.0))) <= 2100


@pytest.mark.parametrize("period", [1e-310, 5e-324, 1e-300])
def test_pulses_of_vanishing_period_end_in_a_named_error(period: float) -> None:
    with pytest.raises(natrium.NatriumError):
        pieces(natrium.Pulses(1.0, width=period, period=period), 0.0, 1e9)
    with contextlib.suppress(natrium.NatriumError):
        assert natrium.Pulses(1.0, width=period, period=period)(1e9) in (0.0, 1.0)


# --- ramp ----------------------------------------------------------------------------------------


def test_ramp_starts_at_zero() -> None:
    ramp = natrium.Ramp(2.0, start=10.0, stop=15.0)
    assert [ramp(t) for t in (9.0, 10.0, 12.5, 14.5, 15.0, 99.0)] == [0.0, 0.0, 5.0, 9.0, 0.0, 0.0]
    held = natrium.Ramp(2.0, hold=True, start=10.0, stop=15.0)
    assert [held(t) for t in (9.0, 12.5, 15.0, 99.0)] == [0.0, 5.0, 10.0, 10.0]
    assert held(15.0, strict=True) == 10.0
    assert natrium.Ramp(2.0)(-3.0) == -6.0
    assert natrium.Ramp(2.0, hold=True, stop=5.0)(7.0) == 10.0
    assert natrium.Ramp(2.0, hold=True, start=-2.0, stop=-1.0)(0.0) == 2.0
    assert [drive.is_constant for _, _, drive in pieces(held, 0.0, 20.0)] == [True, False, True]


def test_ramp_keeps_its_digits_late() -> None:
    drive = natrium.Ramp(0.1, start=1e6).piece(1e6 + 1)
    assert (drive.level, drive.slope) == (0.1, 0.1)
    assert drive(0.5) == pytest.approx(0.15, rel=1e-15)


# --- sine ----------------------------------------------------------------------------------------


def test_sine_is_absolute_in_time() -> None:
    sine = natrium.Sine(2.0, 50.0, 0.3, 1.0, start=5.0, stop=30.0)
    for t in (5.0, 7.5, 29.0):
        assert sine(t) == pytest.approx(1.0 + 2.0 * math.sin(2 * math.pi * 50.0 * t / 1000 + 0.3), rel=1e-13)
    assert sine(4.9) == 0.0
    assert sine.piece(6.0).max_step == pytest.approx(20.0 / 3)
    assert natrium.Sine(2.0, 0.0, math.pi / 2, 1.0)(12.0) == 3.0
    assert natrium.Sine(2.0, 0.0, 0.1).piece(0.0).is_constant


def test_sine_keeps_its_phase_late() -> None:
    """Whole turns are dropped before they are multiplied by 2 pi."""
    sine = natrium.Sine(1.0, 100.0)
    for t in (1e6 + 2.5, 1e9 + 2.5, 1e12 + 2.5):
        assert sine(t) == pytest.approx(1.0, abs=1e-12)
        assert sine.piece(t)(2.5) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("frequency", [1e305, 1.7e308, 5e-324, 1e-310])
@pytest.mark.parametrize("t", [0.0, 1e6, -1e9])
def test_sine_of_any_frequency_is_a_number_or_nan(frequency: float, t: float) -> None:
    """A run names the time of what is not a number; an error of Python's own would not."""
    try:
        drive = natrium.Sine(1.0, frequency).piece(t)
    except natrium.StimulusError:
        return  # refused at once is as good
    assert drive.max_step > 0.0
    for s in (0.0, 1.0, 1e6):
        value = drive(s)
        assert math.isnan(value) or abs(value) <= 1.0


# --- gaussian ------------------------------------------------------------------------------------


def test_gaussian() -> None:
    bump = natrium.Gaussian(3.0, 20.0, 2.0)
    assert bump(20.0) == 3.0
    assert bump(22.0) == bump(18.0) == pytest.approx(3.0 * math.exp(-0.5), rel=1e-15)
    assert bump(20.0 + 2.0 * 10) == pytest.approx(3.0 * math.exp(-50.0), rel=1e-13)
    assert bump(1e300) == bump(-1e300) == 0.0
    assert set(bump.edges(0.0, 100.0)) == {20.0 - 2.0 * GAUSSIAN_REACH, 20.0 + 2.0 * GAUSSIAN_REACH}


def test_gaussian_bounds_the_step_where_it_matters() -> None:
    bump = natrium.Gaussian(3.0, 500.0, 0.5)
    steps = [(begin, drive.max_step) for begin, _, drive in pieces(bump, 0.0, 1000.0)]
    assert steps == [(0.0, math.inf), (496.0, 0.5), (504.0, math.inf)]
    assert 3.0 * math.exp(-(GAUSSIAN_REACH**2) / 2) < 1e-13


@pytest.mark.parametrize("sigma", [5e-324, 1e-300, 1e300, 1.7e308])
def test_gaussian_of_any_width_is_a_number(sigma: float) -> None:
    bump = natrium.Gaussian(3.0, 20.0, sigma)
    for t in (20.0, 19.0, 21.0, 1e9, -1.7e308):
        assert 0.0 <= bump(t) <= 3.0
    assert bump(20.0) == 3.0
    assert all(drive.max_step > 0 for _, _, drive in pieces(bump, 0.0, 100.0))


@pytest.mark.parametrize(
    "kind", [natrium.Constant, natrium.Step, natrium.Pulses, natrium.Ramp, natrium.Sine, natrium.Gaussian]
)
def test_kinds_are_named_for_files(kind: type[Stimulus]) -> None:
    assert kind.kind == kind.__name__.lower()


@pytest.mark.parametrize(
    ("short", "field"),
    [("I", "amplitude"), ("phase", "phase"), ("offset", "offset"), ("frequency", "frequency")],
)
def test_derivatives_of_a_sine_are_its_differences(short: str, field: str) -> None:
    sine, h = natrium.Sine(2.0, 40.0, 0.3, 5.0), 1e-5
    more, less = (attrs.evolve(sine, **{field: getattr(sine, field) + step}) for step in (h, -h))
    slope = sine.derivative(short)
    assert slope is not None
    for t in (0.0, 3.7, 21.0):
        assert slope(t) == pytest.approx((more(t) - less(t)) / (2 * h), abs=1e-8)
