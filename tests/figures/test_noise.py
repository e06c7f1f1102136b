"""The figure of firing under noise: what is drawn where."""

import attrs
import numpy as np
import pytest
from matplotlib.figure import Figure

import natrium
from natrium.analysis import noise_rates
from natrium.figures.noise import plot_intervals, plot_noise

NEURON = natrium.Neuron()
NOISES = [natrium.Noise(mean, tau=0.0, intensity=10.0, step=1.0, seed=0) for mean in (12.0, 15.0, 18.0)]


@pytest.fixture(scope="module")
def statistics():
    found = []
    for noise in NOISES:
        runs = natrium.simulate_many(
            NEURON, noise, t_end=300.0, parameters={"seed_0": np.arange(6)}, solver="closed-form"
        )
        found.append(natrium.interval_statistics(runs, bins=15))
    return found


def test_intervals_and_rates_are_drawn_with_their_closed_form(statistics):
    figure = plot_noise(noise_rates(NEURON, NOISES), statistics, title="noise")
    figure.draw_without_rendering()
    left, right = figure.axes
    values, edges, _ = left.patches[0].get_data()
    assert values.tolist() == statistics[-1].density.tolist()
    assert edges.tolist() == statistics[-1].edges.tolist()
    assert left.get_title() == "Mean input 18 mV"
    exact = next(line for line in right.lines if line.get_label() == "white noise (Siegert)")
    x, y = exact.get_data()
    assert (x[0], x[-1]) == (12.0, 18.0)
    assert y == pytest.approx(natrium.siegert_rate(-70.0 + x, 10.0 / np.sqrt(10.0)), rel=1e-12)
    names = [text.get_text() for text in right.get_legend().get_texts()]
    assert names == ["white noise (Siegert)", "held for 1 ms", "runs"]
    points = right.containers[0].lines[0].get_ydata()
    assert points.tolist() == [one.rate.value for one in statistics]
    box = figure.get_tightbbox()
    assert min(box.x0, box.y0) >= -0.01
    assert box.x1 <= 8.41
    assert box.y1 <= 3.71


def test_silence_is_drawn_too():
    ax = Figure().subplots()
    plot_intervals(natrium.interval_statistics([[], []], t_end=10.0), ax)
    assert ax.get_xlabel() == "Interval (ms)"


def test_noises_and_statistics_pair_up(statistics):
    with pytest.raises(natrium.ModelError, match="got 3 noises and 1 statistics"):
        plot_noise(noise_rates(NEURON, NOISES), statistics[:1])
    with pytest.raises(natrium.ModelError, match="the closed form needs a Noise with tau = 0"):
        noise_rates(NEURON, [attrs.evolve(NOISES[0], tau=5.0)])
