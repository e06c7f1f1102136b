"""Recordings as people keep them: rounded, thinned, in SI units, with drawn spikes, noise, an idle end."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.analysis.doctor import diagnose
from tests.analysis.doctor import zoo

DT, STEPS = 0.1, 900


def claim(base="lif"):
    channels = {"lif": (), "lif_na": natrium.notebook.lif_na().neuron.channels}[base]
    return natrium.Model(
        neuron=natrium.Neuron(channels=channels),
        stimulus=natrium.Step(20.0, start=20.0),
        simulation=natrium.Simulation(t_end=DT * STEPS, dt=DT),
    )


MODELS = {"lif": claim(), "lif_na": claim("lif_na")}


def recorded(cell=zoo.Cell, base="lif", **options):
    return zoo.loop(cell(), MODELS[base], **options)


def drawn(at):
    labels, V = recorded()
    drops = np.flatnonzero(np.diff(V) < -5.0) + 1
    V[drops] = at
    return labels, V


def told(recording, base="lif"):
    diagnosis = diagnose(recording, MODELS[base])
    kinds = {one.key: one.kind for one in diagnosis.findings}
    return [one.key for one in diagnosis.faults], kinds, diagnosis


def rounded(recording, digits):
    labels, V = recording
    return np.round(labels, 3), np.round(V, digits)


def single(recording):
    return tuple(one.astype(np.float32) for one in recording)


@pytest.mark.parametrize("base", ["lif", "lif_na"])
@pytest.mark.parametrize("kept", [single, lambda one: rounded(one, 3)], ids=["single", "three digits"])
def test_what_was_rounded_is_read_to_its_rounding(base, kept):
    sound, kinds, diagnosis = told(kept(recorded(zoo.BASES[base], base)), base)
    assert sound == []
    assert kinds["rounded"] == "note"
    assert "not-identified" not in kinds
    assert diagnosis.twin.difference < 1e-3
    faulty = zoo.planted(zoo.WrongTau, base)
    assert told(kept(recorded(faulty, base)), base)[0] == ["tau-wrong"]
    assert told(kept(recorded(zoo.planted(zoo.GainByTen, base), base)), base)[0] == ["input-gain"]


def test_a_rounded_number_is_told_by_as_few_digits_as_hold():
    _, _, diagnosis = told(rounded(recorded(zoo.planted(zoo.WrongTau, "lif")), 3))
    tau = zoo.planted(zoo.WrongTau, "lif")().tau
    assert f"tau_m is {tau:g} ms instead of" in diagnosis.faults[0].said


@pytest.mark.parametrize("at", [20.0, -55.0])
def test_drawn_spikes_are_no_steps(at):
    faults, kinds, diagnosis = told(drawn(at))
    assert faults == []
    assert {"spike-shown", "twin", "euler"} <= set(kinds)
    plain = told(recorded())[2]
    np.testing.assert_array_equal(diagnosis.spike_times, plain.spike_times)


def test_a_threshold_that_lies_higher_is_no_drawn_spike():
    assert told(recorded(zoo.planted(zoo.WrongThreshold, "lif")))[0] == ["threshold-wrong"]


def test_zeros_that_no_step_made_are_left_out():
    labels, V = recorded()
    V[-200:] = 0.0
    faults, kinds, _ = told((labels, V))
    assert faults == []
    assert {"zeros-at-the-end", "euler"} <= set(kinds)


def test_seconds_and_volts_are_taken_as_such():
    labels, V = recorded()
    faults, kinds, diagnosis = told((labels * 1e-3, V * 1e-3))
    assert faults == []
    assert {"units", "euler"} <= set(kinds)
    np.testing.assert_allclose(diagnosis.spike_times, told((labels, V))[2].spike_times, rtol=1e-12)


@pytest.mark.parametrize("base", ["lif", "lif_na"])
def test_every_fifth_sample_is_known_for_one(base):
    labels, V = recorded(zoo.BASES[base], base)
    faults, kinds, diagnosis = told((labels[4::5], V[4::5]), base)
    assert faults == []
    assert "thinned" in kinds
    assert diagnosis.twin.script.label == "end"
    assert diagnosis.twin.difference < 1e-9


def test_thinned_samples_of_another_hold_are_not_taken_for_the_claims():
    labels, V = recorded(zoo.planted(zoo.NoRefractory, "lif"))
    faults, kinds, _ = told((labels[4::5], V[4::5]))
    assert "thinned" not in kinds
    assert "refractory-short" in faults


@pytest.mark.parametrize("dt", [0.05, 0.5])
def test_steps_of_another_length_are_read_as_such(dt):
    other = attrs.evolve(MODELS["lif"], simulation=attrs.evolve(MODELS["lif"].simulation, dt=dt))
    faults, kinds, diagnosis = told(zoo.loop(zoo.Cell(), other))
    assert faults == []
    assert kinds["step"] == "note"
    assert diagnosis.dt == pytest.approx(dt)


@pytest.mark.parametrize(("delay", "key"), [(5.0, "input-on-late"), (-2.0, "input-on-early")])
def test_an_input_that_comes_at_another_time_is_told(delay, key):
    faults, _, diagnosis = told(recorded(delay=delay))
    assert faults == [key]
    assert f"{20.0 + delay:g} ms instead of 20 ms" in diagnosis.faults[0].said


def test_noise_is_no_fault_and_no_rule():
    labels, V = recorded()
    noisy = V + 0.05 * np.random.default_rng(3).standard_normal(V.size)
    faults, kinds, diagnosis = told((labels, noisy))
    assert faults == []
    assert "noise" in kinds
    assert not {"euler", "not-identified", "twin"} & set(kinds)
    assert diagnosis.spike_times.size == told((labels, V))[2].spike_times.size


class Tires(zoo.Cell):
    """Its leak grows from 50 ms on."""

    age = 0.0

    def leak(self):
        self.age += DT
        return super().leak() * (1.0 if self.age < 50.0 else 1.5)


def test_from_when_on_the_claim_does_not_hold_is_told():
    faults, _, diagnosis = told(recorded(Tires))
    assert faults == []
    (one,) = [one for one in diagnosis.findings if one.key == "not-identified"]
    assert "Up to the label" in one.said


class SetBack(zoo.Cell1):
    """The gates begin anew at each spike."""

    def fire(self, dt):
        super().fire(dt)
        self.channels = [kind() for kind in self.kinds]


class Lowered(zoo.Cell):
    """V is lowered at a spike, and held there."""

    def fire(self, dt):
        super().fire(dt)
        self.v = self.low = self.before - 15.0

    def crossed(self):
        self.before = self.v
        return super().crossed()

    def wait(self, dt):
        super().wait(dt)
        self.v = self.low


class Hurries(zoo.Cell1):
    """Held for half the steps from the second spike on."""

    pauses = 0

    def fire(self, dt):
        super().fire(dt)
        self.left = self.left if self.pauses == 0 else self.left // 2
        self.pauses += 1


class Rises(zoo.Cell1):
    """The threshold rises with each spike."""

    def fire(self, dt):
        super().fire(dt)
        self.limit += 1.0


class Leaks(zoo.Cell1):
    """The leak stops after some steps."""

    steps = 0

    def leak(self):
        self.steps += 1
        return super().leak() if self.steps < 500 else 0.0


@pytest.mark.parametrize(
    ("cell", "base", "key"),
    [
        (SetBack, "lif_na", "gates-reset"),
        (Lowered, "lif", "reset-soft"),
        (Hurries, "lif_na", "refractory-varies"),
        (Rises, "lif_na", "threshold-moves"),
    ],
)
def test_what_spikes_change_is_told(cell, base, key):
    assert told(recorded(cell, base), base)[0] == [key]


def test_that_steps_change_on_the_way_is_told_and_leaves_no_verdict():
    faults, kinds, diagnosis = told(recorded(Leaks, "lif_na"), "lif_na")
    assert faults == []
    assert kinds["not-explained"] == "note"
    assert "but not all of it is explained" in diagnosis.summary()[0]


def test_a_hold_that_no_input_ends_is_no_longer_one():
    model = attrs.evolve(MODELS["lif"], stimulus=natrium.Pulses(60.0, start=10.0, width=6.0, period=20.0))
    diagnosis = diagnose(zoo.loop(zoo.Cell(), model), model)
    assert diagnosis.faults == ()
    assert diagnosis.spike_times.size > 3


def test_too_few_steps_tell_nothing():
    class Strong(zoo.Gated):
        exponent = 1
        strength = 360.0

    class Bursts(zoo.Cell):
        kinds = (Strong,)

    faults, kinds, _ = told(recorded(Bursts, "lif_na"), "lif_na")
    assert faults == []
    assert kinds["not-identified"] == "note"


class Midpoint(zoo.Cell):
    """Steps by the explicit midpoint, the input read where each stage is."""

    def __init__(self, input_at):
        super().__init__()
        self.input_at, self.t = input_at, 0.0

    def step(self, dt, current):
        half = self.v + dt / 2 * (self.rest - self.v + self.input_at(self.t)) / self.tau
        self.v += dt * (self.rest - half + self.input_at(self.t + dt / 2)) / self.tau

    def update(self, dt, current):
        V = super().update(dt, current)
        self.t += dt
        return V


def test_stages_read_the_input_at_their_times():
    sine = natrium.Sine(8.0, frequency=40.0, offset=18.0)
    model = attrs.evolve(MODELS["lif"], stimulus=sine)
    faults = diagnose(zoo.loop(Midpoint(sine), model), model)
    assert faults.faults == ()
    assert [one.key for one in faults.findings if one.kind == "rule"] == ["midpoint", "threshold-on-grid"]


def test_schemes_that_rounding_hides_are_named_beside_the_nearest():
    _, kinds, diagnosis = told(rounded(recorded(zoo.WithRungeKutta, "lif_na"), 4), "lif_na")
    assert diagnosis.twin.script.scheme == "rk4"
    assert kinds["scheme-undecided"] == "note"


def test_single_precision_that_was_written_as_text_is_known(tmp_path):
    labels, V = recorded(zoo.Cell1, "lif_na")
    lines = [f"{float(t)!r},{one!s}" for t, one in zip(labels, V.astype(np.float32), strict=True)]
    (tmp_path / "run.csv").write_text("\n".join(["t,V", *lines]))
    diagnosis = diagnose(natrium.load_subject(tmp_path / "run.csv"), MODELS["lif_na"])
    assert diagnosis.faults == ()


def test_samples_that_are_rounded_to_where_a_rate_has_no_value_are_read():
    gates = (
        natrium.Gate("n", 4, alpha="0.032*(V + 60)/(1 - exp(-(V + 60)/5))", beta="0.5*exp(-(V + 57)/40)"),
    )

    class Delayed(zoo.Cell):
        n = 0.0

        def move_gates(self, dt):
            up = zoo.linexp(self.v, -60.0, 5.0, 0.032)
            self.n += dt * (up * (1 - self.n) - 0.5 * np.exp(-(self.v + 57) / 40) * self.n)

        def ionic(self):
            return 1.0 * self.n**4 * (-90.0 - self.v)

    slow = natrium.Neuron(channels=(natrium.Channel("K", g=1.0, E=-90.0, gates=gates),))
    model = attrs.evolve(MODELS["lif"], neuron=slow)
    labels, V = rounded(zoo.loop(Delayed(), model), 2)
    assert -60.0 in V
    diagnosis = diagnose((labels, V), model)
    assert diagnosis.faults == ()
    assert not {one.key for one in diagnosis.notes} & {"not-explained", "not-identified"}
