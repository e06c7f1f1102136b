"""How a neuron moves: solvers that all satisfy one protocol and give one kind of trajectory."""

from natrium.solvers.accurate import accurate as accurate
from natrium.solvers.base import Solver as Solver
from natrium.solvers.closed_form import ClosedForm as ClosedForm
from natrium.solvers.compiled.solver import Compiled as Compiled
from natrium.solvers.ensembles.ensemble import Ensemble as Ensemble
from natrium.solvers.ensembles.schedule import Schedule as Schedule
from natrium.solvers.ensembles.schedule import solve_chunk as solve_chunk
from natrium.solvers.ensembles.simulate_many import simulate_many as simulate_many
from natrium.solvers.event_driven.solver import EventDriven as EventDriven
from natrium.solvers.fixed_step.solver import FixedStep as FixedStep
from natrium.solvers.history import Event as Event
from natrium.solvers.history import Segment as Segment
from natrium.solvers.limits import Limits as Limits
from natrium.solvers.loading import load_run as load_run
from natrium.solvers.runs import Chunk as Chunk
from natrium.solvers.runs import Runs as Runs
from natrium.solvers.runs import solve_one_by_one as solve_one_by_one
from natrium.solvers.simulate import run as run
from natrium.solvers.simulate import simulate as simulate
from natrium.solvers.simulate import solver_of as solver_of
from natrium.solvers.trajectory import Trajectory as Trajectory
