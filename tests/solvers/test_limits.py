"""Budgets: what is spent, what is foreseen, and what is said."""

import numpy as np
import pytest

import natrium
from natrium.solvers.limits import Spending


def fire(budget, times):
    for count, time in enumerate(times, start=1):
        try:
            budget.spike(time)
        except natrium.TooManySpikes as error:
            return count, str(error)
    return None, ""


def test_as_many_spikes_as_allowed_and_no_more():
    budget = Spending(natrium.Limits(max_spikes=100), duration=100.0)
    count, said = fire(budget, np.arange(1.0, 200.0))
    assert count == 101
    assert "at most 100 spikes" in said
    assert "101 ms" in said


def test_a_hopeless_rate_ends_long_before_the_budget_is_spent():
    budget = Spending(natrium.Limits(max_spikes=1_000_000), duration=1.0)
    count, said = fire(budget, np.arange(1, 10_000) * 1e-8)  # 1e8 in all
    assert count <= 100
    assert "far too fast" in said


@pytest.mark.parametrize("times_over", [3.0, 9.0])
def test_a_steady_rate_that_will_not_fit_ends_within_a_tenth_of_the_budget(times_over):
    # A million spikes cost minutes: an even train that is bound to break the budget must not spend it first.
    allowed = 100_000
    budget = Spending(natrium.Limits(max_spikes=allowed), duration=1.0)
    count, _ = fire(budget, np.arange(1, allowed + 2) / (times_over * allowed))
    assert count is not None
    assert count <= allowed // 10


def test_a_burst_in_a_quiet_run_is_let_through():
    budget = Spending(natrium.Limits(max_spikes=1000), duration=1000.0)
    times = np.concatenate([np.arange(40) * 1e-6, np.arange(1.0, 900.0)])
    assert fire(budget, times) == (None, "")
    assert budget.spikes == 939


def spend(budget, calls, pace, rounds):
    for number in range(1, rounds + 1):
        try:
            budget.spend(calls, number * pace)
        except natrium.StepLimit as error:
            return number, str(error)
    return None, ""


def test_as_many_calls_as_allowed_and_no_more():
    budget = Spending(natrium.Limits(max_rhs_evaluations=1000), duration=1.0)
    number, said = spend(budget, 100, 0.01, 20)
    assert number == 11
    assert budget.calls == 1100
    assert "at most 1000 right-hand-side calls" in said
    assert "of 1 ms" in said


def test_a_hopeless_pace_ends_long_before_the_budget_is_spent():
    budget = Spending(natrium.Limits(), duration=1000.0)
    number, said = spend(budget, 1000, 1e-9, 100_000)
    assert number is not None
    assert budget.calls < 0.05 * natrium.Limits().max_rhs_evaluations
    assert "calls brought it only" in said


def test_a_fair_pace_is_let_through():
    budget = Spending(natrium.Limits(max_rhs_evaluations=10_000_000), duration=1.0)
    assert spend(budget, 100_000, 0.012, 90) == (None, "")


@pytest.mark.parametrize("wrong", [{"max_spikes": 0}, {"max_spikes": 1.5}, {"max_rhs_evaluations": True}])
def test_limits_are_checked(wrong):
    with pytest.raises(natrium.ModelError, match=next(iter(wrong))):
        natrium.Limits(**wrong)
