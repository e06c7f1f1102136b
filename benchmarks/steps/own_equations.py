"""Equations of one's own in lanes: against channels, and against `EventDriven`.

    python -m benchmarks.steps.own_equations

The squid axon's sodium and potassium, with a reset, once as channels and once as equations; then every
template of `natrium new` that is written in equations, and the adaptive exponential neuron cut off at
20 mV. For each: a crowd of 256 runs, per step and lane and per multiplication of its convolutions; and how
many times longer `EventDriven` takes at the same tolerance, for a run of the crowd and for one run with its
dense output. The two sides take turns; times are the processor's, the least of some.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

import natrium
from natrium.model.files.new import template, template_names
from natrium.solvers.compiled.taylor.layout import Layout
from natrium.solvers.compiled.taylor.lowering import taylor_program
from natrium.solvers.runs import Runs

N_RUNS = 256
TURNS = 5
SPREAD = 1e-3  # mV: the crowd's initial voltages differ by at most this


def as_channels() -> tuple[Any, Any]:
    """Give a neuron of channels, and the same as equations."""
    known = natrium.CHANNELS
    sodium = attrs.evolve(known["hh_sodium"], name="Na", g=400.0, E=50.0)
    potassium = attrs.evolve(known["hh_potassium"], name="K", g=120.0, E=-77.0)
    neuron = natrium.Neuron(
        v_rest=-54.4,
        tau_m=1.0 / 0.3,
        v_thresh=-40.0,
        v_reset=-65.0,
        v_init=-65.0,
        channels=[sodium, potassium],
    )
    system = neuron.system
    values = dict(zip(system.parameters, system.values, strict=True))
    names = [symbol.name for symbol in system.states]
    own = natrium.HybridNeuron(
        equations=dict(zip(names, (flow.subs(values) for flow in system.rhs), strict=True)),
        initial=dict(zip(names, neuron.initial_state(), strict=True)),
        v_thresh=-40.0,
        reset={"V": -65.0},
        tau_ref=neuron.tau_ref,
    )
    return neuron, own


def models() -> dict[str, tuple[Any, Any, float]]:
    """Give neuron, input and length of each run."""
    channels, own = as_channels()
    found = {
        "squid axon, channels": (channels, natrium.Constant(40.0), 300.0),
        "squid axon, equations": (own, natrium.Constant(40.0), 300.0),
    }
    for name in template_names():
        model = natrium.model.loads(template(name))
        if not model.neuron.of_channels:
            found[name] = (model.neuron, model.stimulus, float(model.simulation.t_end))
        if name == "adex":
            found["adex, cut at 20 mV"] = (
                attrs.evolve(model.neuron, v_thresh=20.0), model.stimulus, float(model.simulation.t_end),
            )  # fmt: skip
    return found


def spent(function: Callable[[], object]) -> float:
    begin = time.process_time()
    function()
    return time.process_time() - begin


def measure(neuron: Any, stimulus: Any, t_end: float) -> str:
    solver, other = natrium.Compiled(), natrium.EventDriven()
    start = neuron.initial_state()[0] + np.linspace(0.0, SPREAD, N_RUNS)
    runs = Runs(neuron=neuron, stimulus=stimulus, varied={"v_init": start}, t_end=t_end)
    chunk = solver.solve_runs(runs)
    order = int(solver.solve(neuron, stimulus, t_end=t_end).method.split()[-1])
    pairs = Layout(taylor_program(neuron.system.structure), near=False).sums
    products = sum((0.5 if a == b else 1.0) * order * (order + 1) / 2 for a, b in pairs)
    crowd, alone, event = np.inf, np.inf, np.inf
    for _ in range(TURNS):
        crowd = min(crowd, spent(lambda: solver.solve_runs(runs)))
        alone = min(alone, spent(lambda: solver.solve(neuron, stimulus, t_end=t_end)))
        event = min(event, spent(lambda: other.solve(neuron, stimulus, t_end=t_end)))
    step = 1e9 * crowd / chunk.steps.sum()
    return (
        f"{chunk.steps.mean():9.0f} {len(pairs):9d} {step:9.1f} {1e3 * step / products:19.1f} "
        f"{event / (crowd / N_RUNS):13.0f} {event / alone:9.1f}"
    )


def main() -> None:
    print(
        "model                   steps/run  products  ns/step  ps/multiplication  EventDriven: crowd  one run"
    )
    for name, (neuron, stimulus, t_end) in models().items():
        print(f"{name:23s} {measure(neuron, stimulus, t_end)}")


if __name__ == "__main__":
    main()
