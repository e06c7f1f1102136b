"""A plane of two parameters: what holds in each part, by theory and by runs."""

import json

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

import natrium
from natrium.analysis.excitability.long_run import fire
from natrium.reports.plain import plain
from tests.analysis.excitability.test_ending import ADAPTING


@pytest.fixture(scope="module")
def found():
    return natrium.parameter_map(ADAPTING, x=("I", (26.0, 42.0)), y=("g_M", (1.3, 1.5)), rows=2)


def test_states_are_those_of_runs(found):
    for y in (1.3, 1.5):
        cell = ADAPTING.changed({"g_M": y})
        for row in (one for one in found.table() if one["g_M"] == y):
            I = 0.5 * (row["from"] + row["to"])
            rests = any(one.stable and one.below_threshold for one in natrium.equilibria(cell, I))
            begun = fire(cell, I, np.array([-62.0, 0.2]), enough=60).outcome == "sustained"
            assert {"rest": (True, False), "firing": (False, True), "both": (True, True)}[row["state"]] == (
                rests,
                begun,
            )
            assert found.at(I, y) == row["state"]


def test_the_rest_at_the_threshold_is_a_line(found):
    """-(V - E_L) + I + g w_inf (E_K - V) = 0 at V = -50 mV."""
    curve = next(one for one in found.curves if one.kind == "threshold")
    steady = 1.0 / (1.0 + np.exp(8.0 / 9.0))
    assert curve.x == pytest.approx(18.0 + 40.0 * steady * curve.y, abs=1e-8)


def test_folds_of_cycles_stand_in_its_data(found):
    data = json.loads(json.dumps(plain(found.data())))
    folds = [one for one in data["of_cycles"] if one["kind"] == "fold of cycles"]
    assert [one["y"] for one in folds] == [1.3, 1.5]
    assert folds[1]["x"] == pytest.approx(32.11171754314, abs=1e-9)
    assert any("Both rest and firing" in one for one in found.sentences())


@pytest.mark.parametrize("kind", ["fold of cycles", "graze"])
def test_curves_of_cycles_go_through_what_other_rows_find(found, kind):
    """Each is followed from the first row on."""
    (curve,) = (one for one in found.curves if one.kind == kind)
    (at,) = (one["x"] for one in found.of_cycles if one["kind"] == kind and one["y"] == 1.5)
    assert curve.y.min() < 1.3
    assert curve.y.max() > 1.5
    assert CubicSpline(curve.y, curve.x)(1.5) == pytest.approx(at, abs=1e-5)


def test_it_is_drawn(found):
    from natrium.figures.plane_map import plot_map

    figure = plot_map(found)
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels[:3] == ["rest", "firing", "both"]
    assert "rest at the threshold" in labels
    assert "folds of cycles" in labels


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (("I", (0.0, 1.0)), ("I", (0.0, 2.0)), "two parameters"),
        (("I", (0.0, 1.0)), ("g_X", (0.0, 2.0)), "g_X"),
        (("I", (1.0, 0.0)), ("tau_m", (5.0, 9.0)), "from low to high"),
    ],
)
def test_bad_input_is_refused(x, y, message):
    with pytest.raises(natrium.ModelError, match=message):
        natrium.parameter_map(natrium.Neuron(), x=x, y=y)
