"""Periodic firing of a model file's neuron."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from natrium.analysis import (
    LimitCycle,
    SmoothCycle,
    limit_cycle,
    own_cycle,
    phase_response,
    reset_bifurcation,
    smooth_cycle,
)
from natrium.analysis.cycle.cobweb import cobweb
from natrium.analysis.cycle.phase_response import telling_times
from natrium.figures.cycle import plot_cycle, plot_reset_bifurcation
from natrium.model import AnyNeuron, Model
from natrium.reports.captions import CYCLE, Drawn
from natrium.reports.output import Output, manifest
from natrium.reports.page import Section
from natrium.reports.report import write_report


def cycle_into(
    model: Model,
    out: Path,
    *,
    name: str,
    I: float | None = None,
    period: int | None = None,
    vary: tuple[str, Sequence[float]] | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Find a model's periodic firing, multipliers and phase response (see `natrium.reports.report`).

    Parameters
    ----------
    I : float, optional
        Constant input, mV; by default the largest value of the model's own.
    period : int, optional
        Spikes per cycle; by default as many as firing from the neuron's own start repeats after. Without
        resets, rises of V through its middle; by default one.
    vary : (str, sequence of float), optional
        A parameter and its values, for the bifurcation picture of the reset.
    """
    output, neuron = Output(out, quiet=quiet), model.neuron
    with output.progress() as tell:
        tell("the cycle and its multipliers")
        at = model.largest_input() if I is None else I
        cycle = _cycle(neuron, at, period)
        tell("phase response")
        response = phase_response(cycle, times=telling_times(cycle))
        web = cobweb(cycle) if isinstance(cycle, LimitCycle) and cycle.names else None
        figures: Drawn = {"cycle": (plot_cycle(cycle, response, web), CYCLE)}
        data = cycle.data() | {"phase_response": response.data()}
        if vary is not None:
            tell(f"orbits against {vary[0]}")
            found = reset_bifurcation(neuron, cycle.input, vary[0], list(vary[1]))
            data["bifurcation"] = found.data()
            figures["bifurcation"] = (
                plot_reset_bifurcation(found),
                "What firing settles to against a parameter of the reset, and its Lyapunov exponent.",
            )
    states, sentences = cycle.table(), [*cycle.sentences(), *response.sentences()]
    title = f"Periodic firing of {name}"
    return write_report(
        output,
        title,
        [Section("What was found", sentences, figures, {"The cycle": states})],
        data,
        manifest=manifest(model, I_mV=at, period=getattr(cycle, "n_spikes", None), vary=vary),
        tables={"cycle.csv": states, "phase_response.csv": response.table()},
        said=[(title, states, sentences)],
    )


def _cycle(neuron: AnyNeuron, I: float, period: int | None) -> LimitCycle | SmoothCycle:
    if not neuron.fires:
        return smooth_cycle(neuron, I, crossings=1 if period is None else period)
    return own_cycle(neuron, I) if period is None else limit_cycle(neuron, I, period)
