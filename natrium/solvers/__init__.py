"""How a neuron moves: solvers that all satisfy one protocol and give one kind of trajectory."""

from natrium.solvers.base import Solver
from natrium.solvers.closed_form import ClosedForm
from natrium.solvers.event_driven import EventDriven
from natrium.solvers.fixed_step import FixedStep
from natrium.solvers.limits import Limits
from natrium.solvers.simulate import run, simulate, solver_of
from natrium.solvers.trajectory import Event, Segment, Trajectory

__all__ = [
    "ClosedForm",
    "Event",
    "EventDriven",
    "FixedStep",
    "Limits",
    "Segment",
    "Solver",
    "Trajectory",
    "run",
    "simulate",
    "solver_of",
]
