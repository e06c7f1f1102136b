"""The doctor: each planted fault is named, and none where there is none."""

import json
import math
import re

import attrs
import numpy as np
import pytest

import natrium
from natrium.analysis import compare_script
from natrium.analysis.doctor import diagnose
from natrium.analysis.doctor import load_subject
from natrium.model import ModelError, SolverError
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


@pytest.fixture(scope="module")
def examine():
    comparisons = {}

    def examined(subject, name, **options):
        if name not in comparisons:
            comparisons[name] = compare_script(MODELS[name])
        return diagnose(subject, MODELS[name], comparison=comparisons[name], **options)

    return examined


def keys(diagnosis, kind="faults"):
    return sorted({one.key for one in getattr(diagnosis, kind)})


SINGLE = [
    *((fault, base, key) for fault, key in zoo.MEMBRANE.items() for base in ("lif", "lif_na")),
    *((fault, base, key) for fault, key in zoo.CHANNEL.items() for base in ("lif_na", "lif_na2")),
    *((fault, "lif_na", key) for fault, key in zoo.ONE_CHANNEL.items()),
]
# At dt = 1 ms the step and the millisecond are the same.
SINGLE.remove((zoo.WholeMilliseconds, "lif", "refractory-short"))


@pytest.mark.parametrize(
    ("fault", "base", "key"), SINGLE, ids=[f"{fault.__name__}-{base}" for fault, base, _ in SINGLE]
)
def test_a_fault_alone_is_named(examine, fault, base, key):
    diagnosis = examine(zoo.planted(fault, base), base)
    assert keys(diagnosis) == [key]
    assert all(re.search(r"\w", one.said) for one in diagnosis.findings)


@pytest.mark.parametrize("cell", zoo.RULES, ids=[cell.__name__ for cell in zoo.RULES])
def test_an_honest_variation_has_no_fault_and_its_scheme_is_named(examine, cell):
    base, scheme = zoo.RULES[cell]
    diagnosis = examine(cell, base)
    assert keys(diagnosis) == []
    assert keys(diagnosis, "rules") == sorted({scheme, "threshold-on-grid"})
    if diagnosis.twin is not None:
        assert diagnosis.twin.difference < 1e-9
    else:
        assert scheme in ("rush-larsen",)


PAIRS = [
    ("lif_na", (zoo.LeakSign, zoo.OneStepLong)),
    ("lif_na", (zoo.WrongThreshold, zoo.GatesMoving)),
    ("lif_na", (zoo.GainByTen, zoo.Squared)),
    ("lif_na", (zoo.NoLeak, zoo.GatesAfterV)),
    ("lif_na2", (zoo.LastTwice, zoo.ResetElsewhere)),
    ("lif_na2", (zoo.ForgottenDt, zoo.OneStepShort)),
    ("lif_na", (zoo.Squared, zoo.GatesTwice)),
    ("lif", (zoo.WrongTau, zoo.StrictThreshold)),
    ("lif", (zoo.InputSign, zoo.NoRefractory)),
]


@pytest.mark.parametrize(
    ("base", "faults"), PAIRS, ids=["-".join(f.__name__ for f in faults) for _, faults in PAIRS]
)
def test_two_faults_are_both_named(examine, base, faults):
    known = zoo.MEMBRANE | zoo.CHANNEL | zoo.ONE_CHANNEL
    diagnosis = examine(zoo.planted(faults[0], base, faults[1]), base)
    assert keys(diagnosis) == sorted(known[fault] for fault in faults)


CHANNELS = natrium.CHANNELS
M_CURRENT = natrium.Channel(
    "M", g=2.0, E=-90.0,
    gates=[natrium.Gate("w", inf="1/(1 + exp(-(V + 45)/8))", tau="30/(exp((V + 45)/20) + exp(-(V + 45)/20))")],
)  # fmt: skip
CLAIMS = {
    "squid": natrium.Neuron(
        channels=[CHANNELS["hh_sodium"], CHANNELS["hh_potassium"]], v_rest=-65.0, v_reset=-70.0
    ),
    "own start and reset": natrium.Neuron(
        channels=[CHANNELS["notebook_sodium_1"]], v_init=-66.0, v_reset=-75.0
    ),
    "M, no refractory period": natrium.Neuron(channels=[M_CURRENT], tau_m=20.0, tau_ref=0.0),
    "ohmic": natrium.Neuron(channels=[natrium.Channel("L", g=0.5, E=20.0)], tau_ref=3.0),
    "rest at zero": natrium.Neuron(v_rest=0.0, v_thresh=15.0, tau_m=12.0),
    "clamp": natrium.Neuron(channels=[CHANNELS["notebook_sodium_1"]], refractory="clamp"),
    "odd tau_ref": natrium.Neuron(channels=[CHANNELS["notebook_sodium_1"]], tau_ref=2.05),
    "three": natrium.Neuron(
        channels=[CHANNELS[k] for k in ("notebook_sodium_1", "notebook_sodium_2", "hh_potassium")]
    ),
}


@pytest.mark.parametrize("order", ["new", "old"])
@pytest.mark.parametrize("name", CLAIMS)
def test_other_claims_are_met_as_well(name, order):
    neuron = CLAIMS[name]
    model = natrium.Model(
        neuron=neuron,
        stimulus=natrium.Step(12.0, start=5.0, stop=25.0),
        simulation=natrium.Simulation(t_end=30.0, dt=0.1),
    )
    diagnosis = diagnose(zoo.Written(neuron, 0.1, order), model)
    assert keys(diagnosis) == []
    assert "not-identified" not in keys(diagnosis, "notes")
    assert diagnosis.twin.difference < (1e-9 if name != "clamp" or order == "new" else 1e-2)


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
    for subject in (None, zoo.planted(zoo.TimeCounter, "lif_na")):
        diagnosis = diagnose(subject, attrs.evolve(coarse, stimulus=natrium.Constant(60.0)))
        assert {one.kind for one in diagnosis.findings if one.key == "no-number"} <= {"fault"}
        assert len(diagnosis.truths) == 2


# Data ----------------------------------------------------------------------------------------------------


def test_a_diagnosis_is_plain_data(examine):
    for subject in (None, zoo.Cell1, zoo.planted(zoo.LeakSign, "lif_na")):
        diagnosis = examine(subject, "lif_na")
        data = json.loads(json.dumps(diagnosis.data(), allow_nan=False))
        assert data["n_faults"] == len(diagnosis.faults)
        assert len(data["truths"]["hold"]) == 3
        assert len(data["findings"]) == len(diagnosis.findings)


# Subjects that are none, or odd ---------------------------------------------------------------------------


class Odd(zoo.Cell):
    def update(self, dt, current):
        return self.odd(super().update(dt, current))


ODD = {
    "nothing": lambda self, V: None,
    "text": lambda self, V: "V",
    "nan": lambda self, V: math.nan,
    "two": lambda self, V: [V, V],
    "raises": lambda self, V: 1 / 0,
    "leaves": lambda self, V: exec_nothing(),
}


def exec_nothing():
    raise SystemExit(3)


@pytest.mark.parametrize("name", ODD)
def test_an_object_without_numbers_is_refused_by_name(examine, name):
    with pytest.raises(SolverError, match="must return numbers"):
        examine(type("Odd1", (Odd,), {"odd": ODD[name]}), "lif")


def test_noise_is_refused(examine):
    random = np.random.default_rng(1)
    noisy = type("Noisy", (Odd,), {"odd": lambda self, V: V + random.normal()})
    with pytest.raises(SolverError, match="same V for the same inputs"):
        examine(noisy, "lif")


def test_arrays_of_one_value_are_taken(examine):
    diagnosis = examine(type("Wrapped", (Odd,), {"odd": lambda self, V: np.array([V])}), "lif")
    assert keys(diagnosis) == []
    assert "oddity" in keys(diagnosis, "notes")


def test_a_number_that_ends_under_the_stimulus_is_a_fault(examine):
    broken = type("Broken", (Odd,), {"odd": lambda self, V: V if V < -62.5 else math.inf})
    assert "no-number" in keys(examine(broken, "lif"))


def test_an_instance_used_before_is_told(examine):
    used = zoo.Cell1()
    for _ in range(100):
        used.update(0.1, 5.0)
    diagnosis = examine(used, "lif_na")
    assert keys(diagnosis) == []
    assert "used" in keys(diagnosis, "notes")


def test_an_instance_that_is_still_refractory_is_told(examine):
    used = zoo.Cell1()
    while not used.left:
        used.update(0.1, 20.0)
    diagnosis = examine(used, "lif_na")
    assert keys(diagnosis) == []
    assert keys(diagnosis, "notes").count("used") == 1


def test_an_unknown_rule_is_said_to_be_unknown(examine):
    class Bent(zoo.Cell):
        def leak(self):
            return -0.01 * (self.v - self.rest) * abs(self.v - self.rest)

    diagnosis = examine(Bent, "lif")
    assert keys(diagnosis) == []
    assert "not-identified" in keys(diagnosis, "notes")
    assert diagnosis.twin is None


def test_a_step_of_its_own_is_noted(examine):
    class Own(zoo.Cell):
        def update(self, dt, current):
            return super().update(0.1, current)

    diagnosis = examine(type("Own1", (Own, zoo.Cell1), {}), "lif_na")
    assert keys(diagnosis) == []
    assert "dt-fixed" in keys(diagnosis, "notes")


def test_a_late_output_is_noted(examine):
    class Late(zoo.Cell1):
        def update(self, dt, current):
            before = self.v
            super().update(dt, current)
            return before

    diagnosis = examine(Late, "lif_na")
    assert keys(diagnosis) == []
    assert "output-late" in keys(diagnosis, "notes")


def test_a_drawn_spike_is_noted(examine):
    class Drawn(zoo.Cell1):
        """Shows +30 mV for a step, then waits a step less."""

        def update(self, dt, current):
            if self.v == 30.0:
                self.v = self.back
                self.left -= 1
                return self.v
            return super().update(dt, current)

        def fire(self, dt):
            super().fire(dt)
            self.v = 30.0

    diagnosis = examine(Drawn, "lif_na")
    assert keys(diagnosis) == []
    assert "spike-shown" in keys(diagnosis, "notes")
    assert diagnosis.spike_times.size == 3


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (7, "two arrays"),
        (object, "must have update"),
        (([1.0, 2.0], [1.0]), "one length"),
        (([0.0, 1.0, 2.0], [1.0, math.nan, 2.0]), "sample 1"),
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: print, "another function"),
        (type("Needs", (zoo.Cell,), {"__init__": lambda self, unknown: None}), "'unknown'"),
    ],
)
def test_a_subject_that_is_none_is_refused(examine, subject, words):
    with pytest.raises(ModelError, match=words):
        examine(subject, "lif")


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


@pytest.mark.parametrize("name", ["", ":Neuron"])
def test_a_class_in_a_file_gets_its_arguments_by_name(examine, script, capsys, name):
    subject = load_subject(f"{script(SCRIPT)}{name}", MODELS["lif_na2"])
    assert capsys.readouterr().out == ""
    assert keys(examine(subject, "lif_na2")) == []


def test_a_file_that_ran_is_read(script, examine):
    labels, V = zoo.loop(zoo.Cell1(), MODELS["short"], label="start")
    text = f"from array import array\ntime_points = {labels.tolist()}\nmembrane_potentials = {V.tolist()}\n"
    subject = load_subject(str(script(text)), MODELS["short"])
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
        load_subject(f"{script(text)}{name}", MODELS["lif"])


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ModelError, match="must exist"):
        load_subject(f"{tmp_path / 'none.py'}:A", MODELS["lif"])
