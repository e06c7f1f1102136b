"""DOP853 in lock-step lanes: what it costs, beside Taylor series in lanes.

    python -m benchmarks.steps.dop853_lanes

The other of the two ways to step that were measured, kept as the record of that choice; benchmarks/README.md
has the figures. Eight runs go side by side, each with its own time and step; the loop over lanes holds
straight-line arithmetic alone (an `exp` of range reduction, polynomial and exponent bits; the tableau's
sums written out; the step's root by square roots), so that the compiler makes vectors of it. Crossings
are located by dense output, one lane at a time; a lane that is through takes the next input.
"""

from __future__ import annotations

import importlib
import math
import sys
import time
from typing import Any

import numpy as np
from numba import float64, int64, njit
from numba.extending import intrinsic
from scipy.integrate._ivp import dop853_coefficients as tableau

from benchmarks.peers import generated, work
from benchmarks.peers.dop853_loop import dense, rhs, root, stage, value

LANES = 8
MANY = 64  # lanes of the right-hand side timed alone: eight vectors, so that none waits for another
TOLERANCES = (1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13)
REPEATS = 7
N, STAGES = 3, 12


@intrinsic
def bits(_context: Any, _x: Any) -> Any:
    """Read a double's bits as a whole number."""
    return int64(float64), lambda _c, builder, sig, args: builder.bitcast(args[0], _llvm(_c, sig))


@intrinsic
def double(_context: Any, _k: Any) -> Any:
    """Read a whole number's bits as a double."""
    return float64(int64), lambda _c, builder, sig, args: builder.bitcast(args[0], _llvm(_c, sig))


def _llvm(context: Any, signature: Any) -> Any:
    return context.get_value_type(signature.return_type)


INVERSE_LN2 = 1.0 / math.log(2.0)
LN2_HIGH = 6.93147180369123816490e-01  # with zeros at its end, so that its multiples are exact
LN2_LOW = 1.90821492927058770002e-10
ROUND = 1.5 * 2.0**52  # added, it leaves the nearest whole number in the last bits
C = tuple(1.0 / math.factorial(k) for k in range(14))


@njit(inline="always", error_model="numpy", fastmath={"contract"})
def exp(x: float) -> float:
    """Evaluate exp(x) for |x| < 700: no branch, no call."""
    shifted = x * INVERSE_LN2 + ROUND
    k = shifted - ROUND
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    p = C[13]
    p = p * r + C[12]
    p = p * r + C[11]
    p = p * r + C[10]
    p = p * r + C[9]
    p = p * r + C[8]
    p = p * r + C[7]
    p = p * r + C[6]
    p = p * r + C[5]
    p = p * r + C[4]
    p = p * r + C[3]
    p = p * r + C[2]
    p = p * r + 1.0
    p = p * r + 1.0
    return p * double((bits(shifted) + 1023) << 52)


# One flat array holds every lane's numbers, a row of `LANES` each: at fixed distances the compiler sees that
# rows do not overlap.
U, M, G, STEP, DRIVE, NEW_U, NEW_M, NEW_G, NORM = range(9)  # G is the model's h: here h is the step


def step_source() -> str:
    """Write out one step of every lane, the tableau's sums term by term."""

    def total(row: Any, state: int) -> str:
        return " + ".join(f"{float(a)!r}*k{j}_{state}" for j, a in enumerate(row) if a) or "0.0"

    def at(row: int) -> str:
        return f"S[i + {LANES * row}]"

    names = ("u", "m", "g")
    rhs = generated.function_source().replace(
        "def ", '@njit(inline="always", error_model="numpy", fastmath={"contract"})\ndef ', 1
    )
    body = [f"{name} = {at(s)}" for s, name in enumerate(names)]
    body += [f"h = {at(STEP)}", f"j = {at(DRIVE)}"]
    for number in range(STAGES):
        row = tableau.A[number, :number]
        where = [f"{name} + h*({total(row, s)})" if number else name for s, name in enumerate(names)]
        body.append(f"k{number}_0, k{number}_1, k{number}_2 = rhs({', '.join(where)}, j)")
    body += [f"new{s} = {name} + h*({total(tableau.B, s)})" for s, name in enumerate(names)]
    body += [f"k{STAGES}_0, k{STAGES}_1, k{STAGES}_2 = rhs(new0, new1, new2, j)"]
    for s, name in enumerate(names):
        absolute = "rtol" if s == 0 else "0.01*rtol"
        body += [
            f"inverse = 1.0/({absolute} + rtol*max(abs({name}), abs(new{s})))",
            f"third{s} = ({total(tableau.E3, s)})*inverse",
            f"fifth{s} = ({total(tableau.E5, s)})*inverse",
            f"{at(NEW_U + s)} = new{s}",
        ]
    squares = {order: " + ".join(f"{order}{s}*{order}{s}" for s in range(N)) for order in ("third", "fifth")}
    body += [f"a = {squares['fifth']}", f"b = 0.01*({squares['third']})"]
    body += [f"{at(NORM)} = h*a/sqrt((a + b + 1e-300)*{N})"]
    lines = "\n        ".join(body)
    return f"""from math import sqrt

from numba import njit

from benchmarks.steps.dop853_lanes import exp


{rhs}

@njit(error_model="numpy", fastmath={{"contract"}})
def step(S, rtol):
    for i in range({LANES}):
        {lines}


@njit(error_model="numpy", fastmath={{"contract"}})
def many(S):
    for i in range({MANY}):
        du, dm, dg = rhs(S[i], S[i + {MANY}], S[i + {2 * MANY}], S[i + {3 * MANY}])
        S[i + {4 * MANY}], S[i + {5 * MANY}], S[i + {6 * MANY}] = du, dm, dg
"""


def step_function() -> Any:
    """Import the step, its source kept under build/."""
    folder = generated.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dop853_lanes_step.py").write_text(step_source(), encoding="utf-8")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    return importlib.import_module("dop853_lanes_step")


def ensemble_of(step: Any) -> Any:
    """Give the ensemble's function."""
    tau_ref, u_reset = work.TAU_REF, work.U_RESET

    @njit(error_model="numpy")
    def cross(S: Any, i: int, K: Any, F: Any, y: Any, new: Any) -> float:
        """Reset one lane at its crossing, its stages taken once more; give the time gone by."""
        h, J = S[i + STEP * LANES], S[i + DRIVE * LANES]
        for s in range(N):
            y[s], new[s] = S[i + s * LANES], S[i + (NEW_U + s) * LANES]
        K[0, 0], K[1, 0], K[2, 0] = rhs(y[0], y[1], y[2], J)
        for index in range(1, STAGES):
            stage(index, y, h, K, J)
        K[0, STAGES], K[1, STAGES], K[2, STAGES] = rhs(new[0], new[1], new[2], J)
        dense(y, new, h, K, J, F)
        x = root(y[0], F[0])
        S[i + NEW_U * LANES] = u_reset
        S[i + NEW_M * LANES], S[i + NEW_G * LANES] = value(x, y[1], F[1]), value(x, y[2], F[2])
        return float(x * h)

    @njit(error_model="numpy")
    def ensemble(
        drives: Any, start: Any, t_end: float, rtol: float, spikes: Any, counts: Any
    ) -> tuple[int, int]:
        S, T = np.zeros(9 * LANES), np.full(LANES, np.inf)
        K, F, y, new = np.zeros((N, STAGES + 4)), np.zeros((N, 7)), np.zeros(N), np.zeros(N)
        run = np.full(LANES, -1)
        waiting, busy, steps, refused = 0, LANES, 0, 0
        while True:
            for i in range(LANES):
                if T[i] >= t_end and busy:
                    if waiting < drives.size:
                        run[i], S[i + DRIVE * LANES], T[i] = waiting, drives[waiting], 0.0
                        S[i + STEP * LANES] = 0.01
                        for s in range(N):
                            S[i + s * LANES] = start[s]
                        waiting += 1
                    else:  # it goes on with steps of no length
                        T[i], S[i + STEP * LANES] = -np.inf, 0.0
                        busy -= 1
            if busy == 0:
                return steps, refused
            step(S, rtol)
            steps += 1
            for i in range(LANES):
                h, norm = S[i + STEP * LANES], S[i + NORM * LANES]
                factor = 0.9 / np.sqrt(np.sqrt(np.sqrt(max(norm, 1e-12))))
                if norm < 1.0:
                    T[i] += h
                    longest = np.inf
                    if S[i + NEW_U * LANES] >= 0.0:
                        T[i] += cross(S, i, K, F, y, new) - h
                        spikes[run[i], counts[run[i]]] = T[i]
                        counts[run[i]] += 1
                        T[i] += tau_ref
                        longest = 0.3
                    for s in range(N):
                        S[i + s * LANES] = S[i + (NEW_U + s) * LANES]
                    S[i + STEP * LANES] = min(h * max(0.2, factor), longest, t_end - T[i])
                else:
                    refused += 1
                    S[i + STEP * LANES] = h * max(0.2, factor)

    return ensemble


def rhs_cost(many: Any, calls: int = 200_000) -> float:
    """Time the right-hand side alone, ns per lane and call."""

    @njit(error_model="numpy")
    def repeat(S: Any, count: int) -> None:
        for _ in range(count):
            many(S)

    S = np.repeat([-7.0, 0.1, 0.5, 2.0, 0.0, 0.0, 0.0], MANY)
    repeat(S, 1)
    return min(_seconds(lambda: repeat(S, calls)) for _ in range(REPEATS)) / (calls * MANY) * 1e9


def _seconds(run: Any) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def main() -> None:
    made = step_function()
    run = ensemble_of(made.step)
    print(f"right-hand side alone: {rhs_cost(made.many):.2f} ns per lane and call")
    drives, start = work.inputs() - work.GAP, np.array(work.START)
    spikes = np.empty((drives.size, work.MAX_SPIKES))
    counts = np.zeros(drives.size, dtype=np.int64)
    for tolerance in TOLERANCES:
        times = []
        for _ in range(REPEATS):
            counts[:] = 0
            begin = time.process_time()
            steps, refused = run(drives, start, work.ENSEMBLE_END, tolerance, spikes, counts)
            times.append(time.process_time() - begin)
        verdict = work.judge_ensemble([row[:n] for row, n in zip(spikes, counts, strict=True)])
        best = min(times)
        print(
            f"tolerance {tolerance:.0e}: {best:.3f} s, {best / drives.size / work.ENSEMBLE_END * 1e9:.0f} ns "
            f"per run and ms, {best / steps / LANES * 1e9:.0f} ns per step and lane ({steps} steps of all "
            f"lanes, {refused} refused), error {verdict.error:.1e} ms, {verdict.wrong} wrong counts",
            flush=True,
        )


if __name__ == "__main__":
    sys.modules.setdefault("benchmarks.steps.dop853_lanes", sys.modules["__main__"])
    main()
