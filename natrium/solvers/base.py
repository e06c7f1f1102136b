"""What all solvers share: the protocol, and the manifest of a run."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol, runtime_checkable

import attrs

from natrium.model import (
    HybridNeuron,
    Model,
    ModelError,
    Neuron,
    Number,
    Simulation,
    Stimulus,
    Sum,
    UnsupportedModel,
    as_stimulus,
    to_dict,
)
from natrium.solvers.trajectory import Trajectory


@runtime_checkable
class Solver(Protocol):
    """What makes a trajectory of a model.

    To write a new solver: an object with this method, and a line in `natrium.solvers`.
    """

    def solve(
        self,
        neuron: Neuron | HybridNeuron,
        stimulus: Stimulus | Sequence[Stimulus] | None = None,
        *,
        t_start: float = 0.0,
        t_end: float,
    ) -> Trajectory:
        """Run a neuron from `t_start` to `t_end` (ms)."""
        ...


def checked_run(
    neuron: Neuron | HybridNeuron,
    stimulus: Stimulus | Sequence[Stimulus] | None,
    t_start: float,
    t_end: float,
    *,
    any_equations: bool = False,
) -> tuple[Sum, float, float]:
    """Check what every solver is given; give the stimulus as a sum and the span as floats.

    Raises
    ------
    ModelError
        When the neuron is none or the span is not finite and forward.
    UnsupportedModel
        When a `HybridNeuron` is given to a solver that does not take `any_equations`.
    """
    if isinstance(neuron, HybridNeuron) and not any_equations:
        raise UnsupportedModel(
            "this solver knows neurons of channels only, got a HybridNeuron: use EventDriven (--solver event)"
        )
    if not isinstance(neuron, (Neuron, HybridNeuron)):
        raise ModelError(f"neuron must be a Neuron, got {type(neuron).__name__}")
    Number("ms").check("t_end", t_end)
    span = Simulation(t_start=t_start, t_end=t_end)
    return as_stimulus(stimulus), span.t_start, float(t_end)


@cache
def _versions(needs: tuple[str, ...]) -> dict[str, str]:
    from importlib.metadata import version

    packages = ("natrium", "numpy", "scipy", "sympy", *needs)
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def manifest(solver: Any, neuron: Neuron | HybridNeuron, stimulus: Sum) -> dict[str, Any]:
    """Say what made a run: versions, settings and a hash of the model."""
    settings = {
        key: value
        for key, value in attrs.asdict(solver).items()
        if isinstance(value, (str, int, float, bool, dict))
    }
    if isinstance(neuron, HybridNeuron):
        content = repr((neuron, stimulus))
    else:
        try:
            content = json.dumps(to_dict(Model(neuron=neuron, stimulus=stimulus)), sort_keys=True)
        except ModelError:
            content = ""
    digest = hashlib.sha256(content.encode()).hexdigest()
    return {
        "versions": dict(_versions(getattr(solver, "needs", ()))),
        "solver": type(solver).__name__,
        "settings": settings,
        "model_sha256": digest if content else "none: the stimulus is a Python function",
    }
