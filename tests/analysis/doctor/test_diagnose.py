"""The doctor: each planted fault is named, and none where there is none."""

import json
import math
from functools import cache

import attrs
import numpy as np
import pytest

import natrium
from natrium.analysis import compare_script
from natrium.analysis.doctor import diagnose, load_subject
from natrium.model import ModelError, UnsupportedModel
from tests.analysis.doctor import zoo

MODELS = {name: make() for name, make in natrium.notebook.SCRIPTS.items()}
# Script 3's input ends while its gates are open, in the middle of the run; the others' at its ends.
MODELS["short"] = attrs.evolve(
    MODELS["lif_na"], stimulus=natrium.Step(12.0, start=5.0, stop=28.0),
    simulation=attrs.evolve(MODELS["lif_na"].simulation, t_end=40.0),
)  # fmt: skip
MODELS["lif_short"] = attrs.evolve(
    MODELS["lif"], stimulus=natrium.Step(22.0, start=5.0, stop=48.0),
    simulation=attrs.evolve(MODELS["lif"].simulation, t_end=60.0, dt=0.2),
)  # fmt: skip
zoo.BASES["short"], zoo.BASES["lif_short"] = zoo.Cell1, zoo.Cell


@cache
def comparison_of(name):
    return compare_script(MODELS[name])


@pytest.fixture(scope="module")
def examine():
    def examined(subject, name, **options):
        return diagnose(subject, MODELS[name], comparison=comparison_of(name), **options)

    return examined


def keys(diagnosis, kind="faults"):
    return sorted({one.key for one in getattr(diagnosis, kind)})


# The model's own script ----------------------------------------------------------------------------------


def test_the_second_script_is_seen_through(examine):
    diagnosis = examine(None, "lif_na")
    assert keys(diagnosis) == ["input-on-late", "label-early"]
    assert keys(diagnosis, "rules") == ["sequential-euler", "threshold-on-grid"]
    (label,) = [one for one in diagnosis.faults if one.key == "label-early"]
    assert "labelled 89.9, belongs to 90 ms" in label.said
    (chance,) = [one for one in diagnosis.notes if one.key == "errors-cancel"]
    for number in ("Spike 3", "89.9", "90", "90.386", "89.987"):
        assert number in chance.said
    (counter,) = [one for one in diagnosis.notes if one.key == "counter-rounding"]
    assert "401 steps at dt = 0.005 ms instead of 400" in counter.said
    assert "2001 steps at dt = 0.001 ms instead of 2000" in counter.said
    np.testing.assert_allclose(diagnosis.budget.parts.sum(axis=0), diagnosis.budget.total, atol=1e-9)
    last = diagnosis.table()[-1]
    assert last["belongs_to_ms"] == pytest.approx(90.0)
    assert last["true_clamp_ms"] == pytest.approx(89.987, abs=5e-4)


def test_at_a_fine_step_the_counter_is_a_fault():
    model = MODELS["lif_na"]
    fine = attrs.evolve(model, simulation=attrs.evolve(model.simulation, dt=0.005, t_end=5.0))
    diagnosis = diagnose(None, fine)
    assert "refractory-long" in keys(diagnosis)
    assert "401 steps" in next(one.said for one in diagnosis.faults if one.key == "refractory-long")


def test_a_fixed_step_that_is_right_has_no_fault(examine):
    best = natrium.FixedStep(
        dt=0.1, scheme="rk4", spike_time="cubic", refractory="exact", label="end", read="stage"
    )
    diagnosis = examine(best, "lif_na")
    assert keys(diagnosis) == []
    assert keys(diagnosis, "rules") == ["rk4"]
    moving = examine(attrs.evolve(best, gates="clamp"), "lif_na")
    assert keys(moving) == ["gates-moving"]


# Recorded runs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["short", "lif_short", "lif_na2"])
@pytest.mark.parametrize("name", zoo.LOOPS)
def test_a_loop_is_read_from_its_samples(examine, base, name):
    options, expected = zoo.LOOPS[name]
    diagnosis = examine(zoo.loop(zoo.BASES[base](), MODELS[base], **options), base)
    assert set(keys(diagnosis)) == expected
    if name in ("clean", "label early", "the notebook's"):
        assert diagnosis.twin.difference < 1e-9


RECORDED = {
    zoo.LeakSign: "leak-sign",
    zoo.GainByTen: "input-gain",
    zoo.OneStepLong: "refractory-long",
    zoo.OneStepShort: "refractory-short",
    zoo.ResetElsewhere: "reset-wrong",
    zoo.WrongTau: "tau-wrong",
    zoo.WrongThreshold: "threshold-wrong",
    zoo.Squared: "gate-power",
    zoo.Twice: "channel-twice",
    zoo.GatesAfterV: "gates-after-V",
    zoo.GatesMoving: "gates-moving",
    zoo.StartsAtRest: "initial-gates",
    zoo.ForgottenDt: "dt-forgotten-V",
}


@pytest.mark.parametrize("fault", RECORDED, ids=[fault.__name__ for fault in RECORDED])
def test_a_fault_is_named_from_a_recorded_run(examine, fault):
    cell = zoo.planted(fault, "short")()
    assert keys(examine(zoo.loop(cell, MODELS["short"]), "short")) == [RECORDED[fault]]


@pytest.mark.parametrize(
    ("stimulus", "options", "expected"),
    [
        (natrium.Sine(8.0, 50.0, offset=8.0, start=5.0), {}, set()),
        (natrium.Sine(8.0, 50.0, offset=8.0, start=5.0), {"edges": "strict"}, {"input-on-late"}),
        (natrium.Sine(8.0, 50.0, offset=8.0, start=5.0), {"delay": 0.1}, {"input-read-late"}),
        (natrium.Ramp(0.5, start=5.0), {"delay": -0.1}, {"input-read-early"}),
        (natrium.Constant(11.0), {"label": "start", "edges": "strict"}, {"label-early"}),
    ],
)
def test_an_input_that_varies_is_read_at_its_time(stimulus, options, expected):
    base = MODELS["lif_na"]
    simulation = attrs.evolve(base.simulation, t_end=30.0)
    model = attrs.evolve(base, stimulus=stimulus, simulation=simulation)
    assert set(keys(diagnose(zoo.loop(zoo.Cell1(), model, **options), model))) == expected


def test_what_the_samples_cannot_tell_is_said(examine):
    recorded = zoo.loop(zoo.Cell(), MODELS["lif_short"], label="start", edges="strict")
    diagnosis = examine(recorded, "lif_short")
    assert "labels-undecided" in keys(diagnosis, "notes")


def test_a_script_that_runs_away_is_told():
    base = MODELS["lif_na"]
    coarse = attrs.evolve(base, simulation=attrs.evolve(base.simulation, dt=0.5))
    driven = attrs.evolve(coarse, stimulus=natrium.Constant(60.0))
    diagnosis = diagnose(None, driven)
    assert {one.kind for one in diagnosis.findings if one.key == "no-number"} <= {"fault"}
    assert len(diagnosis.truths) == 2
    reading = diagnose(zoo.planted(zoo.TimeCounter, "lif_na"), driven)
    assert keys(reading) == ["gate-outside"]
    assert not reading.is_explained


# Data ----------------------------------------------------------------------------------------------------


def test_a_diagnosis_is_plain_data(examine):
    for subject in (None, zoo.Cell, zoo.planted(zoo.LeakSign, "lif_short")):
        diagnosis = examine(subject, "lif_short")
        data = json.loads(json.dumps(diagnosis.data(), allow_nan=False))
        assert data["n_faults"] == len(diagnosis.faults)
        true = data["truths"]["hold"] if subject is None else data["spikes"]["truth"]
        assert true == comparison_of("lif_short").truth.spike_times.tolist()
        assert len(data["findings"]) == len(diagnosis.findings)


# Subjects that are none -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (7, "two arrays"),
        (object, "traced, got object"),
        (print, "traced, got print"),
        (([1.0, 2.0], [1.0]), "one length"),
        (([0.0, 1.0, 2.0], [1.0, math.nan, 2.0]), "sample 1"),
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: print, "a loop of which each turn"),
        (type("Needs", (zoo.Cell,), {"__init__": lambda self, unknown: None}), "'unknown'"),
    ],
)
def test_a_subject_that_is_none_is_refused(examine, subject, words):
    with pytest.raises((ModelError, UnsupportedModel), match=words):
        examine(subject, "lif")


def test_a_recording_cannot_be_held_against_equations():
    neuron = natrium.HybridNeuron(
        equations={"V": "(-70 - V + I)/10"}, v_thresh=-55.0, reset={"V": "-70"}, initial={"V": -70.0}
    )
    model = natrium.Model(neuron=neuron, simulation=natrium.Simulation(t_end=10.0, dt=0.1))
    with pytest.raises(UnsupportedModel, match="read against a neuron of channels"):
        diagnose(([0.0, 0.1, 0.2], [-70.0, -70.0, -70.0]), model)


def test_a_model_without_a_step_is_refused():
    with pytest.raises(ModelError, match="dt"):
        diagnose(None, natrium.Model(neuron=natrium.Neuron()))


# Files ---------------------------------------------------------------------------------------------------

SCRIPT = """
import numpy as np
import matplotlib.pyplot as plt
print("hello")

class SodiumChannel:
    def __init__(self, alpha_m, beta_m, alpha_h, beta_h, g_Na, E_Na):
        self.m, self.h = 0.0, 1.0
        self.alpha_m, self.beta_m, self.alpha_h, self.beta_h = alpha_m, beta_m, alpha_h, beta_h
        self.g, self.E = g_Na, E_Na

    def update(self, dt, v):
        am, bm, ah, bh = (f(v) for f in (self.alpha_m, self.beta_m, self.alpha_h, self.beta_h))
        self.m += (am * (1 - self.m) - bm * self.m) * dt
        self.h += (ah * (1 - self.h) - bh * self.h) * dt

class Neuron:
    def __init__(self, tau_m, tau_ref, v_rest, v_thresh, sodium_channels):
        self.tau_m, self.tau_ref, self.v_rest, self.v_thresh = tau_m, tau_ref, v_rest, v_thresh
        self.channels, self.v, self.wait = sodium_channels, v_rest, 0

    def update(self, dt, current):
        if self.wait > 0:
            self.wait -= dt
            self.v = self.v_rest
            return self.v
        for c in self.channels:
            c.update(dt, self.v)
        na = sum(c.g * c.m**3 * c.h * (c.E - self.v) for c in self.channels)
        self.v += (self.v_rest - self.v + current + na) / self.tau_m * dt
        if self.v >= self.v_thresh:
            self.v, self.wait = self.v_rest, self.tau_ref
        return self.v

SHARED = [1.0, 2.0, 3.0], [-70.0, -70.0, -70.0]

if __name__ == "__main__":
    raise SystemExit("not when it is imported")
"""


@pytest.fixture
def script(tmp_path):
    def written(text, name="student.py"):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return written


@pytest.mark.parametrize(("name", "claim"), [("", "short"), (":Neuron", "lif_na2")])
def test_a_class_in_a_file_gets_its_arguments_by_name(examine, script, capsys, name, claim):
    subject = load_subject(f"{script(SCRIPT)}{name}")
    assert capsys.readouterr().out == ""
    assert keys(examine(subject, claim)) == []


def test_a_file_that_ran_is_read(script, examine):
    labels, V = zoo.loop(zoo.Cell1(), MODELS["short"], label="start")
    text = f"from array import array\ntime_points = {labels.tolist()}\nmembrane_potentials = {V.tolist()}\n"
    subject = load_subject(str(script(text)))
    assert keys(examine(subject, "short")) == ["label-early"]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("x = 1\nraise ValueError('no')", "", r"ValueError in student.py, line 2: no"),
        ("import sys\nsys.exit(2)", "", "SystemExit in student.py, line 2"),
        ("def f(:\n", "", "SyntaxError in student.py, line 1"),
        ("x = 1", "", "one class"),
        ("x = 1", ":Missing", "'Missing'; student.py holds x"),
        ("class A:\n    def update(self, dt, v): return v\nclass B(A): pass", "", "got A, B"),
        (SCRIPT, ":SHARED_", "SHARED"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(script, text, name, words):
    with pytest.raises(ModelError, match=words):
        load_subject(f"{script(text)}{name}")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ModelError, match="must exist"):
        load_subject(f"{tmp_path / 'none.py'}:A")
