"""What is done after each step of a piece: calls are counted, and the other method is asked for."""

from types import SimpleNamespace

from natrium.solvers.event_driven.inspector import Inspector


def test_each_step_s_calls_are_spent_once_and_the_switch_is_told_how_many_steps_there_were() -> None:
    spent, counts = [], []
    budget = SimpleNamespace(spend=lambda calls, t: spent.append((calls, t)))

    def is_due(step, count):
        counts.append(count)
        return count == 3

    inspect = Inspector(budget, 10.0, None, None, SimpleNamespace(is_due=is_due))
    piece = SimpleNamespace(handover=False)
    for nfev, t in ((12, 0.5), (24, 1.5), (48, 2.0)):
        assert not piece.handover
        assert inspect(SimpleNamespace(nfev=nfev, t=t, y=None, piece=piece)) is None
    assert piece.handover
    assert counts == [1, 2, 3]
    assert spent == [(12, 10.5), (12, 11.5), (24, 12.0)]
