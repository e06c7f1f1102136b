"""A whole model: neuron, stimuli and simulation; and the errors' family."""

import math
from typing import Any

import attrs
import pytest

import natrium
from natrium.model.simulation import METHODS, SOLVERS


def test_errors_are_one_family() -> None:
    for error, base in (
        (natrium.ModelError, ValueError), (natrium.StimulusError, ValueError),
        (natrium.SolverError, RuntimeError),
        (natrium.TooManySpikes, natrium.SolverError), (natrium.StepLimit, natrium.SolverError),
        (natrium.UnsupportedModel, natrium.SolverError),
    ):  # fmt: skip
        assert issubclass(error, base)
        assert issubclass(error, natrium.NatriumError)
    assert not issubclass(natrium.StimulusError, natrium.ModelError)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"t_start": math.nan}, "t_start must be finite, got nan ms"),
        ({"t_start": "0"}, r"t_start must be a number, got '0' \(str\)"),
        ({"t_start": None}, "t_start must be a number, got None"),
        ({"t_end": math.inf}, "t_end must be finite, got inf ms"),
        ({"t_end": 0.0}, r"t_end must be after t_start \(0.0 ms\), got 0.0 ms"),
        ({"t_start": 10, "t_end": 0}, r"t_end must be after t_start \(10.0 ms\), got 0.0 ms"),
        ({"solver": "euler"}, "solver must be one of 'event', 'script', 'closed-form'.*, got 'euler'"),
        ({"solver": None}, "solver must be one of"),
        ({"solver": "script"}, "solver 'script' needs a time step, got no dt: give dt in ms"),
        (
            {"method": "rk45"},
            "method must be one of 'auto', 'RK45', 'DOP853', 'Radau', 'Radau13', got 'rk45'",
        ),
        ({"rtol": 0}, r"rtol must be within \(0, 0.1\], got 0.0"),
        ({"rtol": 0.11}, r"rtol must be within \(0, 0.1\], got 0.11"),
        ({"rtol": None}, "rtol must be a number, got None"),
        ({"rtol": math.nan}, "rtol must be finite"),
        ({"atol": 0.0}, "atol must be positive, got 0.0"),
        ({"atol": -1e-9}, "atol must be positive, got -1e-09"),
        ({"dt": 0.0}, "dt must be positive, got 0.0 ms"),
        ({"dt": True}, "dt must be a number, got True"),
    ],
)
def test_simulation_refuses(options: dict[str, Any], message: str) -> None:
    with pytest.raises(natrium.ModelError, match=message):
        natrium.Simulation(**options)


def test_simulation_has_its_defaults() -> None:
    simulation = natrium.Simulation()
    assert (simulation.t_start, simulation.t_end, simulation.solver, simulation.method) == (
        0.0,
        None,
        "event",
        "auto",
    )
    assert (simulation.rtol, simulation.atol, simulation.dt) == (1e-9, None, None)
    assert type(natrium.Simulation(t_start=1, t_end=2, dt=1).t_end) is float
    with pytest.raises(TypeError):
        natrium.Simulation(0.0, 100.0)  # type: ignore[misc]  # its fields have no order


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("method", METHODS)
def test_every_solver_and_method_is_taken(solver: Any, method: Any) -> None:
    simulation = natrium.Simulation(solver=solver, method=method, dt=0.1)
    assert (simulation.solver, simulation.method) == (solver, method)


def test_model_takes_one_stimulus_several_or_none() -> None:
    neuron, step, sine = natrium.Neuron(), natrium.Step(1.0), natrium.Sine(1.0, 2.0)
    assert natrium.Model(neuron=neuron).stimulus == natrium.Sum()
    assert natrium.Model(neuron=neuron, stimulus=step).stimulus == natrium.Sum([step])
    assert natrium.Model(neuron=neuron, stimulus=[step, sine]) == natrium.Model(
        neuron=neuron, stimulus=step + sine
    )
    assert natrium.Model(neuron=neuron).simulation == natrium.Simulation()


def test_model_is_frozen_equal_and_hashable() -> None:
    model = natrium.notebook.lif_na()
    assert model == attrs.evolve(model)
    assert hash(model) == hash(attrs.evolve(model))
    assert model != attrs.evolve(model, stimulus=None)
    assert len({model, attrs.evolve(model), natrium.notebook.lif()}) == 2
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        model.neuron = natrium.Neuron()  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"neuron": 5}, (natrium.ModelError, TypeError)),
        ({"neuron": natrium.Neuron}, (natrium.ModelError, TypeError)),
        ({"neuron": natrium.Neuron(), "simulation": {"t_end": 1.0}}, (natrium.ModelError, TypeError)),
        ({"neuron": natrium.Neuron(), "stimulus": 10.0}, natrium.StimulusError),
        ({"neuron": natrium.Neuron(), "stimulus": [10.0]}, natrium.StimulusError),
        ({}, TypeError),
    ],
)
def test_model_refuses_other_parts(parts: dict[str, Any], error: Any) -> None:
    with pytest.raises(error):
        natrium.Model(**parts)
