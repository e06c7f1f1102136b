"""Zeros come near by residuals alone, from a Jacobian that is only roughly theirs."""

import numpy as np
import pytest

from natrium import SolverError
from natrium.analysis.continuation.broyden import come_near

ROUGH = np.array([[2.0, 0.3], [0.2, 1.2]])


def bent(z):
    x, y = z
    return np.array([np.exp(x) - 1.0 + 0.1 * y, y + 0.2 * x * y - 0.3])


def test_it_ends_nearer_than_its_last_step():
    z, taken = come_near(bent, ROUGH, np.array([0.1, 0.1]), np.ones(2), 1e-9)
    assert np.abs(bent(z)).max() < 1e-10
    assert 3 <= taken <= 14


def test_units_change_nothing():
    scales = np.array([1e3, 1e-4])
    plain, taken = come_near(bent, ROUGH, np.array([0.1, 0.1]), np.ones(2), 1e-9)
    scaled = come_near(lambda z: bent(z / scales), ROUGH, 0.1 * scales, scales, 1e-9)
    assert scaled[1] == taken
    assert scaled[0] / scales == pytest.approx(plain, rel=1e-12)


def test_a_matrix_that_leads_away_gives_none():
    assert come_near(bent, -ROUGH, np.array([0.1, 0.1]), np.ones(2), 1e-9) is None
    assert come_near(bent, np.zeros((2, 2)), np.array([0.1, 0.1]), np.ones(2), 1e-9) is None


def test_a_residual_that_cannot_be_told_gives_none():
    def untold(z):
        raise SolverError("no flow from there")

    assert come_near(untold, ROUGH, np.zeros(2), np.ones(2), 1e-9) is None
