"""All zeros in a box: closed forms, independent searches from many starts, and what is told where none is proven."""

import numpy as np
import pytest
import sympy
from scipy.optimize import root

from natrium.analysis.equilibria.isolation import isolate
from natrium.model import SolverError
from natrium.model.branches import choose, maximum

x, y, z, k = sympy.symbols("x y z k", real=True)


def zeros(functions, variables, reach=1e9, **settings):
    n = len(variables)
    return isolate(
        functions, variables, {k: 4.0}, np.full(n, -reach), np.full(n, reach), np.ones(n), **settings
    )


CLOSED = {
    "circle and line": ([x**2 + y**2 - k, y - x], [[-(2**0.5)] * 2, [2**0.5] * 2]),
    "cubic": ([x - y, y - x**3], [[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]]),
    "exponential": ([sympy.exp(x) - 2 * y, y - 1], [[np.log(2.0), 1.0]]),
    "pole": ([1 / x - y, x - k * y], [[-2.0, -0.5], [2.0, 0.5]]),
    "logarithm": ([sympy.log(k / x) - y, y - 1], [[4.0 / np.e, 1.0]]),
    "corner": ([maximum(x, 0) - 2 * x + y, y - x**3], [[-(2**0.5), -(2**1.5)], [0.0, 0.0], [1.0, 1.0]]),
    "jump": ([choose(x - 1, x - 3, -x - 2) + y, y], [[-2.0, 0.0], [3.0, 0.0]]),
    "chain": ([x - y**2, y - z**2, z - 2], [[16.0, 4.0, 2.0]]),
    "none": ([x**2 + y**2 + 1, x - y], []),
}


@pytest.mark.parametrize("name", CLOSED)
def test_zeros_in_closed_form_are_each_the_only_one_in_their_box(name):
    functions, expected = CLOSED[name]
    found = zeros(functions, (x, y, z)[: len(functions)])
    assert found.points == pytest.approx(np.array(expected).reshape(-1, len(functions)), abs=1e-13)
    assert len(found.undecided) == 0
    for point, box in zip(found.points, found.boxes, strict=True):
        assert np.all((box[:, 0] < point) & (point < box[:, 1]))
        others = [at for at in found.points if at is not point]
        assert not any(np.all((box[:, 0] <= at) & (at <= box[:, 1])) for at in others if np.any(at != point))


def test_a_zero_at_the_edge_of_the_box_is_found_and_one_beyond_is_not():
    box = np.array([0.0, 0.0]), np.array([1.0, 1.0])
    found = isolate([x - y, y * (y - 1) * (y - 1.01)], (x, y), {}, *box, np.ones(2))
    assert found.points == pytest.approx(np.array([[0.0, 0.0], [1.0, 1.0]]), abs=1e-13)


def test_a_double_zero_is_named_and_not_counted():
    for functions in ([x**2 + y**2 - 2, x + y - 2], [(x - 1) ** 2, y - x]):
        found = zeros(functions, (x, y))
        assert len(found.points) == 0
        (box,) = found.undecided
        assert np.all((box[:, 0] <= 1.0) & (box[:, 1] >= 1.0))
        assert np.ptp(box, axis=1).max() < 1e-4


def test_where_a_function_jumps_over_zero_nothing_is_proven():
    found = zeros([choose(x, -1 - x, 1 - x) + y, y], (x, y))
    assert len(found.points) == 0
    assert found.undecided == pytest.approx(np.zeros((1, 2, 2)), abs=1e-4)


def test_what_is_too_much_is_refused():
    with pytest.raises(SolverError, match="undecided, one near x = "):
        zeros([x - y, 2 * x - 2 * y], (x, y))
    with pytest.raises(SolverError, match="within 50 boxes and lie apart, got 60 with 0 undecided"):
        zeros([sympy.sin(x) - y, y - x / 50], (x, y), budget=50)
    assert len(zeros([sympy.sin(x) - y, y - x / 50], (x, y)).points) == 31


def network(n, gain, seed):
    """Rate units, each seen by each."""
    weights = np.random.default_rng(seed).normal(size=(n, n)) * gain / np.sqrt(n)
    states = sympy.symbols(f"s:{n}", real=True)
    push = [sum(float(w) * sympy.tanh(s) for w, s in zip(row, states, strict=True)) for row in weights]
    return weights, [p - s for p, s in zip(push, states, strict=True)], states


@pytest.mark.parametrize(
    ("n", "gain", "seed"),
    [
        (3, 3.0, 0),
        (4, 3.0, 3),
        (5, 2.0, 1),
        pytest.param(8, 3.0, 1, marks=pytest.mark.slow),
    ],
)
def test_no_zero_that_a_search_from_many_starts_finds_is_lost(n, gain, seed):
    weights, functions, states = network(n, gain, seed)
    found = zeros(functions, states)
    assert len(found.undecided) == 0
    seen = []
    rng = np.random.default_rng(9)
    for start in 2.0 * gain * rng.uniform(-1.0, 1.0, (200, n)) * 10.0 ** rng.uniform(-3.0, 0.0, (200, 1)):
        end = root(lambda s: weights @ np.tanh(s) - s, start, tol=1e-12)
        if end.success and np.abs(end.fun).max() < 1e-10:
            seen.append(end.x)
            assert np.abs(found.points - end.x).max(axis=1).min() < 1e-8
    for point in found.points:  # and the other way: these starts are many enough
        assert np.abs(np.array(seen) - point).max(axis=1).min() < 1e-8
        assert np.abs(weights @ np.tanh(point) - point).max() < 1e-12
