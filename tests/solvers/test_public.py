"""Published neurons against truths by other means; see `public` and `public_truths`."""

import json
from collections import Counter

import numpy as np
import pytest

import natrium
from tests.solvers.public import SYSTEMS
from tests.solvers.public_truths import FILE

TRUTHS = json.loads(FILE.read_text(encoding="utf-8"))
FORMS = [(name, form) for name, system in SYSTEMS.items() for form in system.forms]


def test_every_family_has_three_at_least():
    assert set(TRUTHS) == set(SYSTEMS)
    assert min(Counter(system.family for system in SYSTEMS.values()).values()) == 3
    assert sum(len(one["spikes"]) > 0 for one in TRUTHS.values()) == len(TRUTHS)


@pytest.mark.parametrize("solver", ["event", "compiled"])
@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_published_neuron_fires_when_it_should(name, form, solver):
    system, truth = SYSTEMS[name], TRUTHS[name]
    neuron = system.neurons[form]
    run = natrium.simulate(neuron, system.drive(form), t_end=system.t_end, solver=solver)
    if neuron.fires:
        assert run.n_spikes == len(truth["spikes"])
        off = np.abs(run.spike_times - truth["spikes"])
        assert off.max() < 1e-6
        if run.spike_time_errors is not None:
            assert np.all(off <= 1e-9 + run.spike_time_errors)
    assert run.final_state["V"] == pytest.approx(truth["end"]["V"], abs=1e-6)


@pytest.mark.parametrize("name", SYSTEMS)
def test_finer_tolerances_come_as_near_as_doubles_do(name):
    system, truth = SYSTEMS[name], TRUTHS[name]
    fine = natrium.EventDriven(rtol=1e-12, atol=1e-13)
    run = natrium.simulate(
        system.neurons["equations"], system.drive("equations"), t_end=system.t_end, solver=fine
    )
    assert run.spike_times == pytest.approx(truth["spikes"], abs=1e-9)
