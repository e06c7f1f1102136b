"""The compiled solver: Taylor series in vector lanes, spikes located on the step's own polynomial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import attrs
import numpy as np
import numpy.typing as npt

from natrium.model import (
    AnyNeuron,
    GateFlow,
    Number,
    Optional,
    Simulation,
    StepLimit,
    Stimulus,
    TooManySpikes,
    UnsupportedModel,
    as_float,
)
from natrium.model.arrays import Array
from natrium.model.checks import Count
from natrium.model.scales import scales_of
from natrium.solvers.base import BaseSolver, Run
from natrium.solvers.closed_form import estimate_errors
from natrium.solvers.compiled.engine import Settings, carry
from natrium.solvers.compiled.following import find_followers, followers_of
from natrium.solvers.compiled.lane_tables import (
    BROKEN,
    COUNT,
    FINAL,
    N_GRAZES,
    N_STEPS,
    NOT_FINITE,
    OVER,
    REACHED,
    SLIDES,
    SOLVED,
    SPIKE_LIMIT,
    STATUS,
    STEP_LIMIT,
    STIFF,
    Results,
)
from natrium.solvers.compiled.parts import check_numba
from natrium.solvers.compiled.prepared import Prepared
from natrium.solvers.compiled.tables import origins
from natrium.solvers.compiled.trajectory import graze_messages, read_record
from natrium.solvers.event_driven.solver import EventDriven
from natrium.solvers.flags import RunFlag
from natrium.solvers.inputs import InputTable, tabulate
from natrium.solvers.limits import Limits
from natrium.solvers.runs import Chunk, Runs, leave_unsolved, merge, solve_one_by_one, take
from natrium.solvers.trajectory import Trajectory

Whole = npt.NDArray[np.int64]

# Gates are raised to powers and multiplied by g (E - V): their errors weigh a hundred times more.
ATOL_GATE = 0.01
LEAST_RTOL = 1e-15
LEAST_ORDER, MOST_ORDER = 6, 30
TYPICAL = 15.0  # mV: size of u, for the choice of the order
RADIUS = 3.0  # ms, or of the scale of time: typical radius of convergence, for the same
OVERHEAD = 4.0  # of a step, in orders


@attrs.frozen(kw_only=True)
class Compiled(BaseSolver):
    """Solve in native code, many runs at once.

    Each step is a Taylor series whose coefficients follow from the symbolic model by recurrences,
    compiled once per model structure and kept on disk. Its polynomial is the dense output, at the step's
    own accuracy: threshold crossings are isolated on it in Bernstein form and found to the last digit.
    Runs advance in lanes, as many as a vector register has doubles; each goes its own way, to the same
    bits alone or in a crowd. What a run needs that is not here (stiffness, inputs that are Python functions,
    an error function) is carried by `EventDriven`, and said.

    Parameters
    ----------
    rtol : float
        Each step's last terms are at most this, in mV, for u = V - v_thresh, and a hundredth of it for
        gates.
    atol : float, optional
        The same for u and gates alike.
    order : int, optional
        Of the series; by default as fits the tolerance.
    step_scale : float
        Shortens the longest step that the input's features allow.
    limits : Limits
        Budgets that end a run-away run.

    References
    ----------
    .. [1] A. Jorba, M. Zou, "A software package for the numerical integration of ODEs by means of
       high-order Taylor methods", Exp. Math. 14 (2005) 99-117.
       https://doi.org/10.1080/10586458.2005.10128904
    """

    name: ClassVar[str] = "compiled"
    any_equations: ClassVar[bool] = True
    takes_kicks: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("numba", "llvmlite")

    rtol: float = attrs.field(default=1e-9, converter=as_float, validator=Number("", 0.0, 0.1, open_low=True))
    atol: float | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(as_float),
        validator=Optional(Number("", 0.0, open_low=True)),
    )
    order: int | None = attrs.field(default=None, validator=Optional(Count(low=LEAST_ORDER, high=MOST_ORDER)))
    step_scale: float = attrs.field(
        default=1.0, converter=as_float, validator=Number("", 0.0, 1.0, open_low=True)
    )
    limits: Limits = attrs.field(factory=Limits)

    def _solve(self, run: Run) -> Trajectory:
        """Carry one run through the lanes, and keep every step's series.

        Raises
        ------
        UnsupportedModel
            When numba is not installed.
        """
        check_numba()
        runs = Runs(neuron=run.neuron, stimulus=run.stimulus, t_start=run.t_start, t_end=run.t_end)
        try:
            inputs = tabulate(runs)
            reason = inputs.unsupported.get(0, "")
            if not reason:
                order = int(self._orders(run.neuron, inputs)[0])
                out = carry(runs, inputs, self.settings(order), np.empty(0), record=True)
                reason = self._reason(out, 0, run.t_start)
        except UnsupportedModel as error:
            reason = str(error)
        if reason:
            made = self.fallback.solve(run.neuron, run.stimulus, t_start=run.t_start, t_end=run.t_end)
            return attrs.evolve(
                made,
                flags=made.flags | RunFlag.FALLBACK,
                warnings=(*made.warnings, f"carried by EventDriven: {reason}"),
            )
        return read_record(self, run, out, order, self.limits)

    @classmethod
    def of(cls, simulation: Simulation) -> Self:
        """Make the solver that a model file's [simulation] asks for."""
        return cls(rtol=simulation.rtol, atol=simulation.atol)

    def spike_time_errors(self, trajectory: Trajectory) -> Array:
        """Estimate the error of every spike time of a run, shape (n_spikes,), ms."""
        return estimate_errors(trajectory)

    def prepare(
        self,
        neuron: AnyNeuron,
        stimulus: Stimulus | Sequence[Stimulus] | None = None,
        *,
        t_start: float = 0.0,
        t_end: float,
    ) -> Prepared:
        """Make one model ready, to be solved many times from different states.

        Parameters
        ----------
        neuron : Neuron or HybridNeuron
        stimulus : Stimulus or sequence of Stimulus, optional
            No input by default.
        t_start, t_end : float
            Span, ms.

        Returns
        -------
        Prepared
            To be called with a state; gives spike times and the final state.

        Raises
        ------
        ModelError, StimulusError
            When what is given breaks a rule.
        UnsupportedModel
            When numba is not installed, or the model needs another solver.

        Examples
        --------
        >>> import natrium
        >>> script = natrium.notebook.lif_na()
        >>> run = natrium.Compiled().prepare(script.neuron, script.stimulus, t_end=100.0)
        >>> spikes, final = run()
        >>> spikes.round(6).tolist()
        [40.948477, 65.587194, 90.386462]
        """
        run = Run.check(neuron, stimulus, t_start, t_end)
        if reason := _roaming(neuron):
            raise UnsupportedModel(f"nothing can be prepared for {reason}: use EventDriven (--solver event)")
        return Prepared(self, run, lambda inputs: self.settings(int(self._orders(run.neuron, inputs)[0])))

    def solve_runs(self, runs: Runs, sample_times: Array | None = None) -> Chunk:
        """Carry many runs through; what cannot be done here is done by `EventDriven`.

        Parameters
        ----------
        runs : Runs
        sample_times : ndarray, shape (n_times,), optional
            Increasing times at which states are wanted, ms.

        Raises
        ------
        UnsupportedModel
            When numba is not installed.
        """
        check_numba()
        if runs.structural:
            groups = [(which, self.solve_runs(part, sample_times)) for which, part in runs.by_equations()]
            return merge(runs.n_runs, groups)
        if reason := _roaming(runs.neuron):
            reasons = dict.fromkeys(range(runs.n_runs), reason)
            return self._elsewhere(runs, sample_times, reasons)[1]
        inputs = tabulate(runs)
        parts = [self._elsewhere(runs, sample_times, inputs.unsupported)] if inputs.unsupported else []
        # A run's order, and which gates may follow V in it, must not depend on the others in its chunk.
        known = inputs.input_of >= 0
        kinds = np.zeros((runs.n_runs, 1), dtype=np.int64)
        if np.any(known):
            kinds[known, 0] = self._orders(runs.neuron, inputs)[inputs.input_of[known]]
        kinds = np.column_stack([kinds, find_followers(runs)])
        for kind in np.unique(kinds[known], axis=0):
            here = np.flatnonzero(np.all(kinds == kind, axis=1))
            order, whole = int(kind[0]), here.size == runs.n_runs
            group = runs if whole else runs.part(here)
            table = inputs if whole else tabulate(group)  # of its own formulas only
            fast = followers_of(group.neuron, kind[1:])
            parts.append((here, self._carry(group, table, order, fast, sample_times)))
        return merge(runs.n_runs, parts)

    def _carry(
        self,
        runs: Runs,
        inputs: InputTable,
        order: int,
        fast: tuple[GateFlow, ...],
        sample_times: Array | None,
    ) -> Chunk:
        """Carry runs of one order, of which the same gates are fast, through the lanes."""
        samples = np.empty(0) if sample_times is None else np.asarray(sample_times, dtype=float)
        try:
            out = carry(runs, inputs, self.settings(order), samples, fast=fast)
        except UnsupportedModel as error:
            return self._elsewhere(runs, sample_times, dict.fromkeys(range(runs.n_runs), str(error)))[1]
        return self._chunk(runs, sample_times, out)

    def _atol(self) -> float:
        return max(self.rtol if self.atol is None else self.atol, LEAST_RTOL)

    def _orders(self, neuron: AnyNeuron, inputs: InputTable) -> Whole:
        """Give each input's order."""
        if self.order is not None:
            return np.full(inputs.first_piece.size - 1, self.order)
        return _orders(self._atol(), scales_of(neuron).time, inputs)

    def settings(self, order: int) -> Settings:
        """Give what the lanes need to know for series of an order."""
        rtol = max(self.rtol, LEAST_RTOL)
        atol = self._atol()
        gate_atol = ATOL_GATE * rtol if self.atol is None else atol
        return Settings(
            atol=atol,
            gate_atol=gate_atol,
            in_scales=self.atol is None,
            order=order,
            step_scale=self.step_scale,
            max_spikes=self.limits.max_spikes,
            max_steps=max(1, self.limits.max_rhs_evaluations // order),
        )

    @property
    def fallback(self) -> EventDriven:
        """What carries runs that are not for native code, to the same digits."""
        return EventDriven(rtol=self.rtol, atol=self.atol, step_scale=self.step_scale, limits=self.limits)

    def _reason(self, out: Results, run: int, t_start: float) -> str:
        """Say why another solver must carry a run; raise where its budget is spent."""
        status, when = (
            int(out.whole[run, STATUS]),
            f"t = {t_start + out.numbers[run, REACHED]:.9g} ms",
        )
        if status == SPIKE_LIMIT:
            raise TooManySpikes(
                f"a run may fire at most {self.limits.max_spikes} spikes, got more by {when}; "
                "check the input and tau_ref, shorten it or raise max_spikes"
            )
        if status == STEP_LIMIT:
            raise StepLimit(
                f"a run may take {self.limits.max_rhs_evaluations} right-hand-side evaluations, got more by "
                f"{when}; shorten it or raise max_rhs_evaluations"
            )
        reasons = {
            STIFF: f"stiff at {when}",
            NOT_FINITE: f"the series are not finite at {when}",
            BROKEN: f"the step shrank to nothing at {when}",
            SLIDES: f"the flow leads back from both sides of a branch at {when}",
            OVER: f"the reset leaves V at the threshold or above at {when}",
        }
        return reasons.get(status, "")

    def _chunk(self, runs: Runs, sample_times: Array | None, out: Results) -> Chunk:
        """Give the results, unsolved runs done again by `EventDriven`."""
        count = int(out.state[1])
        order = np.argsort(out.spike_run[:count], kind="stable")
        final = out.numbers[:, FINAL : FINAL + len(runs.labels)].copy()
        final[:, 0] += origins(runs)
        samples = None
        if sample_times is not None:
            samples = out.samples
            samples[:, 0] += origins(runs)[:, None]
        chunk = Chunk(
            counts=out.whole[:, COUNT].copy(),
            spike_times=np.minimum(runs.t_start + out.spike_time[order], runs.t_end),
            final_states=final,
            samples=samples,
            flags=np.where(out.whole[:, N_GRAZES] > 0, RunFlag.GRAZE, 0).astype(np.uint8),
            steps=out.whole[:, N_STEPS].copy(),
        )
        for run in np.flatnonzero(out.whole[:, N_GRAZES]).tolist():
            chunk.messages[run] = "; ".join(graze_messages(runs.t_start, out, run))
        again: dict[int, str] = {}
        if runs.neuron.is_leaky:  # there a closed form may decide
            touched = np.flatnonzero((out.whole[:, N_GRAZES] > 0) & (out.whole[:, STATUS] == SOLVED))
            again = dict.fromkeys(touched.tolist(), "a touch of the threshold")
        for run in np.flatnonzero(out.whole[:, STATUS] != SOLVED).tolist():
            try:
                again[run] = self._reason(out, run, runs.t_start)
            except (TooManySpikes, StepLimit) as error:
                chunk.flags[run] = RunFlag.FAILED
                chunk.messages[run] = f"{runs.describe(run)}: {error}"
        kept = np.setdiff1d(np.flatnonzero(out.whole[:, STATUS] == SOLVED), list(again))
        parts = [(kept, take(chunk, kept))]
        failed = np.flatnonzero(chunk.flags & RunFlag.FAILED)
        if failed.size:
            empty = leave_unsolved(runs.part(failed), sample_times, RunFlag.FAILED)
            messages = {place: chunk.messages[run] for place, run in enumerate(failed.tolist())}
            parts.append((failed, attrs.evolve(empty, messages=messages)))
        if again:
            parts.append(self._elsewhere(runs, sample_times, again))
        return merge(runs.n_runs, parts)

    def _elsewhere(
        self, runs: Runs, sample_times: Array | None, reasons: dict[int, str]
    ) -> tuple[Whole, Chunk]:
        """Have some runs carried by `EventDriven`; give their indices with what it gives."""
        which = np.array(sorted(reasons), dtype=np.int64)
        chunk = solve_one_by_one(self.fallback, runs.part(which), sample_times)
        for place, run in enumerate(which.tolist()):
            said = [chunk.messages.get(place, ""), f"carried by EventDriven: {reasons[run]}"]
            chunk.messages[place] = "; ".join(filter(None, said))
        return which, attrs.evolve(chunk, flags=chunk.flags | np.uint8(RunFlag.FALLBACK))


def _roaming(neuron: AnyNeuron) -> str:
    """Say that V might leave the range in which all rates keep their rules: here nobody looks."""
    for label, held in neuron.rate_ranges:
        if held.below or (held.above and not neuron.fires):
            return f"{label}, whose rates keep their rules from {held.low:g} to {held.high:g} mV only"
    return ""


def _orders(atol: float, unit: float, inputs: InputTable) -> Whole:
    """Choose, for each input, the order that makes a millisecond cheapest: convolutions cost its square.

    Its step is about radius (tolerance/size)^(1/order) (Jorba & Zou 2005, sec. 3.2), or one piece of the
    input where these are shorter.
    """
    lengths = np.minimum(inputs.piece_end - inputs.piece_begin, inputs.longest)
    numbers = np.diff(inputs.first_piece)
    pieces = np.add.reduceat(lengths, inputs.first_piece[:-1]) / numbers
    orders = np.arange(LEAST_ORDER + 1, MOST_ORDER, 2)  # few: each is compiled apart
    steps = np.minimum(RADIUS * unit * (atol / TYPICAL) ** (1.0 / orders), pieces[:, None])
    return np.asarray(orders[np.argmin((orders + OVERHEAD) ** 2 / steps, axis=1)])
