"""The input on one piece of time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natrium.model.stimuli.drive import Drive, Wave

numbers = st.floats(-100.0, 100.0)
waves = st.builds(Wave, numbers, st.floats(0.0, 10.0), st.floats(-7.0, 7.0))
curves = st.sampled_from((math.sin, math.tanh, abs))
drives = st.builds(
    Drive,
    numbers,
    numbers,
    st.lists(waves, max_size=3).map(tuple),
    st.lists(curves, max_size=3).map(tuple),
    st.sampled_from((math.inf, 1.0, 0.25)),
)


def by_hand(drive: Drive, s: float) -> float:
    parts = [drive.level, drive.slope * s]
    parts += [wave.amplitude * math.sin(wave.omega * s + wave.phase) for wave in drive.waves]
    return math.fsum(parts + [curve(s) for curve in drive.curves])


@given(drives, st.floats(0.0, 50.0))
def test_value_is_the_sum_of_its_parts(drive: Drive, s: float) -> None:
    assert drive(s) == pytest.approx(by_hand(drive, s), rel=1e-12, abs=1e-9)


@given(drives, drives, st.floats(0.0, 50.0))
def test_drives_superpose(one: Drive, two: Drive, s: float) -> None:
    assert (one + two)(s) == pytest.approx(one(s) + two(s), rel=1e-12, abs=1e-9)
    assert (one + two).max_step == min(one.max_step, two.max_step)
    assert one + Drive() == one == Drive() + one


@given(drives)
def test_constant_means_constant(drive: Drive) -> None:
    assert drive.is_constant == (drive.slope == 0.0 and not drive.waves and not drive.curves)
    if drive.is_constant:
        assert drive(0.0) == drive(17.3) == drive.level


def test_no_input_is_zero_for_ever() -> None:
    assert Drive()(1e9) == 0.0
    assert Drive().is_constant
    assert Drive().max_step == math.inf
