"""What kind of neuron each script has: verdict, phase plane and cycle in one."""

from __future__ import annotations

from typing import Any

import attrs

from natrium.analysis.cycle.limit_cycle import LimitCycle, limit_cycle
from natrium.analysis.cycle.phase_response import PhaseResponse, phase_response
from natrium.analysis.excitability.verdict import Verdict, describe
from natrium.analysis.phase_plane.plane import PhasePlane, phase_plane
from natrium.analysis.result import Result
from natrium.model import Neuron, SolverError
from natrium.model.leak import input_unit


@attrs.frozen(eq=False, repr=False)
class Dynamics(Result):
    """A neuron at one constant input."""

    I: float  # input, mV
    verdict: Verdict
    plane: PhasePlane | None  # none for a neuron without gates
    cycle: LimitCycle | None
    response: PhaseResponse | None  # none where it does not fire on

    def sentences(self) -> list[str]:
        """Give what was found, in plain words."""
        said = self.verdict.sentences()
        if self.cycle is None:
            at = input_unit(self.verdict.neuron).show(self.I)
            said.append(f"At a constant {at} it does not go on firing.")
        else:
            said += self.cycle.sentences()
        return said

    def data(self) -> dict[str, Any]:
        """Give what was found as plain data."""
        found = self.verdict.rheobase
        cycle = self.cycle.data() if self.cycle else {}
        return {
            "I_mV": self.I,
            "sentences": self.sentences(),
            "rheobase_mV": found.value if found else None,
            "rheobase_error_mV": found.error if found else None,
            "period_ms": cycle.get("period_ms"),
            "period_error_ms": cycle.get("period_error_ms"),
            "largest_multiplier": cycle.get("largest_multiplier"),
            "multiplier_errors": cycle.get("multiplier_errors"),
        }


def dynamics(neuron: Neuron, I: float) -> Dynamics:
    """Say what kind of neuron this is, and what it does at a constant input, mV."""
    gates = sum(len(channel.moving) for channel in neuron.channels)
    try:
        cycle = limit_cycle(neuron, I)
    except SolverError:  # it falls silent
        cycle = None
    return Dynamics(
        I=I,
        verdict=describe(neuron),
        plane=phase_plane(neuron, I, reduction="common" if len(neuron.channels) > 1 else "steady")
        if gates and len(neuron.system.gates) == len(neuron.system.states) - 1
        else None,
        cycle=cycle,
        response=phase_response(cycle) if cycle else None,
    )
