"""What makes the page: its numbers, its equations, its verb, its place in a notebook."""

import json
import re

import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from natrium.explore import Explorer, explore
from natrium.explore.facts import parameters_of, parts_of, starts_of
from natrium.explore.mathml import mathml
from natrium.model.files.new import template, template_names


def test_every_number_has_its_facts_and_its_place_in_the_file():
    model = natrium.notebook.lif_na()
    found = {one["name"]: one for one in parameters_of(model)}
    assert set(found) == set(model.neuron.numbers())
    assert found["g_Na"]["paths"] == [["channels", 0, "g"]]
    assert found["v_init"]["state"] == 0
    assert (found["tau_m"]["min"], found["tau_m"]["max"], found["tau_m"]["unit"]) == (2.0, 30.0, "ms")
    assert found["tau_m"]["open"]
    for one in found.values():
        assert one["min"] <= one["value"] <= one["max"]
        assert one["min"] < one["max"]


@pytest.mark.parametrize("name", ["adex", "lif", "mat"])
def test_a_template_has_a_page(name):
    page = Explorer(natrium.loads(template(name)), name).html()
    (data,) = re.findall(r"const DATA = (.*);\n", page)
    assert json.loads(data)["name"] == name
    assert page.count("<mtr>") >= 2


def test_an_input_that_no_page_can_call_is_refused():
    wave = natrium.Custom(lambda t: t, max_step=1.0)
    model = natrium.Model(neuron=natrium.Neuron(), stimulus=wave)
    with pytest.raises(natrium.NatriumError, match="Custom"):
        Explorer(model).html()


def test_equations_are_those_that_are_printed():
    lines = mathml(
        r"\begin{align} \frac{dx}{dt} &= a_{\mathrm{Na}}^{3} \\ y &\ge 2 \text{ for } \tau \end{align}"
    )
    assert "<msubsup><mi>a</mi><mrow><mi>Na</mi></mrow><mrow><mn>3</mn></mrow></msubsup>" in lines
    assert lines.count("<mtr>") == 2
    assert "\\" not in "".join(
        mathml(natrium.latex(natrium.loads(template(one)).neuron)) for one in template_names()
    )


def test_a_word_of_html_in_a_name_stays_a_word():
    page = Explorer(natrium.notebook.lif(), "</script><b>").html()
    assert "<b>" not in page
    assert page.count("</script>") == 2


def test_a_kind_needs_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["explore", "lif_na"])
    assert (done.exit_code, done.output) == (0, "lif-na.html: open it in a browser\n")
    assert (tmp_path / "lif-na.html").read_text() == Explorer(
        natrium.loads(template("lif-na")), "lif-na"
    ).html()
    (tmp_path / "lif").write_text(template("adex"))  # a file of that name is meant
    assert CliRunner().invoke(app, ["explore", "lif"]).exit_code == 0
    assert "Delta_T" in (tmp_path / "lif.html").read_text()
    missing = CliRunner().invoke(app, ["explore", "lif-nb"])
    assert missing.exit_code == 2
    assert "cannot read the model file lif-nb" in missing.output


def test_the_verb_writes_one_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cell.toml").write_text(template("adex"), encoding="utf-8")
    done = CliRunner().invoke(app, ["explore", "cell.toml"])
    assert (done.exit_code, done.output) == (0, "cell.html: open it in a browser\n")
    assert "<title>natrium: cell</title>" in (tmp_path / "cell.html").read_text(encoding="utf-8")
    done = CliRunner().invoke(app, ["explore", "cell.toml", "--out", "nowhere/x.html"])
    assert done.exit_code == 2


def test_a_model_and_a_neuron_show_themselves_in_a_notebook():
    shown = explore(natrium.Neuron())._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "allow-scripts" in shown
    for one in (natrium.notebook.lif_na(), natrium.Neuron(), natrium.loads(template("adex")).neuron):
        assert "<!DOCTYPE html>" in one.explore("cell").html()


def test_a_scheme_s_last_share_is_what_the_others_leave():
    scheme = natrium.Scheme(("C", "O"), [("C", "O", "1"), ("O", "C", "exp(-V/20)")], ("O",))
    neuron = natrium.Neuron(channels=[natrium.Channel("K", 1.0, -80.0, scheme=scheme)])
    found = {one["path"][-1]: (one["offset"], one["by"]) for one in starts_of(natrium.Model(neuron=neuron))}
    assert found["v_init"] == (0.0, [[0, 1.0]])
    assert sorted((found["C"], found["O"])) == [(0.0, [[1, 1.0]]), (1.0, [[1, -1.0]])]


def test_parts_tell_what_moves_and_what_stands():
    stimulus = [
        natrium.Samples([0.0, 5.0], [1.0, 2.0]),
        natrium.Formula("sin(t)"),
        natrium.Step(3.0, start=1.0),
    ]
    model = natrium.Model(
        neuron=natrium.Neuron(), stimulus=stimulus, simulation=natrium.Simulation(t_end=9.0)
    )
    samples, formula, step = parts_of(model)
    assert (samples["kind"], samples["given"]["times"]) == ("samples", [0.0, 5.0])
    assert (formula["kind"], formula["given"]["code"]) == ("formula", 0)
    assert [one["short"] for one in step["numbers"]] == ["I", "start"]


def test_words_keep_their_spaces():
    line = mathml(r"\begin{align} V &\ge 0: \quad \text{a spike} a_{\mathrm{x\_1}} \end{align}")
    assert ">&#160;a spike&#160;<" in line
    assert "<mi>x_1</mi>" in line
