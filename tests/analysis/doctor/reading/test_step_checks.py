"""Steps that no model means: the line of each that is told."""

import pytest

from tests.analysis.doctor.written import taken

LEAKY = """
dt = 0.1
t_ref, E = 2.0, -70.0
tau = 20.0
v, wait = E, 0
for k in range(400):
    if wait > 0:
        wait -= 1
        continue
    v += dt * (E - v + 25.0) / tau
    if v > -55.0:
        v = E
        wait = round(t_ref / dt)
"""


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, []),
        ({"tau = 20.0": "tau = 0.02"}, [4]),  # the step goes with the refractory time
        ({"tau = 20.0": "tau = 0.02", "2.0, -70.0": "0.002, -0.07", "25.0": "0.025", "-55.0": "-0.055"}, [2]),
        ({"tau = 20.0": "tau = 2.0 * 0.01"}, [4]),
        ({"tau\n": "0.02\n"}, [10]),  # a number has no line but that of the step
    ],
)
def test_a_time_in_another_unit_is_told_where_it_is_given(tmp_path, changes, lines):
    text = LEAKY
    for old, new in changes.items():
        text = text.replace(old, new)
    assert [one.line for one in taken(tmp_path, text).faults] == lines
