"""Tables of inputs for the compiled solver: every piece of every kind, to the same doubles as the stimulus."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import natrium
from natrium.model import Sum, as_stimulus, smooth_spans
from natrium.model.stimuli.stimulus import breakpoints
from natrium.solvers import base
from natrium.solvers.ensembles.grid import runs_of
from natrium.solvers.inputs import FORMULA, GAUSSIAN, SINE, tabulate
from natrium.solvers.runs import Runs

LIF = natrium.Neuron()
KINDS = {
    "none": [],
    "constant": [natrium.Constant(5.0)],
    "step": [natrium.Step(5.0, start=3.0, stop=9.0)],
    "windows that touch": [natrium.Step(5.0, stop=9.0), natrium.Step(7.0, start=9.0, stop=30.0)],
    "pulses": [natrium.Pulses(9.0, width=0.7, period=2.1, start=1.3, count=9)],
    "pulses without end": [natrium.Pulses(9.0, width=1.1, period=1.7, stop=21.0)],
    "ramp": [natrium.Ramp(0.3, start=2.0, stop=20.0)],
    "held ramp": [natrium.Ramp(0.3, start=-2.0, stop=20.0, hold=True)],
    "sine": [natrium.Sine(4.0, 50.0, phase=0.3, offset=1.0, start=5.0)],
    "two sines": [natrium.Sine(4.0, 50.0), natrium.Sine(3.0, 333.0, stop=12.0)],
    "no frequency": [natrium.Sine(4.0, 0.0, phase=0.3, offset=1.0)],
    "gaussian": [natrium.Gaussian(9.0, 15.0, 1.0)],
    "held samples": [natrium.Samples([1.0, 4.0, 11.0], [3.0, -2.0, 8.0], stop=25.0)],
    "linear samples": [natrium.Samples([1.0, 4.0, 11.0], [3.0, -2.0, 8.0], "linear", start=2.0)],
    "held noise": [natrium.Noise(5.0, 3.0, tau=2.0, step=0.3, seed=1)],
    "linear noise": [natrium.Noise(5.0, 3.0, tau=2.0, step=0.3, seed=2, start=4.4, interpolation="linear")],
    "noise in a window": [natrium.Noise(5.0, 3.0, tau=0.0, step=0.7, seed=2, stop=13.0)],
    "formula": [natrium.Formula("2*sin(t) + 1", breakpoints=[7.0], stop=22.0)],
    "all at once": [
        natrium.Constant(1.0), natrium.Ramp(0.1, start=3.0), natrium.Sine(4.0, 50.0, offset=0.1),
        natrium.Gaussian(9.0, 15.0, 1.0), natrium.Samples([1.0, 4.0], [0.3, 0.7], "linear"),
        natrium.Noise(5.0, 3.0, tau=2.0, step=1.3, seed=1, interpolation="linear"),
        natrium.Formula("cos(t/2)", start=1.0, stop=29.0), natrium.Pulses(9.0, width=0.7, period=2.1),
    ],
}  # fmt: skip


def pieces(table, run):
    """List the pieces of one run: begin, end, level, slope, longest, terms."""
    row = table.input_of[run]
    listed = []
    for k in range(table.first_piece[row], table.first_piece[row + 1]):
        terms = range(table.first_term[k], table.first_term[k + 1])
        listed.append(
            (
                table.piece_begin[k], table.piece_end[k], table.level[k], table.slope[k], table.longest[k],
                [(int(table.term_kind[i]), tuple(table.term[i].tolist())) for i in terms],
            )
        )  # fmt: skip
    return listed


def value_of(terms, t, formulas):
    total = 0.0
    for kind, (size, one, other) in terms:
        if kind == SINE:
            total += size * math.sin(2.0 * math.pi * one * t / 1000.0 + other)
        elif kind == GAUSSIAN:
            total += size * math.exp(-(((t - one) / other) ** 2) / 2.0)
        else:
            assert kind == FORMULA
            total += formulas[int(size)].drive(t)(0.0)
    return total


def check(table, run, stimulus, t_start, t_end):
    """Hold a table's pieces against the stimulus' own: edges, levels and slopes to the last bit."""
    spans = list(smooth_spans(stimulus, t_start, t_end))
    found = pieces(table, run)
    assert len(found) == len(spans)
    for (begin, end, level, slope, longest, terms), span in zip(found, spans, strict=True):
        drive = span.drive(span.begin)
        assert begin == span.begin - t_start
        assert end == span.end - t_start
        assert level == drive.level
        assert slope == drive.slope
        assert longest == drive.max_step
        assert len(terms) == len(drive.waves) + len(drive.curves)
        for share in (0.0, 0.3, 0.9):
            s = share * (span.end - span.begin)
            expected = drive(s) - drive.level - drive.slope * s
            assert value_of(terms, span.begin + s, table.formulas) == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("t_start", [0.0, -5.0, 2.7, 1e3 / 7.0])
@pytest.mark.parametrize("name", KINDS)
def test_pieces_are_the_stimulus_own(name, t_start):
    stimulus = Sum(tuple(KINDS[name]))
    t_end = t_start + 31.3
    table = tabulate(Runs(neuron=LIF, stimulus=stimulus, t_start=t_start, t_end=t_end))
    check(table, 0, stimulus, t_start, t_end)
    assert not table.unsupported


def test_one_input_each():
    stimuli = [as_stimulus(parts) for parts in KINDS.values()] * 2
    table = tabulate(Runs(neuron=LIF, stimuli=stimuli, t_end=31.3))
    for run, stimulus in enumerate(stimuli):
        check(table, run, stimulus, 0.0, 31.3)
    assert table.first_piece.size == len(KINDS) + 1  # alike inputs are laid out once
    np.testing.assert_array_equal(table.input_of[: len(KINDS)], table.input_of[len(KINDS) :])
    assert len(table.formulas) == 2


VARIED = {
    "amplitude": ([natrium.Step(1.0, start=3.0, stop=9.0), natrium.Constant(2.0)], {"I_0": [1.0, -2.5, 0.1]}),
    "two amplitudes": (KINDS["windows that touch"], {"I_0": [1.0, -2.5, 0.1], "I_1": [0.3, 0.7, 1e-3]}),
    "amplitude beside others": (KINDS["all at once"], {"I_0": [0.1, 0.2, 0.7]}),
    "amplitude of pulses": (KINDS["pulses"], {"I_0": [0.1, 0.2, 0.7]}),
    "edge": (KINDS["step"], {"start_0": [1.0, 2.0, 8.5]}),
    "edge and amplitude": (KINDS["step"], {"start_0": [1.0, 2.0, 8.5], "I_0": [1.0, 2.0, 3.0]}),
    "windows": (
        KINDS["windows that touch"],
        {
            "start_1": [9.0, 0.0, -3.0],
            "stop_0": [9.0, 31.3, 0.0],
            "stop_1": [9.0, 40.0, 9.5],
            "tau_m": [5.0, 9.0, 7.0],
        },
    ),
    "a window that others touch": (
        [natrium.Constant(2.0), *KINDS["windows that touch"], natrium.Step(1.0, start=2.0)],
        {"start_3": [9.0, 30.0, 2.0], "I_0": [1, 2, 3]},
    ),
    "edge beside others": (KINDS["all at once"][:3], {"start_1": [3.0, 0.0, 7.0]}),
    "seed": (KINDS["held noise"], {"seed_0": [1, 5, 9]}),
    "of the neuron alone": (KINDS["sine"], {"tau_m": [5.0, 10.0, 20.0]}),
}


@pytest.mark.parametrize("t_start", [0.0, -0.7, 2.0])
@pytest.mark.parametrize("name", VARIED)
def test_values_that_vary(name, t_start):
    parts, values = VARIED[name]
    runs = runs_of(LIF, parts, values, t_start=t_start, t_end=31.3)
    table = tabulate(runs)
    for run in range(runs.n_runs):
        check(table, run, runs.stimulus_at(run), t_start, 31.3)
    if name == "of the neuron alone":
        assert table.first_piece.size == 2


SIZES = st.floats(-50.0, 50.0)
TIMES = st.floats(-10.0, 40.0)
LENGTHS = st.floats(0.3, 20.0)
PARTS = st.one_of(
    st.builds(lambda a, s, d: natrium.Step(a, start=s, stop=s + d), SIZES, TIMES, LENGTHS),
    st.builds(lambda a, s, w, k: natrium.Pulses(a, width=w, period=w * k, start=s), SIZES, TIMES, LENGTHS, st.floats(1.0, 9.0)),
    st.builds(lambda a, s, d, h: natrium.Ramp(a, start=s, stop=s + d, hold=h), SIZES, TIMES, LENGTHS, st.booleans()),
    st.builds(lambda a, f, s: natrium.Sine(a, f, start=s), SIZES, st.floats(0.1, 400.0), TIMES),
    st.builds(natrium.Gaussian, SIZES, TIMES, LENGTHS),
    st.builds(
        lambda values, s, d, how: natrium.Samples([s + k * d for k in range(len(values))], values, how),
        st.lists(SIZES, min_size=1, max_size=6), TIMES, LENGTHS, st.sampled_from(["hold", "linear"]),
    ),
    st.builds(
        lambda seed, d, how: natrium.Noise(1.0, 2.0, tau=3.0, step=d, seed=seed, interpolation=how),
        st.integers(0, 99), LENGTHS, st.sampled_from(["hold", "linear"]),
    ),
)  # fmt: skip


@given(st.lists(PARTS, max_size=4), TIMES, LENGTHS)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_pieces_of_any_sum_are_the_stimulus_own(parts, t_start, length):
    stimulus = Sum(tuple(parts))
    table = tabulate(Runs(neuron=LIF, stimulus=stimulus, t_start=t_start, t_end=t_start + length))
    check(table, 0, stimulus, t_start, t_start + length)


def test_a_python_function_is_told_by_its_run():
    custom = natrium.Custom(lambda t: 1.0, max_step=1.0)
    stimuli = [as_stimulus(part) for part in (natrium.Constant(1.0), custom, None, custom)]
    table = tabulate(Runs(neuron=LIF, stimuli=stimuli, t_end=10.0))
    assert sorted(table.unsupported) == [1, 3]
    assert "Custom" in table.unsupported[1] == table.unsupported[3]
    assert (table.input_of < 0).tolist() == [False, True, False, True]
    check(table, 2, stimuli[2], 0.0, 10.0)
    alone = tabulate(runs_of(LIF, [custom, natrium.Constant(1.0)], {"I_1": [1.0, 2.0]}, t_end=10.0))
    assert sorted(alone.unsupported) == [0, 1]


def test_a_long_noise_is_laid_out_by_whole_arrays():
    noise = natrium.Noise(5.0, 3.0, tau=2.0, step=0.001, seed=1, interpolation="linear")
    table = tabulate(Runs(neuron=LIF, stimulus=noise, t_end=1000.0))
    assert table.level.size == 1_000_000
    times, values, _ = noise.samples_in(0.0, 1000.0)
    np.testing.assert_array_equal(table.level, values[:-1])
    np.testing.assert_array_equal(table.piece_begin, times[:-1])
    np.testing.assert_array_equal(table.piece_end, times[1:])


class Walked(natrium.Samples):
    """Samples that nobody may go through one by one."""

    def edges(self, t_start, t_end):
        raise AssertionError("edge by edge")

    def drive(self, t):
        raise AssertionError("piece by piece")


@pytest.mark.parametrize("interpolation", ["hold", "linear"])
@pytest.mark.parametrize("solver", ["event", "compiled"])
def test_a_long_record_is_run_by_whole_arrays_and_hashed_when_asked(solver, interpolation, monkeypatch):
    times = np.arange(0.0, 1000.0, 0.5)
    record = Walked(times, 5.0 + np.sin(times), interpolation)
    asked = []
    monkeypatch.setattr(base, "hash_model", lambda *model: asked.append(model) or "0")
    run = natrium.simulate(natrium.Neuron(), record, t_end=1000.0, solver=solver)
    assert run.n_spikes == 0
    assert asked == []
    assert {"versions", "settings", "solver"} < set(run.manifest)
    assert run.manifest["model_sha256"] == "0"
    assert len(asked) == 1
    assert copy.deepcopy(run.manifest) == dict(run.manifest)


@pytest.mark.parametrize("window", [{}, {"start": 2.25}, {"start": -1.0, "stop": 7.0}])
@pytest.mark.parametrize("other", [natrium.Constant(1.0, start=3.1), natrium.Sine(1.0, 100.0, stop=4.0)])
@pytest.mark.parametrize("t_start", [-1.0, 0.0, 0.3, 2.5, 30.0])
def test_edges_of_samples_are_all_that_there_are(window, other, t_start):
    stimulus = as_stimulus([natrium.Samples(np.arange(20) / 2.0, np.arange(20.0), **window), other])
    inner = sorted({edge for edge in stimulus.edges(t_start, 40.0) if t_start < edge < 40.0})
    assert breakpoints(stimulus, t_start, 40.0) == [t_start, *inner, 40.0]
