"""When the other method takes over."""

from types import SimpleNamespace

import pytest

from natrium.solvers.event_driven.stiffness import LOOK_EXPLICIT, Switch


def test_nothing_is_looked_at_where_little_of_a_piece_is_left() -> None:
    step = SimpleNamespace(stability=6.0, step_length=1.0, t=1e6, t_bound=1e6 + 0.5, y=None)
    switch = Switch(True)
    switch.jac = lambda t, y: pytest.fail("the Jacobian is asked for")
    assert not switch.is_due(step, LOOK_EXPLICIT)
