"""Spikes, waits and resets that a script makes by reckoning with truths."""

from __future__ import annotations

import math

import pytest

from natrium.analysis.doctor.reading.expressions.trees import leaf, number
from natrium.analysis.doctor.reading.steps.masks import CLEARED, decided
from natrium.analysis.doctor.trace.record import Node
from tests.analysis.doctor.written import equations, taken

MASKED = """
dt, tau, wait = 0.1, 12.0, 3.0
v, fired_at, course = -68.0, -100.0, []
for k in range(700):
    free = 1.0 * (k * dt - fired_at > wait)
    v = v + free * dt * (-70.0 - v + 30.0) / tau
    spike = int(v > -52.0)
    fired_at = (1 - spike) * fired_at + spike * k * dt
    v = (1 - spike) * v + spike * -71.0
    course.append(v)
"""


def test_a_masked_reset_is_a_spike(tmp_path):
    found = taken(tmp_path, MASKED)
    assert set(equations(found)) == {"dv/dt"}
    assert found.maps.spikes.size == 5
    rules = found.data()["rules"]
    assert rules["threshold"]["relation"] == ">"
    assert rules["refractory"]["nominal_ms"] == pytest.approx(3.0)
    assert found.meant.model.neuron.v_reset == -71.0
    assert found.data()["n_faults"] == 0


@pytest.mark.parametrize(
    ("op", "one", "other", "made"),
    [("*", number(1.0), leaf("v"), "v"), ("*", leaf("v"), number(0.0), 0.0), ("+", CLEARED, leaf("v"), "v"),
     ("-", leaf("v"), CLEARED, "v"), ("-", number(1.0), number(1.0), 0.0)],
)  # fmt: skip
def test_what_a_decided_truth_leaves(op, one, other, made):
    kept = decided(Node(op, (one, other), math.nan))
    assert (kept.name if isinstance(made, str) else kept.value) == made


@pytest.mark.parametrize(("op", "one"), [("*", 2.0), ("+", 0.0), ("+", 1.0), ("-", 1.0), ("/", 1.0)])
def test_other_numbers_stay(op, one):
    node = Node(op, (leaf("v"), number(one)), math.nan)
    assert decided(node) is node
