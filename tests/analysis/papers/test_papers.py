"""Published results: every claim holds, and a wrong number would not."""

import json
import math

import attrs
import numpy as np
import pytest

import natrium
from natrium.analysis.papers import butera_mccarthy, integrate_and_fire, moore_ramon
from natrium.analysis.papers import papers as reproduced
from natrium.analysis.papers.claim import Claim
from natrium.analysis.papers.papers import SOURCES, Papers
from natrium.solvers.fixed_step.schemes import SCHEMES

PAIRS = [(scheme, rule) for scheme in SCHEMES for rule in integrate_and_fire.SPIKE_RULES]
# Second-order schemes need small steps on the second script's model, spikes on its grid many inputs.
QUICK = [pair for pair in PAIRS if pair[1] != "grid" and pair[0] != "heun" and pair != ("rk4", "linear")]

# Without gates the Euler schemes are one, and on the grid all that are near exact look alike.
ALIKE_ON_THE_LIF = [("sequential-euler", "grid"), ("heun", "grid"), ("rk4", "grid")]


def failing(claims):
    return [(claim.claim, claim.expected, claim.got) for claim in claims if not claim.holds]


@pytest.fixture(scope="module")
def thresholds():
    return reproduced.thresholds()


@pytest.fixture(scope="module")
def gates():
    return reproduced.gate_errors()


@pytest.fixture(scope="module")
def spikes():
    return reproduced.spike_errors()


def test_threshold_of_the_membrane_action_potential(thresholds):
    assert failing(thresholds.claims) == []
    assert len(thresholds.claims) == 2 + 2 * (4 + 2)
    assert thresholds.truth == pytest.approx(6.507904333, abs=5e-9)


def test_membrane_starts_with_its_gates_at_rest_whatever_its_v():
    steady = natrium.Neuron(
        v_rest=-65.0, channels=(natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"])
    ).initial_state()
    moved = natrium.Neuron(v_rest=-60.0, channels=moore_ramon._channels()).initial_state()
    assert moved[1:] == steady[1:]
    np.testing.assert_allclose(moved[1:], (0.05293, 0.59612, 0.31768), atol=5e-6)


def test_first_spike_of_the_closed_form_check():
    assert pytest.approx(10.0 * math.log(1.6), abs=1e-15) == integrate_and_fire.FIRST_SPIKE
    assert failing(integrate_and_fire.Orders((), integrate_and_fire.first_spikes()).claims) == []


@pytest.mark.parametrize(
    ("scheme", "spike_time"),
    [pytest.param(*pair, marks=pytest.mark.slow if pair in ALIKE_ON_THE_LIF else ()) for pair in PAIRS],
)
def test_order_on_the_lif(scheme, spike_time):
    assert failing([integrate_and_fire.order("lif", scheme, spike_time).claim]) == []


@pytest.mark.parametrize(
    ("scheme", "spike_time"),
    [pair if pair in QUICK else pytest.param(*pair, marks=pytest.mark.slow) for pair in PAIRS],
)
def test_order_on_the_second_script_s_model(scheme, spike_time):
    assert failing([integrate_and_fire.order("lif_na", scheme, spike_time).claim]) == []


def test_study_steps_do_not_nest():
    for study in integrate_and_fire.STUDIES.values():
        for finest, coarsest, number, _ in study.values():
            ratio = (coarsest / finest) ** (1.0 / (number - 1))
            powers = ratio ** np.arange(1, number)
            # The two ends may divide; what lies between must not.
            assert np.abs(powers - np.round(powers))[:-1].min() > 5e-3


def test_order_is_fitted_to_the_upper_envelope():
    steps = np.geomspace(1.0, 0.1, 6)
    errors = 3.0 * steps**2
    fitted = integrate_and_fire.SchemeOrder("lif", "heun", "linear", 2, steps, errors)
    assert fitted.observed == pytest.approx(2.0, abs=1e-12)
    np.testing.assert_allclose(fitted.line, errors, rtol=1e-12)
    lucky = errors * np.where(np.arange(6) == 2, 1e-6, 1.0)
    assert attrs.evolve(fitted, errors=lucky).observed == pytest.approx(2.0, abs=0.3)


def test_a_missing_spike_has_no_order():
    steps = np.array([0.2, 0.1])
    lost = integrate_and_fire.SchemeOrder("lif", "euler", "grid", 1, steps, np.array([np.inf, 0.1]))
    assert math.isnan(lost.observed)
    assert not lost.claim.holds
    solver = natrium.FixedStep(dt=20.0, scheme="euler")
    assert integrate_and_fire._error("lif", 42.0, solver) == np.inf


def test_where_exponential_euler_is_worse_than_euler(gates, spikes):
    assert failing((*gates.claims, *spikes.claims)) == []
    fast = np.array([name.endswith("m") for name in gates.names])
    assert (gates.predicted[fast] > 1.5).all()
    assert (np.abs(gates.predicted[~fast] - 1.0) < 0.2).all()


def test_leading_errors_are_those_of_the_schemes_as_the_step_shrinks(gates, spikes):
    # Halfway along the steps the ratio has moved, at the smallest it has arrived.
    np.testing.assert_allclose(gates.ratios[:, 0], gates.predicted, rtol=5e-3)
    truth = natrium.EventDriven(rtol=1e-12).solve(
        natrium.notebook.lif_na().neuron, natrium.Constant(butera_mccarthy.LEVEL), t_end=12.0
    )
    _, e = butera_mccarthy.leading_errors(truth, clamped=False)
    dt = 1e-3
    run = natrium.FixedStep(dt=dt, scheme="euler", label="end", edges="half-open").solve(
        truth.neuron, truth.stimulus, t_end=12.0
    )
    measured = (run.y[:, -1] - truth.state(12.0)) / dt
    np.testing.assert_allclose(measured, e[0, :, -1], rtol=0.02, atol=1e-6)


def test_a_gate_that_never_changes_places_has_no_crossing(gates):
    slow = gates.names.index("hh_sodium.h")
    assert math.isnan(gates.crossing(slow))


def test_wrong_expectations_fail(thresholds, gates, spikes):
    orders = integrate_and_fire.orders(models=("lif",), schemes=("rk4",), spike_rules=("cubic",))
    for claim in (*thresholds.claims, *orders.claims, *gates.claims, *spikes.claims):
        away = 2.0 * claim.tolerance + 1e-9
        for wrong in (claim.expected + away, claim.expected - away, math.nan):
            assert not attrs.evolve(claim, expected=wrong).holds
        assert not attrs.evolve(claim, got=math.nan).holds


def test_a_claim_holds_up_to_its_tolerance():
    claim = Claim(claim="c", source=SOURCES[0], expected=1.0, got=1.5, tolerance=0.5)
    assert claim.holds
    assert not attrs.evolve(claim, got=1.5000001).holds


def test_sources_are_cited_in_full():
    assert [source.short for source in SOURCES] == [
        "Moore & Ramon 1974",
        "Hansel et al. 1998",
        "Shelley & Tao 2001",
        "Rotter & Diesmann 1999",
        "Morrison et al. 2007",
        "Butera & McCarthy 2004",
        "Platkiewicz & Brette 2010",
        "Platkiewicz & Brette 2011",
        "Touboul & Brette 2008",
        "Dhooge et al. 2003",
        "Morris & Lecar 1981",
        "Izhikevich 2007",
        "Fourcaud-Trocmé et al. 2003",
        "Balti et al. 2018",
        "Coombes et al. 2012",
        "Keener et al. 1981",
        "Lindner et al. 2003",
        "Fourcaud & Brunel 2002",
    ]
    for source in SOURCES:
        assert str(source).endswith(f"({source.year}), https://doi.org/{source.doi}")
        assert "open" in source.opened


@attrs.frozen
class Part:
    claims: tuple[Claim, ...] = ()


def test_as_data_is_plain(thresholds, gates, spikes):
    few = integrate_and_fire.orders(models=("lif",), schemes=("heun",), spike_rules=("linear",))
    last = Claim(claim="c", source=SOURCES[-1], expected=1.0, got=1.0, tolerance=0.0, origin="authors' code")
    results = Papers(thresholds, few, gates, spikes, Part(), Part(), Part((last,)), Part(), Part(), Part())
    assert results.hold
    assert results.claims[-1] is last
    data = json.loads(json.dumps(results.data()))
    assert len(data["claims"]) == len(list(results)) == len(results.claims)
    assert all(row["holds"] is True for row in data["claims"])
    assert {row["origin"] for row in data["claims"]} == {
        "abstract",
        "authors' code",
        "theory",
        "other means",
    }
