"""Which spike of one train belongs to which of another."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from natrium.model.arrays import Array


@attrs.frozen
class SpikePair:
    """A spike of the script and the true spike it belongs to.

    Attributes
    ----------
    label : float or None
        The script's label, ms; None for a spike that it misses.
    truth : float or None
        True time, ms; None for a spike that only the script has.
    """

    label: float | None
    truth: float | None

    @property
    def difference(self) -> float | None:
        """Label less true time, ms."""
        return None if self.label is None or self.truth is None else self.label - self.truth


def match_spikes(
    labels: npt.ArrayLike, truths: npt.ArrayLike, window: float = np.inf
) -> tuple[SpikePair, ...]:
    """Match two spike trains, of equal length or not, with the least total distance.

    A spike without a partner costs what one at the window's edge does. Pairs do not cross: of those
    matched, the n-th of one train goes with the n-th of the other, which no other pairing of them betters.

    Parameters
    ----------
    labels, truths : array_like, shapes (n_labels,) and (n_truths,)
        Spike times, ms.
    window : float
        Spikes further apart than this (ms) stay without a partner.

    Returns
    -------
    tuple of SpikePair
        In order of time.
    """
    a, b = np.asarray(labels, dtype=float), np.asarray(truths, dtype=float)
    kept = _paired(a, b, window) if a.size <= b.size else [(i, j) for j, i in _paired(b, a, window)]
    pairs = [SpikePair(float(a[i]), float(b[j])) for i, j in kept]
    pairs += [SpikePair(float(a[i]), None) for i in sorted(set(range(a.size)) - {i for i, _ in kept})]
    pairs += [SpikePair(None, float(b[j])) for j in sorted(set(range(b.size)) - {j for _, j in kept})]
    return tuple(sorted(pairs, key=lambda pair: pair.label if pair.truth is None else pair.truth))  # type: ignore[arg-type, return-value]  # one of the two is there


def _paired(a: Array, b: Array, window: float) -> list[tuple[int, int]]:
    """Pair the spikes of a train with those of one that is not shorter: the least distance, spike by spike.

    Of the first spikes of both trains the least total distance is that without the last one of the longer,
    for nothing; that without the last one of the shorter, for a window; or that with these two paired.
    """
    early, late = np.argsort(a, kind="stable"), np.argsort(b, kind="stable")
    apart = np.abs(a[early, np.newaxis] - b[late])
    least = np.zeros((a.size + 1, b.size + 1))
    for i in range(a.size):
        alone = least[i] + window
        alone[1:] = np.minimum(alone[1:], least[i, :-1] + apart[i])
        least[i + 1] = np.minimum.accumulate(alone)
    found, i, j = list[tuple[int, int]](), a.size, b.size
    while i and j:
        if least[i, j] == least[i, j - 1]:
            j -= 1
        else:
            i -= 1
            if least[i + 1, j] == least[i, j - 1] + apart[i, j - 1]:
                j -= 1
                found.append((int(early[i]), int(late[j])))
    return found[::-1]


def partners_of(labels: npt.ArrayLike, truths: npt.ArrayLike) -> Array:
    """Give the partner of each true spike in another train, shape (n_truths,), ms; NaN without one."""
    times = np.asarray(truths, dtype=float)
    found = {pair.truth: pair.label for pair in match_spikes(labels, times)}
    return np.array([np.nan if found[t] is None else found[t] for t in times.tolist()], dtype=float)
