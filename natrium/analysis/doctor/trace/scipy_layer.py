"""SciPy as the script sees it: its solvers are watched."""

from __future__ import annotations

import inspect
import types
from typing import Any

import numpy as np
import scipy.integrate

from natrium.analysis.doctor.trace.arrays import wrapped
from natrium.analysis.doctor.trace.elements import unwrapped
from natrium.analysis.doctor.trace.foreign import called_back, foreign, loaded
from natrium.analysis.doctor.trace.numbers import bare

# The solver, the right-hand side as f(t, y), times, states, what it calls its states.
Call = tuple[str, Any, Any, Any, str]


class Watched:
    """SciPy, whose solvers are watched."""

    def __init__(self, inner: Any, calls: list[Call], tracing: bool) -> None:
        self._inner, self._calls, self._tracing = inner, calls, tracing

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name, None)
        if value is None:
            value = loaded(f"{self._inner.__name__}.{name}")
        if isinstance(value, types.ModuleType):
            return Watched(value, self._calls, self._tracing)
        if value is scipy.integrate.odeint:
            return self._odeint
        if value is scipy.integrate.solve_ivp:
            return self._solve_ivp
        if value is scipy.integrate.ode:
            return self._ode
        return foreign(value, name) if self._tracing else value

    def _odeint(self, func: Any, y0: Any, t: Any, args: Any = (), **options: Any) -> Any:
        plain = unwrapped((y0, t, args, options))
        result = scipy.integrate.odeint(called_back(func), plain[0], plain[1], args=args, **plain[3])
        solution = result[0] if isinstance(result, tuple) else result
        first = bool(plain[3].get("tfirst"))
        call = (lambda t_, y_: func(t_, y_, *args)) if first else (lambda t_, y_: func(y_, t_, *args))
        self._calls.append(("odeint", call, np.asarray(plain[1]), np.array(solution), called(func, first)))
        return wrapped(result) if self._tracing else result

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
        result = scipy.integrate.solve_ivp(
            called_back(fun), plain[0], plain[1], method=method, **named, **extra
        )
        name = method if isinstance(method, str) else method.__name__
        self._calls.append(
            (
                f"solve_ivp {name}",
                lambda t_, y_: fun(t_, y_, *args),
                result.t.copy(),
                result.y.T.copy(),
                called(fun, True),
            )
        )
        if self._tracing:
            for key in ("t", "y"):
                result[key] = wrapped(result[key])
        return result

    def _ode(self, f: Any, jac: Any = None) -> Any:
        return Stepper(f, self._calls, self._tracing)


def called(function: Any, second: bool) -> str:
    """Say what a right-hand side calls its states."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return "y"
    return names[int(second)] if len(names) > int(second) else "y"


def _event(function: Any) -> Any:
    """Let an event of the script give plain numbers; what it says of itself is kept."""
    called = called_back(function)
    for name in ("terminal", "direction"):
        if hasattr(function, name):
            setattr(called, name, bare(getattr(function, name)))
    return called


class Stepper:
    """SciPy's ode, watched."""

    def __init__(self, f: Any, calls: list[Call], tracing: bool) -> None:
        self._f, self._calls, self._tracing = f, calls, tracing
        self._args: tuple[Any, ...] = ()
        self._inner: Any = scipy.integrate.ode(called_back(f))
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
            self._calls.append(
                (
                    self._name,
                    lambda t_, y_: f(t_, y_, *self._args),
                    self._times,
                    self._states,
                    called(f, True),
                )
            )
        result = self._inner.integrate(bare(t), *args, **options)
        self._times.append(float(self._inner.t))
        self._states.append(np.array(result))
        return wrapped(result) if self._tracing else result

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if name == "y":
            return wrapped(value) if self._tracing else value
        return value
