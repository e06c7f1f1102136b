"""The plane of a neuron that is asked for, and those that can be had."""

from __future__ import annotations

from collections.abc import Mapping

from natrium.analysis.phase_plane.channels import plane_of_channels
from natrium.analysis.phase_plane.equations import plane_of_equations
from natrium.analysis.phase_plane.reduction import REDUCTIONS, Plane, Reduction
from natrium.analysis.phase_plane.standing import standing
from natrium.model import AnyNeuron, Choice, HybridNeuron, UnsupportedModel, check_neuron


def planar(
    neuron: AnyNeuron,
    x: str | None = None,
    reduction: Reduction = "steady",
    held: Mapping[str, float] | None = None,
) -> Plane:
    """Reduce a neuron to V and one gate, or one other state.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With at least one gate, or one state besides V.
    x : str, optional
        The gate that stays: ``"Na.h"``; for ``"common"`` its name alone, ``"h"``. By default the first gate
        named h, else the first that closes with depolarisation, else the slowest at v_rest; of own equations
        the first that the threshold moves with, else the second state; the first that makes a plane, where
        these make none.
    reduction : {"steady", "common", "slice"}
    held : mapping of str to float, optional
        For ``"slice"``: the values of all other gates.

    Raises
    ------
    ModelError
        When there is no such gate, or a slice does not say where the others are held.
    UnsupportedModel
        When dV/dt is no polynomial in x, or dx/dt is not linear in it; it names those x that make a plane.

    References
    ----------
    .. [1] R. FitzHugh, "Impulses and physiological states in theoretical models of nerve membrane",
       Biophys. J. 1 (1961) 445-466: the four variables projected onto a plane.
       https://doi.org/10.1016/S0006-3495(61)86902-6
    .. [2] E. M. Izhikevich, "Dynamical Systems in Neuroscience" (2007), ch. 3: fast gates at steady state.
       https://doi.org/10.7551/mitpress/2526.001.0001

    Examples
    --------
    >>> import natrium
    >>> plane = planar(natrium.notebook.lif_na().neuron)
    >>> plane.x, plane.reduction
    ('Na.h', 'steady')
    """
    check_neuron(neuron)
    Choice(REDUCTIONS).check("reduction", reduction)
    try:
        return _reduced(neuron, x, reduction, held)
    except UnsupportedModel as error:
        found = {} if held else planes_of(neuron, reduction)[0]
        if x is None and found:
            return next(iter(found.values()))
        raise UnsupportedModel(f"{error}; {_instead(neuron, list(found))}") from error


def planes_of(neuron: AnyNeuron, reduction: Reduction = "steady") -> tuple[dict[str, Plane], str]:
    """Give a plane for each state beside V that one can be reduced to, and why there is none if so.

    A slice holds all others where the neuron starts.
    """
    found, reason = dict[str, Plane](), "there is no state beside V"
    start = dict(zip(neuron.system.labels, neuron.initial_state(), strict=True))
    for label in neuron.system.labels[1:]:
        others = {name: value for name, value in start.items() if name not in ("V", label)}
        try:
            found[label] = _reduced(neuron, label, reduction, others if reduction == "slice" else None)
        except UnsupportedModel as error:
            reason = str(error)
    return found, "" if found else reason


def _reduced(
    neuron: AnyNeuron, x: str | None, reduction: Reduction, held: Mapping[str, float] | None
) -> Plane:
    if isinstance(neuron, HybridNeuron):
        moves_with = neuron.threshold_moves
        own, first = (standing(neuron), moves_with[0]) if moves_with else (neuron, None)
        plane = Plane(**plane_of_equations(own, x or first, reduction, held), moves_with=moves_with)
    else:
        plane = Plane(**plane_of_channels(neuron, x, reduction, held))
    _ = plane.powers, plane.x_steady  # they say what is missing, in the model's own words
    return plane


def _instead(neuron: AnyNeuron, found: list[str]) -> str:
    """Say what to do where an x makes no plane, given those that do."""
    if found:
        return f"take x = {' or '.join(map(repr, found))}"
    if held := planes_of(neuron, "slice")[0]:
        return f"hold all but x, reduction='slice' with held, where x is one of {', '.join(held)}"
    return "its runs, excitability and cycles are had without one"
