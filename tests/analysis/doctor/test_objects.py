"""Live classes, objects and functions: claims of many kinds, subjects however given, and odd ones."""

import ast
import json
import linecache
import math
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest

import natrium
from natrium.analysis.doctor import diagnose, read_script
from natrium.analysis.doctor.script import read_live
from natrium.model import ModelError, UnsupportedModel
from tests.analysis.doctor import zoo
from tests.analysis.doctor.test_diagnose import MODELS, comparison_of, keys


def examined(subject, name):
    """Read a subject without solving anything."""
    return read_live(subject, MODELS[name], solve=False)


def told(reading, kind="faults"):
    """Give the keys of findings and the lines that they quote."""
    return {
        (one.key, reading.record.source[one.line - 1].strip() if one.line else "")
        for one in getattr(reading, kind)
    }


# Claims of many kinds, typed as in a notebook -----------------------------------------------------------

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


def typed(text, name, cell=1, **names):
    """Run a text as a notebook's cell, and give what it defines."""
    file = f"<ipython-input-{cell}-{abs(hash(text)):x}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace = {"__name__": "__main__", **names}
    exec(compile(ast.parse(text), file, "exec"), namespace)  # noqa: S102 - as a notebook does
    return namespace[name]


@pytest.mark.parametrize("order", ["new", "old"])
@pytest.mark.parametrize("name", CLAIMS)
def test_other_claims_are_met_as_well(name, order):
    neuron = CLAIMS[name]
    model = natrium.Model(
        neuron=neuron,
        stimulus=natrium.Step(12.0, start=5.0, stop=25.0),
        simulation=natrium.Simulation(t_end=30.0, dt=0.1),
    )
    reading = read_live(typed(zoo.written(neuron, order), "Written"), model, solve=False)
    assert reading.faults == ()
    assert reading.scheme.key == (
        "sequential-euler" if order == "new" and len(reading.maps.moving) > 1 else "euler"
    )
    assert reading.replay.off == -1


# The same findings, whichever way a subject is given -------------------------------------------------------

FAULTY = """
tau, rest = 10.0, -70.0
scale = 2 * tau

class Neuron:
    threshold = -55.0

    def __init__(self, tau_ref=2.0):
        self.tau_ref = tau_ref
        self.v, self.left = rest, 0.0

    def update(self, dt, current):
        if self.left > 0:
            self.left -= dt
            return self.v
        self.v += (rest - self.v + current) / scale * dt
        if self.v >= self.threshold:
            self.v, self.left = rest, self.tau_ref
        return self.v

def made():
    return Neuron()

neuron = Neuron()
"""


def test_class_object_function_file_and_notebook_give_the_same(tmp_path):
    file = tmp_path / "student.py"
    file.write_text(FAULTY, encoding="utf-8")
    claim = MODELS["lif_short"]
    readings = [read_script(f"{file}:{name}", claim)[0] for name in ("Neuron", "neuron", "made")]
    (scope,) = [typed(FAULTY, "neuron").update.__globals__]
    given = {"comparison": comparison_of("lif_short")}
    readings += [diagnose(scope[name], claim, **given) for name in ("Neuron", "neuron", "made")]
    first = readings[0]
    assert [(one.key, one.line) for one in first.faults] == [("number-differs", 3)]
    for reading in readings[1:]:
        assert reading.faults == first.faults
        assert np.array_equal(reading.spike_times, first.spike_times)
        assert reading.scheme.key == first.scheme.key
        assert reading.record.source == first.record.source


def test_cells_of_a_notebook_are_joined():
    rate = typed("def pull(v, rest):\n    return v - rest\n", "pull", cell=1)
    text = "class Cell:\n    v = -70.0\n    def step(self, dt, I):\n        self.v += dt * (pull(self.v, -70.0) + I) / 10.0\n"
    text += "        if self.v >= -55.0:\n            self.v = -70.0\n"
    reading = examined(typed(text, "Cell", cell=2, pull=rate), "lif_short")
    assert ("leak-sign", "return v - rest") in told(reading)


def test_a_copy_runs_and_the_object_stays_as_it_is():
    cell = zoo.Cell()
    cell.tau = 20.0
    reading = examined(cell, "lif_short")
    assert keys(reading) == ["number-differs"]
    assert "tau = 20" in reading.faults[0].stands
    assert (cell.v, cell.left) == (-70.0, 0)


def test_an_object_used_before_is_told():
    used = zoo.Cell1()
    for _ in range(100):
        used.update(0.1, 5.0)
    reading = examined(used, "short")
    assert keys(reading) == []
    assert "used" in keys(reading, "notes")


def test_an_object_that_is_still_refractory_is_told():
    used = zoo.Cell()
    while not used.left:
        used.update(0.2, 20.0)
    reading = examined(used, "lif_short")
    assert keys(reading) == []
    assert keys(reading, "notes").count("used") == 1


@dataclass
class Numbers:
    tau: float = 10.0
    rest: float = -70.0


@dataclass
class Data:
    numbers: Numbers = field(default_factory=Numbers)
    v: float = -70.0
    wait: float = 0.0

    def step(self, dt, I):
        if self.wait > 0:
            self.wait -= dt
            return self.v
        self.v += dt * (self.numbers.rest - self.v + I) / self.numbers.tau
        if self.v >= -55.0:
            self.v, self.wait = -70.0, 2.0
        return self.v


class Slow:
    def __init__(self, tau, pull=None):
        self.tau, self.v, self.pull = tau, -70.0, pull or (lambda v: -70.0 - v)
        self.left = 0

    def update(self, dt, I):
        if self.left > 0:
            self.left -= 1
            return self.v
        self.v += dt * (self.pull(self.v) + I) / self.tau
        if self.v >= -55.0:
            self.v, self.left = -70.0, round(2.0 / dt)
        return self.v


def around(middle):
    return lambda v: middle - v


@pytest.mark.parametrize(
    "subject", [Data, Data(), partial(Slow, 10.0), Slow(10.0), Slow(10.0, around(-70.0)).update]
)
def test_data_classes_prepared_calls_and_closures_are_sound(subject):
    assert examined(subject, "lif_short").faults == ()


def test_a_closure_s_number_is_held_against_the_claim():
    reading = examined(Slow(10.0, around(-60.0)), "lif_short")
    assert keys(reading) == ["number-differs"]
    assert "-60" in reading.faults[0].stands


# Subjects that are odd --------------------------------------------------------------------------------------


class Odd(zoo.Cell):
    def update(self, dt, current):
        return self.odd(super().update(dt, current))


def leave():
    raise SystemExit(3)


@pytest.mark.parametrize("odd", [
    lambda self, V: None, lambda self, V: "V", lambda self, V: math.nan, lambda self, V: [V, V],
    lambda self, V: np.array([V]),
], ids=["nothing", "text", "nan", "two", "array"])  # fmt: skip
def test_what_update_gives_back_is_not_what_is_read(odd):
    """The state is: a method that steps may give back what it likes."""
    assert examined(type("Odd1", (Odd,), {"odd": odd}), "lif_short").faults == ()


@pytest.mark.parametrize("odd", [lambda self, V: 1 / 0, lambda self, V: leave()], ids=["raises", "leaves"])
def test_what_does_not_run_to_its_end_is_refused(odd):
    with pytest.raises(ModelError, match="to its end|a loop"):
        examined(type("Odd1", (Odd,), {"odd": odd}), "lif")


def test_noise_is_told():
    random = np.random.default_rng(1)

    class Noisy(zoo.Cell):
        def leak(self):
            return super().leak() + random.normal()

    assert ("too-much", "return super().leak() + random.normal()") in told(examined(Noisy, "lif_short"))


def test_a_number_that_ends_is_a_fault():
    class Broken(zoo.Cell):
        def update(self, dt, current):
            super().update(dt, current)
            self.v = self.v if self.v < -62.5 else math.inf
            return self.v

    assert "reset-value" in keys(examined(Broken, "lif_short"))


def test_an_unknown_rule_is_said_to_be_none_of_the_claim():
    class Bent(zoo.Cell):
        def leak(self):
            return -0.01 * (self.v - self.rest) * abs(self.v - self.rest)

    reading = diagnose(Bent, MODELS["lif_short"], comparison=comparison_of("lif_short"))
    assert keys(reading) == ["equation-differs"]
    assert reading.model.neuron != MODELS["lif_short"].neuron


def test_a_step_of_its_own_is_taken():
    class Own(zoo.Cell):
        def update(self, dt, current):
            return super().update(0.2, current)

    assert keys(examined(Own, "lif_short")) == []


def test_a_late_output_changes_nothing():
    class Late(zoo.Cell):
        def update(self, dt, current):
            before = self.v
            super().update(dt, current)
            return before

    reading = examined(Late, "lif_short")
    assert keys(reading) == []
    assert np.array_equal(reading.spike_times, examined(zoo.Cell, "lif_short").spike_times)


def test_a_drawn_spike_is_no_fault():
    class Drawn(zoo.Cell):
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

    reading = examined(Drawn, "lif_short")
    assert keys(reading) == []
    assert reading.spike_times.size == examined(zoo.Cell, "lif_short").spike_times.size


def test_what_has_no_source_says_what_to_do():
    namespace = {}
    exec("class Hidden:\n    v = 0.0\n    def update(self, dt, I):\n        self.v += dt * I\n", namespace)  # noqa: S102
    with pytest.raises(UnsupportedModel, match=r"got Hidden without; give its file .* or a recording"):
        diagnose(namespace["Hidden"], MODELS["lif"])


def test_a_reading_speaks_as_a_diagnosis_does():
    reading = diagnose(zoo.Cell1, MODELS["short"], name="mine", comparison=comparison_of("short"))
    assert reading.subject == "mine"
    assert reading.label in ("start", "end")
    assert reading.comparison.model == MODELS["short"]
    assert reading.table()
    assert reading.sentences() == [one.said for one in (*reading.faults, *reading.rules)]
    assert len(reading.findings) == len(reading.faults) + len(reading.rules) + len(reading.notes)
    json.dumps(reading.data(), allow_nan=False)
