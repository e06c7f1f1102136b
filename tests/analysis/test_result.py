"""What results show of themselves."""

import natrium
from natrium.analysis.result import Result


def test_every_result_s_repr_is_ten_lines_at_most():
    model = natrium.notebook.lif_na()
    neuron, run = model.neuron, natrium.simulate(model.neuron, model.stimulus, t_end=100.0)
    results = (
        natrium.describe(neuron), natrium.rheobase(neuron), natrium.limit_cycle(neuron, 10.0),
        natrium.phase_plane(neuron, 0.0), natrium.equilibria(neuron, 0.0)[0], natrium.reference(model),
        natrium.f_i_curve(neuron, [5.0, 10.0]), natrium.spike_time_gradients(run), run,
    )  # fmt: skip
    for result in results:
        said = repr(result)
        assert said.startswith(type(result).__name__)
        assert said.count("\n") < 10
        assert len(said) < 1000
    assert "value=5.48206907" in repr(results[1])
    assert "period=24.81244376" in repr(results[2])
    assert "3 spikes from 0 to 100 ms" in repr(run)
    assert "40.9484769, 65.5871941, 90.3864617 ms" in repr(run)


def test_no_result_class_writes_its_fields_out():
    def kinds(base):
        for kind in base.__subclasses__():
            yield kind
            yield from kinds(kind)

    for kind in kinds(Result):
        if kind.__module__.startswith("natrium."):
            assert kind.__repr__ is Result.__repr__, kind
