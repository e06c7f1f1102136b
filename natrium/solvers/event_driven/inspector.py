"""What is done after every step of a smooth piece."""

from __future__ import annotations

from collections.abc import Callable

from natrium.model.arrays import Array
from natrium.solvers.event_driven.crossing import BranchSearch, Search
from natrium.solvers.event_driven.steppers import Stepper, TrueStep
from natrium.solvers.event_driven.stiffness import Switch
from natrium.solvers.limits import Spending


class Inspector:
    """Keeps the budget, searches for a crossing, watches for stiffness.

    Parameters
    ----------
    budget : Spending
    begin : float
        Of the piece, ms since the start.
    search : Search, optional
        For V at the threshold.
    branches : BranchSearch, optional
    switch : Switch
    holds : callable, optional
        Tells of a state whether the flow may go on as it is.
    """

    def __init__(
        self,
        budget: Spending,
        begin: float,
        search: Search | None,
        branches: BranchSearch | None,
        switch: Switch,
        holds: Callable[[Array], bool] | None = None,
    ) -> None:
        self.budget, self.begin, self.search, self.branches = budget, begin, search, branches
        self.switch, self.holds = switch, holds
        self.seen = self.count = 0
        self.turned = False  # whether a branch changed its side, before V met the threshold
        self.left = False  # whether the flow may not go on as it is

    def __call__(self, step: Stepper) -> TrueStep | None:
        """Look at a step just made; give the part of it up to an event."""
        found = self.search(step) if self.search else None
        turn = self.branches(step) if self.branches else None
        if turn is not None and (found is None or turn.h < found.h):
            found, self.turned = turn, True
        self.budget.spend(step.nfev - self.seen, self.begin + step.t)
        self.seen = step.nfev
        self.count += 1
        if found is None and self.holds is not None and not self.holds(step.y):
            self.left = step.piece.handover = True
        elif found is None and self.switch.is_due(step, self.count):
            step.piece.handover = True
        return found
