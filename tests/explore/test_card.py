"""What a notebook shows of neurons, models and results."""

import xml.etree.ElementTree as ElementTree

import pytest

import natrium
from natrium.explore.card import card
from natrium.model.files.new import template, template_names

MODELS = [natrium.loads(template(name)) for name in template_names()]


@pytest.mark.parametrize("model", MODELS, ids=template_names())
def test_equations_and_every_parameter_are_on_a_card(model):
    page = ElementTree.fromstring(f"<p>{card(model)}</p>")
    names = [row.find("th").text for row in page.iter("tr")]
    assert names == list(natrium.parameters(model.neuron, model.stimulus))
    assert page.find("math") is not None


def test_neurons_and_models_show_their_cards():
    model = natrium.notebook.lif_na()
    assert model._repr_html_() == card(model)
    assert model.neuron._repr_html_() == card(model.neuron)


def test_a_result_shows_sentences_and_rows():
    found = natrium.rheobase(natrium.Neuron())
    page = found._repr_html_()
    assert page.startswith("<b>Rheobase</b>")
    assert "<td>15</td>" in page
    curve = natrium.f_i_curve(natrium.Neuron(), range(10, 30))
    assert "8 rows more in table()" in curve._repr_html_()
