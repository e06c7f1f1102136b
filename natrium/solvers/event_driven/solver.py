"""The event-driven solver: SciPy's `solve_ivp`, piece by smooth piece, spikes located to the digits asked."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import attrs
import numpy as np

from natrium.model import METHODS, Choice, Number, Optional, Simulation, as_float
from natrium.model.arrays import Array
from natrium.solvers.base import BaseSolver, Run
from natrium.solvers.closed_form import decide, estimate_errors
from natrium.solvers.flags import RunFlag
from natrium.solvers.limits import Limits
from natrium.solvers.trajectory import Trajectory


@attrs.frozen(kw_only=True)
class EventDriven(BaseSolver):
    """Solve with every spike located to the digits asked for.

    Time is cut into smooth pieces at the stimulus' edges and at the ends of refractory periods. Each
    is one `scipy.integrate.solve_ivp` call in its own time, in u = V - v_thresh. Each step's
    polynomial is searched for its first threshold crossing in Bernstein form, which proves where
    there is none; the crossing is polished by true steps of the method.

    Parameters
    ----------
    method : {"auto", "DOP853", "RK45", "Radau", "Radau13"}
        ``auto``: DOP853, going on with Radau13 where the model is stiff; that is Radau IIA of order 13, Radau
        SciPy's of order 5.
    rtol : float
        Relative tolerance of each step, on u in mV and on the gates.
    atol : float, optional
        Absolute tolerance on u (mV) and on the gates; by default `rtol` on u and `rtol`/100 on gates.
    step_scale : float
        Shortens the longest step that a smooth piece and the input's features in it allow (its length, a
        third of a sine's period, ...); the error estimate of spike times solves again with half of it.
    limits : Limits
        Budgets that end a run-away run.

    References
    ----------
    .. [1] E. Hairer, S. P. Norsett, G. Wanner, "Solving Ordinary Differential Equations I", 2nd ed.
       (1993), sec. II.5, II.6; "II" (1996), sec. IV.8. https://doi.org/10.1007/978-3-540-78862-1
    .. [2] L. F. Shampine, S. Thompson, "Event location for ordinary differential equations",
       Comput. Math. Appl. 39 (2000) 43-54. https://doi.org/10.1016/S0898-1221(00)00045-6
    """

    name: ClassVar[str] = "event"
    any_equations: ClassVar[bool] = True
    takes_kicks: ClassVar[bool] = True

    method: Literal["auto", "RK45", "DOP853", "Radau", "Radau13"] = attrs.field(
        default="auto", validator=Choice(METHODS)
    )
    rtol: float = attrs.field(default=1e-9, converter=as_float, validator=Number("", 0.0, 0.1, open_low=True))
    atol: float | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(as_float),
        validator=Optional(Number("", 0.0, open_low=True)),
    )
    step_scale: float = attrs.field(
        default=1.0, converter=as_float, validator=Number("", 0.0, 1.0, open_low=True)
    )
    limits: Limits = attrs.field(factory=Limits)

    def _solve(self, run: Run) -> Trajectory:
        """Go piece by piece."""
        # SciPy's solvers are a large import, for runs only.
        from natrium.solvers.event_driven.course import Course

        course = Course(self, run)
        with np.errstate(all="ignore"):  # of trial steps, which are then rejected
            course.carry_through()
        exact = decide(run, self.limits) if course.grazes else None
        return run.trajectory(
            self,
            course.segments if exact is None else exact.segments,
            course.events if exact is None else exact.events,
            method=self.method,
            rhs_evaluations=course.budget.calls,
            flags=RunFlag.GRAZE if course.grazes else RunFlag(0),
            warnings=course.warnings(exact),
            statistics={"steps": dict(course.steps), "pieces": course.pieces} | course.at_steady_state,
        )

    @classmethod
    def of(cls, simulation: Simulation) -> Self:
        """Make the solver that a model file's [simulation] asks for."""
        return cls(method=simulation.method, rtol=simulation.rtol, atol=simulation.atol)

    def spike_time_errors(self, trajectory: Trajectory) -> Array:
        """Estimate the error of every spike time of a run, shape (n_spikes,), ms."""
        return estimate_errors(trajectory)
