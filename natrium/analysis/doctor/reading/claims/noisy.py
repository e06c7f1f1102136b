"""Drawn noise beside a claim's: told by its law, since no seed draws the other's numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import attrs
import numpy as np

from natrium.analysis.doctor.reading.claims.driven import drive_of, inputs_read
from natrium.analysis.doctor.reading.expressions.trees import at_points, leaves
from natrium.analysis.doctor.reading.expressions.wording import shown
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.steps.coloured import noise_of
from natrium.analysis.doctor.reading.steps.noise import scaled_line
from natrium.analysis.doctor.trace.record import Node
from natrium.model import Model
from natrium.model.stimuli.noise import Noise

SURE = 6.0  # standard errors: by less two runs of one noise differ
CLOSE = 1e-6  # of a number that a law has: rounding


def drawn_noise(case: Case, claim: Model) -> Noise | None:
    """Give the claim's one stimulus where it is noise, and the script's input is noise that it draws."""
    noise = noise_of(claim)
    if noise is None or case.maps.record.law is not None:
        return noise
    return noise if noise.tau == 0.0 and case.maps.noise and drive_of(case) == case.maps.noise else None


def mean_beside(case: Case, claim: Model, factor: float) -> float:
    """Give the mean of the claim's noise where the script's has none and V's equation has it, or should."""
    noise = drawn_noise(case, claim)
    if noise is None:
        return 0.0
    law = case.maps.record.law
    mean = (float(np.mean(inputs_read(case))) if law is None else _memory(case, law).mean) * factor
    return noise.mean if abs(mean) < abs(mean - noise.mean) else 0.0


def claimed_noise(case: Case, claim: Model, noise: Noise, factor: float) -> Iterator[Found]:
    """Hold drawn noise against the claim's: how large it is, and of noise with a memory all of its law.

    Parameters
    ----------
    case : Case
    claim : Model
    noise : Noise
        The claim's.
    factor : float
        What one unit of the script's input is in the claim's.
    """
    own, dt = inputs_read(case) * factor, case.maps.step * case.meant.units.ms
    law = case.maps.record.law
    if law is not None:
        yield from _claimed_law(case, law, noise, mean_beside(case, claim, factor), factor)
        return
    size = noise.intensity / dt**0.5 if noise.intensity is not None else (noise.sigma or 0.0)
    line = scaled_line(
        case.maps.main.updates.values(), case.maps.noise, {case.maps.dt, *case.maps.record.parameters}
    )
    yield from _scaled(case, float(np.std(own)), size, line)


def _sure(case: Case) -> float:
    """Give by how much a standard deviation is known, relative."""
    return float(SURE / (2.0 * inputs_read(case).size) ** 0.5)


def _scaled(case: Case, own: float, size: float, line: int) -> Iterator[Found]:
    """Say that what is drawn is another size."""
    ratio = own / size if size else 1.0
    if abs(ratio - 1.0) > _sure(case):
        yield Found(
            "noise-scaled", "fault",
            f"The noise that is drawn is {shown(float(f'{ratio:.3g}'))} times as large as the model's, in "
            f"{in_line(case.source, line)}.",
            line, evidence=f"the standard deviation of {inputs_read(case).size} numbers", about=case.maps.V,
        )  # fmt: skip


@attrs.frozen
class _Memory:
    """What a law makes of the input: ``x -> mean + kept (x - mean) + size`` times a normal number."""

    mean: float
    kept: float
    size: float


def _memory(case: Case, law: Node) -> _Memory:
    """Read a law off at two points, and the size of what it draws off the run."""
    maps = case.maps
    known = {**maps.record.parameter_values, maps.dt: maps.step}
    drawn = dict.fromkeys(leaves(law) - known.keys(), 0.0)
    still, moved = at_points(law, {**known, **drawn, maps.record.input: np.array([0.0, 1.0])})
    kept, own = float(moved - still), inputs_read(case)
    mean = float(still) / (1.0 - kept) if kept != 1.0 else math.inf
    return _Memory(mean, kept, float(np.std(own[1:] - kept * own[:-1])))


def _claimed_law(case: Case, law: Node, noise: Noise, beside: float, factor: float) -> Iterator[Found]:
    """Hold the law of noise with a memory against the claim's, by Euler's step or exact."""
    found, V = _memory(case, law), case.maps.V
    part, lost = case.maps.step * case.meant.units.ms / noise.tau, 1.0 - found.kept
    forgets = min(part, -math.expm1(-part), key=lambda one: abs(lost - one))
    if abs(lost - forgets) > CLOSE * forgets:
        line = _line_of(case, law, case.maps.step / lost if lost else math.inf)
        text = (
            f"The noise forgets {shown(float(f'{lost:.6g}'))} of itself in a step where the "
            f"model's forgets {shown(float(f'{forgets:.6g}'))}, in {in_line(case.source, line)}."
        )
        yield Found("noise-tau", "fault", text, line, evidence="the law of each step", about=V)
    mean = noise.mean - beside
    if abs(found.mean * factor - mean) > CLOSE * (1.0 + abs(mean)):
        line = _line_of(case, law, found.mean)
        text = (
            f"The noise has the mean {shown(float(f'{found.mean * factor:.6g}'))} where the model's has "
            f"{shown(mean)}, in {in_line(case.source, line)}."
        )
        yield Found("noise-mean", "fault", text, line, evidence="the law of each step", about=V)
    # As Euler's step or the exact one has it, and as large with the script's own memory as with the model's.
    sizes = [noise.sample_sigma * abs(one * (2.0 - one if exact else 2.0)) ** 0.5
             for one in (forgets, lost) for exact in (False, True)]  # fmt: skip
    size = abs(found.size * factor)
    wanted = min(sizes, key=lambda one: abs(size - one))
    ratio = size / wanted if wanted else 1.0
    line = _line_of(case, law, ratio * noise.sample_sigma / abs(factor), _sure(case))
    yield from _scaled(case, size, wanted, line)


def _line_of(case: Case, law: Node, value: float, near: float = CLOSE) -> int:
    """Give the line of the parameter that has a value, or of the law."""
    known = case.maps.record.parameters
    lines = (
        known[name].line
        for name in sorted(leaves(law) & set(known))
        if abs(known[name].value - value) <= near * abs(value)
    )
    return next(lines, law.line)
