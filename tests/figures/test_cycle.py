"""The figures of the hybrid cycle: what is drawn where, and that nothing is cut."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy

import natrium
from natrium.analysis.cycle.cobweb import cobweb
from natrium.analysis.cycle.limit_cycle import limit_cycle
from natrium.analysis.cycle.orbits import Orbit, ResetBifurcation, reset_bifurcation
from natrium.analysis.cycle.phase_response import phase_response
from natrium.analysis.cycle.smooth_cycle import smooth_cycle
from natrium.analysis.variation.gradients import spike_time_gradients
from natrium.figures.cycle import plot_cycle, plot_gradients, plot_reset_bifurcation
from natrium.model import ModelError
from tests.figures.layout import whole

LIF = natrium.Neuron()
MODEL = natrium.notebook.lif_na()
NA = MODEL.neuron
V, w, I = sympy.symbols("V w I", real=True)
ADEX = natrium.HybridNeuron(
    equations={
        "V": (-30.0 * (V + 70.6) + 60.0 * sympy.exp((V + 50.4) / 2.0) - w + I) / 281.0,
        "w": (4.0 * (V + 70.6) - w) / 40.0,
    },
    initial={"V": -48.3, "w": 200.0},
    parameters={"v_reset": -48.3},
    v_thresh=-40.4,
    reset={"V": sympy.Symbol("v_reset"), "w": w + 80.0},
)


def lines(ax, label):
    return [line for line in ax.lines if line.get_label() == label]


@pytest.mark.parametrize("rule", ["hold", "clamp"])
def test_the_cycle_of_the_sodium_model(rule):
    cycle = limit_cycle(attrs.evolve(NA, refractory=rule), 10.0, start=[0.15, 0.4])
    response, web = phase_response(cycle, times=40), cobweb(cycle, points=5, steps=3)
    figure = plot_cycle(cycle, response, web)
    whole(figure)
    potential, gates, advance, map_ = figure.axes
    assert figure.get_suptitle().startswith("I = 10 mV: period 24.")
    course = potential.lines[0].get_xydata()
    np.testing.assert_allclose(course[0], (0.0, -70.0))
    np.testing.assert_allclose(course[-1], (cycle.period, -55.0))
    assert (2.0, -70.0) in [tuple(point) for point in course]
    assert "mV" in potential.get_ylabel()
    (h,) = lines(gates, "Na.h")
    np.testing.assert_allclose(h.get_ydata()[[0, -1]], cycle.states[0, 1], atol=1e-9)
    held = h.get_ydata()[h.get_xdata() < 2.0]
    assert (np.ptp(held) < 1e-12) == (rule == "hold")
    assert [text.get_text() for text in gates.get_legend().get_texts()] == ["Na.m", "Na.h"]
    # Zero while refractory, then the response.
    later = [line for line in advance.lines if line.get_color() == "#0072B2"]
    assert len(later) == 2
    assert set(later[0].get_ydata()) == {0.0}
    assert later[0].get_xdata()[-1] == 2.0
    np.testing.assert_array_equal(later[1].get_ydata(), response.V[~response.refractory])
    assert "ms/mV" in advance.get_ylabel()
    assert "refractory" in [text.get_text() for text in advance.get_legend().get_texts()]
    (drawn,) = lines(map_, "return map")
    np.testing.assert_array_equal(drawn.get_xydata(), np.column_stack([web.x, web.image]))
    (fixed,) = lines(map_, "fixed point")
    assert tuple(fixed.get_xydata()[0]) == (web.fixed[0], web.fixed[0])
    assert f"{cycle.largest_multiplier:.4g} (stable)" in map_.get_title()
    (orbit,) = lines(map_, "orbit from the neuron's start")
    np.testing.assert_array_equal(orbit.get_xydata()[0], [web.orbit[0]] * 2)
    np.testing.assert_array_equal(orbit.get_xydata()[1], web.orbit[:2])


def test_the_lif_has_no_map_and_no_gates():
    cycle = limit_cycle(LIF, 20.0)
    figure = plot_cycle(cycle, phase_response(cycle, times=30), title="LIF")
    whole(figure)
    assert len(figure.axes) == 2
    assert figure.get_suptitle() == "LIF"
    next_, later = lines(figure.axes[1], "the next spike alone"), figure.axes[1].lines[1:3]
    assert len(next_) == 1
    assert len(later) == 2


def test_a_cycle_of_two_breaks_at_its_spikes():
    cycle = limit_cycle(ADEX, 800.0, 2)
    web = cobweb(cycle, points=5, steps=3)
    figure = plot_cycle(cycle, phase_response(cycle, times=40), web)
    whole(figure)
    potential, other, advance, map_ = figure.axes
    tops = [line.get_xydata()[-1] for line in potential.lines[:2]]
    np.testing.assert_allclose(tops, np.column_stack([np.cumsum(cycle.intervals), [-40.4, -40.4]]))
    np.testing.assert_allclose([line.get_ydata()[0] for line in other.lines], cycle.states[:, 0])
    assert other.get_ylabel() == "w"
    assert len([line for line in advance.lines if line.get_color() == "#0072B2"]) == 2
    assert map_.get_title().startswith("cycle of 2: w = ")
    assert "multiplier −0.6384" in map_.get_title()
    (points,) = lines(map_, "cycle of 2")
    np.testing.assert_array_equal(points.get_xdata(), web.fixed)
    assert figure.get_suptitle().startswith("I = 800: ")
    turning = attrs.evolve(cycle)
    turning.__dict__["multipliers"] = np.array([0.5 + 1.2j, 0.5 - 1.2j])
    title = plot_cycle(turning, phase_response(cycle, times=5), attrs.evolve(web, cycle=turning)).axes[-1]
    assert "0.5 ± 1.2i (unstable)" in title.get_title()


def test_a_smooth_cycle():
    axon = natrium.Neuron(
        channels=[natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]], v_thresh=None
    )
    cycle = smooth_cycle(axon, 90.0, transient=100.0, look=60.0)
    figure = plot_cycle(cycle, phase_response(cycle, times=30))
    whole(figure)
    potential, gates, advance = figure.axes
    assert potential.lines[0].get_ydata()[0] == potential.lines[0].get_ydata()[-1] == cycle.section
    assert len(gates.lines) == 3
    assert not lines(advance, "the next spike alone")


def test_the_bifurcation_of_the_reset():
    orbits = [
        Orbit(
            ADEX,
            800.0,
            ("w",),
            np.array([[300.0], [330.0]]),
            np.array([9.0, 26.0]),
            np.array([x]),
            np.array([0.0]),
            quiet,
        )
        for x, quiet in ((0.4, False), (-0.5, False), (-np.inf, False), (np.nan, True))
    ]
    data = ResetBifurcation("v_reset", np.array([-47.0, -48.0, -49.0, -50.0]), tuple(orbits))
    figure = plot_reset_bifurcation(data)
    whole(figure)
    points, growth = figure.axes
    np.testing.assert_array_equal(points.lines[0].get_xdata(), np.repeat(data.values, 2))
    np.testing.assert_array_equal(points.lines[0].get_ydata(), [9.0, 26.0] * 4)
    np.testing.assert_array_equal(growth.lines[1].get_xydata()[2:], [(-48.0, -0.5), (-47.0, 0.4)])
    assert np.isnan(growth.lines[1].get_ydata()[:2]).all()
    assert set(growth.lines[0].get_ydata()) == {0.0}
    assert growth.get_xlabel() == "v_reset (mV)"
    assert [text.get_text() for text in growth.get_legend().get_texts()] == ["firing ends"]
    states = plot_reset_bifurcation(data, "w", title="AdEx")
    assert states.axes[0].get_ylabel() == "w after the reset"
    assert set(states.axes[0].lines[0].get_ydata()) == {300.0, 330.0}


def test_where_nothing_is_free_there_is_no_exponent():
    found = reset_bifurcation(LIF, 20.0, "tau_ref", [0.0, 3.0], transient=1, count=2)
    figure = plot_reset_bifurcation(found)
    whole(figure)
    assert len(figure.axes) == 1
    assert figure.axes[0].get_xlabel() == "tau_ref (ms)"
    assert plot_reset_bifurcation(reset_bifurcation(LIF, 20.0, "tau_ref", [1.0], transient=1, count=1)).axes


@pytest.fixture(scope="module")
def gradients():
    return spike_time_gradients(MODEL)


def test_gradients_as_bars(gradients):
    figure = plot_gradients(gradients)
    whole(figure)
    (ax,) = figure.axes
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0] == "v_rest = −70 mV"
    assert "g_Na = 120" in labels
    assert "stop_0 = 100 ms" not in labels  # it moves none
    assert len(ax.patches) == 3 * len(labels)
    row = labels.index("I_0 = 10 mV")
    widths = [ax.patches[spike * len(labels) + row].get_width() for spike in range(3)]
    np.testing.assert_allclose(widths, gradients["I_0"] * 0.1)
    assert "1 % of −70 mV is −0.7 mV" in ax.get_xlabel()
    assert "ms" in ax.get_xlabel()


def test_chosen_gradients_and_a_graze(gradients):
    grazing = attrs.evolve(gradients, margins=np.array([np.inf, 1e-9, np.inf]))
    figure = plot_gradients(grazing, ["tau_ref", "g_Na"], title="two")
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["tau_ref = 2 ms", "g_Na = 120"]
    assert [bool(patch.get_hatch()) for patch in ax.patches] == [False, False, True, True, True, True]
    assert "\n" not in ax.get_xlabel()  # nothing negative is shown
    with pytest.raises(ModelError, match="got g_K"):
        plot_gradients(gradients, ["g_K"])


def test_gradients_of_many_spikes_as_lines(gradients):
    many = attrs.evolve(
        gradients,
        spike_times=np.arange(6.0),
        matrix=np.tile(gradients.matrix, (2, 1)),
        margins=np.array([np.inf] * 5 + [1e-9]),
    )
    figure = plot_gradients(many, ["tau_m", "v_thresh"])
    whole(figure)
    (ax,) = figure.axes
    (line,) = lines(ax, "tau_m = 10 ms")
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 7))
    np.testing.assert_allclose(line.get_ydata(), many["tau_m"] * 0.1)
    assert len(plot_gradients(many).axes[0].get_legend().get_texts()) == 6


def test_no_spikes_no_gradients(gradients):
    none = attrs.evolve(gradients, spike_times=np.empty(0), matrix=np.empty((0, 11)), margins=np.empty(0))
    with pytest.raises(ModelError, match="without any"):
        plot_gradients(none)
