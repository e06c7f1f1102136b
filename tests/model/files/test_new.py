"""Model files to begin with: each is read, written again as the same, fires, and names its source."""

import re

import numpy as np
import pytest

import natrium
from natrium.model.files.new import describe_template, template, template_names
from natrium.model.files.writing import to_toml


@pytest.mark.parametrize("name", template_names())
def test_a_template_is_a_model_that_fires(name):
    model = natrium.loads(template(name))
    run = natrium.run(model)
    assert run.n_spikes > 2
    assert run.warnings == ()
    again = natrium.loads(to_toml(model))
    assert again == model
    np.testing.assert_array_equal(natrium.run(again).spike_times, run.spike_times)


RESTLESS = "lif-na2"  # fires without input


def test_one_has_no_rest():
    neuron = natrium.loads(template(RESTLESS)).neuron
    assert natrium.simulate(neuron, None, t_end=200.0).n_spikes > 2
    assert natrium.rheobase(neuron).value < 0.0


@pytest.mark.parametrize("name", [name for name in template_names() if name != RESTLESS])
def test_a_template_begins_at_rest(name):
    """Without input nothing moves but what the rounded numbers of the start leave."""
    model = natrium.loads(template(name))
    start = np.array(model.neuron.initial_state())
    hold = natrium.Constant(-1.0 if name == "quadratic" else 0.0)
    end = natrium.simulate(model.neuron, hold, t_end=200.0).segments[-1].values[:, -1]
    scale = np.maximum(1.0, np.abs(start))
    assert np.abs((end - start) / scale).max() < 0.02


def test_each_says_what_it_is():
    assert len(template_names()) >= 9
    for name in template_names():
        assert describe_template(name).endswith(".")
        assert "lif" in name or re.search(r"doi:10\.|20\d\d|19\d\d", describe_template(name))


def test_no_such_template():
    with pytest.raises(natrium.ModelError, match="adex"):
        template("adx")
