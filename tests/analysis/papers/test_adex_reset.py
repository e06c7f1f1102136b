"""Touboul & Brette 2008: the bifurcation of the adaptive exponential neuron's reset."""

import math

import attrs
import numpy as np
import pytest

from natrium.analysis.cycle.orbits import orbit, reset_bifurcation
from natrium.analysis.papers import adex_reset
from natrium.analysis.papers.adex_reset import (
    AT_RESETS,
    CURRENT,
    AdexResets,
    adex,
    adex_resets,
)


def failing(claims):
    return [(claim.claim, claim.expected, claim.got) for claim in claims if not claim.holds]


@pytest.fixture(scope="module")
def resets():
    """The claims' orbits, with a picture of two values only."""
    settled = {v: orbit(adex(v), CURRENT, transient=60, count=60) for v in AT_RESETS}
    chaotic = orbit(adex(adex_reset.CHAOTIC), CURRENT, transient=60, count=60)
    picture = reset_bifurcation(
        adex(-48.3), CURRENT, "v_reset", list(AT_RESETS), transient=40, count=6, lyapunov=False
    )
    return AdexResets(settled, chaotic, picture)


def test_orbits_of_the_reset_are_those_expected(resets):
    assert failing(resets.claims) == []
    assert len(resets.claims) == 2 + 5 + 1
    assert [each.period for each in resets.settled.values()] == [2, 3]
    assert resets.chaotic.period is None


def test_adaptation_is_read_just_before_the_reset(resets):
    values, w = resets.points
    assert values.tolist() == [-48.3] * 6 + [-47.8] * 6
    np.testing.assert_allclose(np.unique(w[:6].round(2)), AT_RESETS[-48.3], atol=0.011)
    # After it, b is in: neither number is there.
    after = resets.settled[-48.3].states[:, 0]
    np.testing.assert_allclose(np.sort(after[-2:]) - 80.0, AT_RESETS[-48.3], atol=0.005)


def test_model_is_that_of_the_script_of_the_figure():
    neuron = adex(-48.3)
    assert neuron.v_thresh == pytest.approx(-40.4)
    assert dict(neuron.parameters)["tau_w"] == 40.0
    # -gL (V - EL) + gL DeltaT + I at V_T with w = 0, over C
    system = neuron.system
    slope = system.rhs[0].subs(dict(zip(system.parameters, system.values, strict=True)))
    at = {"V": -50.4, "w": 0.0, "I": 800.0}
    slope = slope.subs({symbol: at[symbol.name] for symbol in slope.free_symbols})
    assert float(slope) == pytest.approx((-30.0 * 20.2 + 60.0 + 800.0) / 281.0, rel=1e-12)


def test_wrong_expectations_fail(resets):
    for claim in resets.claims:
        away = 2.0 * claim.tolerance + 1e-9
        for wrong in (claim.expected + away, claim.expected - away, math.nan):
            assert not attrs.evolve(claim, expected=wrong).holds
    swapped = dict(zip(AT_RESETS, reversed(resets.settled.values()), strict=True))
    wrong = attrs.evolve(resets, settled=swapped, chaotic=resets.settled[-48.3])
    assert len(failing(wrong.claims)) == len(wrong.claims)


def test_silence_is_no_orbit(resets):
    silent = orbit(adex(-48.3), 0.0, transient=2, count=2, longest=200.0)
    none = attrs.evolve(resets, settled=dict.fromkeys(AT_RESETS, silent))
    assert len(failing(none.claims)) == 7


@pytest.mark.slow
def test_all_of_the_figure_holds():
    told = []
    found = adex_resets(told.append)
    assert failing(found.claims) == []
    assert len(told) == 2
    values, w = found.points
    assert values.size == w.size == 85 * 32
    for v_reset, expected in AT_RESETS.items():
        near = w[np.isclose(values, v_reset, atol=1e-9)]
        assert np.abs(near[:, None] - np.array(expected)).min(axis=1).max() < 0.5
