"""Firing under white noise: the intervals, and the rate against the mean input beside its closed form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from natrium.analysis import Estimate, IntervalStatistics, NoiseCurve, NoiseRates
from natrium.figures.marks import number
from natrium.figures.style import COLORS, SERIES, AnyFigure, canvas, root_of, styled
from natrium.model import ModelError


def plot_intervals(statistics: IntervalStatistics, ax: Axes) -> Axes:
    """Draw the histogram of the intervals, with its bootstrap interval as a band.

    Parameters
    ----------
    statistics : IntervalStatistics
    ax : matplotlib.axes.Axes
    """
    edges, low, high = statistics.edges, statistics.density_low, statistics.density_high
    ax.stairs(statistics.density, edges, color=SERIES[0], label="intervals")
    ax.stairs(
        high,
        edges,
        baseline=low,
        fill=True,
        color=SERIES[0],
        alpha=0.25,
        label=f"{statistics.confidence:.0%} of resamples",
    )
    mean = statistics.mean_interval.value
    if np.isfinite(mean):
        ax.axvline(mean, color=COLORS["threshold"], linestyle="--", linewidth=0.9, label="mean")
    ax.set(xlabel="Interval (ms)", ylabel="Share per ms")
    ax.set_xlim(0.0, edges[-1])
    ax.set_ylim(bottom=0.0)
    return ax


def plot_noise(
    rates: NoiseRates,
    statistics: Sequence[IntervalStatistics],
    *,
    shown: int = -1,
    title: str = "",
    fig: AnyFigure | None = None,
) -> Figure:
    """Draw one ensemble's intervals, and all ensembles' rates beside the closed form.

    Parameters
    ----------
    rates : NoiseRates
        The closed form, by `natrium.analysis.noise_rates`.
    statistics : sequence of IntervalStatistics
        Of runs under each of its noises.
    shown : int
        Whose intervals are drawn.
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.

    Raises
    ------
    ModelError
        When they do not pair up.
    """
    if len(rates.means) != len(statistics):
        raise ModelError(
            f"each noise needs its statistics, got {len(rates.means)} noises and {len(statistics)} statistics"
        )
    with styled():
        figure = canvas(fig, 8.4, 3.7)
        left, right = figure.subplots(1, 2)
        figure.suptitle(title, fontsize=10.5)
        plot_intervals(statistics[shown], left)
        left.set_title(f"Mean input {number(rates.means[shown], 6)} mV")
        found = np.array([[one.rate.value, one.rate.low, one.rate.high] for one in statistics])
        ends = np.abs(found[:, 1:].T - found[:, 0])
        right.plot(rates.span, rates.white, color=COLORS["input"], label="white noise (Siegert)")
        right.plot(
            rates.span,
            rates.sampled,
            color=SERIES[1],
            linestyle="--",
            label=f"held for {rates.step:g} ms",
        )
        right.errorbar(
            rates.means, found[:, 0], ends, fmt="o", markersize=3.5, capsize=2, color=SERIES[0], label="runs"
        )
        right.set(xlabel="Mean input (mV)", ylabel="Rate (Hz)", title="Rate")
        right.set_ylim(bottom=0.0)
        for ax in (left, right):
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3, fontsize=7.5)
    return root_of(figure)


def plot_noise_curve(found: NoiseCurve, *, title: str = "", fig: AnyFigure | None = None) -> Figure:
    """Draw rate and CV against the mean input: the Fokker-Planck equation's, and what runs have.

    Parameters
    ----------
    found : NoiseCurve
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.
    """
    noise, runs = found.noise, found.statistics
    with styled():
        figure = canvas(fig, 8.4, 3.7)
        figure.suptitle(title, fontsize=10.5)
        for ax, name, label in zip(
            figure.subplots(1, 2), ("rate", "cv"), ("Rate (Hz)", "CV of the intervals"), strict=True
        ):
            ax.plot(found.means, found.column(name), color=COLORS["input"], label="Fokker-Planck")
            if noise.tau == 0.0:
                ax.plot(
                    found.means,
                    found.column(f"sampled_{name}"),
                    color=SERIES[1],
                    linestyle="--",
                    label=f"held for {noise.step:g} ms",
                )
            if runs:
                three = np.array([_three(getattr(one, name)) for one in runs])
                ends = np.abs(three[:, 1:].T - three[:, 0])
                ax.errorbar(
                    found.means,
                    three[:, 0],
                    ends,
                    fmt="o",
                    markersize=3.5,
                    capsize=2,
                    color=SERIES[0],
                    label="runs",
                )
            ax.set(xlabel="Mean input (mV)", ylabel=label)
            ax.set_ylim(bottom=0.0)
        handles, labels = ax.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return root_of(figure)


def _three(one: Estimate) -> tuple[float, float, float]:
    return one.value, one.low, one.high
