"""The JSON Schema of model files: what natrium reads passes, and each fault has its place."""

import json
import tomllib
from pathlib import Path

import pytest

import natrium
from natrium.model import to_dict
from natrium.model.files.new import template, template_names
from natrium.model.files.schema import FILE, schema, schema_text
from natrium.model.stimuli.kinds import KINDS

jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


def faults(validator, data):
    return {(fault.json_path, fault.validator) for fault in validator.iter_errors(data)}


def test_the_one_in_the_repository_is_the_one_that_is_made():
    """Its address does not change: `natrium schema --out schema/natrium-1.schema.json` writes it anew."""
    kept = Path(__file__).parents[3] / "schema" / FILE
    assert kept.read_text(encoding="utf-8") == schema_text()


def test_it_is_the_same_once_files_were_read():
    before = schema()
    natrium.loads(template("lif-na"))
    assert schema() == before
    assert before["$defs"]["Channel"]["properties"]["gates"]["items"] == {"$ref": "#/$defs/Gate"}
    assert before["$defs"]["Gate"]["properties"]["alpha"]["type"] == ["string", "number"]


def test_files_that_are_read_pass(validator):
    files = [tomllib.loads(template(name)) for name in template_names()]
    files += [json.loads(json.dumps(to_dict(make()))) for make in natrium.notebook.SCRIPTS.values()]
    channels = {one.name: one for one in natrium.CHANNELS.values() if not one.reads_calcium}
    cell = natrium.Neuron(channels=list(channels.values()))
    files.append(json.loads(json.dumps(to_dict(natrium.Model(neuron=cell)))))
    for data in files:
        assert faults(validator, data) == set()


def test_each_fault_has_its_place(validator):
    data = tomllib.loads(template("lif-na"))
    data["neuron"]["tau_m"] = -1.0
    data["channels"][0]["gates"][0]["pwer"] = 3
    del data["channels"][0]["E"]
    data["stimuli"][0]["amplitud"] = 1.0
    data["simulation"]["solver"] = "scrpt"
    assert faults(validator, data) == {
        ("$.neuron.tau_m", "exclusiveMinimum"),
        ("$.channels[0].gates[0]", "additionalProperties"),
        ("$.channels[0]", "required"),
        ("$.stimuli[0]", "additionalProperties"),
        ("$.simulation.solver", "enum"),
    }
    with pytest.raises(natrium.ModelError, match="5 rules"):
        natrium.from_dict(data)


def test_equations_are_another_file(validator):
    data = tomllib.loads(template("adex"))
    assert faults(validator, data | {"neuron": {}}) == {("$", "additionalProperties")}
    assert faults(validator, {"natrium": 1}) == {("$", "required")}
    assert faults(validator, {"natrium": 2, "neuron": {}}) == {("$.natrium", "const")}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_input_is_known(validator, kind):
    wrong = {"natrium": 1, "neuron": {}, "stimuli": [{"kind": kind, "nothing": 1}]}
    assert ("$.stimuli[0]", "additionalProperties") in faults(validator, wrong)
