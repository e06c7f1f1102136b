"""Faults planted in live classes: each is named with its line, and none where there is none."""

import pytest

from natrium.analysis.doctor import diagnose
from tests.analysis.doctor import zoo
from tests.analysis.doctor.test_diagnose import MODELS, comparison_of, keys
from tests.analysis.doctor.test_objects import examined, told


def expected(fault, base):
    known = zoo.MEMBRANE | zoo.CHANNEL | zoo.ONE_CHANNEL
    known |= zoo.TWO_CHANNELS if base == "lif_na2" else {}
    key, *lines = known[fault]
    return {(key, line) for line in lines}


SINGLE = [
    *((fault, base, "membrane") for fault in zoo.MEMBRANE for base in ("lif", "short")),
    *((fault, base, "channel") for fault in zoo.CHANNEL for base in ("short", "lif_na2")),
    *((fault, "short", "channel") for fault in zoo.ONE_CHANNEL),
    *((fault, "lif_na2", "channel") for fault in zoo.TWO_CHANNELS),
]
# At dt = 1 ms the step and the millisecond are the same.
SINGLE.remove((zoo.WholeMilliseconds, "lif", "membrane"))


@pytest.mark.parametrize(
    ("fault", "base"),
    [one[:2] for one in SINGLE],
    ids=[f"{where}-{fault.__name__}-{base}" for fault, base, where in SINGLE],
)
def test_a_fault_alone_is_named_with_its_line(fault, base):
    reading = examined(zoo.planted(fault, base), base)
    assert told(reading) == expected(fault, base)
    for one in reading.faults:
        assert f"line {one.line} (`" in one.said.lower()


@pytest.mark.parametrize("fault", zoo.ORDERED)
def test_another_order_is_a_rule_that_is_told(fault):
    base = "short" if fault is zoo.GatesAfterV else "lif_short"
    reading = examined(zoo.planted(fault, base), base)
    assert reading.faults == ()
    assert zoo.ORDERED[fault] in told(reading, "rules")
    if fault is zoo.GatesAfterV:
        assert "in the order self.v, self.channels[0].a, self.channels[0].b" in reading.scheme.words


@pytest.mark.parametrize("cell", zoo.RULES, ids=[cell.__name__ for cell in zoo.RULES])
def test_an_honest_variation_has_no_fault_and_its_scheme_is_named(cell):
    base, scheme = zoo.RULES[cell]
    base = "short" if base == "lif_na" else base
    reading = diagnose(cell, MODELS[base], comparison=comparison_of(base))
    assert reading.faults == ()
    assert {scheme, "grid"} <= set(keys(reading, "rules")) <= {scheme, "grid", "refractory-count"}
    assert reading.reproduced_until is None
    if reading.twin is not None:
        assert reading.twin.difference < 1e-9
        assert reading.budget is not None or not reading.spike_times.size
    else:
        assert scheme == "rush-larsen"


PAIRS = [
    ("short", (zoo.LeakSign, zoo.OneStepLong)),
    ("short", (zoo.WrongThreshold, zoo.GatesMoving)),
    ("short", (zoo.GainByTen, zoo.Squared)),
    ("lif_na2", (zoo.LastTwice, zoo.ResetElsewhere)),
    ("lif_na2", (zoo.HalfLeak, zoo.OneStepShort)),
    ("short", (zoo.Squared, zoo.GatesTwice)),
    ("lif", (zoo.InputSign, zoo.NoRefractory)),
]


@pytest.mark.parametrize(
    ("base", "faults"), PAIRS, ids=["-".join(f.__name__ for f in faults) for _, faults in PAIRS]
)
def test_two_faults_are_both_named(base, faults):
    reading = examined(zoo.planted(faults[0], base, faults[1]), base)
    assert told(reading) == expected(faults[0], base) | expected(faults[1], base)


def test_a_forgotten_dt_comes_before_all_else():
    reading = examined(zoo.planted(zoo.ForgottenDt, "lif", zoo.OneStepShort), "lif")
    assert told(reading) == expected(zoo.ForgottenDt, "lif")


@pytest.mark.parametrize(
    ("fault", "base", "rule"),
    [(zoo.NoLeak, "short", zoo.GatesAfterV), (zoo.WrongTau, "lif", zoo.StrictThreshold)],
)
def test_a_fault_is_named_beside_a_rule(fault, base, rule):
    reading = examined(zoo.planted(fault, base, rule), base)
    assert told(reading) == expected(fault, base)
    assert zoo.ORDERED[rule] in told(reading, "rules")
