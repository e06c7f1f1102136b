"""Runs and ensembles drawn: what is asked for is there, in its own colour."""

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt

import natrium
from natrium.figures.style import COLORS, STATES, state_axes, state_legend, state_looks

MODEL = natrium.notebook.lif_na2()


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def run():
    return natrium.simulate(MODEL.neuron, MODEL.stimulus, t_end=100.0)


def test_gates_and_input_have_panels_of_their_own(run):
    axes = run.plot(gates=True, input=True)
    assert list(axes) == ["V", "gates", "input"]
    assert [line.get_label() for line in axes["gates"].lines] == list(run.names[1:])
    assert axes["input"].get_xlabel() == "Time (ms)"
    assert list(run.plot(input=True)) == ["V", "input"]
    assert list(natrium.simulate(natrium.Neuron(), t_end=5.0).plot(gates=True)) == ["V"]
    assert isinstance(run.plot(), matplotlib.axes.Axes)
    given = plt.subplots()[1]
    assert run.plot(given) is given
    with pytest.raises(natrium.ModelError, match="one axis takes V alone"):
        run.plot(given, gates=True)


def test_states_of_another_scale_have_an_axis_of_their_own():
    """Calcium of some hundred beside gates from 0 to 1, and what is zero throughout."""
    y = np.array([[0.2, 0.9], [0.1, 0.0], [3.0, 160.0], [-60.0, 10.0], [0.0, 0.0]])
    panel = plt.subplots()[1]
    axes = state_axes(panel, ["h", "n", "Ca", "U", "z"], y, fractions=False)
    assert [name for name, ax in axes.items() if ax is not panel] == ["h", "n"]
    for (name, ax), values in zip(axes.items(), y, strict=True):
        ax.plot(values, label=name)
    state_legend(panel, axes)
    told = [text.get_text() for text in panel.get_legend().get_texts()]
    assert told == ["h (right)", "n (right)", "Ca", "U", "z"]
    assert set(state_axes(panel, ["h", "n"], y[:2], fractions=False).values()) == {panel}


def test_an_ensemble_shows_every_spike_and_rate():
    many = natrium.simulate_many(natrium.Neuron(), t_end=80.0, parameters={"I": [10.0, 20.0, 40.0]})
    axes = many.plot()
    drawn = axes["raster"].collections
    assert len(drawn) == 3
    for run, collection in enumerate(drawn):
        np.testing.assert_allclose(sorted(collection.get_positions()), many.train(run))
    np.testing.assert_array_equal(axes["rates"].lines[0].get_xdata(), many.rates)
    given = plt.subplots()[1]
    assert many.plot(given) is given


def test_no_two_meanings_share_a_colour():
    colors = [*COLORS.values(), *STATES.values()]
    assert len(set(colors)) == len(colors)
    looks = state_looks(["Na.m", "Na.h", "K.n", "K2.n", "x.p", "x.q"])
    assert looks["Na.m"]["color"] == STATES["m"]
    assert looks["K.n"]["color"] == looks["K2.n"]["color"] == STATES["n"]
    assert looks["K.n"]["linestyle"] != looks["K2.n"]["linestyle"]
    assert len({look["color"] for name, look in looks.items() if name != "K2.n"}) == 5


def test_the_user_s_settings_stay(run):
    before = dict(matplotlib.rcParams)
    run.plot(gates=True)
    assert dict(matplotlib.rcParams) == before
