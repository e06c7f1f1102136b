"""In which units a script counts its input and the states beside V, where it has others than its claim."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

import attrs
import numpy as np

from natrium.model.arrays import Array

PREFIXES = tuple(sorted((10.0 ** (3 * k) for k in range(-5, 6)), key=lambda one: abs(np.log(one))))
"""What one unit may be of another, the likeliest first: pA of A, nS of S."""
NEAR = 1e-6  # of a flow
INPUT = "input"  # among labels


@attrs.frozen(eq=False)
class Scales:
    """What one unit of the script is in the claim's.

    Attributes
    ----------
    units : mapping of str to float
        By the claim's label.
    factor : float
        Of the input.
    """

    units: Mapping[str, float]
    factor: float


def prefix_of(ratio: float | None) -> float:
    """Give the prefix that a ratio is; 1 where it is none."""
    return next((one for one in PREFIXES if ratio and abs(ratio - one) <= NEAR * one), 1.0)


def scales_of(
    own: Mapping[str, Array],
    first: Scales,
    flows: Callable[[Scales], Mapping[str, Array]],
    change: Callable[[Array, str], Array],
) -> Scales:
    """Find the units that make a script's equations the claimed ones.

    A state's is told by its own equation; where that has it whatever it is, or is at fault, by what the state
    does to another's.

    Parameters
    ----------
    own : mapping of str to ndarray
        By the claim's label, the script's flows.
    first : Scales
        With V's unit, and what the input seems to have; all others one.
    flows : callable
        Gives the claimed flows, in the script's units, by these.
    change : callable
        Gives what of a flow is another where a state alone, by its label, or the input, is.
    """

    def agree(of: str, scales: Scales) -> bool:
        return _near(own[of], flows(scales)[of])

    def follow(of: str, label: str, scales: Scales) -> bool:
        return _near(change(own[of], label), change(flows(scales)[of], label))

    found, others = first, sorted(own.keys() - {"V"})
    for label in (*others, INPUT):
        tests = [partial(agree, label)] if label != INPUT else []
        tests += [partial(follow, of, label) for of in ("V", *others)]
        for test in tests:
            fits = [one for one in (_scaled(found, label, unit) for unit in PREFIXES) if test(one)]
            if len(fits) == 1:
                found = fits[0]
                break
    return found


def lent_units(
    own: Mapping[str, Array],
    scales: Scales,
    flows: Callable[[Scales], Mapping[str, Array]],
    change: Callable[[Array, str], Array],
    numbers: Collection[float],
    weights: Mapping[str, float],
) -> Scales:
    """Put in what V's equation multiplies a state by, where the claim's state has that in it: R*s for s.

    Parameters
    ----------
    own, scales, flows, change
        As `scales_of` has them.
    numbers : collection of float
        What it may be multiplied by, but for a prefix.
    weights : mapping of str to float
        By the claim's label: by how much more the claim's incoming spikes move a state.
    """

    def is_known(unit: float) -> bool:
        return any(abs(unit / one - by) <= NEAR * by for one in numbers if one for by in PREFIXES)

    for label in sorted(own.keys() - {"V"}):
        ours, theirs = change(own["V"], label), change(flows(scales)["V"], label)
        both = (ours != 0.0) & (theirs != 0.0) & np.isfinite(ours) & np.isfinite(theirs)
        ratio = float(np.median(ours[both] / theirs[both])) if both.any() else 1.0
        for unit in (weights.get(label, 1.0), ratio):
            trial = _scaled(scales, label, scales.units[label] * unit)
            if unit <= 0.0 or abs(unit - 1.0) <= NEAR or not is_known(unit):
                continue
            found = flows(trial)
            right = _near(own[label], found[label]) or not _near(own[label], flows(scales)[label])
            if right and (unit != ratio or _near(own["V"], found["V"])):
                scales = trial
                break
    return scales


def _scaled(scales: Scales, label: str, unit: float) -> Scales:
    if label == INPUT:
        return attrs.evolve(scales, factor=unit)
    return attrs.evolve(scales, units={**scales.units, label: unit})


def _near(one: Array, other: Array) -> bool:
    size = float(np.nanmedian(np.abs(other)))
    return bool(np.allclose(one, other, rtol=NEAR, atol=NEAR * size, equal_nan=True))
