"""What was seen of a recording's samples themselves, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from natrium.analysis.doctor.reading.findings.found import Found
from natrium.analysis.doctor.recordings.recorded import Recording
from natrium.analysis.doctor.words.finding import finding


def sample_findings(recording: Recording) -> Iterator[Found]:
    """Note units, an idle end, rounding and noise."""
    if recording.in_si:
        text = "Times are in s and V in V: both are taken times 1000."
        yield finding("units", "note", text, "gap and size")
    if recording.left_out:
        text = f"The last {recording.left_out} samples are zeros that no step made: they are left out."
        yield finding("zeros-at-the-end", "note", text, "V jumps to 0 and stays")
    if recording.grain:
        text = (
            f"V was rounded, to about {recording.grain:.2g} mV: what is told of its steps holds to that, "
            "and smaller faults do not show."
        )
        yield finding(
            "rounded", "note", text, "all samples are multiples of one unit, or in single precision"
        )
    if recording.noise:
        text = (
            f"V carries noise of about {recording.noise:.2g} mV: single steps tell nothing, and no rule of "
            "theirs is told."
        )
        yield finding("noise", "note", text, "third differences of V are larger than second ones")
