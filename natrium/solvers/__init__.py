"""How a neuron moves: solvers that all satisfy one protocol and give one kind of trajectory."""

from natrium.solvers.accurate import accurate
from natrium.solvers.base import Solver
from natrium.solvers.closed_form import ClosedForm
from natrium.solvers.compiled.solver import Compiled
from natrium.solvers.ensembles.ensemble import Ensemble
from natrium.solvers.ensembles.schedule import Schedule, solve_chunk
from natrium.solvers.ensembles.simulate_many import simulate_many
from natrium.solvers.event_driven.solver import EventDriven
from natrium.solvers.fixed_step.solver import FixedStep
from natrium.solvers.limits import Limits
from natrium.solvers.runs import Chunk, Runs, one_by_one
from natrium.solvers.simulate import run, simulate, solver_of
from natrium.solvers.trajectory import Event, Segment, Trajectory

__all__ = [
    "Chunk",
    "ClosedForm",
    "Compiled",
    "Ensemble",
    "Event",
    "EventDriven",
    "FixedStep",
    "Limits",
    "Runs",
    "Schedule",
    "Segment",
    "Solver",
    "Trajectory",
    "accurate",
    "one_by_one",
    "run",
    "simulate",
    "simulate_many",
    "solve_chunk",
    "solver_of",
]
