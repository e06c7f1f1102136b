"""What drives a script, beside what drives the model that it is held against."""

from __future__ import annotations

import numpy as np

from natrium.analysis.doctor.reading.claims.scales import prefix_of
from natrium.analysis.doctor.reading.expressions.trees import leaves
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.model.drive import ratio_of
from natrium.analysis.doctor.reading.model.recognise import DRIVEN, INPUTS
from natrium.analysis.doctor.trace.meanings import plain
from natrium.model import Model, Neuron
from natrium.model.arrays import Array

FEWEST = 3  # steps in which both inputs are on


def drive_of(case: Case) -> str:
    """Name what the input goes by, even where the voltage's equation lost it, or has it in a wrong way."""
    found = case.meant.recognised.input or case.maps.record.input
    if not found and DRIVEN in leaves(case.meant.flows[case.maps.V]):
        return DRIVEN
    names = leaves(case.equations[case.maps.V]) & set(case.maps.record.parameters)
    return found or next((one for one in sorted(names) if INPUTS.match(plain(one).lower())), "")


def inputs_read(case: Case) -> Array:
    """Give what the steps read, in the script's unit."""
    own, record, drive = case.meant.inputs, case.maps.record, drive_of(case)
    if case.meant.recognised.input or record.inputs.size != own.size:
        return own
    if drive in record.parameters:
        return np.full(own.size, record.parameters[drive].value)
    return np.nan_to_num(record.inputs)  # what no step read is no input


def input_factor(case: Case, claim: Model) -> float:
    """Give what one unit of the script's input is in the claim's; of own equations no more than a prefix."""
    ratio = input_ratio(case, claim)
    if not isinstance(claim.neuron, Neuron):
        return prefix_of(ratio) if case.meant.units.are_others else 1.0
    return case.meant.input_factor if ratio is None else ratio


def input_ratio(case: Case, claim: Model) -> float | None:
    """Give by how much the claim's input is the script's, from what each reads; None where by no one."""
    meant, own = case.meant, inputs_read(case)
    times = meant.clock.reads * meant.units.ms
    for later in (0.0, 1e-3 * case.maps.step * meant.units.ms):  # just after an edge
        ratio = ratio_of(own, np.array([claim.stimulus(float(t) + later) for t in times]), FEWEST)
        if ratio is not None:
            return ratio
    return None


def steady(case: Case, claim: Model) -> float:
    """Give the claimed stimulus where it is the same at all steps; else 0."""
    asked = _asked(case, claim)
    return float(asked[0]) if asked and min(asked) == max(asked) else 0.0


def lacks_input(case: Case, claim: Model) -> bool:
    """Tell whether nothing drives a script where the claimed stimulus varies: no number stands for that."""
    asked = [] if drive_of(case) else _asked(case, claim)
    return bool(asked) and min(asked) != max(asked)


def _asked(case: Case, claim: Model) -> list[float]:
    ms = case.meant.units.ms
    return [claim.stimulus(float(t) * ms) for t in case.meant.clock.reads]
