"""Labels and input edges of a script against those of its grid."""

from __future__ import annotations

import math
from collections.abc import Iterator

import attrs
import numpy as np

from natrium.analysis.doctor.probes.subject import Recording
from natrium.analysis.doctor.words.finding import Finding
from natrium.model import Model

__all__ = ["Edge", "edge_findings", "label_findings", "nominal_edges"]


@attrs.frozen
class Edge:
    """One edge of the claimed input on the script's grid.

    Attributes
    ----------
    time : float
        ms.
    step : int
        The first step that begins at or after it.
    old, new : float
        Input before and after it, mV.
    seen : int or None
        The first step that has the new input; None where it cannot be seen.
    """

    time: float
    step: int
    old: float
    new: float
    seen: int | None = None

    @property
    def on(self) -> bool:
        """Whether the input grows there."""
        return abs(self.new) > abs(self.old)

    @property
    def late(self) -> int:
        """By how many steps the input comes late (negative: early)."""
        return 0 if self.seen is None else self.seen - self.step


def nominal_edges(model: Model, dt: float, steps: int) -> list[Edge]:
    """List the edges of the claimed input that fall within a run, in steps of the grid."""
    t_start, stimulus = model.simulation.t_start, model.stimulus
    end = t_start + steps * dt
    found = []
    for time in sorted({e for e in stimulus.edges(t_start, end) if t_start - dt < e < end}):
        step = math.ceil((time - t_start) / dt - 1e-6)
        old, new = stimulus(time - 1e-7 * dt), stimulus(time + 1e-7 * dt)
        if abs(new - old) > 1e-6 * (1.0 + abs(new)):
            found.append(Edge(time, step, old, new))
    return found


def label_findings(recording: Recording, shift: float, dt: float, first: int) -> Iterator[Finding]:
    """Say what is wrong with the labels."""
    gaps = np.diff(recording.labels)
    step = float(np.median(gaps))
    if np.abs(gaps - step).max() > 1e-6 * dt + 1e-9 * np.abs(recording.labels).max():
        yield Finding(
            "label-uneven",
            "fault",
            "The labels are not evenly spaced.",
            f"their gaps go from {gaps.min():.6g} to {gaps.max():.6g} ms",
        )
    elif abs(step / dt - 1.0) > 1e-6:
        yield Finding(
            "label-step",
            "fault",
            f"The labels advance by {step:.6g} ms where a step is {dt:g} ms.",
            "median gap of the labels",
        )
        return
    if abs(shift) < 1e-6 * dt:
        return
    stored = "after" if first else "before"
    evidence = (
        f"samples are stored {stored} their step (their first values show it), the first one is labelled "
        f"{recording.labels[0]:.10g} ms"
    )
    if abs(shift + dt) < 1e-6 * dt:
        text = (
            f"Each sample is stored after its step but labelled with the step's beginning: every label is "
            f"{dt:g} ms early."
        )
        yield Finding("label-early", "fault", text, evidence)
    elif abs(shift - dt) < 1e-6 * dt:
        yield Finding("label-late", "fault", f"Every label is a step of {dt:g} ms late.", evidence)
    else:
        yield Finding("label-offset", "fault", f"Every label is {shift:+.6g} ms off.", evidence)


def edge_findings(edges: tuple[Edge, ...], dt: float, t_start: float, evidence: str) -> Iterator[Finding]:
    """Say which edges of the input come on another step than they should."""
    for on in (True, False):
        for early in (True, False):
            wrong = [edge for edge in edges if edge.on is on and edge.late and (edge.late < 0) is early]
            if not wrong:
                continue
            edge = wrong[0]
            assert edge.seen is not None
            when = f"{t_start + edge.seen * dt:.10g}"
            text = (
                f"The input goes {'on' if on else 'off'} with the step that begins at {when} ms instead of "
                f"{t_start + edge.step * dt:.10g} ms: {abs(edge.late) * dt:.3g} ms "
                f"{'early' if early else 'late'}."
            )
            if len(wrong) > 1:
                text += f" So do {len(wrong) - 1} more."
            key = f"input-{'on' if on else 'off'}-{'early' if early else 'late'}"
            yield Finding(key, "fault", text, evidence)
