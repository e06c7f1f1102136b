"""When the other method takes over."""

import math
from types import SimpleNamespace

import pytest

from natrium.solvers.event_driven.stiffness import LOOK_IMPLICIT, Switch


@pytest.mark.parametrize(("stability", "left"), [(6.0, 0.5), (6.0, 0.0), (math.inf, 0.0)])
def test_nothing_is_looked_at_where_little_of_a_piece_is_left(stability: float, left: float) -> None:
    step = SimpleNamespace(stability=stability, step_length=1.0, t=1e6, t_bound=1e6 + left, y=None)
    switch = Switch(True)
    switch.jac = lambda t, y: pytest.fail("the Jacobian is asked for")
    assert not switch.is_due(step, LOOK_IMPLICIT)
