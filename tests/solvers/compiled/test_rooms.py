"""Rooms of single runs: one after another in the same memory, and in the end worth faster code."""

import tracemalloc

import numpy as np
import pytest

import natrium
from natrium.solvers.compiled import engine
from natrium.solvers.compiled.rooms import MOST_ROOMS, Rooms
from natrium.solvers.compiled.taylor.lowering import native_step
from tests.solvers.cases import NA
from tests.solvers.compiled.test_solver import INPUTS, LIF, compiled


def test_a_run_is_left_alone_by_those_after_it():
    """Single runs take turns in one place of memory."""
    times = np.linspace(0.0, 60.0, 301)
    first = compiled(NA, INPUTS["step"], 60.0)
    seen = first.state(times), first.spike_times.copy()
    for level in (5.0, 30.0):
        compiled(NA, natrium.Constant(level), 60.0)
    np.testing.assert_array_equal(first.state(times), seen[0])
    np.testing.assert_array_equal(first.spike_times, seen[1])
    np.testing.assert_array_equal(compiled(NA, INPUTS["step"], 60.0).state(times), seen[0])


@pytest.fixture
def asked(monkeypatch):
    """Give whether each step that is compiled is to be made soon, with rooms of the test's own."""
    found = []

    def native(system, width, order, *, quick=False, **options):
        found.append(quick)
        return native_step(system, width, order, quick=quick, **options)

    monkeypatch.setattr(engine, "native_step", native)
    monkeypatch.setattr(engine, "_ROOMS", Rooms())
    return found


def test_a_run_that_turns_out_long_goes_on_with_faster_code_to_the_same_bits(monkeypatch, asked):
    whole = compiled(NA, INPUTS["step"], 60.0)
    assert asked == [True]
    monkeypatch.setattr(engine, "TURNS", 10)
    for _ in range(2):
        again = compiled(NA, INPUTS["step"], 60.0)
        np.testing.assert_array_equal(again.spike_times, whole.spike_times)
        np.testing.assert_array_equal(again.state(again.t_end), whole.state(whole.t_end))
        assert asked == [True, False]


def test_many_short_runs_are_worth_what_a_long_one_is(monkeypatch, asked):
    whole = compiled(NA, INPUTS["step"], 60.0)
    steps = whole.statistics["steps"]["Taylor"]
    monkeypatch.setattr(engine, "TURNS", 4 * steps)
    for number in range(2, 8):
        again = compiled(NA, INPUTS["step"], 60.0)
        np.testing.assert_array_equal(again.spike_times, whole.spike_times)
        np.testing.assert_array_equal(again.state(again.t_end), whole.state(whole.t_end))
        assert asked == ([True] if number <= 5 else [True, False])


def test_the_memory_of_single_runs_is_bounded():
    for order in range(8, 30):
        compiled(LIF, natrium.Constant(20.0), 20.0, order=order)
    assert len(engine._ROOMS.known) <= MOST_ROOMS
    assert compiled(LIF, natrium.Constant(1e4), 3000.0).n_spikes > engine.ROOM
    assert all(len(room.out.record) <= engine.ROOM for room in engine._ROOMS.known.values())


def test_a_long_run_keeps_no_more_than_its_steps():
    compiled(NA, natrium.Constant(10.0), 20.0)
    tracemalloc.start()
    try:
        run = compiled(NA, natrium.Constant(10.0), 10_000.0)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    order, n_steps = int(run.method.split()[-1]), run.statistics["steps"]["Taylor"]
    assert n_steps > engine.ROOM
    assert kept < 1.1 * 8 * n_steps * (len(run.names) * (order + 1) + 5)
