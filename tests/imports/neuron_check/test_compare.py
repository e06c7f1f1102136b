"""Imported channels held against NEURON itself: compiled, measured, compared."""

import importlib.util
import shutil

import attrs
import numpy as np
import pytest

from natrium.imports import import_model
from natrium.imports.neuron_check import compare
from natrium.imports.neuron_check.compare import Checked, check_folder
from natrium.imports.neuron_check.expected import spikes_of
from natrium.imports.neuron_check.measure import CheckedFile
from natrium.model.errors import ModelError
from tests.imports.nmodl.cases import CASES, SCHEME, TEXTS

needs_neuron = pytest.mark.skipif(
    importlib.util.find_spec("neuron") is None or shutil.which("g++") is None,
    reason="needs NEURON and a C++ compiler: pip install natrium[neuron]",
)


@pytest.mark.corpus
@pytest.mark.slow
@needs_neuron
def test_every_way_of_writing_is_what_neuron_makes_of_it(tmp_path):
    for k, text in enumerate(TEXTS.values()):
        (tmp_path / f"{k:02d}.mod").write_text(text, encoding="utf-8")
    (tmp_path / "refused.mod").write_text(SCHEME.replace("SUFFIX", "POINT_PROCESS"), encoding="utf-8")
    checked = check_folder(tmp_path)
    assert {one.file: one.reason for one in checked.files if one.outcome not in ("equal", "refused")} == {}
    assert checked.outcomes == {"equal": len(TEXTS), "refused": 1}


@needs_neuron
def test_what_differs_is_told(tmp_path, monkeypatch):
    """The answers of NEURON, made here from the formula; then one that is wrong by a thousandth of a thousandth."""
    case = CASES["arrays in a loop"]
    (tmp_path / "a.mod").write_text(case.text, encoding="utf-8")

    def answers(wrong, late=0.0):
        def ask(here, tasks):
            (task,) = tasks
            v = np.array(task["voltages"])
            flows = np.zeros((v.size, 3, 2))
            shares = {state: np.array(task["shares"])[:, k] for k, state in enumerate(task["states"])}
            for k, state in enumerate(task["states"]):
                inf, tau = (one(v) for one in case.gates[state])
                flows[:, 0, k] = inf / tau
                flows[:, k + 1, k] = (inf - 1.0) / tau
            flows[:, 0, 0] *= 1.0 + wrong
            currents = 0.1 * shares["m"] ** 3 * shares["h"] * (v - 50.0)
            # As NEURON's steps have it: late by their length, more so by its square.
            times, v_end = spikes_of(import_model(tmp_path / "a.mod"))
            trains = [[*(times + 3.0 * dt + 5.0 * dt**2 + late), v_end] for dt in task["dts"]]
            return [{"flows": flows.tolist(), "currents": currents.tolist(), "trains": trains}]

        return ask

    monkeypatch.setattr(compare, "_compile", lambda here, compiler: "")
    monkeypatch.setattr(compare, "_ask", answers(0.0))
    (one,) = check_folder(tmp_path / "a.mod").files
    assert (one.outcome, one.kind) == ("equal", "gates")
    assert max(one.steady, one.tau, one.current) < 1e-14
    assert one.spikes > 5
    assert one.spike < 1e-9 < one.trust < 1e-3
    monkeypatch.setattr(compare, "_ask", answers(0.0, late=0.01))
    (one,) = check_folder(tmp_path).files
    assert (one.outcome, one.reason) == ("differs", "spikes by 0.01")
    monkeypatch.setattr(compare, "_ask", answers(1e-6))
    (one,) = check_folder(tmp_path).files
    assert one.outcome == "differs"
    assert one.tau == pytest.approx(1e-6, rel=0.3)
    silent = answers(0.0)
    monkeypatch.setattr(
        compare, "_ask", lambda here, tasks: [one | {"trains": []} for one in silent(here, tasks)]
    )
    (one,) = check_folder(tmp_path).files
    assert (one.outcome, one.spikes, one.reason) == (
        "equal",
        None,
        "NEURON's steps fail: spikes are not compared",
    )
    monkeypatch.setattr(compare, "_ask", lambda here, tasks: [{"error": "it died"}])
    assert check_folder(tmp_path).files[0].reason == "NEURON: it died"
    monkeypatch.setattr(compare, "_compile", lambda here, compiler: "error: no")
    assert check_folder(tmp_path).files[0].reason == "NEURON compiles it not: error: no"


def test_the_count_is_told():
    equal = CheckedFile("a.mod", "equal", "gates", 0.0, 0.0, 0.0)
    files = (
        equal,
        attrs.evolve(equal, file="b.mod", kind="scheme"),
        CheckedFile("c.mod", "refused", reason="POINTER: p"),
    )
    checked = Checked(files)
    assert checked.sentences() == [
        "2 of 3 files are imported and equal to NEURON: 1 of gates, 1 of kinetic schemes",
        "1 refused: POINTER 1",
    ]
    assert [row["outcome"] for row in checked.data()["files"]] == ["equal", "equal", "refused"]


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"1 to 5000 \.mod files, got 0"):
        check_folder(tmp_path)


def test_functions_are_left_out_of_what_is_compiled():
    text = "NEURON { SUFFIX one RANGE alfa, g\n GLOBAL alfa RANGE a,b }\nFUNCTION alfa(v) { alfa = g }"
    assert compare._renamed(text, "one", "other") == (
        "NEURON { SUFFIX other RANGE g\n  RANGE a, b }\nFUNCTION alfa(v) { alfa = g }"
    )
