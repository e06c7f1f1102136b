"""Distances between spike trains that the field knows."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.accuracy.matching import match_spikes
from natrium.analysis.result import Result
from natrium.model import ModelError, Number


@attrs.frozen(repr=False)
class SpikeTrainDistances(Result):
    """How unlike two spike trains are.

    Attributes
    ----------
    van_rossum : float
        Distance of the trains filtered by an exponential; 1 for one spike more.
    victor_purpura : float
        Least cost of turning one train into the other.
    coincidence_factor : float
        Gamma: 1 for trains that agree within the window, 0 for chance.
    """

    van_rossum: float
    victor_purpura: float
    coincidence_factor: float


def spike_train_distances(
    one: npt.ArrayLike,
    other: npt.ArrayLike,
    *,
    t_start: float = 0.0,
    t_end: float,
    tau: float = 10.0,
    cost: float = 1.0,
    window: float = 2.0,
) -> SpikeTrainDistances:
    """Measure how unlike two spike trains are, through Elephant (the extra ``natrium[neo]``).

    Parameters
    ----------
    one, other : array_like, shapes (n,) and (m,)
        Spike times, ms.
    t_start, t_end : float
        The span that both are of, ms.
    tau : float
        Time constant of van Rossum's filter, ms.
    cost : float
        Victor and Purpura's cost of moving a spike, per ms.
    window : float
        Spikes this near are coincident, ms.

    Raises
    ------
    ModelError
        When Elephant is not installed, or a value is out of range.

    References
    ----------
    .. [1] M. C. W. van Rossum, "A novel spike distance", Neural Comput. 13 (2001) 751-763.
       https://doi.org/10.1162/089976601300014321
    .. [2] J. D. Victor, K. P. Purpura, "Nature and precision of temporal coding in visual cortex",
       J. Neurophysiol. 76 (1996) 1310-1326. https://doi.org/10.1152/jn.1996.76.2.1310
    """
    for name, value in (("tau", tau), ("cost", cost)):
        Number("ms", 0.0, open_low=True).check(name, value)
    gamma = coincidence_factor(one, other, t_start=t_start, t_end=t_end, window=window)
    try:
        from elephant.spike_train_dissimilarity import van_rossum_distance, victor_purpura_distance
        from neo import SpikeTrain
        from quantities import Hz, ms
    except ImportError as error:
        raise ModelError(
            f"distances of spike trains need Elephant, which is not installed ({error}); install natrium[neo]"
        ) from None
    trains: list[Any] = [
        SpikeTrain(np.sort(np.asarray(train, dtype=float)), units=ms, t_start=t_start * ms, t_stop=t_end * ms)
        for train in (one, other)
    ]
    return SpikeTrainDistances(
        van_rossum=float(van_rossum_distance(trains, time_constant=tau * ms)[0, 1]),
        victor_purpura=float(victor_purpura_distance(trains, cost_factor=cost * 1e3 * Hz)[0, 1]),
        coincidence_factor=gamma,
    )


def coincidence_factor(
    one: npt.ArrayLike, other: npt.ArrayLike, *, t_start: float = 0.0, t_end: float, window: float = 2.0
) -> float:
    r"""Compute the coincidence factor :math:`\Gamma` (Elephant has none).

    .. math:: \Gamma = \frac{N_{coinc} - 2 \nu \Delta N_1}{\frac12 (N_1 + N_2)} \frac{1}{1 - 2 \nu \Delta}

    with :math:`\nu` the rate of the second train and :math:`\Delta` the window.

    Parameters
    ----------
    one, other : array_like, shapes (n,) and (m,)
        Spike times, ms; `other` is the one measured against.
    t_start, t_end : float
        ms.
    window : float
        ms.

    Returns
    -------
    float
        NaN where it has no meaning: no spikes at all, or a rate at which all trains coincide.

    Raises
    ------
    ModelError
        When the window is not positive or the span not forward.

    References
    ----------
    .. [1] W. M. Kistler, W. Gerstner, J. L. van Hemmen, "Reduction of the Hodgkin-Huxley equations to a
       single-variable threshold model", Neural Comput. 9 (1997) 1015-1045.
       https://doi.org/10.1162/neco.1997.9.5.1015
    """
    Number("ms", 0.0, open_low=True).check("window", window)
    Number("ms", t_start, open_low=True).check("t_end", t_end)
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    chance = 2.0 * b.size / (t_end - t_start) * window
    if not a.size + b.size or chance >= 1.0:
        return float("nan")
    coincident = sum(pair.difference is not None for pair in match_spikes(a, b, window))
    return float((coincident - chance * a.size) / (0.5 * (a.size + b.size)) / (1.0 - chance))
