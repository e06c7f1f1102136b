"""What all stimuli share: windows, edges, sums, and pieces that equal the pointwise formula."""

import math
import time
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import natrium
from natrium.model.stimuli.stimulus import Span, Stimulus, as_stimulus, smooth_spans
from tests.model.stimuli.inputs import inputs, pieces, pointwise, single, times

SPAN = (-30.0, 110.0)
KINDS = [
    natrium.Constant(3.0), natrium.Step(3.0), natrium.Ramp(0.5), natrium.Sine(3.0, 50.0, 1.0, 0.5),
    natrium.Gaussian(3.0, 20.0, 5.0),
    natrium.Samples([0.0, 30.0], [1.0, 2.0]), natrium.Formula("5 + sin(t)"),
    natrium.Custom(lambda t: 2.0 + t, 1.0),
    natrium.Noise(30.0, 1.0, tau=5.0, step=1.0, seed=1),
]  # fmt: skip


@given(single, times, st.booleans())
@settings(max_examples=400, deadline=None)
def test_value_is_the_definition(stimulus: Stimulus, t: float, strict: bool) -> None:
    assert stimulus(t, strict=strict) == pytest.approx(pointwise(stimulus, t, strict), rel=1e-12, abs=1e-10)


@given(inputs, st.lists(st.floats(0.0, 1.0, exclude_max=True), min_size=3, max_size=3))
@settings(max_examples=150, deadline=None)
def test_each_piece_is_the_input_there(stimulus: natrium.Sum, shares: list[float]) -> None:
    """From its begin up to, not at, its end, in the piece's own time."""
    cut = pieces(stimulus, *SPAN)
    begins, ends = [piece[0] for piece in cut], [piece[1] for piece in cut]
    assert begins[0] == SPAN[0]
    assert ends[-1] == SPAN[1]
    assert begins[1:] == ends[:-1]
    for begin, end, drive in cut:
        assert begin < end
        for s in (0.0, *(share * (end - begin) for share in shares)):
            if begin + s < end:
                assert drive(s) == pytest.approx(pointwise(stimulus, begin + s), rel=1e-9, abs=1e-7)


@given(inputs)
@settings(max_examples=100, deadline=None)
def test_pieces_are_smooth_inside(stimulus: natrium.Sum) -> None:
    """The left limit at a piece's end is the value just before it: no edge lies inside."""
    for begin, end, drive in pieces(stimulus, *SPAN):
        before = np.nextafter(end, -math.inf)
        if before > begin:
            assert drive(before - begin) == pytest.approx(stimulus(float(before)), rel=1e-9, abs=1e-7)


@given(inputs, st.floats(0.0, 1.0))
@settings(max_examples=100, deadline=None)
def test_span_gives_the_input_from_any_of_its_times_on(stimulus: natrium.Sum, share: float) -> None:
    """A time that rounding has put a hair outside counts as inside: no neighbour's input leaks in."""
    for span in smooth_spans(stimulus, *SPAN):
        t = min(span.begin + share * (span.end - span.begin), float(np.nextafter(span.end, -math.inf)))
        assert span.drive(t)(0.0) == pytest.approx(pointwise(stimulus, t), rel=1e-9, abs=1e-7)
        assert span.drive(span.begin - 1e-9)(0.0) == stimulus(span.begin)
        assert span.drive(span.end)(0.0) == span.drive(span.end + 1e-9)(0.0)
        assert span.drive(span.end)(0.0) == stimulus(float(np.nextafter(span.end, -math.inf)))


def test_spans_are_frozen_and_compare() -> None:
    step = natrium.Step(1.0, start=10.0)
    first, second = smooth_spans(step, 0.0, 20.0)
    assert (first, second) == (Span(step, 0.0, 10.0), Span(step, 10.0, 20.0))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        first.end = 11.0  # type: ignore[misc]  # the point of the test


@given(single, single, times, st.booleans())
@settings(max_examples=100, deadline=None)
def test_stimuli_add_up(one: Stimulus, two: Stimulus, t: float, strict: bool) -> None:
    expected = one(t, strict=strict) + two(t, strict=strict)
    assert (one + two)(t, strict=strict) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert (one + two).parts == (one, two)
    assert set((one + two).edges(*SPAN)) == {*one.edges(*SPAN), *two.edges(*SPAN)}


@pytest.mark.parametrize("stimulus", KINDS, ids=lambda s: type(s).__name__)
def test_window_is_half_open(stimulus: Stimulus) -> None:
    inside = attrs.evolve(stimulus, start=10.0, stop=20.0)
    for t, on, strictly_on in (
        (9.999, 0, 0),
        (10.0, 1, 0),
        (10.001, 1, 1),
        (19.999, 1, 1),
        (20.0, 0, 0),
        (20.001, 0, 0),
    ):
        assert inside.active(t) is bool(on)
        assert inside.active(t, strict=True) is bool(strictly_on)
        assert (inside(t) == 0.0) == (not on or (isinstance(stimulus, natrium.Ramp) and t == 10.0))
        assert (inside(t, strict=True) == 0.0) == (not strictly_on)
    assert {10.0, 20.0} <= set(inside.edges(0.0, 100.0))


@pytest.mark.parametrize("stimulus", KINDS, ids=lambda s: type(s).__name__)
def test_edge_that_is_not_given_does_not_bind(stimulus: Stimulus) -> None:
    for t in (-1e6, -1.0, 0.0, 5.0, 1e6):
        assert stimulus.active(t)
        assert stimulus.active(t, strict=True)
    assert attrs.evolve(stimulus, start=5.0).active(1e9)
    assert not attrs.evolve(stimulus, start=5.0).active(4.9)
    assert attrs.evolve(stimulus, stop=5.0).active(-1e9)
    assert not attrs.evolve(stimulus, stop=5.0).active(5.0)


@pytest.mark.parametrize("stimulus", KINDS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({"start": 5.0, "stop": 4.0}, r"stop must not be before start \(5.0 ms\), got 4.0 ms"),
        ({"start": math.nan}, "start must be finite, got nan ms"),
        ({"stop": math.inf}, "stop must be finite, got inf ms"),
        ({"start": "0"}, "start must be a number, got '0'"),
        ({"stop": True}, "stop must be a number, got True"),
    ],
)
def test_window_has_its_rules(stimulus: Stimulus, window: dict[str, Any], message: str) -> None:
    with pytest.raises(natrium.StimulusError, match=message):
        attrs.evolve(stimulus, **window)


def test_empty_window_is_allowed_and_silent() -> None:
    stimulus = natrium.Constant(5.0, start=3.0, stop=3.0)
    assert [stimulus(t) for t in (2.9, 3.0, 3.1)] == [0.0] * 3


@given(single)
@settings(max_examples=60, deadline=None)
def test_stimuli_are_frozen_equal_and_hashable(stimulus: Stimulus) -> None:
    same = attrs.evolve(stimulus)
    assert same == stimulus
    assert hash(same) == hash(stimulus)
    assert (
        attrs.evolve(
            stimulus,
            start=-1000.0,
            stop=None,
            **({"hold": False} if isinstance(stimulus, natrium.Ramp) else {}),
        )
        != stimulus
    )
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        stimulus.start = 1.0  # type: ignore[misc]  # the point of the test


def test_kinds_differ_even_with_equal_fields() -> None:
    assert natrium.Constant(1.0) != natrium.Step(1.0)


# --- sums ----------------------------------------------------------------------------------------


def test_no_stimulus_is_no_input() -> None:
    nothing = as_stimulus(None)
    assert nothing == natrium.Sum() == as_stimulus([])
    assert nothing(3.0) == 0.0
    assert [(begin, end) for begin, end, _ in pieces(nothing, 0.0, 7.0)] == [(0.0, 7.0)]
    assert pieces(nothing, 0.0, 7.0)[0][2].is_constant


def test_sums_are_flat() -> None:
    a, b, c = natrium.Constant(1.0), natrium.Ramp(2.0), natrium.Sine(3.0, 4.0)
    assert ((a + b) + c).parts == (a + (b + c)).parts == natrium.Sum([a, b, c]).parts == (a, b, c)
    assert as_stimulus(a + b) == as_stimulus([a, b]) == as_stimulus((a, b)) == a + b
    assert as_stimulus(a) == natrium.Sum([a])


@pytest.mark.parametrize(
    "value",
    [3.0, "step", {"kind": "step"}, [3.0], [natrium.Constant(1.0), None], len, b"", ...],
)
def test_other_things_are_no_stimulus(value: Any) -> None:
    with pytest.raises(natrium.StimulusError, match="a stimulus must be a Stimulus object"):
        as_stimulus(value)


@pytest.mark.parametrize("value", [3.0, "step", None, ...])
def test_only_a_stimulus_is_added(value: Any) -> None:
    with pytest.raises((natrium.StimulusError, TypeError)):
        natrium.Constant(1.0) + value


@pytest.mark.parametrize("value", [3.0, None, [3.0], [None], "ab", natrium.Constant(1.0)])
def test_sum_takes_stimuli_only(value: Any) -> None:
    with pytest.raises(natrium.StimulusError, match="a stimulus must be"):
        natrium.Sum(value)


def test_window_of_a_sum_binds_or_is_refused() -> None:
    """A start that is given and then forgotten would be a silent error."""
    try:
        stimulus = natrium.Sum([natrium.Constant(1.0)], start=5.0, stop=6.0)
    except (TypeError, natrium.StimulusError):
        return
    assert [stimulus(t) for t in (4.0, 5.0, 6.0)] == [0.0, 1.0, 0.0]
    assert {5.0, 6.0} <= set(stimulus.edges(0.0, 10.0))


# --- pieces --------------------------------------------------------------------------------------


def test_edges_outside_the_span_cut_nothing() -> None:
    stimulus = natrium.Step(1.0, start=-5.0, stop=100.0) + natrium.Step(1.0, start=10.0, stop=20.0)
    assert [piece[:2] for piece in pieces(stimulus, 0.0, 20.0)] == [(0.0, 10.0), (10.0, 20.0)]


def test_shared_edges_cut_once() -> None:
    stimulus = natrium.Sum([natrium.Step(k, start=30.0, stop=40.0) for k in (1.0, 2.0, 4.0)])
    cut = pieces(stimulus, 0.0, 50.0)
    assert [(begin, end, drive(0.0)) for begin, end, drive in cut] == [(0, 30, 0), (30, 40, 7), (40, 50, 0)]


def test_brief_pulse_in_a_long_rest_is_a_piece() -> None:
    stimulus = natrium.Step(50.0, start=500.0, stop=500.001)
    assert [(begin, end, drive(0.0)) for begin, end, drive in pieces(stimulus, 0.0, 1000.0)] == [
        (0.0, 500.0, 0.0), (500.0, 500.001, 50.0), (500.001, 1000.0, 0.0),
    ]  # fmt: skip


def test_many_pieces_are_cut_soon() -> None:
    """The cost grows with their number only, not with its square."""
    at = np.arange(20_000.0)
    few = at[:4000]
    for stimulus in (
        natrium.Samples(at, np.sin(at), "linear"),
        natrium.Samples(at, np.sin(at), "hold"),
        natrium.Pulses(1.0, width=0.5, period=1.0, count=20_000),
        natrium.Formula("sin(t)", breakpoints=few),
    ):
        begin = time.process_time()
        assert len(pieces(stimulus, 0.0, 20_000.0)) >= few.size
        assert time.process_time() - begin < 3.0, stimulus.kind
