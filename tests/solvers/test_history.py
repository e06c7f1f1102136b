"""What a run went through, told when it is asked for."""

import pickle

import numpy as np
import pytest

import natrium
from natrium.solvers.history import Event, History, Segment


def told():
    one = np.zeros(1)
    segment = Segment(0.0, 1.0, np.array([0.0, 1.0]), np.zeros((1, 2)), np.cos)
    return [segment], [Event(1.0, one, one, 2.0)]


def test_it_is_told_once_and_only_when_asked():
    asked = []

    def tell():
        asked.append(True)
        return told()

    history = History(np.array([1.0]), tell)
    assert history.spike_times.tolist() == [1.0]
    assert not asked
    assert history.events[0].time == 1.0
    assert history.segments[0] is history.segments[0]
    assert len(asked) == 1
    again = pickle.loads(pickle.dumps(history))
    assert again.spike_times.tolist() == [1.0]
    assert again.events[0].slope == 2.0


SCRIPT = natrium.notebook.lif_na2()
SYNAPTIC = natrium.Neuron(synapses=[natrium.Synapse("exc", 2.0, 0.0, decay=5.0)], tau_ref=4.0)
OFTEN = [0.5 * k for k in range(180)]  # some while the cell rests
RUNS = {
    "channels": (SCRIPT.neuron, SCRIPT.stimulus, 100.0),
    "no spike": (natrium.Neuron(), natrium.Constant(3.0), 20.0),
    "a period cut short": (natrium.Neuron(tau_ref=5.0), natrium.Constant(30.0), 7.0),
    "a synapse": (SYNAPTIC, [natrium.Constant(14.0), natrium.Spikes(OFTEN, "exc", 0.2)], 90.0),
    "one at the end": (SYNAPTIC, natrium.Spikes([1.0, 2.5, 30.0], "V", 40.0), 30.0),
    "several at once": (
        SYNAPTIC,
        [natrium.Spikes([1.0, 2.0, 3.0], "V", 40.0), natrium.Spikes([2.0, 3.0], "exc", 0.5)],
        4.0,
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_what_is_known_at_once_is_what_is_told(name):
    neuron, stimulus, t_end = RUNS[name]
    run = natrium.Compiled().solve(neuron, stimulus, t_end=t_end)
    known, n_pieces = run.spike_times, run.statistics["pieces"]
    assert known.tolist() == [event.time for event in run.events]
    assert n_pieces == len(run.segments)
    assert run.segments[-1].end == t_end
    for one, following in zip(run.segments, run.segments[1:], strict=False):
        assert one.end == following.begin
