"""The class notebook's scripts as models: their numbers, windows and steps."""

import pytest

import natrium
from natrium.model import notebook


def test_three_scripts_with_their_titles() -> None:
    assert list(notebook.SCRIPTS) == list(notebook.TITLES) == ["lif", "lif_na", "lif_na2"]
    assert len(set(notebook.TITLES.values())) == 3


@pytest.mark.parametrize(
    ("name", "channels", "window", "dt"),
    [
        ("lif", [], (None, 50.0), 1.0),
        ("lif_na", ["notebook_sodium_1"], (20.0, 100.0), 0.1),
        ("lif_na2", ["notebook_sodium_1", "notebook_sodium_2"], (20.0, 50.0), 0.1),
    ],
)
def test_numbers_are_the_scripts(
    name: str, channels: list[str], window: tuple[float | None, float], dt: float
) -> None:
    model = notebook.SCRIPTS[name]()
    neuron = model.neuron
    assert (neuron.tau_m, neuron.tau_ref, neuron.v_rest, neuron.v_thresh) == (10.0, 2.0, -70.0, -55.0)
    assert (neuron.v_reset, neuron.v_init, neuron.refractory) == (-70.0, -70.0, "hold")
    assert neuron.channels == tuple(natrium.CHANNELS[channel] for channel in channels)
    (stimulus,) = model.stimulus.parts
    assert (stimulus.amplitude, stimulus.start, stimulus.stop) == (10.0, *window)
    assert (model.simulation.t_start, model.simulation.t_end) == (0.0, 100.0)
    assert (model.simulation.solver, model.simulation.dt) == ("script", dt)


@pytest.mark.parametrize("name", notebook.SCRIPTS)
def test_scripts_can_be_saved(name: str) -> None:
    model = notebook.SCRIPTS[name]()
    assert natrium.from_dict(natrium.model.to_dict(model)) == model
    assert model == notebook.SCRIPTS[name]()


def test_inputs_at_their_edges_as_the_scripts_read_them() -> None:
    """The first script asks t < 50; the others 20 < t < 100 and 20 < t < 50."""
    first, second, third = (make().stimulus for make in notebook.SCRIPTS.values())
    for stimulus, edges in ((first, (-1e9, 50.0)), (second, (20.0, 100.0)), (third, (20.0, 50.0))):
        start, stop = edges
        assert stimulus(start, strict=True) == (10.0 if stimulus is first else 0.0)
        assert stimulus(start + 0.1, strict=True) == stimulus(stop - 0.1, strict=True) == 10.0
        assert stimulus(stop, strict=True) == 0.0
        assert stimulus(start) == 10.0
