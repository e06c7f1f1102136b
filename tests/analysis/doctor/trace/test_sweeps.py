"""Of a sweep that is too long to be traced, some runs from all over it are; of several loops, each."""

import pytest

from natrium.analysis.doctor.trace import trace_all

SWEEP = """
dt, tau, rates = 0.5, 10.0, []
{before}
for I in (0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 21.0, 24.0, 27.0):
    v, n = -65.0, 0
    for k in range(200):
        v += dt / tau * (-65.0 - v + I)
        if v >= -50.0:
            v = -65.0
            n += 1
    rates.append(n)
{after}
"""
TWO = """
dt, tau = 0.5, 10.0
def free(n):
    v, vs = -65.0, []
    for k in range(n):
        v += dt / tau * (-65.0 - v + 20.0)
        vs.append(v)
    return vs
def firing(n):
    v, vs = -65.0, []
    for k in range(n):
        v += dt / tau * (-65.0 - v + 20.0)
        if v >= -50.0:
            v = -65.0
        vs.append(v)
    return vs
free(900)
firing(900)
"""


def traced(tmp_path, text, steps=450):
    path = tmp_path / "script.py"
    path.write_text(text)
    return trace_all(path, max_steps=steps, max_operations=20 * steps)


def test_runs_from_all_over_a_sweep_are_traced(tmp_path):
    (record,) = traced(tmp_path, SWEEP.format(before="", after=""))
    assert not record.fallback
    assert record.runs == (10, 10)
    assert len(record.steps) == 2
    assert record.turns == 200


@pytest.mark.parametrize("after", ["rates[9]", "assert len(rates) == 10"])
def test_what_wants_all_runs_gets_them(tmp_path, after):
    (record,) = traced(tmp_path, SWEEP.format(before="", after=after))
    assert not record.fallback
    assert record.runs == (1, 10)
    assert record.ended == ("", 0)


def test_a_sweep_that_is_short_enough_is_traced_as_it_is(tmp_path):
    (record,) = traced(tmp_path, SWEEP.format(before="", after=""), 2100)
    assert record.whole
    assert record.runs == (7, 10)


def test_each_of_two_loops_has_its_budget(tmp_path):
    records = traced(tmp_path, TWO)
    assert [len(one.steps) for one in records] == [1, 2]
    assert not any(one.fallback for one in records)
