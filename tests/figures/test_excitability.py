"""The figures of excitability: what is drawn where, that labels hide nothing and that nothing is cut."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from matplotlib.text import Annotation
from matplotlib.ticker import LogLocator

import natrium
from natrium.analysis.equilibria.curve import equilibrium_curve
from natrium.analysis.excitability.f_i import FI, Onset, f_i_curve, onset
from natrium.analysis.excitability.rheobase import rheobase
from natrium.analysis.excitability.strength_duration import StrengthDuration, strength_duration
from natrium.figures.excitability import plot_equilibrium_curve, plot_f_i, plot_strength_duration
from natrium.figures.marks import number
from natrium.model.files.new import template
from tests.figures.layout import whole

LIF = natrium.Neuron()
ONE = natrium.notebook.lif_na().neuron
AXON = natrium.Neuron(
    channels=[natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]], v_thresh=None
)


def names(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def marked(ax, marker):
    return [tuple(line.get_xydata()[0]) for line in ax.lines if line.get_marker() == marker]


@pytest.fixture(scope="module")
def sodium():
    return equilibrium_curve(ONE), rheobase(ONE)


def test_the_curve_of_the_sodium_model(sodium):
    curve, found = sodium
    figure = plot_equilibrium_curve(curve, found, title="sodium")
    whole(figure)
    assert len(figure.axes) == 2
    for ax in figure.axes:
        assert marked(ax, "o") == [(fold.I, fold.V) for fold in curve.folds]
        assert marked(ax, "D") == [(point.I, point.V) for point in curve.hopf]
        assert marked(ax, "s") == [(curve.threshold_input, -55.0)]
        assert "mV" in ax.get_xlabel()
    solid, dashed = (
        [line for line in figure.axes[0].lines if line.get_color() == color and line.get_marker() == "None"]
        for color in ("#0072B2", "#D55E00")
    )
    assert (len(solid), len(dashed)) == (2, 1)
    # Unstable from the lower fold to the Hopf point.
    ends = dashed[0].get_xydata()[[0, -1]]
    np.testing.assert_allclose(ends[0], (curve.folds[0].I, curve.folds[0].V), rtol=1e-12)
    np.testing.assert_allclose(ends[1], (curve.hopf[0].I, curve.hopf[0].V), rtol=1e-12)
    low, high = figure.axes[1].get_xlim()
    assert low < 0.0 < found.value < high < 10.0
    assert "rheobase 5.482 mV (fold)" in names(figure)
    assert "threshold −55 mV" in names(figure)


def test_labels_give_inputs_and_hide_nothing(sodium):
    figure = plot_equilibrium_curve(*sodium)
    figure.draw_without_rendering()
    found = []
    for ax in figure.axes:
        texts = [text for text in ax.texts if isinstance(text, Annotation) and text.get_text()]
        boxes = [text.get_window_extent() for text in texts]
        assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
        curves = [line for line in ax.lines if line.get_color() in ("#0072B2", "#D55E00")]
        points = ax.transData.transform(np.concatenate([line.get_xydata() for line in curves]))
        for box in boxes:
            assert not np.any(np.all((points > box.min) & (points < box.max), axis=1))
        found.append({text.get_text() for text in texts})
    assert found[0] == {
        "fold\n5.482 mV",
        "fold\n−41.65 mV",
        "Hopf\n−41.58 mV",
        "at threshold\n1.935 mV",
    }
    assert found[1] == {"fold\n5.482 mV", "at threshold\n1.935 mV"}


def test_one_panel_where_there_is_no_more_to_see():
    figure = plot_equilibrium_curve(equilibrium_curve(LIF), rheobase(LIF))
    whole(figure)
    assert len(figure.axes) == 1
    assert "rheobase 15 mV (threshold)" in names(figure)
    assert "unstable" not in names(figure)
    without = plot_equilibrium_curve(equilibrium_curve(LIF))
    assert not any("rheobase" in name for name in names(without))


def test_no_threshold_and_no_rheobase():
    curve = equilibrium_curve(AXON)
    figure = plot_equilibrium_curve(curve)
    whole(figure)
    assert len(figure.axes) == 1
    assert len(marked(figure.axes[0], "D")) == 2
    assert not any("threshold" in name for name in names(figure))
    nowhere = attrs.evolve(rheobase(LIF), value=float("inf"), cause="none")
    assert len(plot_equilibrium_curve(curve, nowhere).axes) == 1


def test_rates_latencies_adaptation_and_the_law():
    fi, law = f_i_curve(LIF, [30.0, 10.0, 16.0, 20.0, 14.0]), onset(LIF)
    figure = plot_f_i(fi, law)
    whole(figure)
    rate, latency, adaptation = figure.axes
    drawn = rate.lines[0].get_xydata()
    kept = drawn[~np.isnan(drawn).any(axis=1)]
    order = np.argsort(fi.inputs)
    np.testing.assert_array_equal(kept, np.column_stack([fi.inputs, fi.rates])[order])
    assert len(drawn) == len(kept) + 1  # no line from silence to firing
    np.testing.assert_array_equal(latency.lines[0].get_ydata(), fi.latencies[order])
    np.testing.assert_array_equal(adaptation.lines[0].get_ydata(), fi.adaptation[order])
    np.testing.assert_array_equal(rate.lines[1].get_ydata(), 1000.0 / law.intervals)
    curve = rate.lines[2].get_xydata()
    assert curve[curve[:, 0] <= 15.0, 1].max() == 0.0
    near = np.interp(law.inputs, *curve.T)
    np.testing.assert_allclose(near[1:], 1000.0 / law.intervals[1:], rtol=0.01)
    label = rate.lines[2].get_label()
    assert label.startswith("logarithmic law:\ninterval = 29.3 + 9.95 ln(1/(I − 15)) ms")
    assert "from the model: 10" in label
    assert all(unit in ax.get_ylabel() for ax, unit in ((rate, "Hz"), (latency, "ms")))


@pytest.mark.parametrize(("law", "told"), [("jump", "20 − 3 (I + 2)"), ("square root", "20 − 3/√(I + 2)")])
def test_other_laws(law, told):
    inputs = np.array([-1.9, -1.8, -1.7])
    last = 20.0 if law == "jump" else np.inf
    fitted = Onset(law, -2.0, 20.0, -3.0, None, {}, inputs, np.array([19.7, 19.4, 19.1]), last, 0.0)
    fi = FI(
        inputs,
        np.array([50.0, 51.0, 52.0]),
        np.zeros(3),
        np.array([5.0, 4.0, 3.0]),
        np.array([1.5, 1.6, np.nan]),
        ("sustained",) * 3,
        (1, 1, 1),
    )
    figure = plot_f_i(fi, fitted)
    line = figure.axes[0].lines[2]
    assert told in line.get_label()
    assert np.all(line.get_ydata() >= 0.0)
    if law == "jump":
        assert 50.0 in np.round(line.get_ydata(), 1)
    whole(plot_f_i(fi))


def test_strength_against_duration():
    found = strength_duration(LIF, np.geomspace(0.1, 100.0, 12))
    figure = plot_strength_duration(found)
    whole(figure)
    strength, charge = figure.axes
    np.testing.assert_array_equal(strength.lines[0].get_ydata(), found.amplitudes)
    np.testing.assert_array_equal(charge.lines[0].get_ydata(), found.charges)
    assert set(strength.lines[1].get_ydata()) == {15.0}
    (mark,) = marked(strength, "s")
    assert mark == (found.chronaxie, 30.0)
    assert "mV" in strength.get_ylabel()
    assert "ms" in charge.get_xlabel()


def test_strength_above_a_base():
    pulses = np.array([2.0, 1.0]), np.array([3.0, 5.0]), np.array([6.0, 5.0])
    errors = {"amplitude_errors": np.zeros(2), "rheobase_error": 0.0, "chronaxie_error": 0.0}
    found = StrengthDuration(*pulses, base=-5.0, rest=-75.0, rheobase=2.0, chronaxie=1.5, **errors)
    figure = plot_strength_duration(found)
    whole(figure)
    assert figure.axes[0].get_ylabel() == "Least amplitude above base −5 mV (mV)"
    assert list(figure.axes[0].lines[0].get_xdata()) == [1.0, 2.0]


def test_what_lies_beyond_a_level_that_v_passes_is_entered():
    cell = natrium.loads(template("morris-lecar")).neuron
    figure = plot_equilibrium_curve(natrium.equilibrium_curve(cell))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "threshold 0 mV" in labels
    assert not any("never entered" in label for label in labels)
    assert number(-10000.0) == "−10000"


def test_ticks_are_made_where_an_axis_is_in_view():
    figure = plot_strength_duration(strength_duration(natrium.Neuron(), np.geomspace(0.1, 100.0, 9)))
    figure.draw_without_rendering()
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        low, high = axis.get_view_interval()
        plain = LogLocator(subs=range(2, 10))
        plain.set_axis(axis)
        major = axis.get_majorticklocs()
        within = [place for place in plain() if low <= place <= high and place not in major]
        assert sorted(axis.get_minorticklocs()) == pytest.approx(within)
        assert np.all((major >= low) & (major <= high))
        assert len(major) > 1
