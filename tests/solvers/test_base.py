"""What a solver refuses before it begins."""

import pytest

import natrium

KICK = natrium.Spikes([1.0], "V", 20.0)


@pytest.mark.parametrize(
    "solver",
    [natrium.EventDriven(), natrium.FixedStep(dt=0.1), natrium.Compiled()],
    ids=["event", "fixed", "compiled"],
)
def test_spikes_that_move_a_state_are_taken(solver):
    assert solver.solve(natrium.Neuron(), KICK, t_end=2.0).n_spikes == 1


def test_a_solver_of_inputs_alone_refuses_them():
    with pytest.raises(
        natrium.UnsupportedModel, match="a ClosedForm knows inputs alone, got spikes that move"
    ):
        natrium.ClosedForm().solve(natrium.Neuron(), KICK, t_end=2.0)
