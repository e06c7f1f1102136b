"""One native step of a gate that follows V: on the solution without a layer, and beside it."""

import numpy as np
import pytest
import sympy
from numpy.polynomial import polynomial

from natrium.solvers.compiled.taylor.native import compile_step
from natrium.solvers.compiled.taylor.nodes import FOLLOWS, GOES_ON, READY, Follower
from natrium.solvers.compiled.taylor.series import program
from tests.solvers.compiled.taylor.steps import taken

ORDER, TOLERANCE = 15, 1e-10
V, x, J, a, tau, mode = sympy.symbols("V x J a tau mode", real=True)
TAUS = [1e-2, 1e-4, 1e-8, 1e-12]
LAWS = {"constant tau": (a * V, tau), "tau of V": (a * V / (1 + V**2), tau * (1 + sympy.exp(-V)))}


def native_of(inf, time, *, width=1, order=ORDER):
    """Compile V' = -x with a gate x that takes `inf` within `time`."""
    follower = Follower(x, inf, time, (mode,))
    return compile_step(program((-x, inf), (V, x), J, (a, tau, mode), followers=(follower,)), width, order)


def step(native, states, parameters):
    """Take one step."""
    return taken(native, states, parameters, order=ORDER, tolerance=TOLERANCE)


def modes(value, *, scale, width=1):
    """Give the parameters of a step, a row each: changed in place by it."""
    return np.array([[0.5] * width, [scale] * width, [value] * width])


@pytest.mark.parametrize("scale", TAUS)
@pytest.mark.parametrize("begins", [FOLLOWS, GOES_ON])
def test_a_linear_gate_is_on_the_slow_one_of_its_exponentials(scale, begins):
    """V' = -x, x' = (a V - x)/tau: x = s V with s = a/(1 - tau s), to the last digits."""
    s = 1.0 / (1.0 + np.sqrt(1.0 - 2.0 * scale))
    given = modes(begins, scale=scale)
    series, length, final = step(native_of(*LAWS["constant tau"]), (1.0, s), given)
    k = np.arange(ORDER)
    exact = np.cumprod([1.0, *(-s / k[1:])])
    h = length[0]
    np.testing.assert_allclose(
        series[:, :-1, 0] * h**k, [exact * h**k, s * exact * h**k], rtol=0.0, atol=TOLERANCE
    )
    np.testing.assert_allclose(
        final[:, 0], [np.exp(-s * h), s * np.exp(-s * h)], rtol=0.0, atol=2 * TOLERANCE
    )
    assert given[2, 0] == GOES_ON
    assert h > 1.0  # some e-folding of V, up to 1e12 time constants of the gate


@pytest.mark.parametrize("scale", TAUS)
def test_any_gate_obeys_its_equation_order_by_order(scale):
    """After its layer, from the first step on that it follows."""
    given, native, states = modes(READY, scale=scale), native_of(*LAWS["tau of V"]), (1.0, 0.25)
    while given[2, 0] != GOES_ON:
        (voltage, gate), length, final = step(native, states, given)
        states = final[:, 0]
    assert length[0] > 0.1
    k = np.arange(ORDER)
    voltage, gate = voltage[:-1, 0], gate[:-1, 0]
    times = np.linspace(0.0, length[0], 9)
    at, along, slope = (polynomial.polyval(times, c) for c in (voltage, gate, k[1:] * gate[1:]))
    left = scale * (1.0 + np.exp(-at)) * slope + along - 0.5 * at / (1.0 + at**2)
    np.testing.assert_allclose(left, 0.0, atol=5 * TOLERANCE)


@pytest.mark.parametrize("scale", TAUS)
def test_a_gate_that_stands_aside_goes_its_own_way(scale):
    given = modes(FOLLOWS, scale=scale)
    series, length, _ = step(native_of(*LAWS["constant tau"]), (1.0, 0.9), given)
    assert series[1, 1, 0] == pytest.approx((0.5 - 0.9) / scale, rel=1e-14)
    assert length[0] < 10.0 * scale
    assert given[2, 0] < READY
    for _ in range(10):
        step(native_of(*LAWS["constant tau"]), (1.0, 0.9), given)
    assert given[2, 0] == READY  # as long as it has a layer


def test_a_gate_begins_to_follow_where_its_layer_is_over():
    given = modes(READY, scale=1e-3)
    s = 1.0 / (1.0 + np.sqrt(1.0 - 2e-3))
    step(native_of(*LAWS["constant tau"]), (1.0, s), given)
    assert given[2, 0] == FOLLOWS


@pytest.mark.parametrize("order", [0, ORDER])
def test_a_lane_among_others_is_the_lane_alone(order):
    """Some on their way, one that begins, one in a layer, one that stands: each takes its own sweeps."""
    alone, many = (native_of(*LAWS["tau of V"], width=width, order=order) for width in (1, 4))
    scales = np.array([1e-2, 1e-5, 1e-9, 1e-3])
    states = np.array([[1.0, 0.3, 0.2, -0.5], [0.25, 0.9, 0.09, 0.1]])
    given = np.array([[0.5] * 4, scales, [GOES_ON, FOLLOWS, FOLLOWS, READY]])
    each = [given[:, [lane]].copy() for lane in range(4)]
    together = step(many, states, given)
    for lane in range(4):
        one = step(alone, states[:, lane], each[lane])
        for found, expected in zip(together, one, strict=True):
            np.testing.assert_array_equal(found[..., lane], expected[..., 0])
        np.testing.assert_array_equal(given[:, lane], each[lane][:, 0])
