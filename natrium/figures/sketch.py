"""Small figures: what a notebook shows beside what a run or a result says."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from matplotlib.figure import Figure

from natrium.figures import (
    accuracy,
    clamp,
    comparison,
    continuation,
    cycle,
    excitability,
    phase_plane,
    trajectory,
)
from natrium.figures.style import styled

WIDTH = 460  # pixels
SIZE = 4.6, 1.9  # inches, of one panel
MOST = 20_000  # marks: more would take seconds


def _into(plot: Callable[..., Any]) -> Callable[[Any], Figure]:
    """Draw into a small figure of one panel."""

    def draw(shown: Any) -> Figure:
        figure = Figure(figsize=SIZE, layout="constrained")
        plot(shown, figure.subplots())
        return figure

    return draw


# What draws a result that stands alone, by the name of its class: no analysis is loaded for it.
SKETCHES: Mapping[str, Callable[[Any], Any]] = {
    "Trajectory": _into(trajectory.plot_trajectory),
    "Ensemble": _into(trajectory.plot_ensemble),
    "Comparison": lambda found: comparison.plot_script(found, ""),
    "Budget": lambda found: comparison.plot_budget(found, ""),
    "Study": lambda found: accuracy.plot_spike_errors(found, ""),
    "Convergence": lambda found: accuracy.plot_convergence([found], ""),
    "VoltageClamp": clamp.plot_voltage_clamp,
    "BifurcationDiagram": continuation.plot_bifurcations,
    "CycleBranch": continuation.plot_bifurcations,
    "Gradients": cycle.plot_gradients,
    "ResetBifurcation": cycle.plot_reset_bifurcation,
    "EquilibriumCurve": excitability.plot_equilibrium_curve,
    "FI": excitability.plot_f_i,
    "StrengthDuration": excitability.plot_strength_duration,
    "PhasePlane": phase_plane.plot_phase_planes,
}


def _size(shown: Any) -> int:
    """Give how many marks a figure would have: spikes and runs, or derivatives."""
    matrix = getattr(shown, "matrix", None)
    return (
        len(getattr(shown, "spike_times", ()))
        + len(getattr(shown, "offsets", ()))
        + getattr(matrix, "size", 0)
    )


def sketch(shown: Any) -> str:
    """Write a small figure of a run, an ensemble or a result, HTML; nothing where none stands for it."""
    draw = SKETCHES.get(type(shown).__name__)
    if draw is None or _size(shown) > MOST:
        return ""
    picture = BytesIO()
    with styled():
        draw(shown).savefig(picture, format="png", dpi=100, metadata={"Software": None})
    code = b64encode(picture.getvalue()).decode()
    return f'<img alt="{type(shown).__name__}" width="{WIDTH}" src="data:image/png;base64,{code}"/>'
