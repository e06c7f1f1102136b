"""What drives a class or function of a file: arguments by their names, an input that makes it fire."""

from __future__ import annotations

import ast
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.trace.script import Script, load_script
from natrium.model import ModelError

METHODS = (
    "update", "step", "excite", "integrate", "advance", "tick", "forward", "timestep", "update_state",
    "simulate_step", "do_step", "iterate", "evolve", "compute", "process", "stimulate", "__call__",
)  # fmt: skip
RUNS = ("run", "simulate", "solve", "main", "sim", "start", "spike")
_DT = frozenset(("dt", "h", "deltat", "delta_t", "timestep", "time_step", "step_size", "delta", "dT"))
_TIME = frozenset(("t", "time", "now", "current_time", "t_now", "sim_time"))
_COUNT = frozenset(("n", "steps", "n_steps", "nsteps", "num_steps", "N"))
_LENGTH = frozenset(
    ("T", "duration", "t_max", "tmax", "total_time", "t_end", "T_max", "simulation_time", "tstop")
)
# What arguments are called, whatever their case and underscores: the claim's name, a value without a claim.
_CALLED = (
    ("tau_m", 10.0, "tau taum taumem taumembrane timeconstant"),
    ("tau_ref", 2.0, "tauref tref refractoryperiod refractory tauarp refperiod"),
    ("v_rest", -70.0, "vrest el eleak erest urest restingpotential rest vl"),
    ("v_thresh", -55.0, "vthresh vth vthreshold threshold thresh vt uth"),
    ("v_reset", -70.0, "vreset ureset reset vr"),
    ("v_init", -70.0, "vinit v0 vm0 initialv"),
    ("dt", 0.1, "dt timestep deltat"),
    ("", 1.0, "r rm resistance c cm capacitance"),
    ("", 30.0, "vspike vpeak"),
    ("", 120.0, "gna gnabar gbarna gnamax"),
    ("", 36.0, "gk gkbar gbark gkmax"),
    ("", 50.0, "ena vna"),
    ("", -77.0, "ek vk"),
    ("", 0.3, "gl gleak glbar gbarl glmax"),
    ("", 100.0, "tauw"),
    ("", 1, "n nneurons numneurons size id neuronid"),
)
# Izhikevich's four letters, where all are asked for.
_LETTERS = {"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0}
_PLAIN = {name: (claim, usual) for claim, usual, names in _CALLED for name in names.split()}
_STEPS, _QUIET = 1000, 100
# Inputs are tried until one makes it fire.
_AMPLITUDES = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0, 0.1, 0.5, 200.0, 500.0, 1000.0, 1e-9, 1e-8)


@attrs.frozen(eq=False)
class Drive:
    """How a subject is driven.

    Attributes
    ----------
    text : str
        Statements that the script ends with.
    given : mapping
        What they use.
    """

    text: str
    given: Mapping[str, Any]


def drive_for(script: Script, name: str, namespace: Mapping[str, Any], claimed: Any) -> Drive:
    """Write what drives a class, instance or function.

    Parameters
    ----------
    script : Script
    name : str
    namespace : mapping
        What the file holds after it ran.
    claimed : Model or None

    Raises
    ------
    ModelError
        When the file holds no such thing, or it cannot be driven.
    """
    if name not in namespace:
        held = [one for one, value in namespace.items() if not one.startswith("_") and callable(value)]
        raise ModelError(
            f"a name must be in the file, got {name!r}; {script.path.name} holds {', '.join(held[:12])}"
        )
    value = namespace[name]
    known = _known(claimed)
    dt = known.get("dt", 0.1)
    if inspect.isclass(value):
        making, given = _call(value, name, known, "make", channels=_channels(claimed))
        channels = _channels(claimed)
        begin = f"_natrium_subject = {making}\n"
        if "sodium_channel" in making:
            if "sodium_channels" in making and "SodiumChannel" not in namespace:
                raise ModelError(
                    f"channels of {name} must be a SodiumChannel of its file, got none; give an instance"
                )
            made = ", ".join(channels)
            begin = "import numpy as _natrium_numpy\n" + (
                f"_natrium_make_sodium_channel_params = {channels[0]}\n"
                if "sodium_channel_params" in making
                else f"_natrium_make_sodium_channels = [SodiumChannel(**one) for one in [{made}]]\n"
            ) + begin  # fmt: skip
            return _stepped_blindly(value, begin, given, dt, claimed)
        subject = _made(value, given, name)
    elif (callable(value) and not hasattr(value, "__dict__")) or inspect.isfunction(value):
        return _function(value, name, known, dt, claimed)
    else:
        subject, given, begin = value, {}, f"_natrium_subject = {name}\n"
    method = next((one for one in METHODS if callable(getattr(subject, one, None))), "")
    if not method:
        run = next((one for one in RUNS if callable(getattr(subject, one, None))), "")
        if not run:
            raise ModelError(
                f"a class must have a method that steps it ({', '.join(METHODS[:4])}), got {name} without; "
                "give a function, or the whole script"
            )
        call, more = _call(getattr(subject, run), f"_natrium_subject.{run}", known, "run", dt)
        return Drive(begin + call + "\n", {**given, **more})
    return _stepped(subject, method, begin, given, dt, claimed, lambda: _made(value, given, name))


def only_class(path: str | os.PathLike[str]) -> str | None:
    """Name the one class of a file that has a method that steps it; None where there is none, or several."""
    found = []
    for one in ast.parse(load_script(path).text).body:
        if isinstance(one, ast.ClassDef):
            methods = {part.name: part for part in one.body if isinstance(part, ast.FunctionDef)}
            made_of = [arg.arg for arg in methods["__init__"].args.args] if "__init__" in methods else []
            # A channel's update(dt, V) looks the same: what is built with a channel's own rates is none.
            if methods.keys() & set(METHODS) and "alpha_m" not in made_of:
                found.append(one.name)
    return found[0] if len(found) == 1 else None


def _known(claimed: Any) -> dict[str, Any]:
    if claimed is None:
        return {}
    neuron = claimed.neuron
    names = ("tau_m", "tau_ref", "v_rest", "v_thresh", "v_reset", "v_init")
    known = {one: getattr(neuron, one) for one in names if hasattr(neuron, one)}
    return {**known, "dt": claimed.simulation.dt}


def _made(value: Any, given: Mapping[str, Any], name: str) -> Any:
    if not inspect.isclass(value):
        return value
    try:
        return value(**{key.removeprefix("_natrium_make_"): one for key, one in given.items()})
    except Exception as error:
        raise ModelError(
            f"a subject must be one that can be made, got {type(error).__name__} from {name}: "
            f"{str(error)[:120]}; give an instance"
        ) from None


def _channels(claimed: Any) -> list[str]:
    """Write the claim's sodium channels as the notebook's scripts take theirs."""
    found = []
    for channel in getattr(claimed.neuron, "channels", ()) if claimed is not None else ():
        gates = {gate.name: gate for gate in channel.gates}
        if set(gates) != {"m", "h"} or any(gate.alpha is None for gate in gates.values()):
            continue
        parts = [
            f"'{kind}_{name}': {_written(getattr(gates[name], kind))}"
            for name in "mh"
            for kind in ("alpha", "beta")
        ]
        found.append(f"{{{', '.join(parts)}, 'g_Na': {channel.g!r}, 'E_Na': {channel.E!r}}}")
    return found


def _written(rate: Any) -> str:
    """Write a rate as a function of the script would be."""
    nodes = list(ast.walk(ast.parse(rate.text, mode="eval")))
    called = sorted({ast.unparse(one.func) for one in nodes if isinstance(one, ast.Call)})
    defaults = [f"{name}=_natrium_numpy.{name}" for name in called]
    defaults += [f"{name}={value!r}" for name, value in rate.constants]
    return f"lambda {', '.join([rate.variable, *defaults])}: {rate.text}"


def _stepped_blindly(kind: type, begin: str, given: Mapping[str, Any], dt: float, claimed: Any) -> Drive:
    """Drive a class that is made of the claim's channels: what steps it is read off the class."""
    method = next((one for one in METHODS if callable(getattr(kind, one, None)) and one != "__call__"), "")
    if not method:
        raise ModelError(
            f"a class must have a method that steps it, got {kind.__name__} without; give another"
        )
    return _stepped(kind, method, begin, given, dt, claimed, lambda: None)


def _parameters(function: Any) -> list[inspect.Parameter]:
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    return [
        one for one in found if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and one.name != "self"
    ]


def _call(
    function: Any,
    name: str,
    known: Mapping[str, Any],
    what: str,
    dt: float = 0.1,
    channels: list[str] | None = None,
) -> tuple[str, dict[str, Any]]:
    """Write a call: what is known by name, what has no default by what its name says."""
    given: dict[str, Any] = {}
    parts = []
    asked = {one.name.lower().replace("_", ""): one for one in _parameters(function)}
    starts = [
        one.default + 70.0 for name, one in asked.items()
        if _PLAIN.get(name, ("",))[0] in ("v_rest", "v_init") and isinstance(one.default, (int, float))
    ]  # fmt: skip
    for name_, one in asked.items():
        canonical, usual = _PLAIN.get(name_, ("", None))
        if asked.keys() >= _LETTERS.keys():
            usual = _LETTERS.get(name_, usual)
        if starts and canonical.startswith("v_") and usual is not None:
            usual += starts[0]  # where the class says that V starts, the rest is counted from
        if canonical in known:
            value = known[canonical]
        elif one.name in ("sodium_channel_params", "sodium_channels") and channels:
            parts.append(f"{one.name}=_natrium_{what}_{one.name}")
            continue
        elif one.default is not one.empty:
            continue
        elif what == "make" and usual is not None:
            value = usual
        elif what == "run":
            value = _whole(one.name, dt)
        else:
            raise ModelError(
                f"a class's arguments must be known by name, got {one.name!r} of {name}; give an instance, "
                "or a function without arguments"
            )
        given[f"_natrium_{what}_{one.name}"] = value
        parts.append(f"{one.name}=_natrium_{what}_{one.name}")
    return f"{name}({', '.join(parts)})", given


def _whole(name: str, dt: float) -> Any:
    """Give what a function that runs as a whole is given."""
    if name in _DT:
        return dt
    if name in _COUNT:
        return _STEPS
    if name in _LENGTH:
        return _STEPS * dt
    if name in _TIME:
        return np.arange(_STEPS) * dt
    usual = _PLAIN.get(name.lower().replace("_", ""))
    if usual is not None:
        return usual[1]
    values = np.zeros(_STEPS)
    values[_QUIET:] = 20.0
    return values


def _function(value: Any, name: str, known: Mapping[str, Any], dt: float, claimed: Any) -> Drive:
    if name in METHODS and set(_roles(value).values()) >= {"I"}:
        return _stepped(value, "__call__", f"_natrium_subject = {name}\n", {}, dt, claimed, lambda: value)
    call, given = _call(value, name, known, "run", dt)
    try:
        made = value(**{key.removeprefix("_natrium_run_"): one for key, one in given.items()})
    except Exception as error:
        scalar = {key: 20.0 if isinstance(one, np.ndarray) else one for key, one in given.items()}
        try:
            made = value(**{key.removeprefix("_natrium_run_"): one for key, one in scalar.items()})
        except Exception:
            raise ModelError(
                f"a function must be one that can be called, got {type(error).__name__} from {name}: "
                f"{str(error)[:120]}; give one without arguments"
            ) from None
        given = scalar
    method = next((one for one in METHODS if hasattr(type(made), one) and one != "__call__"), "")
    method = method or ("__call__" if inspect.isfunction(made) else "")
    if method:
        begin = f"_natrium_subject = {call}\n"
        return _stepped(made, method, begin, given, dt, claimed, lambda: value(**{
            key.removeprefix("_natrium_run_"): one for key, one in given.items()}))  # fmt: skip
    return Drive(call + "\n", given)


def _stepped(
    subject: Any, method: str, begin: str, given: Mapping[str, Any], dt: float, claimed: Any,
    again: Callable[[], Any],
) -> Drive:  # fmt: skip
    roles = _roles(subject if inspect.isfunction(subject) else getattr(subject, method))
    parts = []
    for name, role in roles.items():
        shown = {"dt": "_natrium_dt", "t": "_natrium_t[_natrium_k]", "I": "_natrium_I[_natrium_k]"}[role]
        parts.append(f"{name}={shown}")
    own = getattr(subject, "dt", None)
    if "dt" not in roles.values() and isinstance(own, (int, float)):
        dt = float(own)
    times, values = _stimulus(subject, method, roles, dt, claimed, again)
    text = (
        begin
        + "_natrium_out = []\n"
        + f"for _natrium_k in range({len(times)}):\n"
        + f"    _natrium_v = _natrium_subject.{method}({', '.join(parts)})\n"
    )
    return Drive(text, {**given, "_natrium_dt": dt, "_natrium_t": times, "_natrium_I": values})


def _roles(function: Any) -> dict[str, str]:
    """Say what each argument of a stepping method is: the step, the time, the input."""
    roles: dict[str, str] = {}
    for one in _parameters(function):
        if one.name in _DT:
            roles[one.name] = "dt"
        elif one.name in _TIME:
            roles[one.name] = "t"
        elif one.default is one.empty or one.name[:1] == "I" or "cur" in one.name or "inp" in one.name:
            roles[one.name] = "I"
    return roles


def _stimulus(
    subject: Any, method: str, roles: Mapping[str, str], dt: float, claimed: Any, again: Callable[[], Any]
) -> tuple[list[float], list[float]]:
    if claimed is not None:
        number = round(claimed.simulation.t_end / dt)
        times = [k * dt for k in range(number)]
        return times, [float(claimed.stimulus(t, strict=True)) for t in times]
    times = [k * dt for k in range(_STEPS)]
    for amplitude in _AMPLITUDES:
        values = [0.0] * _QUIET + [amplitude] * (_STEPS - _QUIET)
        if "I" not in roles.values() or _fires(again(), method, roles, dt, times, values):
            return times, values
    return times, [0.0] * _QUIET + [10.0] * (_STEPS - _QUIET)


def _fires(
    subject: Any, method: str, roles: Mapping[str, str], dt: float, times: list[float], values: list[float]
) -> bool:
    """Whether a subject says that it fired, or falls as one that is reset."""
    seen: list[list[float]] = []
    output = sys.stdout
    try:
        for t, I in zip(times, values, strict=True):
            told = {"dt": dt, "t": t, "I": I}
            made = getattr(subject, method)(**{name: told[role] for name, role in roles.items()})
            ones = made if isinstance(made, tuple) else (made,)
            if any(isinstance(one, (bool, np.bool_)) and one for one in ones):
                return True
            number = next((one for one in ones if isinstance(one, (int, float))), None)
            if number is None or isinstance(number, bool):
                now = vars(subject).items()
                seen.append([_last(one) for name, one in now if name.lower().strip("_")[:1] in "vu"])
            else:
                seen.append([float(number)])
    except Exception:
        return False
    finally:
        sys.stdout = output
    courses = np.array(list(zip(*seen, strict=True)))
    for course in courses[np.isfinite(courses).all(axis=1)] if courses.size else ():
        if np.ptp(course) > 0 and np.max(-np.diff(course)) > 0.3 * np.ptp(course):
            return True
    return False


def _last(value: Any) -> float:
    """Give a number, or the newest of a list of them; NaN where there is none."""
    while isinstance(value, (list, np.ndarray)) and len(np.shape(value)) and len(value):
        value = value[-1]
    return float(value) if isinstance(value, (int, float)) else float("nan")
