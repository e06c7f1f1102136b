"""Inputs as tables: every smooth piece of every run's stimulus, for the compiled solver.

A piece is level + slope s + terms: sinusoids, Gaussians, formulas. Sampled inputs of any length are laid
out by whole arrays. Where spikes come in, a piece begins, and states jump.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.model import Formula, Stimulus, Sum, UnsupportedModel
from natrium.model.arrays import Array
from natrium.model.stimuli.stimulus import SampledInput, Term, edges_of
from natrium.solvers.base import Run
from natrium.solvers.runs import Runs

SINE, GAUSSIAN, FORMULA = range(3)
KINDS = {"sine": SINE, "gaussian": GAUSSIAN}
Whole = npt.NDArray[np.int64]


@attrs.frozen(eq=False)
class InputTable:
    """Pieces of inputs, input after input."""

    input_of: Whole  # shape (n_runs,): each run's input; -1 where it has none here
    first_piece: Whole  # shape (n_inputs + 1,)
    # piece_begin and piece_end, shape (n_pieces,): ms after the start of the run.
    piece_begin: Array
    piece_end: Array
    # level, slope and longest, shape (n_pieces,): mV, mV/ms, and the longest step, ms.
    level: Array
    slope: Array
    longest: Array
    first_term: Whole  # shape (n_pieces + 1,)
    term_kind: Whole  # shape (n_terms,)
    # Shape (n_terms, 3): amplitude, frequency (Hz), phase; or amplitude, center (ms), sigma; or the formula's
    # number.
    term: Array
    formulas: tuple[Formula, ...]
    first_kick: Whole  # shape (n_inputs + 1,)
    kick_time: Array  # shape (n_kicks,): ms after the start of the run
    kick_place: Whole  # shape (n_kicks,): which state jumps
    kick_amount: Array  # shape (n_kicks,)
    unsupported: dict[int, str]  # why a run has no input here


@attrs.define
class _Pieces:
    """One input's pieces; levels part by part, so that amplitudes may still vary."""

    begins: Array  # ms, absolute
    levels: list[Array]
    slope: Array
    longest: Array
    terms: list[tuple[int, int, tuple[float, float, float]]]  # piece, kind, numbers
    kicks: list[tuple[float, int, float]]  # time (ms, absolute), state, by how much


def tabulate(runs: Runs) -> InputTable:
    """Lay out the inputs of many runs."""
    if runs.stimuli is None and all(part.flat and _is_window(part) for part in runs.stimulus.parts):
        return _lay_out_steps(runs)
    formulas: dict[Formula, int] = {}
    amplitudes = _amplitudes(runs)
    if amplitudes is not None:
        unit = Sum(
            tuple(
                attrs.evolve(part, amplitude=1.0)  # type: ignore[call-arg]  # each of these has one
                if index in amplitudes
                else part
                for index, part in enumerate(runs.stimulus.parts)
            )
        )
        try:
            pieces = _cut(unit, runs, formulas)
        except UnsupportedModel as error:
            return _join(
                [], [-1] * runs.n_runs, runs, formulas, dict.fromkeys(range(runs.n_runs), str(error))
            )
        return _scale(pieces, amplitudes, runs, formulas)
    known: dict[Any, tuple[int, str]] = {}
    tables: list[_Pieces] = []
    rows, unsupported = [], {}
    for index in range(runs.n_runs):
        stimulus = runs.stimulus_at(index)
        if stimulus not in known:
            try:
                tables.append(_cut(stimulus, runs, formulas))
                known[stimulus] = len(tables) - 1, ""
            except UnsupportedModel as error:
                known[stimulus] = -1, str(error)
        row, reason = known[stimulus]
        if reason:
            unsupported[index] = reason
        rows.append(row)
    return _join(tables, rows, runs, formulas, unsupported)


def _amplitudes(runs: Runs) -> dict[int, Array] | None:
    """Give the varied amplitudes by part, where nothing else of a common piecewise constant input varies."""
    if runs.stimuli is not None:
        return None
    found = {}
    for name, column in runs.varied.items():
        one = runs.parameters[name]
        if one.part is None:
            continue
        if not runs.stimulus.parts[one.part].flat or one.short != "I":
            return None
        found[one.part] = np.asarray(column, dtype=float)
    return found


def _scale(
    pieces: _Pieces, amplitudes: dict[int, Array], runs: Runs, formulas: dict[Formula, int]
) -> InputTable:
    """Repeat one input's pieces with each run's amplitudes."""
    if not amplitudes:
        return _join([pieces], [0] * runs.n_runs, runs, formulas, {})
    n, size = runs.n_runs, pieces.begins.size
    level = np.zeros((n, size))
    for index, part in enumerate(pieces.levels):
        level += part * amplitudes[index][:, None] if index in amplitudes else part
    once = _join([pieces], [0], runs, formulas, {})
    n_terms = len(once.term_kind)
    first_term = once.first_term[:-1] + n_terms * np.arange(n)[:, None]
    n_kicks = len(once.kick_time)
    return attrs.evolve(
        once,
        input_of=np.arange(n),
        first_piece=size * np.arange(n + 1),
        piece_begin=np.tile(once.piece_begin, n),
        piece_end=np.tile(once.piece_end, n),
        level=level.ravel(),
        slope=np.tile(once.slope, n),
        longest=np.tile(once.longest, n),
        first_term=np.append(first_term.ravel(), n_terms * n),
        term_kind=np.tile(once.term_kind, n),
        term=np.tile(once.term, (n, 1)),
        first_kick=n_kicks * np.arange(n + 1),
        kick_time=np.tile(once.kick_time, n),
        kick_place=np.tile(once.kick_place, n),
        kick_amount=np.tile(once.kick_amount, n),
    )


def _is_window(part: Stimulus) -> bool:
    """Tell whether an input has no edges but those of its window."""
    return type(part).edges is Stimulus.edges


def _lay_out_steps(runs: Runs) -> InputTable:
    """Lay out constants and steps, those of all runs at once."""
    known = {name: runs.parameters[name] for name in runs.varied}
    columns = {
        (one.part, one.field): runs.varied[name] for name, one in known.items() if one.part is not None
    }
    n, t_start = runs.n_runs if columns else 1, runs.t_start

    def find(index: int, field: str, usual: float) -> Array:
        given = getattr(runs.stimulus.parts[index], field)
        values = columns.get((index, field), usual if given is None else given)
        return np.full((n, 1), np.reshape(values, (-1, 1)), dtype=float)

    steps = [
        (find(index, "amplitude", 0.0), find(index, "start", -np.inf), find(index, "stop", np.inf))
        for index in range(len(runs.stimulus.parts))
    ]
    edges = np.concatenate(
        [np.full((n, 1), t_start), *(edge for _, *window in steps for edge in window)], axis=1
    )
    edges[:, 1:][(edges[:, 1:] <= t_start) | (edges[:, 1:] >= runs.t_end)] = np.inf
    edges.sort(axis=1)
    kept = np.isfinite(edges)
    kept[:, 1:] &= edges[:, 1:] > edges[:, :-1]
    level = np.zeros(edges.shape)
    for amplitude, start, stop in steps:
        level += np.where((start <= edges) & (edges < stop), amplitude, 0.0)
    first_piece = np.append(0, np.cumsum(kept.sum(axis=1)))
    begin = edges[kept] - t_start
    end = np.append(begin[1:], 0.0)
    end[first_piece[1:] - 1] = runs.t_end - t_start
    none, whole = np.empty(0), np.empty(0, dtype=np.int64)
    return InputTable(
        input_of=np.arange(n) if columns else np.zeros(runs.n_runs, dtype=np.int64),
        first_piece=first_piece,
        piece_begin=begin,
        piece_end=end,
        level=level[kept],
        slope=np.zeros(begin.size),
        longest=np.full(begin.size, np.inf),
        first_term=np.zeros(begin.size + 1, dtype=np.int64),
        term_kind=whole,
        term=none.reshape(-1, 3),
        formulas=(),
        first_kick=np.zeros(n + 1, dtype=np.int64),
        kick_time=none,
        kick_place=whole,
        kick_amount=none,
        unsupported={},
    )


def _join(
    tables: Sequence[_Pieces],
    rows: list[int],
    runs: Runs,
    formulas: dict[Formula, int],
    unsupported: dict[int, str],
) -> InputTable:
    """Put inputs one after another."""
    sizes = np.array([table.begins.size for table in tables], dtype=np.int64)
    first_piece = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    n_pieces = int(first_piece[-1])
    terms = [
        (offset + piece, kind, numbers)
        for offset, table in zip(first_piece, tables, strict=False)
        for piece, kind, numbers in table.terms
    ]
    terms.sort(key=lambda term: term[0])
    of_piece = np.array([term[0] for term in terms], dtype=np.int64)
    begins = [table.begins - runs.t_start for table in tables]
    duration = runs.t_end - runs.t_start
    kicks = [kick for table in tables for kick in table.kicks]
    return InputTable(
        input_of=np.array(rows, dtype=np.int64),
        first_piece=first_piece,
        piece_begin=_flat(begins),
        piece_end=_flat([np.append(begin[1:], duration) for begin in begins]),
        level=_flat([_total(table) for table in tables]),
        slope=_flat([table.slope for table in tables]),
        longest=_flat([table.longest for table in tables]),
        first_term=np.searchsorted(of_piece, np.arange(n_pieces + 1)).astype(np.int64),
        term_kind=np.array([term[1] for term in terms], dtype=np.int64),
        term=np.array([term[2] for term in terms], dtype=float).reshape(-1, 3),
        formulas=tuple(formulas),
        first_kick=np.cumsum([0, *(len(table.kicks) for table in tables)], dtype=np.int64),
        kick_time=np.array([kick[0] for kick in kicks], dtype=float) - runs.t_start,
        kick_place=np.array([kick[1] for kick in kicks], dtype=np.int64),
        kick_amount=np.array([kick[2] for kick in kicks], dtype=float),
        unsupported=unsupported,
    )


def _flat(arrays: Sequence[Array]) -> Array:
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate(arrays) if arrays else np.empty(0)


def _total(table: _Pieces) -> Array:
    total = np.zeros(table.begins.size)
    for part in table.levels:
        total = total + part
    return total


def _cut(stimulus: Sum, runs: Runs, formulas: dict[Formula, int]) -> _Pieces:
    """Cut an input at its edges, as `smooth_spans` does."""
    t_start, t_end = runs.t_start, runs.t_end
    samples = [part.samples_in(t_start, t_end) for part in stimulus.parts]
    begins = edges_of(stimulus, t_start, t_end)[:-1]
    jumps = Run(runs.neuron, stimulus, t_start, t_end).kicks()
    kicks = [(time, *one) for time in sorted(jumps) for one in jumps[time]]
    pieces = _Pieces(begins, [], np.zeros(begins.size), np.full(begins.size, np.inf), [], kicks)
    for part, found in zip(stimulus.parts, samples, strict=True):
        if found is None:
            _add_part(pieces, part, formulas)
        else:
            _add_samples(pieces, part, found)
    return pieces


def _add_samples(pieces: _Pieces, part: Stimulus, samples: SampledInput) -> None:
    """Add a sampled input by whole arrays, to the same doubles as its `drive`."""
    begins, times, values = pieces.begins, samples.times, samples.values
    if not times.size:
        pieces.levels.append(np.zeros(begins.size))
        return
    first = int(np.searchsorted(times, begins[0], side="right")) - 1
    here: Any = slice(first, first + begins.size)
    before: Any = False  # the first sample
    if first < 0 or not np.array_equal(
        times[first + 1 : first + begins.size], begins[1:]
    ):  # others have edges
        index = np.searchsorted(times, begins, side="right") - 1
        here, before = np.maximum(index, 0), index < 0
    level = values[here]
    active = np.ones(begins.size, dtype=bool)
    if part.start is not None:
        active &= part.start <= begins
    if part.stop is not None:
        active &= begins < part.stop
    if samples.lines:
        slope = np.where(before, 0.0, np.append(np.diff(values) / np.diff(times), 0.0)[here])
        level = level + slope * (begins - times[here])
        pieces.slope += slope if active.all() else np.where(active, slope, 0.0)
    pieces.levels.append(level if active.all() else np.where(active, level, 0.0))


def _add_part(pieces: _Pieces, part: Stimulus, formulas: dict[Formula, int]) -> None:
    """Add any other input, piece by piece."""
    level = np.zeros(pieces.begins.size)
    for index, begin in enumerate(pieces.begins.tolist()):
        drive = part.piece(begin)
        level[index] = drive.level
        pieces.slope[index] += drive.slope
        pieces.longest[index] = min(pieces.longest[index], drive.max_step)
        if drive.waves or drive.curves:
            pieces.terms.append((index, *_term(part, formulas)))
    pieces.levels.append(level)


def _term(part: Stimulus, formulas: dict[Formula, int]) -> tuple[int, tuple[float, float, float]]:
    series = part.series()
    if isinstance(series, Term):
        return KINDS[series.kind], series.numbers
    if isinstance(series, Formula):
        return FORMULA, (float(formulas.setdefault(series, len(formulas))), 0.0, 0.0)
    raise UnsupportedModel(
        f"the compiled solver knows no series of a {type(part).__name__} input: it needs a formula"
    )
