"""Polynomials in Bernstein form, against NumPy's roots and SciPy's own dense output."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import DOP853, RK45, Radau

from natrium.solvers.bernstein import first_reach, from_monomials, split, value
from natrium.solvers.event_driven.steppers import STEPPERS, Record

SCIPY = {"RK45": RK45, "DOP853": DOP853, "Radau": Radau}
X = np.linspace(0.0, 1.0, 41)
COEFFICIENTS = st.lists(st.floats(-3.0, 3.0), min_size=2, max_size=8)


def bernstein(monomials):
    return (from_monomials(len(monomials) - 1) @ np.asarray(monomials)).tolist()


@given(COEFFICIENTS)
@settings(deadline=None, derandomize=True)
def test_conversion_keeps_the_polynomial(monomials):
    c = bernstein(monomials)
    expected = np.polynomial.polynomial.polyval(X, monomials)
    np.testing.assert_allclose([value(c, x) for x in X], expected, rtol=0.0, atol=1e-13)
    assert min(c) <= expected.min() + 1e-13  # the hull holds the polynomial
    assert max(c) >= expected.max() - 1e-13


@given(COEFFICIENTS, st.floats(0.0, 1.0))
@settings(deadline=None, derandomize=True)
def test_both_parts_of_a_split_are_the_polynomial(monomials, x):
    c = bernstein(monomials)
    left, right = split(c, x)
    np.testing.assert_allclose([value(left, s) for s in X], [value(c, x * s) for s in X], atol=1e-13)
    np.testing.assert_allclose(
        [value(right, s) for s in X], [value(c, x + (1 - x) * s) for s in X], atol=1e-13
    )


@given(st.integers(2, 8), st.integers(0, 2**32 - 1), st.floats(0.0, 0.95))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_first_reach_is_the_first_root_that_numpy_finds(degree, seed, start):
    rng = np.random.default_rng(seed)
    monomials = rng.normal(size=degree + 1) * 2.0 ** rng.integers(-2, 4, size=degree + 1)
    level = rng.normal()
    c = bernstein(monomials)
    found = first_reach(c, level, start)
    shifted = monomials.copy()
    shifted[0] -= level
    if np.polynomial.polynomial.polyval(start, shifted) >= 0.0:
        assert found == pytest.approx(start, abs=1e-12)
        return
    roots = np.polynomial.Polynomial(shifted).roots()
    # A pair of roots that nearly meets is either none or a touch: both are right to rounding.
    real = np.sort(roots.real[np.abs(roots.imag) < 1e-6])
    real = real[(real > start) & (real <= 1.0)]
    clear = [root for root in real if np.polynomial.polynomial.polyval(root, shifted) >= -1e-11]
    if found is None:
        assert all(abs(np.polynomial.polynomial.polyval(x, shifted)) < 1e-9 for x in real)
        assert np.polynomial.polynomial.polyval(np.linspace(start, 1.0, 2001), shifted).max() < 1e-9
        return
    assert value(c, found) - level == pytest.approx(0.0, abs=1e-9) or found == 1.0
    before = np.linspace(start, found, 500, endpoint=False)
    assert np.polynomial.polynomial.polyval(before, shifted).max() < 1e-9
    if clear and abs(np.polynomial.polynomial.polyval(clear[0], np.polyder(shifted[::-1])[::-1])) > 1e-4:
        assert found == pytest.approx(clear[0], abs=1e-9)


@pytest.mark.parametrize("gap", [1e-2, 1e-6, 1e-10])
def test_a_double_crossing_however_brief_is_seen(gap):
    # gap - (x - 0.37)^2 is above zero for 2 sqrt(gap) only; both ends are far below.
    over = bernstein([gap - 0.37**2, 2 * 0.37, -1.0])
    assert first_reach(over, 0.0) == pytest.approx(0.37 - np.sqrt(gap), abs=1e-9)
    under = bernstein([-gap - 0.37**2, 2 * 0.37, -1.0])
    assert first_reach(under, 0.0) is None


def test_a_touch_at_the_very_end_and_from_there_on():
    rising = bernstein([-1.0, 1.0])
    assert first_reach(rising, 0.0) == pytest.approx(1.0, abs=1e-12)
    assert first_reach(rising, 0.5) is None
    assert first_reach(rising, 0.0, start=1.0) == 1.0
    assert first_reach(rising, 0.5, start=1.0) is None


def test_a_touch_between_two_halvings_ends():
    # An exact double root: as near as doubles can say, a root or none, but never a hang.
    touch = bernstein([-1.0 / 9.0, 2.0 / 3.0, -1.0])
    found = first_reach(touch, 0.0)
    assert found is None or found == pytest.approx(1.0 / 3.0, abs=1e-6)


def field(t, y):
    return np.array([np.cos(3 * t) - y[0] + y[1] ** 3, -2.0 * y[1] + np.sin(y[0]), 0.3 * y[2] * y[1] - y[2]])


def jacobian(t, y):
    return np.array(
        [
            [-1.0, 3 * y[1] ** 2, 0.0],
            [np.cos(y[0]), -2.0, 0.0],
            [0.0, 0.3 * y[2], 0.3 * y[1] - 1.0],
        ]
    )


def kept(name, solver, t_old):
    data = solver.sol.Q if name == "Radau" else solver.K[: solver.n_stages + 1]
    return Record(t_old, solver.t - t_old, solver.y_old, data.copy(), STEPPERS[name])


@pytest.mark.parametrize("name", SCIPY)
def test_coefficients_are_scipy_s_own_dense_output(name):
    options = {"jac": jacobian} if name == "Radau" else {}
    solver = SCIPY[name](field, 0.2, np.array([0.4, -0.8, 1.3]), 20.0, rtol=1e-5, atol=1e-7, **options)
    for _ in range(6):
        t_old = solver.t
        solver.step()
        dense = solver.dense_output()
        c = kept(name, solver, t_old).coefficients(field)
        for state in range(3):
            found = [value(c[:, state].tolist(), x) for x in X]
            np.testing.assert_allclose(found, dense(t_old + X * (solver.t - t_old))[state], atol=1e-13)
