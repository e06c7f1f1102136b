"""Where firing ends: a fold of cycles by independent integration, and its own laws."""

import numpy as np
import pytest

import natrium
from natrium import CHANNELS, Channel, Gate, Neuron, limit_cycle
from natrium.analysis.excitability.ending import cycle_end
from natrium.analysis.excitability.f_i import onset
from natrium.analysis.excitability.long_run import fire
from natrium.analysis.excitability.rheobase import rheobase
from natrium.analysis.excitability.verdict import describe

ADAPTING = Neuron(
    tau_m=20.0,
    tau_ref=3.0,
    v_rest=-68.0,
    v_thresh=-50.0,
    v_reset=-62.0,
    refractory="clamp",
    channels=[
        Channel(
            "M",
            1.5,
            -90.0,
            [Gate("w", inf="1/(1 + exp(-(V + 42)/9))", tau="400/(3.3*exp((V + 42)/20) + exp(-(V + 42)/20))")],
        )
    ],
)
"""Its cycle is born at a fold of cycles: 32.111717543 mV, 45.491384891 ms (independent, extended precision)."""


def test_a_cell_with_an_m_current_fires_from_a_fold_of_cycles_on():
    found = rheobase(ADAPTING)
    assert found.bistable_from == found.ending.I == pytest.approx(32.111717543, abs=1e-9)
    assert found.ending.interval == pytest.approx(45.491384891, abs=2e-5)
    assert found.ending.error < 1e-9
    assert found.data()["ending"]["I"] == found.ending.I


def test_its_class_is_2_and_its_rate_that_of_the_last_cycle():
    verdict = describe(ADAPTING)
    assert (verdict.excitability, verdict.onset.law) == ("class 2", "fold of cycles")
    assert verdict.onset.rate == pytest.approx(1000.0 / 45.491384891, rel=1e-6)
    assert verdict.onset.error < 1e-3
    assert "32.1117175 mV firing sets in at a finite rate, 21.98 Hz" in str(verdict)
    assert "grows from zero" not in str(verdict)


def test_just_above_there_is_a_cycle_and_just_below_none_that_lasts():
    end = rheobase(ADAPTING).ending
    begun = fire(ADAPTING, 34.0, np.array(ADAPTING.initial_state()))
    near = limit_cycle(ADAPTING.started(begun.state.tolist()), end.I + 1e-4)
    assert 0.99 < near.largest_multiplier < 1.0
    assert near.period == pytest.approx(end.interval - end.coefficient * 1e-2, abs=5e-3)
    with pytest.raises(natrium.SolverError):
        limit_cycle(ADAPTING, end.I - 1e-4, start=near.states[0])


def test_what_ends_otherwise_has_no_such_end():
    lif = fire(Neuron(), 20.0, np.array([-70.0]))  # nothing is free: no multiplier
    assert cycle_end(Neuron(), lif, 10.0) is None
    axon = Neuron(
        tau_m=1 / 0.3,
        v_rest=-54.387,
        v_thresh=-20.0,
        v_reset=-65.0,
        refractory="clamp",
        channels=[CHANNELS["hh_sodium"], CHANNELS["hh_potassium"]],
    )
    kept = fire(axon, 33.5, np.array(axon.initial_state()), enough=60)
    assert cycle_end(axon, kept, 20.0) is None  # its period doubles at 27.15 mV
    assert rheobase(axon).ending is None
    assert onset(axon).law in ("jump", "undecided")
