"""The findings in plain words: what must be found is found, and only where it is so."""

import attrs
import pytest

import natrium
from natrium.analysis import compare_script, dt_ladder, findings


@pytest.fixture(scope="module")
def said():
    told = {}
    for name, make in natrium.notebook.SCRIPTS.items():
        comparison = compare_script(make())
        ladder = list(dt_ladder(comparison, (0.1, 0.03, 0.005))) if comparison.script.n_spikes else []
        told[name] = " ".join(findings(comparison, ladder))
    return told


def test_first_script_is_too_weakly_driven(said):
    assert "never spikes" in said["lif"]
    assert "at most 10 mV" in said["lif"]
    assert "more than 15 mV" in said["lif"]
    assert "strict inequality" not in said["lif"]  # its input is on from the first step
    assert "counter" not in said["lif"]


def test_second_script_is_early_and_says_why(said):
    text = said["lif_na"]
    assert "fires 3 times and so does its model, but its labels are 0.25 to 0.49 ms early (-0." in text
    assert "labelled 89.9, belongs to 90 ms" in text
    assert "t > 20" in text
    assert "20.1 ms" in text
    assert "holds V for 20 steps" in text
    assert "+0.000, -0.167, -0.399 ms" in text
    assert "Two errors nearly cancel: spike 3, labelled 89.9, is true at 90.386462 ms (hold)" in text
    assert "89.987136 ms (clamp)" in text
    assert "401 steps at dt = 0.005" in text
    assert "first order" in text


def test_third_script_is_early_and_late(said):
    text = said["lif_na2"]
    assert "up to 0.70 ms" in text
    assert "(-0.082, +0.341, +0.703 ms, label less true time" in text
    assert "cancel" not in text


def test_counts_that_differ_are_told():
    model = natrium.notebook.lif()
    loud = attrs.evolve(model, stimulus=natrium.Constant(15.2))
    coarse = attrs.evolve(loud, simulation=attrs.evolve(model.simulation, dt=9.0, t_end=200.0))
    comparison = compare_script(coarse)
    assert comparison.script.n_spikes != comparison.truth.n_spikes
    told = findings(comparison)
    assert (
        f"fires {comparison.script.n_spikes} times where its model fires {comparison.truth.n_spikes}"
        in told[0]
    )


def test_a_counter_with_a_rest_is_told():
    model = natrium.notebook.lif_na()
    fine = attrs.evolve(model, simulation=attrs.evolve(model.simulation, dt=0.005, t_end=45.0))
    told = " ".join(findings(compare_script(fine)))
    assert "holds V for 401 steps of 0.005 ms" in told
    assert "1 more than tau_ref" in told


@pytest.mark.parametrize(("refractory", "does"), [("hold", "holds V"), ("free", "lets none follow")])
def test_the_counter_holds_v_only_where_v_stands(refractory, does):
    cell = natrium.HybridNeuron(
        equations={"V": "(-V + I)/10"},
        initial={"V": 0.0},
        v_thresh=15.0,
        reset={"V": 0.0},
        tau_ref=2.0,
        refractory={"V": refractory},
    )
    model = natrium.Model(
        neuron=cell, stimulus=natrium.Constant(30.0), simulation=natrium.Simulation(t_end=12.0, dt=0.1)
    )
    said = " ".join(findings(compare_script(model), []))
    assert f"After a spike the refractory counter {does} for 2" in said
