"""The quickest solver that is right to the digits asked for: for analyses that make many runs."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from natrium.model import AnyNeuron, HybridSystem, UnsupportedModel, check_neuron, lower
from natrium.solvers.compiled.parts import check_numba
from natrium.solvers.compiled.solver import Compiled
from natrium.solvers.compiled.taylor.lowering import jump_program, surface_program, taylor_program
from natrium.solvers.event_driven.solver import EventDriven

# Explicit steps last some time constants of the fastest gate: with faster ones than this (per ms) implicit
# steps of the event-driven solver take less time, though each takes a thousand times longer (measured).
FASTEST = 2e4
LOOKS = 33  # voltages from reset to threshold at which gates are looked at


def accurate(neuron: AnyNeuron, rtol: float) -> Compiled | EventDriven:
    """Give the compiled solver where there is one for a neuron, else the event-driven one.

    Both keep the same promises, and `rtol` is of the same size for both: an error per step, in mV. A run of
    the compiled one takes about a twentieth of the time; to load it takes half a second, so that it pays
    from some ten runs on.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    rtol : float
        Relative tolerance.

    Returns
    -------
    Compiled or EventDriven
        `EventDriven` for equations that cannot be compiled (an inverse tangent, for one), gates so fast that
        the model is stiff, and without numba.

    Examples
    --------
    >>> import natrium, sympy
    >>> V, I = sympy.symbols("V I", real=True)
    >>> quadratic = natrium.HybridNeuron(equations={"V": V**2 + I}, initial={"V": 0.0}, v_thresh=30.0)
    >>> type(accurate(quadratic, 1e-9)).__name__
    'Compiled'
    """
    check_neuron(neuron)
    system = neuron.system
    if not _compiles(system.structure) or _is_stiff(system, neuron.landmarks[-1], neuron.origin):
        return EventDriven(rtol=rtol)
    return Compiled(rtol=rtol)


@lru_cache(maxsize=256)
def _compiles(structure: HybridSystem) -> bool:
    """Tell whether numba is there, each rate has a rule for Taylor series, and the reset can be compiled."""
    try:
        check_numba()
        taylor_program(structure)
        jump_program(structure)
        surface_program(structure)
    except UnsupportedModel:
        return False
    return True


@lru_cache(maxsize=256)
def _is_stiff(system: HybridSystem, low: float, high: float) -> bool:
    """Tell whether a gate is that fast somewhere between two voltages."""
    relaxation = lower(system).relaxation
    voltages = np.linspace(low, high, LOOKS).tolist()
    return max((rate for V in voltages for rate in relaxation(V)), default=0.0) > FASTEST
