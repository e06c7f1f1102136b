"""Branches of ten models against plain runs, at 200 random values of the input."""

import numpy as np
import pytest

import natrium
from natrium.analysis.continuation.arclength import at_value
from natrium.analysis.excitability.steady import own_cycle
from natrium.model import NatriumError
from natrium.model.files.new import template

VALUES = 20
MODELS = {  # by how much of its own input each is followed
    "lif": (0.8, 2.0),
    "lif-na": (0.7, 2.0),
    "lif-na2": (0.7, 2.0),
    "exponential": (0.5, 2.0),
    "quadratic": (0.5, 2.0),
    "izhikevich": (0.6, 2.0),
    "adex": (0.9, 1.5),
    "mat": (0.8, 1.5),
    "morris-lecar": (0.9, 1.1),
    "fitzhugh-nagumo": (0.8, 1.2),
}
LED = 1e-8  # what is left of a start beside the cycle when its interval is measured
SLOWEST = 0.97  # multipliers beyond which a run takes too long


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_runs_have_the_periods_of_the_branch(name):
    model = natrium.loads(template(name))
    neuron, level = model.neuron, model.largest_input()
    low, high = (share * level for share in MODELS[name])
    cycle = own_cycle(neuron, level)
    branch = natrium.continue_cycle(cycle, "I", between=(low, high), most=60)
    solver = natrium.EventDriven(rtol=1e-10) if name == "mat" else natrium.Compiled(rtol=1e-10)
    rng, seen = np.random.default_rng(15), 0
    for _ in range(4 * VALUES):
        if seen == VALUES:
            break
        value = float(rng.uniform(branch.values.min(), branch.values.max()))
        near = branch.points[int(np.argmin(np.abs(branch.values - value)))]
        try:
            point = at_value(near.problem, near.z, value)
        except NatriumError:
            continue  # beyond a fold
        mu = float(np.abs(point.found.multipliers).max(initial=0.0))
        if mu >= SLOWEST:
            continue
        count = 3 + int(np.ceil(np.log(LED) / np.log(max(mu, 1e-3))))
        begin = natrium.return_map(neuron, value).full(point.found.states[0]) if branch.n_spikes else None
        y = np.asarray(point.found.states[0]) if begin is None else begin
        run = solver.solve(
            neuron.started(y.tolist()), natrium.Constant(value), t_end=(count + 2.0) * point.found.period
        )
        spikes = run.spike_times
        per_cycle = max(1, branch.n_spikes)
        assert spikes.size > per_cycle, (name, value)
        assert abs(spikes[-1] - spikes[-1 - per_cycle] - point.found.period) < 1e-6 * point.found.period
        seen += 1
    assert seen == VALUES
