"""The follower by itself: on curves that are known."""

from types import SimpleNamespace

import attrs
import numpy as np
import pytest

from natrium.analysis.continuation.arclength import Point, ahead, at_value, located, step
from natrium.analysis.continuation.cycles import Together
from natrium.analysis.continuation.follow import _is_idle


@attrs.frozen
class Bare:
    """What of an evaluation the follower reads."""

    residual: np.ndarray
    jacobian: np.ndarray
    intervals: np.ndarray = attrs.field(factory=lambda: np.ones(1))
    states: np.ndarray = attrs.field(factory=lambda: np.ones((1, 1)))

    @property
    def period(self):
        return float(self.intervals.sum())


@attrs.frozen
class Ellipse(Together):
    """x^2 + (p/2)^2 = 1, moved by what a tolerance may leave."""

    rtol: float = 1e-12

    def evaluate(self, z):
        x, p = z
        return Bare(np.array([x * x + 0.25 * p * p - 1.0 - self.rtol]), np.array([[2.0 * x, 0.5 * p]]))

    def scales(self, z):
        return np.array([1.0, 2.0])

    def read(self, z):
        return np.ones(1), np.ones((1, 1))

    def adapted(self, z, found):
        return self


def start():
    return at_value(Ellipse(), np.array([1.1, 0.0]), 0.0)


def test_it_goes_round_a_closed_curve():
    points, length = [start()], 0.1
    turned = 0.0
    while turned < 2.0 * np.pi:
        point, length = step(points[-1], length, points[-2] if len(points) > 1 else None)
        points.append(point)
        turned += abs(np.arctan2(*_cross(points[-2], point)))
    z = np.array([point.z for point in points])
    assert z[:, 0] ** 2 + 0.25 * z[:, 1] ** 2 == pytest.approx(1.0, abs=1e-11)
    assert len(points) < 60


def _cross(a: Point, b: Point) -> tuple[float, float]:
    u, v = a.z / [1.0, 2.0], b.z / [1.0, 2.0]
    return float(u[0] * v[1] - u[1] * v[0]), float(u @ v)


def test_a_fold_is_found_to_the_last_digits_with_an_error_that_holds():
    point, length = start(), 0.3
    while True:
        after, length = step(point, length)
        if after.tangent[-1] < 0.0:
            break
        point = after
    found = located(point, after, lambda one: float(one.tangent[-1]))
    exact = 2.0 * np.sqrt(1.0 + 1e-12)
    assert abs(found.point.value - exact) < 1e-14
    assert abs(found.point.value - 2.0) <= found.error < 1e-10


def test_what_jumps_is_found_nowhere():
    point = start()
    after, _ = step(point, 0.3)

    def jumps(one: Point) -> float:
        return float("nan") if one.value > 0.2 else -1.0

    assert located(point, after, jumps) is None


@attrs.frozen(eq=False)
class Cheap(Ellipse):
    """The same, whose residual costs less; it counts its Jacobians."""

    told: list = attrs.field(factory=list)

    def jacobian_beside(self, found):
        return found.jacobian

    def residual(self, z):
        return Ellipse.evaluate(self, z).residual

    def evaluate(self, z):
        self.told.append(z)
        return Ellipse.evaluate(self, z)


def test_where_residuals_are_cheap_a_step_takes_one_jacobian():
    dear, cheap = (at_value(one, np.array([0.8, 1.2]), 1.2) for one in (Ellipse(), Cheap()))
    cheap.problem.told.clear()
    found = ahead(cheap, 0.2)
    assert len(cheap.problem.told) == 1
    assert np.abs(found.z - ahead(dear, 0.2).z).max() < 1e-10
    assert 0 < found.iterations <= 8


@pytest.mark.parametrize(
    ("each", "swing", "idle"), [(1e-3, 3.0, True), (0.1, 3.0, False), (1e-3, 1e-3, False)]
)
def test_points_that_come_no_further_are_told_from_a_cycle_that_shrinks(each, swing, idle):
    first = attrs.evolve(at_value(Ellipse(), np.array([1.0, 0.0]), 0.0), tangent=np.array([0.0, 1.0]))
    found = SimpleNamespace(swing=swing)
    problem = SimpleNamespace(n_spikes=0, scales=lambda z: np.ones(2))
    points = [
        attrs.evolve(first, problem=problem, found=found, z=np.array([1.0, k * each])) for k in range(45)
    ]
    assert _is_idle(points) == idle
    assert not _is_idle(points[:30])
