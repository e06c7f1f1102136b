"""The search within one step: what is proven, what is polished, what is flagged."""

import numpy as np
import pytest

from natrium.solvers.event_driven.crossing import Search
from natrium.solvers.event_driven.steppers import STEPPERS, Piece

EXPLICIT = ["RK45", "DOP853"]


def first_step(name, slope, u0, h, bend=None, atol=1e-9):
    """Take one step of `h` over u' = slope(t), kept by the method; give what the search finds in it."""
    search = Search(atol=atol, rtol=atol)
    found = []

    def inspect(step):
        found.append(search(step))
        return found[-1]

    def fun(t, y):
        return np.array([slope(t)])

    options = {"jac": lambda t, y: np.zeros((1, 1))} if name not in EXPLICIT else {}
    piece = Piece(inspect)
    STEPPERS[name](
        fun, 0.0, np.array([u0]), h, piece=piece, first_step=h, rtol=1.0 - 1e-9, atol=1e6, **options
    ).step()
    return found[0], search, piece


@pytest.mark.parametrize("name", STEPPERS)
def test_a_double_crossing_within_one_step_is_found_at_its_first(name):
    # u = -1 + 4 (t - t^2) + 1e-3: over zero around t = 1/2 only, below at both ends.
    found, search, piece = first_step(name, lambda t: 4.0 * (1.0 - 2.0 * t), -1.0 + 1e-3, 1.0)
    root = 0.5 - np.sqrt(1e-3) / 2.0
    assert found.h == pytest.approx(root, abs=1e-12)
    assert found.f[0] == pytest.approx(8.0 * (0.5 - root), abs=1e-9)
    assert piece.end[0] == found.h
    assert search.grazes == []


@pytest.mark.parametrize("name", STEPPERS)
@pytest.mark.parametrize("u0", [-1.0 - 1e-3, -3.0, -100.0])
def test_a_step_that_stays_below_is_left_alone(name, u0):
    found, search, piece = first_step(name, lambda t: 4.0 * (1.0 - 2.0 * t), u0, 1.0)
    assert found is None
    assert search.grazes == []
    assert piece.event is None
    assert len(piece.records) == 1


@pytest.mark.parametrize("name", STEPPERS)
@pytest.mark.parametrize("over", [2e-10, -2e-10])
def test_a_peak_within_the_error_is_decided_by_its_own_sign_and_flagged(name, over):
    found, search, _ = first_step(name, lambda t: 4.0 * (1.0 - 2.0 * t), -1.0 + over, 1.0)
    (graze,) = search.grazes
    assert graze.t == pytest.approx(0.5, abs=1e-5)
    assert graze.u == pytest.approx(over, abs=1e-12)
    assert (found is not None) == (over > 0.0)


@pytest.mark.parametrize("name", EXPLICIT)
def test_the_second_of_two_peaks_is_found_when_the_first_stays_below(name):
    # u' = c (t - 1/4)(t - 1/2)(3/4 - t): peaks at 1/4 and 3/4, of one height but for the tilt.
    def slope(t):
        return -400.0 * (t - 0.25) * (t - 0.5) * (t - 0.75) + 0.5

    grid = np.linspace(0.0, 1.0, 100_001)
    u = np.concatenate([[0.0], np.cumsum(0.5 * (slope(grid[1:]) + slope(grid[:-1]))) * 1e-5])
    first, second = u[:50_000].max(), u[50_000:].max()
    assert second > first + 0.1
    u0 = -0.5 * (first + second)
    found, _, _ = first_step(name, slope, u0, 1.0)
    assert found.h == pytest.approx(grid[np.argmax(u + u0 >= 0.0)], abs=2e-5)
    assert found.h > 0.5


@pytest.mark.parametrize("name", STEPPERS)
def test_a_peak_just_below_then_a_clear_crossing(name):
    # A flat inflection 2e-10 under the threshold, then a steep rise: flagged or not, it fires at the rise.
    found, _, _ = first_step(name, lambda t: 12.0 * (t - 0.5) ** 2, -0.5 - 1e-4, 1.0)
    assert found is not None
    assert found.h == pytest.approx(0.5 + (1e-4 / 4.0) ** (1.0 / 3.0), abs=1e-9)


@pytest.mark.parametrize("name", STEPPERS)
def test_a_crossing_at_the_very_end_of_a_step(name):
    found, _, _ = first_step(name, lambda t: 1.0, -1.0, 1.0)
    assert found is None or found.h == pytest.approx(1.0, abs=1e-12)
    found, _, _ = first_step(name, lambda t: 1.0, -1.0 + 1e-13, 1.0)
    assert found.h == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("name", STEPPERS)
def test_a_crossing_at_the_very_start_of_a_step(name):
    found, _, _ = first_step(name, lambda t: 1.0, -1e-12, 1.0)
    assert found.h == pytest.approx(1e-12, abs=1e-14)
