"""A kind of stimulus more is one class and one line: everything else knows it."""

import attrs
import numpy as np
import pytest
import sympy

import natrium
from natrium.figures import plot_gradients, plot_trajectory
from natrium.model.stimuli.drive import Drive
from natrium.model.stimuli.kinds import KINDS
from natrium.model.stimuli.signals import Curve
from natrium.model.stimuli.stimulus import SampledInput, Stimulus, amplitude_field, number_field
from natrium.solvers.flags import RunFlag

t, amplitude, tau, start = sympy.symbols("t amplitude tau start", real=True)
SCRIPT = natrium.notebook.lif_na()


@attrs.frozen
class Alpha(Curve):
    """A synaptic current: amplitude (t - start)/tau exp(1 - (t - start)/tau)."""

    kind = "alpha"
    expression = amplitude * (t - start) / tau * sympy.exp(1 - (t - start) / tau)
    amplitude: float = amplitude_field()
    tau: float = number_field("ms", low=0.0, open_low=True, short="tau", meaning="time to peak")


@pytest.fixture(autouse=True)
def _listed(monkeypatch):
    monkeypatch.setitem(KINDS, Alpha.kind, Alpha)


DRIVE = Alpha(40.0, 12.0, start=5.0)
MODEL = natrium.Model(neuron=SCRIPT.neuron, stimulus=DRIVE, simulation=natrium.Simulation(t_end=60.0, dt=0.1))


def value(at, height=40.0, pace=12.0, begin=5.0):
    s = (np.asarray(at) - begin) / pace
    return np.where(s > 0.0, height * s * np.exp(1.0 - s), 0.0)


def test_it_is_what_its_expression_says():
    for at in (0.0, 5.0, 6.5, 17.0, 59.0):
        assert DRIVE(at) == pytest.approx(float(value(at)), rel=1e-14, abs=1e-300)
    assert list(natrium.parameters(natrium.Neuron(), natrium.Sum((DRIVE,))))[-3:] == [
        "I_0",
        "tau_0",
        "start_0",
    ]


def test_every_solver_knows_it():
    exact = natrium.EventDriven(rtol=1e-12).solve(MODEL.neuron, DRIVE, t_end=60.0)
    assert exact.n_spikes >= 2
    compiled = natrium.Compiled(rtol=1e-12).solve(MODEL.neuron, DRIVE, t_end=60.0)
    assert not compiled.flags & RunFlag.FALLBACK
    np.testing.assert_allclose(compiled.spike_times, exact.spike_times, rtol=0.0, atol=1e-9)
    custom = natrium.Custom(lambda at: float(value(at)), max_step=0.5, breakpoints=(5.0,))
    same = natrium.EventDriven(rtol=1e-12).solve(MODEL.neuron, custom, t_end=60.0)
    np.testing.assert_allclose(same.spike_times, exact.spike_times, rtol=0.0, atol=1e-9)
    fine = natrium.FixedStep(
        dt=0.01, scheme="rk4", spike_time="cubic", refractory="exact", label="end", read="split"
    )
    np.testing.assert_allclose(
        fine.solve(MODEL.neuron, DRIVE, t_end=60.0).spike_times, exact.spike_times, rtol=0.0, atol=1e-5
    )
    with pytest.raises(natrium.UnsupportedModel, match="closed form takes"):
        natrium.ClosedForm().solve(natrium.Neuron(), DRIVE, t_end=60.0)


def test_gradients_by_all_its_numbers():
    run = natrium.run(MODEL, natrium.EventDriven(rtol=1e-12))
    found = natrium.spike_time_gradients(run, ["I_0", "tau_0", "start_0"])
    known = natrium.parameters(MODEL.neuron, MODEL.stimulus)
    for name in found.names:
        ends = [
            natrium.run(
                natrium.with_parameters(MODEL, {name: known[name] + step}), natrium.EventDriven(rtol=1e-13)
            )
            for step in (1e-4, -1e-4)
        ]
        slope = (ends[0].spike_times - ends[1].spike_times) / 2e-4
        np.testing.assert_allclose(found[name], slope, rtol=1e-6, atol=1e-7)


def test_a_fit_finds_its_numbers():
    spikes = natrium.run(MODEL, natrium.EventDriven(rtol=1e-12)).spike_times
    begin = natrium.with_parameters(MODEL, {"I_0": 41.0, "tau_0": 12.5})
    found = natrium.fit(begin, spikes, ["I_0", "tau_0"])
    assert (found["I_0"], found["tau_0"]) == pytest.approx((40.0, 12.0), abs=1e-6)


def test_model_files_hold_it(tmp_path):
    MODEL.save(tmp_path / "model.toml")
    assert 'kind = "alpha"' in (tmp_path / "model.toml").read_text()
    assert natrium.load(tmp_path / "model.toml") == MODEL
    with pytest.raises(natrium.ModelError, match=r"stimuli\[0\].tau: tau must be positive, got -1.0 ms"):
        natrium.loads((tmp_path / "model.toml").read_text().replace("tau = 12.0", "tau = -1.0"))


def test_its_numbers_can_be_varied_and_swept(tmp_path):
    heights = [35.0, 40.0]
    found = natrium.simulate_many(MODEL.neuron, DRIVE, t_end=60.0, parameters={"I": heights})
    for height, train in zip(heights, found, strict=True):
        alone = natrium.simulate(
            MODEL.neuron, attrs.evolve(DRIVE, amplitude=height), t_end=60.0, solver="compiled"
        )
        np.testing.assert_array_equal(train, alone.spike_times)
    with pytest.raises(natrium.StimulusError, match="tau must be positive"):
        natrium.simulate_many(MODEL.neuron, DRIVE, t_end=60.0, parameters={"tau_0": [1.0, -1.0]})
    done = natrium.sweep(MODEL, {"tau_0": [10.0, 12.0]}, tmp_path / "sweep.nc")
    assert (done.n_runs, done.failed) == (2, 0)


def test_figures_know_it():
    run = natrium.run(MODEL)
    assert plot_trajectory(run) is not None
    (ax,) = plot_gradients(natrium.spike_time_gradients(run, ["tau_0"])).axes
    named = [*ax.get_yticklabels(), *ax.get_legend().get_texts()]
    assert "tau_0 = 12 ms" in [label.get_text() for label in named]


@attrs.frozen
class Chirp(Stimulus):
    """amplitude sin(rate t^2): a kind that gives its drive, and of derivatives none."""

    kind = "chirp"
    amplitude: float = amplitude_field()
    rate: float = number_field("rad/ms2", short="rate", meaning="rise of the angular frequency")

    def drive(self, t):
        """Give the input on the smooth piece that begins at `t`."""
        return Drive(curves=(lambda s: self.amplitude * np.sin(self.rate * (t + s) ** 2),), max_step=1.0)


@attrs.frozen
class Known(Chirp):
    """The same, which says one derivative."""

    def derivative(self, short):
        """Give the derivative by one parameter, edges apart."""
        return attrs.evolve(self, amplitude=1.0) if short == "I" else super().derivative(short)


def test_a_kind_that_says_no_derivative_has_no_gradient_rather_than_zero():
    neuron = natrium.Neuron()
    drive = natrium.Constant(20.0)
    run = natrium.EventDriven(rtol=1e-12).solve(neuron, [drive, Chirp(4.0, 0.02, stop=20.0)], t_end=40.0)
    with pytest.raises(natrium.UnsupportedModel, match="a Chirp input must say its derivative by 'I'"):
        natrium.spike_time_gradients(run, ["I_1"])
    assert np.abs(natrium.spike_time_gradients(run, ["stop_1"]).matrix[-1]) > 1e-3  # it moves an edge alone
    known = natrium.EventDriven(rtol=1e-12).solve(neuron, [drive, Known(4.0, 0.02, stop=20.0)], t_end=40.0)
    found = natrium.spike_time_gradients(known, ["I_1"])["I_1"]
    near = [
        natrium.EventDriven(rtol=1e-13)
        .solve(neuron, [drive, Chirp(4.0 + step, 0.02, stop=20.0)], t_end=40.0)
        .spike_times
        for step in (1e-4, -1e-4)
    ]
    np.testing.assert_allclose(found, (near[0] - near[1]) / 2e-4, rtol=1e-6, atol=1e-7)
    with pytest.raises(natrium.UnsupportedModel, match="by 'rate'"):
        natrium.spike_time_gradients(known, ["rate_1"])


@attrs.frozen
class Stairs(Stimulus):
    """height floor(t / width): a kind that is sampled."""

    kind = "stairs"
    height: float = number_field("mV", short="height", meaning="of one stair")
    width: float = number_field("ms", low=0.0, open_low=True, short="width", meaning="of one stair")

    def samples_in(self, t_start, t_end):
        """Give the samples that make the input on a span."""
        turns = np.arange(np.floor(t_start / self.width), np.ceil(t_end / self.width) + 1.0)
        return SampledInput(self.width * turns, self.height * turns)

    def edges(self, t_start, t_end):
        """Give every edge."""
        yield from super().edges(t_start, t_end)
        yield from self.samples_in(t_start, t_end).times.tolist()

    def drive(self, t):
        """Give the input on the smooth piece that begins at `t`."""
        return Drive(level=self.height * float(np.floor(t / self.width)))


def test_a_kind_that_is_sampled_runs_compiled():
    drive = Stairs(6.0, 8.0, stop=70.0)
    exact = natrium.EventDriven(rtol=1e-12).solve(natrium.Neuron(), drive, t_end=80.0)
    compiled = natrium.Compiled(rtol=1e-12).solve(natrium.Neuron(), drive, t_end=80.0)
    assert exact.n_spikes >= 3
    assert not compiled.flags & RunFlag.FALLBACK
    np.testing.assert_allclose(compiled.spike_times, exact.spike_times, rtol=0.0, atol=1e-9)
