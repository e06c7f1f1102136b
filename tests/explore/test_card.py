"""What a notebook shows of neurons, models and results."""

import base64
import re
import xml.etree.ElementTree as ElementTree

import pytest

import natrium
from natrium.explore.card import card, parts
from natrium.figures.sketch import SKETCHES
from natrium.model.files.new import template, template_names

MODELS = [natrium.loads(template(name)) for name in template_names()]


@pytest.mark.parametrize("model", MODELS, ids=template_names())
def test_equations_and_every_parameter_are_on_a_card(model):
    page = ElementTree.fromstring(f"<p>{''.join(parts(model))}</p>")
    names = [row.find("th").text for row in page.iter("tr")]
    assert names == list(natrium.parameters(model.neuron, model.stimulus))
    assert page.find("math") is not None


def test_neurons_and_models_show_their_cards():
    model = natrium.notebook.lif_na()
    assert model._repr_html_() == card(model)
    assert model.neuron._repr_html_() == card(model.neuron)


def picture(html):
    """Give the size of the one picture in it, pixels."""
    (found,) = re.findall(r'<img alt="\w+" width="460" src="data:image/png;base64,(.*?)"/>', html)
    content = base64.b64decode(found)
    assert content.startswith(b"\x89PNG")
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (natrium.notebook.lif_na(), "V under its input"),
        (natrium.Neuron(), "V under a step of 18 mV"),
        (natrium.loads(template("adex")).neuron, "V without input"),
    ],
    ids=["model", "neuron", "equations"],
)
def test_a_card_shows_a_run(shown, said):
    page = shown._repr_html_()
    assert said in page
    assert picture(page)[0] == 460
    ElementTree.fromstring(f"<p>{page}</p>")


def test_a_run_that_would_take_long_is_left_out():
    model = natrium.Model(
        neuron=natrium.notebook.lif_na().neuron,
        stimulus=natrium.Sine(20.0, 50.0),
        simulation=natrium.Simulation(t_end=1e7),
    )
    assert "<img" not in card(model)
    assert card(model).startswith("<math") or "<math" in card(model)


NA = natrium.notebook.lif_na()


@pytest.mark.parametrize(
    "make",
    [
        lambda: natrium.run(NA),
        lambda: natrium.simulate_many(NA.neuron, t_end=30.0, parameters={"I": [10.0, 20.0]}, solver="event"),
        lambda: natrium.compare_script(NA),
        lambda: natrium.f_i_curve(natrium.Neuron(), [10.0, 20.0, 30.0]),
        lambda: natrium.spike_time_gradients(NA, ["g_Na"]),
        lambda: natrium.voltage_clamp(NA.neuron, natrium.Constant(-40.0), t_end=5.0),
    ],
    ids=["run", "ensemble", "comparison", "rates", "gradients", "clamp"],
)
def test_runs_and_results_show_a_figure(make):
    found = make()
    assert min(picture(found._repr_html_())) > 100


def test_every_sketch_is_of_a_class_that_there_is():
    known = {name for room in (natrium.analysis, natrium.solvers) for name in dir(room)} | set(
        natrium.__all__
    )
    assert [name for name in SKETCHES if name not in known] == []


def test_a_result_shows_sentences_and_rows():
    found = natrium.rheobase(natrium.Neuron())
    page = found._repr_html_()
    assert page.startswith("<b>Rheobase</b>")
    assert "<td>15</td>" in page
    curve = natrium.f_i_curve(natrium.Neuron(), range(10, 30))
    assert "8 rows more in table()" in curve._repr_html_()
