"""The short first call, model files' runs, and what every solver checks alike."""

import json
import math
from importlib import import_module

import attrs
import numpy as np
import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from natrium.model.simulation import SOLVERS as SOLVER_NAMES
from natrium.solvers import Segment, Solver, solver_of
from natrium.solvers.base import BaseSolver
from tests.solvers.cases import NA, STEP

SOLVERS = {
    "event": (natrium.EventDriven(), {}),
    "script": (natrium.FixedStep(dt=0.1), {"dt": 0.1}),
    "closed-form": (natrium.ClosedForm(), {}),
    "compiled": (natrium.Compiled(), {}),
}
LIF = natrium.Neuron()
simulate = import_module("natrium.solvers.simulate")  # the package's attribute is the function


@pytest.mark.parametrize("name", SOLVERS)
def test_by_name_or_by_object(name):
    solver, options = SOLVERS[name]
    named = natrium.simulate(LIF, natrium.Constant(20.0), t_end=50.0, solver=name, **options)
    given = natrium.simulate(LIF, natrium.Constant(20.0), t_end=50.0, solver=solver)
    np.testing.assert_array_equal(named.spike_times, given.spike_times)
    assert named.solver == given.solver == name
    assert named.n_spikes == 3
    assert isinstance(solver, Solver)


def test_options_reach_the_solver():
    loose = natrium.simulate(NA, STEP, t_end=100.0, rtol=1e-5, method="RK45")
    assert (loose.made_by.rtol, loose.method) == (1e-5, "RK45")
    with pytest.raises(natrium.TooManySpikes):
        natrium.simulate(LIF, natrium.Constant(20.0), t_end=100.0, limits=natrium.Limits(max_spikes=2))


def test_wrong_names_and_options_are_refused():
    with pytest.raises(natrium.ModelError, match="solver must be one of event, script, closed-form"):
        natrium.simulate(LIF, t_end=1.0, solver="euler")
    with pytest.raises(natrium.ModelError, match="dt"):
        natrium.simulate(LIF, t_end=1.0, dt=0.1)
    with pytest.raises(natrium.ModelError, match="script"):
        natrium.simulate(LIF, t_end=1.0, solver="script")
    with pytest.raises(natrium.ModelError, match="rtol"):
        natrium.simulate(LIF, t_end=1.0, solver=natrium.EventDriven(), rtol=1e-3)


def test_model_files_know_the_names_of_all_solvers():
    assert list(simulate.SOLVERS) == SOLVER_NAMES


@attrs.frozen(kw_only=True)
class Resting(BaseSolver):
    """A solver added here: V stays where it starts."""

    name = "resting"

    slack: float = 0.0

    def _solve(self, run):
        y = np.array(run.neuron.initial_state())[:, np.newaxis]
        knots = np.array([0.0, run.duration])
        still = Segment(
            run.t_start, run.t_end, knots, np.repeat(y, 2, axis=1), lambda s: np.repeat(y, s.size, axis=1)
        )
        return run.trajectory(self, [still], [], method="none", rhs_evaluations=0)

    @classmethod
    def of(cls, simulation):
        return cls(slack=simulation.rtol)


@pytest.fixture
def resting(monkeypatch):
    """Two lines make a solver known by its name."""
    monkeypatch.setitem(simulate.SOLVERS, Resting.name, Resting)
    SOLVER_NAMES.append(Resting.name)
    yield
    SOLVER_NAMES.remove(Resting.name)


@pytest.mark.usefixtures("resting")
def test_a_solver_added_is_known_to_simulate_files_and_command_line(tmp_path):
    trajectory = natrium.simulate(NA, STEP, t_end=10.0, solver="resting", slack=2.0)
    assert (trajectory.solver, trajectory.made_by) == ("resting", Resting(slack=2.0))
    assert trajectory.manifest["settings"] == {"slack": 2.0}
    assert trajectory.state([0.0, 5.0, 10.0])[0].tolist() == [-70.0] * 3
    assert np.isnan(trajectory.spike_time_errors).all()
    simulation = natrium.Simulation(t_end=10.0, solver="resting", rtol=1e-3)
    natrium.Model(neuron=NA, stimulus=STEP, simulation=simulation).save(tmp_path / "model.toml")
    model = natrium.load(tmp_path / "model.toml")
    assert natrium.run(model).made_by == Resting(slack=1e-3)
    done = CliRunner().invoke(app, ["run", str(tmp_path / "model.toml"), "--json"])
    assert json.loads(done.stdout)["solver"] == "resting"
    other = CliRunner().invoke(app, ["run", str(tmp_path / "model.toml"), "--solver", "event", "--json"])
    assert json.loads(other.stdout)["solver"] == "event"
    with pytest.raises(natrium.UnsupportedModel, match="EventDriven"):
        natrium.simulate(
            natrium.HybridNeuron(equations={"V": 0.0}, initial={"V": 0.0}), t_end=1.0, solver="resting"
        )
    sweep = ["sweep", str(tmp_path / "model.toml"), "--grid", "g_Na=1,2", "--out", str(tmp_path / "x.nc")]
    swept = CliRunner().invoke(app, [*sweep, "--solver", "resting", "--json"])
    assert json.loads(swept.stdout)["n_runs"] == 2, swept.output
    runs = natrium.simulate_many(NA, STEP, t_end=10.0, parameters={"g_Na": [1.0, 2.0]}, solver="resting")
    assert runs.counts.tolist() == [0, 0]


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize(
    "span", [{"t_end": math.nan}, {"t_end": math.inf}, {"t_end": 0.0}, {"t_end": -1.0}, {"t_end": "1"},
             {"t_end": 5.0, "t_start": 5.0}, {"t_end": 5.0, "t_start": math.nan}, {"t_end": True}],
)  # fmt: skip
def test_a_span_must_run_forward_in_finite_time(name, span):
    with pytest.raises(natrium.ModelError, match=r"t_end|t_start"):
        SOLVERS[name][0].solve(LIF, **span)


@pytest.mark.parametrize("name", SOLVERS)
def test_what_is_no_neuron_or_no_stimulus_is_refused(name):
    solver = SOLVERS[name][0]
    with pytest.raises(natrium.ModelError, match="must be a Neuron, got dict"):
        solver.solve({"tau_m": 10.0}, t_end=1.0)
    for wrong in (10.0, "step", [natrium.Constant(1.0), 3.0]):
        with pytest.raises(natrium.StimulusError, match="Stimulus"):
            solver.solve(LIF, wrong, t_end=1.0)


def test_what_only_looks_like_a_neuron_is_told_what_it_lacks():
    members = {name: getattr(LIF, name) for name in dir(LIF) if not name.startswith("_")}
    alike = type("Alike", (), members)()
    for ask in (
        lambda: natrium.simulate(alike, t_end=1.0),
        lambda: natrium.Model(neuron=alike),
    ):
        with pytest.raises(natrium.ModelError, match="must be of an attrs class, got Alike: decorate it"):
            ask()


class Plain:
    """A solver that is no more than its method."""

    def __init__(self, rtol):
        """Take a setting."""
        self.rtol = rtol

    def solve(self, neuron, stimulus=None, *, t_start=0.0, t_end):
        """Run a neuron."""
        return natrium.EventDriven(rtol=self.rtol).solve(neuron, stimulus, t_start=t_start, t_end=t_end)


def test_any_object_that_solves_carries_many_runs():
    many = natrium.simulate_many(LIF, t_end=50.0, parameters={"I": [10.0, 20.0]}, solver=Plain(1e-6))
    assert many.counts.tolist() == [0, 3]
    assert (many.manifest["solver"], many.manifest["settings"]) == ("Plain", {"rtol": 1e-6})


@pytest.mark.parametrize("name", SOLVERS)
def test_several_stimuli_are_their_sum(name):
    solver = SOLVERS[name][0]
    several = solver.solve(LIF, [natrium.Constant(12.0), natrium.Constant(8.0)], t_end=50.0)
    one = solver.solve(LIF, natrium.Constant(20.0), t_end=50.0)
    np.testing.assert_allclose(several.spike_times, one.spike_times, rtol=0.0, atol=1e-12)
    assert solver.solve(LIF, t_end=50.0).n_spikes == 0  # none at all is no input


@pytest.mark.parametrize("solver", list(SOLVERS))
def test_a_model_file_runs_as_it_says(solver):
    simulation = natrium.Simulation(t_start=3.0, t_end=50.0, solver=solver, dt=0.1, rtol=1e-7, method="RK45")
    model = natrium.Model(neuron=LIF, stimulus=natrium.Constant(20.0), simulation=simulation)
    run = natrium.run(model)
    assert (run.solver, run.t_start, run.t_end) == (solver, 3.0, 50.0)
    assert run.n_spikes == 3
    made = solver_of(simulation)
    assert run.made_by == made
    if solver == "event":
        assert (made.rtol, made.method) == (1e-7, "RK45")


def test_a_model_may_be_run_by_another_solver_than_its_own():
    model = natrium.notebook.lif_na()
    run = natrium.run(model, natrium.EventDriven())
    assert run.solver == "event"
    assert run.spike_times[0] == pytest.approx(40.948476902, abs=6e-9)


def test_a_model_without_an_end_says_where_to_give_it():
    model = natrium.Model(neuron=LIF)
    with pytest.raises(natrium.ModelError, match="t_end"):
        natrium.run(model)
    ended = attrs.evolve(model, simulation=natrium.Simulation(t_end=1.0))
    assert natrium.run(ended).t_end == 1.0
