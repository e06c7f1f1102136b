"""Captions that several reports share."""

from __future__ import annotations

from natrium.figures.style import Figure

Drawn = dict[str, tuple[Figure, str]]
"""Figures by the names of their files, each with its caption."""

COMPARISON = (
    "Script and true course: V, spike times under both refractory rules, gates (thin: the script's) and "
    "input."
)
RECORDING = (
    "The recording and the true course of the claim: V, spike times under both refractory rules, what lies "
    "between their spikes, the true gates, and the input."
)
BUDGET = (
    "The same distance, cause by cause: the script's rules switched to the truth's one after the other (from "
    "the first in the legend to the last), so that the parts sum to the total."
)
OF_BUDGET = "The distance of each spike, cause by cause, ms"
EQUILIBRIA = "All equilibria against the input: stable (full) or not (dashed), folds and Hopf points."
PHASE_PLANE = (
    "The plane as a whole and, beside it, the part that the cell sees: nullclines, equilibria by type, "
    "manifolds of the saddle, threshold and reset, the full course, and from where the next spike is certain."
)
CYCLE = "One period, the map from reset to reset, and how a push in V moves later spikes."
