"""Labels and input edges of a script against those of its grid."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.findings.found import Found
from natrium.analysis.doctor.recordings.edges import Edge
from natrium.analysis.doctor.recordings.read import ReadRecording
from natrium.analysis.doctor.recordings.recorded import Recording
from natrium.analysis.doctor.words.finding import finding


def label_findings(
    recording: Recording, shift: float, dt: float, first: int, identified: bool
) -> Iterator[Found]:
    """Say what is wrong with the labels; of steps that were not identified, only how far apart they are."""
    gaps = np.diff(recording.labels)
    step = float(np.median(gaps))
    if np.abs(gaps - step).max() > 1e-6 * dt + 1e-9 * np.abs(recording.labels).max():
        yield finding(
            "label-uneven",
            "fault",
            "The labels are not evenly spaced.",
            f"their gaps go from {gaps.min():.6g} to {gaps.max():.6g} ms",
        )
    elif abs(step / dt - 1.0) > 1e-6:
        yield finding(
            "label-step",
            "fault" if identified else "note",
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
        yield finding("label-early", "fault", text, evidence)
    elif abs(shift - dt) < 1e-6 * dt:
        yield finding("label-late", "fault", f"Every label is a step of {dt:g} ms late.", evidence)
    else:
        yield finding("label-offset", "fault", f"Every label is {shift:+.6g} ms off.", evidence)


def edge_findings(edges: tuple[Edge, ...], dt: float, t_start: float, evidence: str) -> Iterator[Found]:
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
            yield finding(key, "fault", text, evidence)


def undecided(reading: ReadRecording, dt: float) -> Iterator[Found]:
    """Say when the input is read, and what else the samples may mean."""
    if reading.delay:
        early = "early" if reading.delay < 0 else "late"
        text = f"The input of each step is read {abs(reading.delay) * dt:.6g} ms {early}, in all steps."
        yield finding(f"input-read-{early}", "fault", text, "no other time of reading fits V to rounding")
    if reading.other is None:
        return
    other = reading.other
    stored = "after" if other.first else "before"
    late = [f"the input {edge.late:+d} steps late at {edge.time:g} ms" for edge in other.edges if edge.late]
    listed = "; ".join([f"labels {other.shift:+.6g} ms off", *late])
    yield finding(
        "labels-undecided",
        "note",
        f"The samples could also be stored {stored} their step, with {listed}.",
        "both readings fit every step to rounding: nothing in V tells when the first step was taken",
    )
