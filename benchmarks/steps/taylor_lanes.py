"""Taylor series in lanes against their arithmetic: what the engine adds to its recurrences.

    python -m benchmarks.steps.taylor_lanes

For a few tolerances: the whole ensemble of the second script's channel (1000 inputs, 1000 ms, all spikes);
the native step alone, over and over on one state; and the multiplications and additions of its convolutions
alone, as fast as a loop of nothing else does them. All per step and lane.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir

import natrium
from natrium.solvers.compiled.engine import Work
from natrium.solvers.compiled.lane_memory import call_step
from natrium.solvers.compiled.lane_tables import END, LONGEST, WATCH
from natrium.solvers.compiled.taylor.layout import Layout
from natrium.solvers.compiled.taylor.lowering import taylor_program
from natrium.solvers.compiled.taylor.vectors import I64, Lanes
from natrium.solvers.inputs import tabulate
from natrium.solvers.machine import vector_width
from natrium.solvers.runs import Runs

WIDTH = vector_width()
TOLERANCES = (1e-7, 1e-9, 1e-11)
INPUTS = np.linspace(0.0, 40.0, 1000)
STEPS = 2000
SUMS = 12


@numba.njit(nogil=True)
def steps(address: int, arguments: int, count: int) -> None:
    for _ in range(count):
        call_step(address, arguments)


def least(function: Callable[[], object], times: int = 40) -> float:
    best = np.inf
    for _ in range(times):
        begin = time.process_time()
        function()
        best = min(best, time.process_time() - begin)
    return best


def multiply_add() -> float:
    """Seconds of one multiplication and addition in one lane: a loop of twelve sums in registers."""
    module = ir.Module()
    kind = ir.FunctionType(ir.VoidType(), [I64.as_pointer()])
    function = ir.Function(module, kind, name="products")
    builder = ir.IRBuilder(function.append_basic_block())
    lanes = Lanes(builder, module, WIDTH, fused=True)
    rows = builder.bitcast(function.args[0], lanes.type.as_pointer())
    factors = [lanes.load(rows, index) for index in range(SUMS)]

    def turn(_index: Any, sums: list[Any]) -> list[Any]:
        return [lanes.fma(total, factors[0], factor) for total, factor in zip(sums, factors, strict=True)]

    turns = 20_000
    sums = lanes.loop(ir.Constant(I64, 0), ir.Constant(I64, turns), factors, turn)
    for index, total in enumerate(sums):
        lanes.store(total, rows, index)
    builder.ret_void()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
    )
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), machine)
    engine.finalize_object()
    address, memory = engine.get_function_address("products"), np.full(SUMS * WIDTH, 0.5)
    steps(address, memory.ctypes.data, 1)
    return least(lambda: steps(address, memory.ctypes.data, 1)) / turns / SUMS / WIDTH


def measure(rtol: float) -> dict[str, float]:
    script = natrium.notebook.lif_na()
    solver = natrium.Compiled(rtol=rtol)
    runs = Runs(neuron=script.neuron, stimulus=natrium.Constant(0.0), varied={"I_0": INPUTS}, t_end=1000.0)
    inputs = tabulate(runs)
    settings = solver.settings(int(solver._orders(inputs)[0]))
    work = Work(runs, inputs, settings, np.empty(0))
    work.finish()
    lanes = work.lanes
    lanes.rows[END], lanes.rows[LONGEST], lanes.rows[WATCH] = np.inf, 100.0, 0.0
    lanes.states[:] = np.array([-10.0, 0.05, 0.9])[:, None]
    steps(lanes.step, lanes.arguments, 1)
    alone = least(lambda: steps(lanes.step, lanes.arguments, STEPS)) / STEPS / WIDTH
    chunk = solver.solve_runs(runs)
    whole = least(lambda: solver.solve_runs(runs), 7)
    pairs = list(Layout(taylor_program(script.neuron.system.structure), near=False).sums)
    order = settings.order
    count = sum((0.5 if a == b else 1.0) * order * (order + 1) / 2 for a, b in pairs)
    return {
        "order": order,
        "steps": float(chunk.steps.sum()),
        "seconds": whole,
        "whole": whole / chunk.steps.sum(),
        "alone": alone,
        "products": count,
    }


def main() -> None:
    one = multiply_add()
    print(f"a multiplication and addition: {1e12 * one:.1f} ps per lane")
    print("rtol    order  ensemble, s  per step and lane, ns: whole  step alone  products  whole / products")
    for rtol in TOLERANCES:
        found = measure(rtol)
        print(
            f"{rtol:.0e} {found['order']:6.0f} {found['seconds']:12.3f} {1e9 * found['whole']:30.1f} "
            f"{1e9 * found['alone']:11.1f} {1e9 * found['products'] * one:9.1f} "
            f"{found['whole'] / (found['products'] * one):13.2f}"
        )


if __name__ == "__main__":
    main()
