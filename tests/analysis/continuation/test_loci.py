"""Curves in two parameters: against normal forms and the exact curves of equilibria."""

import numpy as np
import pytest

import natrium
from natrium.analysis.continuation.axis import axis_of, sizes_of
from natrium.analysis.continuation.loci import locus_from
from natrium.analysis.continuation.rests import rest_branches
from natrium.model.files.new import template


def curves(neuron, I, x, y, ranges):
    """Follow all that is met along x, in y."""
    first, second = axis_of(neuron, I, x), axis_of(neuron, I, y)
    rests = rest_branches(first, *ranges[0], passes=True)
    sizes = sizes_of(neuron, np.concatenate([one.states for one in rests]).T)
    found = (locus_from(one, first, second, ranges, sizes) for rest in rests for one in rest.special)
    return [one for one in found if one is not None]


def test_folds_meet_at_a_cusp():
    """V' = I + a V - V^3: folds at 27 I^2 = 4 a^3, both ending at the origin."""
    cell = natrium.HybridNeuron(equations={"V": "I + a*V - V**3"}, parameters={"a": 1.0}, initial={"V": 0.0})
    found = curves(cell, 0.0, "I", "a", ((-1.0, 1.0), (-0.5, 1.5)))
    assert [one.kind for one in found] == ["fold", "fold"]
    for curve in found:
        assert 27.0 * curve.x**2 == pytest.approx(4.0 * curve.y**3, abs=1e-8)
        (cusp,) = curve.special
        assert (cusp.kind, cusp.x, cusp.y) == (
            "cusp",
            pytest.approx(0.0, abs=1e-9),
            pytest.approx(0.0, abs=1e-9),
        )


def test_a_fold_and_a_hopf_point_meet():
    """The normal form of Bogdanov and Takens: folds at I = 0, Hopf points at I = -a^2."""
    cell = natrium.HybridNeuron(
        equations={"V": "w", "w": "I + a*w + V**2 + V*w"},
        parameters={"a": 0.5},
        initial={"V": -1.0, "w": 0.0},
    )
    found = curves(cell, -1.0, "I", "a", ((-2.0, 1.0), (-1.0, 1.5)))
    hopf, fold = sorted(found, key=lambda one: one.kind)
    assert hopf.x == pytest.approx(-(hopf.y**2), abs=1e-9)
    far = hopf.y > 1e-3
    assert 2e-3 * np.pi * hopf.frequencies[far] == pytest.approx(np.sqrt(2.0 * hopf.y[far]), rel=1e-6)
    (meeting,) = fold.special
    assert meeting.kind == "Bogdanov-Takens"
    assert (meeting.x, meeting.y) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_an_oscillation_changes_from_soft_to_hard():
    """V' = -w + p V + b V r - V r^2, r = V^2 + w^2, and the like: Bautin's point at p = b = 0."""
    r = "(V**2 + w**2)"
    cell = natrium.HybridNeuron(
        equations={
            "V": f"-w + p*V + b*V*{r} - V*{r}**2 + I",
            "w": f"V + p*w + b*w*{r} - w*{r}**2",
        },
        parameters={"p": -0.1, "b": 0.3},
        initial={"V": 0.1, "w": 0.0},
    )
    (curve,) = curves(cell, 0.0, "p", "b", ((-1.0, 1.0), (-1.0, 1.0)))
    assert curve.x == pytest.approx(0.0, abs=1e-9)
    (point,) = curve.special
    assert (point.kind, point.y) == ("Bautin", pytest.approx(0.0, abs=1e-7))


def test_curves_are_those_of_exact_equilibria_at_each_value():
    cell = natrium.loads(template("morris-lecar")).neuron
    found = curves(cell, 50.0, "I", "g_Ca", ((0.0, 150.0), (3.5, 4.5)))
    fold = next(one for one in found if one.kind == "fold")
    for x, y in list(zip(fold.x, fold.y, strict=True))[::6]:
        exact = natrium.equilibrium_curve(cell.changed({"g_Ca": float(y)})).folds
        assert min(abs(one.I - x) for one in exact) < 1e-8
