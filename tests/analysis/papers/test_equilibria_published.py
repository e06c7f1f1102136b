"""Folds and Hopf points that papers give: every row holds, and a wrong number would not."""

import attrs
import pytest

from natrium.analysis.papers.equilibria_published import published_equilibria


@pytest.fixture(scope="module")
def found():
    return published_equilibria()


def test_every_row_holds(found):
    assert [(row.claim, row.expected, row.got) for row in found.claims if not row.holds] == []
    assert len(found.claims) == 6 + 5 + 5


def test_formula_and_curve_are_two_ways(found):
    """Published constants: 627.311 and 627.182 pA."""
    fold, hopf = (row for row in found.claims if row.unit == "pA")
    assert (fold.expected, hopf.expected) == pytest.approx((627.31109372087, 627.1824645086), abs=1e-10)


def test_another_cell_would_fail(found):
    swapped = attrs.evolve(found, class_1=found.homoclinic, low=found.high, adaptive=found.adaptive)
    wrong = [row for row in swapped.claims if not row.holds]
    assert len(wrong) == 2
