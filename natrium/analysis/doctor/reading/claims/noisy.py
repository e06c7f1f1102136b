"""Drawn noise beside a claim's: told by its law, since no seed draws the other's numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.claims.driven import drive_of, inputs_read
from natrium.analysis.doctor.reading.expressions.wording import shown
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.steps.noise import scaled_line
from natrium.model import Model
from natrium.model.stimuli.noise import Noise

SURE = 6.0  # standard errors: by less two runs of one noise differ


def white_noise(case: Case, claim: Model) -> Noise | None:
    """Give the claim's one stimulus where it is white noise, and the script's input noise that it draws."""
    parts = claim.stimulus.parts
    noise = parts[0] if len(parts) == 1 and isinstance(parts[0], Noise) and parts[0].tau == 0.0 else None
    return noise if case.maps.noise and drive_of(case) == case.maps.noise else None


def mean_beside(case: Case, claim: Model, factor: float) -> float:
    """Give the mean of the claim's noise where the script's has none and V's equation has it, or should."""
    noise = white_noise(case, claim)
    if noise is None:
        return 0.0
    mean = float(np.mean(inputs_read(case))) * factor
    return noise.mean if abs(mean) < abs(mean - noise.mean) else 0.0


def claimed_noise(case: Case, noise: Noise, factor: float) -> Iterator[Found]:
    """Hold how large drawn noise is against the claim's.

    Parameters
    ----------
    case : Case
    noise : Noise
        The claim's, white.
    factor : float
        What one unit of the script's input is in the claim's.
    """
    own, dt = inputs_read(case) * factor, case.maps.step * case.meant.units.ms
    size = noise.intensity / dt**0.5 if noise.intensity is not None else (noise.sigma or 0.0)
    ratio = float(np.std(own)) / size if size else 1.0
    if abs(ratio - 1.0) > SURE / (2.0 * own.size) ** 0.5:
        line = scaled_line(
            case.maps.main.updates.values(), case.maps.noise, {case.maps.dt, *case.maps.record.parameters}
        )
        yield Found(
            "noise-scaled", "fault",
            f"The noise that is drawn is {shown(float(f'{ratio:.3g}'))} times as large as the model's, in "
            f"{in_line(case.source, line)}.",
            line, evidence=f"the standard deviation of {own.size} numbers", about=case.maps.V,
        )  # fmt: skip
