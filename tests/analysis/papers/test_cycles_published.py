"""Cycles that papers give: every row holds, each by other means too."""

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from natrium.analysis.papers.cycles_published import INTERVALS, published_cycles
from tests.analysis.papers.test_other_means import axon_current, axon_rates


@pytest.fixture(scope="module")
def found():
    return published_cycles()


def test_every_row_holds(found):
    assert [(row.claim, row.expected, row.got) for row in found.claims if not row.holds] == []
    assert len(found.claims) == 4 + 5 + 2


def test_intervals_of_the_exponential_neuron_by_quadrature():
    for I, expected in INTERVALS.items():

        def slowness(V, I=I):
            return 1.0 / (-0.1 * (V + 65.0) + 0.1 * 3.48 * np.exp((V + 59.9) / 3.48) + I)

        parts = [quad(slowness, a, b, epsabs=1e-12, epsrel=1e-13)[0] for a, b in ((-68, -60), (-60, 30))]
        assert 1.7 + sum(parts) == pytest.approx(expected, abs=1e-9)


def test_the_fold_of_cycles_by_scipy(found):
    """Its cycle comes back, and neighbours neither part nor come together: a second multiplier is 1."""
    fold = next(one for one in found.squid.special if one.kind == "fold of cycles")
    state = np.array(fold.point.z[:4])

    def flow(_, y):
        v, gates = y[0] + 65.0, y[1:]
        moved = [a * (1.0 - x) - b * x for x, (a, b) in zip(gates, axon_rates(v), strict=True)]
        return [6.2648212745 + axon_current(v, gates, 10.598), *moved]

    def around(y):
        run = solve_ivp(flow, (0.0, 19.8952407), y, method="DOP853", rtol=1e-12, atol=1e-13)
        return run.y[:, -1]

    assert around(state) == pytest.approx(state, abs=1e-5)
    step = 1e-5 * np.array([10.0, 1.0, 1.0, 1.0])
    columns = [(around(state + d) - around(state - d)) / (2.0 * d.max()) for d in np.diag(step)]
    values = np.linalg.eigvals(np.array(columns).T)
    near = values[np.argsort(np.abs(values - 1.0))[:2]]
    assert np.abs(near - 1.0).max() < 2e-2  # two that meet: as the root of the differences' error
