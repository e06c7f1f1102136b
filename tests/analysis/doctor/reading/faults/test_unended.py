"""Events that end no run."""

import pytest

from tests.analysis.doctor.written import taken

CELL = """
from scipy.integrate import solve_ivp
def rhs(t, y, drive):
    return [(drive - y[0]) / 10.0]
def over(t, y, drive=0.0):
    return y[0] - 1.0
over.terminal = True
sol = solve_ivp(rhs, (0.0, 30.0), [0.0], args=(0.9,), events={event}, max_step=0.5)
"""


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ("lambda t, y, drive: over(t, y)", 8),
        ("[lambda t, y, _: y[0] - 2.0, lambda t, y, drive: over(t, y, drive)]", 8),
        ("over", 0),
        ("lambda t, y, drive: y[0] - 1.0", 0),
    ],
)
def test_a_lambda_is_not_terminal_for_what_it_calls(tmp_path, event, line):
    found = [one for one in taken(tmp_path, CELL.format(event=event)).faults if one.key == "event-endless"]
    assert [one.line for one in found] == ([line] if line else [])
