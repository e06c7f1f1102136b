"""SciPy as the script sees it: its solvers are watched."""

from __future__ import annotations

import copy
import inspect
import types
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import scipy.integrate

from natrium.analysis.doctor.trace.arrays import flat, wrapped
from natrium.analysis.doctor.trace.elements import unwrapped
from natrium.analysis.doctor.trace.foreign import called_back, foreign, giving_plain, loaded
from natrium.analysis.doctor.trace.matrices import LINEAR, LinearAlgebra
from natrium.analysis.doctor.trace.numbers import Remembers, again, bare, made
from natrium.analysis.doctor.trace.record import SOLVED
from natrium.analysis.doctor.trace.standins import digest
from natrium.analysis.doctor.trace.tracer import active


@attrs.frozen(eq=False)
class Call:
    """One call of a solver.

    Attributes
    ----------
    solver : str
    function : callable
        The right-hand side as ``f(t, y)``.
    times, states : sequences
        What came out: states by time.
    called : str
        What the right-hand side calls its states.
    begin : sequence
        The state that it was given, as the script has it.
    start : number
        When it began, as the script has it.
    lines : tuple of int
        Where the script set when it began and each of the states: the line of the assignment, of a variable
        that the first call was given as well; else of the call.
    event : callable or None
        The function of time and state whose zero ended it.
    again : callable or None
        Of a right-hand side ``f(t, y)``: its solution by the same solver from the same start, states by time.
    restarts : tuple of (float, float, ndarray)
        Of joined calls: when an event ended one, when the next began, and the states that it was given.
    pieces : tuple of (float, callable)
        Of joined calls: when each began, and its right-hand side.
    given : tuple
        Where it began, and the times that were asked for, as plain numbers.
    result : object
        What SciPy gave.
    asked : int
        How often SciPy asked for the derivatives, where it tells.
    runs : tuple of (int, int)
        Which of the script's runs it is, and how many there are.
    """

    solver: str
    function: Any
    times: Any
    states: Any
    called: str
    begin: Any = ()
    start: Any = 0.0
    lines: tuple[int, ...] = ()
    event: Any = None
    again: Any = None
    restarts: tuple[tuple[float, float, Any], ...] = ()
    pieces: tuple[tuple[float, Any], ...] = ()
    given: tuple[Any, ...] = ()
    result: Any = None
    asked: int = 0
    runs: tuple[int, int] = (1, 1)


class Watched:
    """SciPy, whose solvers are watched.

    Parameters
    ----------
    inner : module
    calls : list of Call
        What is called is put there.
    tracing : bool
    solved : sequence of Call
        Those of the plain run: what it was given is given again where the same is asked.
    """

    def __init__(self, inner: Any, calls: list[Call], tracing: bool, solved: Sequence[Call] = ()) -> None:
        self._inner, self._calls, self._tracing, self._solved = inner, calls, tracing, solved

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name, None)
        if value is None:
            try:
                value = loaded(f"{self._inner.__name__}.{name}")
            except ModuleNotFoundError as error:
                raise AttributeError(str(error), name=name, obj=self._inner) from None
        if isinstance(value, types.ModuleType):
            if value.__name__ == LINEAR and self._tracing:
                return LinearAlgebra(value)
            return Watched(value, self._calls, self._tracing, self._solved)
        if value is scipy.integrate.odeint:
            return self._odeint
        if value is scipy.integrate.solve_ivp:
            return self._solve_ivp
        if value is scipy.integrate.ode:
            return self._ode
        return foreign(value, name) if self._tracing else value

    def _odeint(self, func: Any, y0: Any, t: Any, args: Any = (), **options: Any) -> Any:
        plain = unwrapped((y0, t, args, options))
        solution, info = self._known("odeint", plain[:2]) or _odeint(
            giving_plain(func), plain[0], plain[1], args=args, **plain[3]
        )
        result = (solution, info) if plain[3].get("full_output") else solution
        first = bool(plain[3].get("tfirst"))
        call = (lambda t_, y_: func(t_, y_, *args)) if first else (lambda t_, y_: func(y_, t_, *args))
        times = np.asarray(plain[1])
        kept = {key: one for key, one in plain[3].items() if key not in ("Dfun", "full_output", "tfirst")}

        def solved(flow: Any) -> Any:
            return _odeint(flow, plain[0], plain[1], tfirst=True, **kept)[0]

        self._calls.append(
            Call(
                "odeint", call, times, np.array(solution), called(func, first), again=solved,
                given=plain[:2], result=(np.array(solution), info), asked=int(info["nfe"][-1]),
            )
        )  # fmt: skip
        if not self._tracing:
            return result
        result = wrapped(result)
        if not isinstance(result, tuple):
            _remember("odeint", call, result, 0, y0, t)
        return result

    def _solve_ivp(self, fun: Any, t_span: Any, y0: Any, method: Any = "RK45", **options: Any) -> Any:
        args = options.pop("args", None) or ()
        plain = unwrapped((t_span, y0))
        named = {key: called_back(one) for key, one in unwrapped(options).items()}
        events = options.get("events")
        if isinstance(events, (list, tuple)):
            named["events"] = [_event(one) for one in events]
        elif events is not None:
            named["events"] = _event(events)
        extra = {"args": args} if args else {}
        name = method if isinstance(method, str) else method.__name__
        given = (plain[1], (plain[0], options.get("t_eval")))
        result = self._known(f"solve_ivp {name}", unwrapped(given)) or scipy.integrate.solve_ivp(
            giving_plain(fun), plain[0], plain[1], method=method, **named, **extra
        )
        times, states, ended = result.t.copy(), result.y.T.copy(), None
        if result.status == 1:
            ones = events if isinstance(events, (list, tuple)) else [events]
            met = [
                (at[-1], y[-1], one)
                for one, at, y in zip(ones, result.t_events or (), result.y_events or (), strict=True)
                if at.size and getattr(one, "terminal", False)
            ]  # fmt: skip
            end, state, event = max(met, key=lambda one: abs(one[0] - times[0]))
            ended = called_with(event, args)
            if end != times[-1]:  # of the times that are asked for it is none
                times, states = np.append(times, end), np.vstack([states, state])
        last = float(times[-1]) * (1.0 + 1e-12)

        def past(t: float, y: Any) -> float:
            return t - last

        past.terminal = True  # type: ignore[attr-defined]  # as SciPy wants it

        def solved(flow: Any) -> Any:
            kept = {key: one for key, one in named.items() if key not in ("events", "jac", "vectorized")}
            # It ends where the script's events end it; the first step hangs on the whole span.
            if result.status == 1:
                kept |= {"t_eval": times, "events": past}
            return scipy.integrate.solve_ivp(flow, plain[0], plain[1], method=method, **kept).y.T

        self._calls.append(
            Call(
                f"solve_ivp {name}", called_with(fun, args), times, states,
                called(fun, True), flat(y0), flat(t_span)[0], self._lines([flat(t_span)[0], *flat(y0)]),
                ended, solved, given=unwrapped(given), result=copy.deepcopy(result), asked=result.nfev,
            )
        )  # fmt: skip
        if self._tracing:
            for key in ("t", "y"):
                result[key] = wrapped(result[key])
            if result.status != 1 and isinstance(result.y, np.ndarray):  # no event ended it
                flow = called_with(fun, args)
                _remember(f"solve_ivp {name}", flow, result.y, 1, y0, t_span)
                end, times = flat(t_span)[-1], wrapped(result.t)
                if isinstance(end, Remembers):
                    times.remember()[-1] = again(times.plain[-1], end)
        return result

    def _known(self, solver: str, given: tuple[Any, ...]) -> Any:
        """Give what the plain run's call of this number gave, where it was asked the same; else None."""
        at = len(self._calls)
        if at >= len(self._solved) or self._solved[at].solver != solver:
            return None
        known = self._solved[at]
        return copy.deepcopy(known.result) if digest(known.given) == digest(given) else None

    def _lines(self, given: list[Any]) -> tuple[int, ...]:
        """Give the line that set each of the numbers that a call begins with."""
        if not self._tracing:
            return ()
        first = [self._calls[0].start, *self._calls[0].begin] if self._calls else given
        carried = {one.place.key for one in first if isinstance(one, Remembers) and one.place is not None}
        places = [one.place if isinstance(one, Remembers) else None for one in given]
        here = active().line()
        return tuple(
            place.line if place is not None and place.key in carried and place.line else made_at(one) or here
            for one, place in zip(given, places, strict=True)
        )

    def _ode(self, f: Any, jac: Any = None) -> Any:
        return Stepper(f, self._calls, self._tracing)


def made_at(value: Any) -> int:
    """Give the line of the operation that a number is made by, where the script keeps it nowhere; else 0."""
    kept = not isinstance(value, Remembers) or value.place is not None
    return 0 if kept else value.form.line


def _odeint(function: Any, y0: Any, t: Any, **options: Any) -> tuple[Any, Any]:
    """Call odeint, and give NaN for what it does not get to: SciPy leaves there whatever the memory held."""
    solution, info = scipy.integrate.odeint(function, y0, t, **{**options, "full_output": True})
    times, reached = np.asarray(t, dtype=float), info["tcur"]
    way = np.sign(times[-1] - times[0])
    missed = np.flatnonzero(~(way * reached >= way * times[1:]))
    if "success" not in info["message"].lower() and missed.size:
        solution[missed[0] + 1 :] = np.nan
    return solution, info


def called_with(function: Any, args: Any) -> Any:
    """Make a right-hand side of time and state alone."""
    return lambda t, y: function(t, y, *args)


def _remember(solver: str, flow: Any, result: Any, axis: int, y0: Any, t: Any) -> None:
    """Let what a solver ends with, called in a step of the script, remember where it began and its flow.

    Parameters
    ----------
    solver : str
    flow : callable
        The right-hand side as ``f(t, y)``.
    result : TracedArray, two-dimensional
    axis : int
        That of its times.
    y0, t : number, or sequence of numbers
        Where it began; the times that were asked for.
    """
    tracer = active()
    if tracer.segment is None or tracer.step is None or result.shape[axis] < 2:
        return
    begin, asked = flat(y0), flat(t)
    state = wrapped(np.array([bare(one) for one in begin], dtype=float))
    nodes = state.remember()
    for j, one in enumerate(begin):
        nodes[j] = one if isinstance(one, Remembers) else None
    slopes = flat(flow(asked[0], state))
    length = asked[-1] - asked[0]
    if not isinstance(length, Remembers):
        length = float(f"{length:.9g}")
    kept = result.remember()
    for j, (one, slope) in enumerate(zip(begin, slopes, strict=True)):
        at = (j, -1) if axis else (-1, j)
        kept[at] = made(result.plain[at], f"{SOLVED}{solver}", (one, slope, length))


def called(function: Any, second: bool) -> str:
    """Say what a right-hand side calls its states."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return "y"
    return names[int(second)] if len(names) > int(second) else "y"


def _event(function: Any) -> Any:
    """Let an event of the script give plain numbers; what it says of itself is kept."""
    called = giving_plain(function)
    for name in ("terminal", "direction"):
        if hasattr(function, name):
            setattr(called, name, bare(getattr(function, name)))
    return called


class Stepper:
    """SciPy's ode, watched."""

    def __init__(self, f: Any, calls: list[Call], tracing: bool) -> None:
        self._f, self._calls, self._tracing = f, calls, tracing
        self._args: tuple[Any, ...] = ()
        self._inner: Any = scipy.integrate.ode(giving_plain(f))
        self._name = "ode"
        self._times: list[float] = []
        self._states: list[Any] = []

    def set_integrator(self, name: str, **options: Any) -> Any:
        """Choose the integrator."""
        self._name = f"ode {name}"
        self._inner.set_integrator(name, **unwrapped(options))
        return self

    def set_f_params(self, *args: Any) -> Any:
        """Give what the right-hand side takes beside t and y."""
        self._args = args
        self._inner.set_f_params(*args)
        return self

    def set_initial_value(self, y: Any, t: Any = 0.0) -> Any:
        """Begin."""
        self._inner.set_initial_value(unwrapped(y), bare(t))
        return self

    def integrate(self, t: Any, *args: Any, **options: Any) -> Any:
        """Go on to a time."""
        if not self._times:
            f = self._f
            flow = lambda t_, y_: f(t_, y_, *self._args)  # noqa: E731 - one line says it
            self._calls.append(Call(self._name, flow, self._times, self._states, called(f, True)))
        result = self._inner.integrate(bare(t), *args, **options)
        self._times.append(float(self._inner.t))
        self._states.append(np.array(result))
        return wrapped(result) if self._tracing else result

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if name == "y":
            return wrapped(value) if self._tracing else value
        return value
