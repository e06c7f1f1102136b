"""The target ``nest``: a PyNEST script for the neurons that NEST has: leaky, and adaptive exponential."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.export.distance import Twin
from natrium.export.inputs import T
from natrium.export.lowered import Lowered
from natrium.export.pythonic import (
    all_expressions,
    helper_lines,
    imported,
    indented,
    input_lines,
    number,
    table_lines,
    wrapped,
)
from natrium.export.readable import growth, ratio
from natrium.model import Neuron, Samples, UnsupportedModel
from natrium.model.arrays import Array
from natrium.solvers import ClosedForm, EventDriven, FixedStep, run

SAME = 1e-9  # relative: two right-hand sides that are one


@attrs.frozen
class NestNeuron:
    """A neuron that NEST has, with its numbers by NEST's names."""

    kind: str
    numbers: dict[str, float]


def nest_neuron(model: Lowered) -> NestNeuron:
    """Find the neuron of NEST's that a model is.

    Raises
    ------
    UnsupportedModel
        When it is none.
    """
    neuron = model.neuron
    if isinstance(neuron, Neuron) and neuron.is_leaky and neuron.fires:
        numbers = {
            "C_m": neuron.tau_m, "tau_m": neuron.tau_m, "E_L": neuron.v_rest, "V_th": neuron.v_thresh,
            "V_reset": neuron.v_reset, "t_ref": neuron.tau_ref, "V_m": neuron.v_init, "I_e": 0.0,
        }  # fmt: skip
        return NestNeuron("iaf_psc_delta_ps", numbers)
    found = _adaptive(model)
    if found is None:
        raise UnsupportedModel(
            "NEST has the leaky neuron without channels and the adaptive exponential one, got neither: "
            "export to another target"
        )
    return found


def _adaptive(model: Lowered) -> NestNeuron | None:
    """Read an adaptive exponential neuron's numbers off its equations; None where it is none."""
    system = model.system
    if len(system.states) != 2 or not model.fires or model.passes or system.threshold_moves:
        return None
    if model.tau_ref > 0.0 and model.held != (True, False):
        return None
    (V, w), current = system.states, system.input
    known = {symbol: sympy.Float(value) for symbol, value in model.parameters.items()}

    def plain(expr: Any) -> Any:
        return expr.replace(ratio, lambda a, b: a / b).replace(growth, sympy.exp).xreplace(known)

    f, g = map(plain, model.rhs)
    reset, level = [plain(one) for one in model.reset], plain(model.level)
    at = {V: sympy.Float(model.start[0]), w: sympy.Float(0.0), current: sympy.Float(0.0)}

    def value(expr: Any) -> float:
        return float(expr.xreplace(at))

    try:
        capacity, tau_w = 1.0 / value(f.diff(current)), -1.0 / value(g.diff(w))
        curve, steeper = value(f.diff(V, 2)), value(f.diff(V, 3))
        delta = curve / steeper
        g_leak = -capacity * (value(f.diff(V)) - delta * curve)
        rise = delta**2 * curve
        v0 = model.start[0]
        v_t = v0 - delta * math.log(rise * capacity / (g_leak * delta))
        e_leak = v0 + capacity * (value(f) - rise) / g_leak
        numbers = {
            "C_m": capacity, "g_L": g_leak, "E_L": e_leak, "Delta_T": delta, "V_th": v_t, "tau_w": tau_w,
            "a": tau_w * value(g.diff(V)), "b": float(reset[1] - w), "V_peak": float(level),
            "V_reset": float(reset[0]), "t_ref": model.tau_ref, "V_m": v0, "w": model.start[1], "I_e": 0.0,
            "gsl_error_tol": 1e-9,
        }  # fmt: skip
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    n = numbers
    upward = n["g_L"] * n["Delta_T"] * sympy.exp((V - n["V_th"]) / n["Delta_T"])
    again = (
        (-n["g_L"] * (V - n["E_L"]) + upward - w + current) / n["C_m"],
        (n["a"] * (V - n["E_L"]) - w) / n["tau_w"],
    )
    points = [(v0, 0.0, 0.0), (v_t, 10.0, 100.0), (v_t + 2 * delta, -5.0, 30.0), (n["V_reset"], 50.0, -20.0)]
    for point in points:
        there = dict(zip((V, w, current), map(sympy.Float, point), strict=True))
        for own, theirs in zip((f, g), again, strict=True):
            a, b = float(own.xreplace(there)), float(theirs.xreplace(there))
            if abs(a - b) > SAME * (1.0 + abs(a)):
                return None
    return NestNeuron("aeif_psc_delta", numbers)


def write_nest(model: Lowered, dt: float) -> str:
    """Write the script, without the words at its head.

    Raises
    ------
    UnsupportedModel
        When NEST has no such neuron, or the grid is too coarse for it.
    """
    found = nest_neuron(model)
    if found.kind.endswith("_ps") and model.tau_ref < dt:
        raise UnsupportedModel(
            f"NEST's precise neuron needs a refractory period of at least dt = {dt:g} ms, got tau_ref = "
            f"{model.tau_ref:g} ms: lower dt, or export to another target"
        )
    if any(place != 0 for _, place, _ in model.kicks) or (model.kicks and not found.kind.endswith("_ps")):
        raise UnsupportedModel(
            "spikes that come in must move V of a leaky neuron in NEST: export to another target"
        )
    lines = ["import math"]
    if any(hasattr(part, "times") for part in model.parts):
        lines.append("from bisect import bisect_right")
    lines += [*imported(all_expressions(model)), "", "import nest", ""]
    lines += [
        f"dt = {number(dt)}  # ms",
        f"T_START, T_END = {number(model.t_start)}, {number(model.t_end)}  # ms",
    ]
    pairs = (f'"{name}": {number(value)}' for name, value in found.numbers.items())
    lines += [
        f"# {_units(found)}",
        *wrapped("NUMBERS = {", pairs, "}"),
        *table_lines(model),
        *helper_lines(model, "t"),
    ]
    lines += ["", "", "def current(t):", '    """Give the input at the beginning of a step."""']
    lines += indented([*input_lines(model, {T: "t"}, "t"), "return I"])
    lines += ["", "", *_run(model, found), ""]
    return "\n".join(lines)


def _units(found: NestNeuron) -> str:
    if found.kind.endswith("_ps"):
        return "C_m in pF is tau_m in ms, so that 1 pA of input is 1 mV."
    return "Times in ms, voltages in mV, currents in pA, conductances in nS, C_m in pF."


def _run(model: Lowered, found: NestNeuron) -> Iterator[str]:
    yield 'nest.set_verbosity("M_ERROR")'
    yield "nest.resolution = dt"
    yield f'neuron = nest.Create("{found.kind}", params=NUMBERS)'
    yield "# What a generator sends takes a step to come; two steps go by before the run begins."
    yield "early = 2*dt"
    yield "times, values = [], []"
    yield "for k in range(round((T_END - T_START)/dt)):"
    yield "    value = current(T_START + k*dt)"
    yield "    if not values or value != values[-1]:"
    yield "        times.append(round((k + 1)*dt, 9))"
    yield "        values.append(value)"
    yield 'generator = nest.Create("step_current_generator")'
    yield "generator.set(amplitude_times=times, amplitude_values=values)"
    yield 'nest.Connect(generator, neuron, syn_spec={"delay": dt})'
    if model.kicks:
        rows = (f"({number(time - model.t_start)}, {number(by)})" for time, _, by in model.kicks)
        yield from wrapped("KICKS = [", rows, "]  # ms, mV")
        yield 'incoming = nest.Create("spike_generator", params={"precise_times": True})'
        yield "come, weights = [time + dt for time, _ in KICKS], [by for _, by in KICKS]"
        yield "incoming.set(spike_times=come, spike_weights=weights)"
        yield 'nest.Connect(incoming, neuron, syn_spec={"delay": dt})'
    yield 'recorder = nest.Create("spike_recorder")'
    yield "nest.Connect(neuron, recorder)"
    yield "nest.Simulate(early)"
    yield f"neuron.V_m = {number(model.start[0])}"
    if not found.kind.endswith("_ps"):
        yield f"neuron.w = {number(model.start[1])}"
    yield "nest.Simulate(T_END - T_START)"
    yield 'for time in sorted(recorder.events["times"]):'
    yield "    print(repr(float(time - early + T_START)))"


def nest_meaning(model: Lowered, dt: float) -> list[str]:
    """Say what means something else in NEST."""
    found = nest_neuron(model)
    said = [f"NEST reads the input at the beginning of each step of {dt:g} ms and holds it for the step."]
    if found.kind.endswith("_ps"):
        said.append(
            "iaf_psc_delta_ps is NEST's precise neuron: between steps V is exact, and a spike is where V "
            "meets the "
            "threshold within its step; iaf_psc_delta beside it puts spikes and refractory periods on "
            "the grid."
        )
    else:
        said.append(
            "aeif_psc_delta goes by steps of its own within each dt (Runge, Kutta and Fehlberg's), but a "
            "spike is "
            "labelled by the end of its dt, and tau_ref is whole steps from there on."
        )
    return said


class NestTwin(Twin):
    """NEST's rules: the precise neuron in closed form, the other one on the grid."""

    def spikes(self, lowered: Lowered, dt: float) -> Array:
        """Give the spikes that NEST is expected to give, ms."""
        if not nest_neuron(lowered).kind.endswith("_ps"):
            steps = (super().spikes(lowered, dt) - lowered.t_start) / dt
            return np.asarray(lowered.t_start + dt * np.ceil(steps - 1e-9))
        times = lowered.t_start + dt * np.arange(round((lowered.t_end - lowered.t_start) / dt))
        stimulus = lowered.model.stimulus
        silent = [part for part in stimulus.parts if any(True for _ in part.kicks())]
        held = Samples(times, [stimulus(time) for time in times.tolist()])
        solver = EventDriven(rtol=1e-12) if silent else ClosedForm()
        return run(attrs.evolve(lowered.model, stimulus=[held, *silent]), solver).spike_times

    def told(self, lowered: Lowered, dt: float) -> str:
        """Say which solver it is."""
        if not nest_neuron(lowered).kind.endswith("_ps"):
            return super().told(lowered, dt)
        return f"estimated by natrium's closed form, the input held for each step of {dt:g} ms"


NEST_TWIN = NestTwin(
    lambda model, dt: FixedStep(
        dt=dt, scheme="rk4", spike_time="linear", refractory="steps", label="end", read="start",
        edges="half-open",
    )
)  # fmt: skip
