"""The figure of a phase plane: what is drawn, and that nothing is cut."""

from __future__ import annotations

import attrs
import pytest
from matplotlib import pyplot as plt

import natrium
from natrium.analysis.phase_plane.plane import phase_plane
from natrium.figures.phase_plane import plot_phase_plane, plot_phase_planes

ONE, TWO = natrium.notebook.lif_na().neuron, natrium.notebook.lif_na2().neuron
CASES = {
    "rest": (ONE, 0.0, {}),
    "clamp": (attrs.evolve(ONE, refractory="clamp"), 10.0, {}),
    "common": (TWO, 10.0, {"reduction": "common"}),
    "slice": (ONE, 0.0, {"x": "Na.m", "reduction": "slice", "held": {"Na.h": 0.4}}),
    "no threshold": (attrs.evolve(ONE, v_thresh=None), 0.0, {}),
}


@pytest.fixture(params=CASES)
def plane(request):
    neuron, I, options = CASES[request.param]
    return request.param, phase_plane(neuron, I, **options, grid=(41, 21), t_end=60.0)


def test_nothing_is_cut_and_labels_have_units(plane):
    name, data = plane
    figure = plot_phase_planes(data)
    figure.draw_without_rendering()
    whole, frame = figure.get_tightbbox(), figure.bbox.bounds
    assert whole.x0 >= -0.01
    assert whole.y0 >= -0.01
    assert whole.x1 * figure.dpi <= frame[2] + 1
    assert whole.y1 * figure.dpi <= frame[3] + 1
    assert len(figure.axes) == (1 if name == "no threshold" else 2)
    assert figure.axes[0].get_xlabel() == "V (mV)"
    assert figure.axes[0].get_ylabel().startswith(data.plane.x)
    legend = figure.legends[0].get_window_extent()
    assert not any(legend.overlaps(ax.get_window_extent()) for ax in figure.axes)


def test_legend_names_what_is_there(plane):
    name, data = plane
    ax = plot_phase_plane(data)
    names = {text.get_text() for text in ax.get_legend().get_texts()}
    assert {"V-nullcline, dV/dt = 0", f"{data.plane.x}-nullcline", "full model, projected"} <= names
    assert ("stable manifold of the saddle" in names) == bool(data.manifolds)
    assert ("grazes the threshold" in names) == bool(data.grazes)
    assert (f"{data.plane.x} moves while refractory" in names) == (name == "clamp")
    assert ("reset at a spike" in names) == bool(data.error.full.n_spikes)
    assert {point.kind for point in data.equilibria if data.V_range[1] > point.V} <= names
    figure = ax.figure
    figure.draw_without_rendering()
    box = ax.get_legend().get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
    plt.close(figure)


def test_it_draws_into_given_axes():
    neuron, I, options = CASES["clamp"]
    data = phase_plane(neuron, I, **options, grid=(21, 11), t_end=40.0)
    figure, ax = plt.subplots()
    assert plot_phase_plane(data, ax, V_range=(-75.0, -50.0), legend=False) is ax
    assert ax.get_xlim() == (-75.0, -50.0)
    assert ax.get_legend() is None
    plt.close(figure)
