"""Every figure is drawn where one asks: one panel into an axis, several into a figure or a part of one."""

from __future__ import annotations

import inspect

import matplotlib.pyplot as plt
import pytest

import natrium
from natrium import figures
from natrium.analysis import equilibrium_curve, f_i_curve, phase_plane, spike_time_gradients
from natrium.figures import papers

NA = natrium.notebook.lif_na()
RUN = natrium.simulate(natrium.Neuron(), natrium.Constant(20.0), t_end=80.0)
RUNS = natrium.simulate_many(natrium.Neuron(), t_end=80.0, parameters={"I": [20.0, 40.0]})
LISTED = [getattr(figures, name) for name in dir(figures) if name.startswith("plot_")]
LISTED += [
    getattr(papers, name) for name in dir(papers) if name.startswith("plot_") and name != "plot_papers"
]


@pytest.mark.parametrize("plot", LISTED, ids=lambda plot: plot.__name__)
def test_each_figure_takes_an_axis_or_a_figure(plot):
    assert {"ax", "fig"} & set(inspect.signature(plot).parameters)


@pytest.mark.parametrize(
    "draw",
    [
        lambda fig: figures.plot_equilibrium_curve(equilibrium_curve(NA.neuron), fig=fig),
        lambda fig: figures.plot_f_i(f_i_curve(natrium.Neuron(), [14.0, 20.0]), fig=fig),
        lambda fig: figures.plot_ensemble(RUNS, fig=fig)["rates"].get_figure(root=True),
        lambda fig: figures.plot_trajectory(RUN, input=True, fig=fig)["V"].get_figure(root=True),
        lambda fig: figures.plot_phase_planes(phase_plane(NA.neuron, 10.0), fig=fig),
    ],
    ids=["equilibria", "f-I", "ensemble", "trajectory", "planes"],
)
def test_panels_go_into_a_part_of_a_figure(draw):
    figure = plt.figure(figsize=(10.0, 9.0), layout="constrained")
    upper, lower = figure.subfigures(2, 1)
    assert draw(lower) is figure
    assert lower.axes
    assert not upper.axes
    plt.close(figure)


def test_gradients_go_into_an_axis():
    figure, axes = plt.subplots(1, 2)
    assert figures.plot_gradients(spike_time_gradients(NA), title="t", ax=axes[1]) is figure
    assert axes[1].get_title() == "t"
    assert not axes[0].lines
    plt.close(figure)


def test_a_notebook_shows_a_figure_that_pyplot_does_not_know():
    assert figures.plot_f_i(f_i_curve(natrium.Neuron(), [14.0, 20.0]))._repr_png_().startswith(b"\x89PNG")
