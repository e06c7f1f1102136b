"""diffrax: steps of Dormand and Prince's 8(7) for all runs at once, compiled by XLA in double precision.

A `diffeqsolve` with an event per interval, under `vmap`, makes every run wait for the slowest in every
interval (minutes). So the loop is one of single steps: diffrax's `step` and dense output, each run with its
own step size, at each step's end the crossings of up to `LOCATED` runs; what crosses beyond these takes its
step again. Compiling is left out of the times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers import generated, work

LOCATED = 32
TURNS = 14  # of the Illinois method


class Diffrax(work.Peer):
    name = "diffrax"
    needs = ("diffrax", "jax")
    install = "diffrax jax"
    note = "Dopri8 steps under vmap, XLA on the processor"
    ensemble_tolerances = (1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13)
    single_tolerances = (1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13)

    def ensemble(self, tolerance: float, values: np.ndarray) -> Callable[[], work.Trains]:
        import jax

        propagate = propagator(tolerance, len(values))
        start = np.repeat(np.array(work.START)[None, :], len(values), axis=0)
        solve = jax.jit(lambda drives: propagate(0.0, work.ENSEMBLE_END, start, drives)[1:])

        def run() -> work.Trains:
            counts, spikes = solve(values - work.GAP)
            return [train[:count] for count, train in zip(counts, np.asarray(spikes), strict=True)]

        return run

    def single(self, tolerance: float) -> Callable[[], Any]:
        import jax
        import jax.numpy as jnp

        propagate = propagator(tolerance, 1)
        start = np.array([work.START])

        @jax.jit
        def solve(step: Any) -> Any:
            y, _, _ = propagate(0.0, work.STEP_START, start, jnp.array([-work.GAP]))  # without a spike
            return propagate(work.STEP_START, work.SINGLE_END, y, step - work.GAP)[1:]

        def run() -> np.ndarray:
            count, spikes = solve(np.array([work.STEP]))
            return np.asarray(spikes)[0, : int(count[0])]

        return run


def propagator(tolerance: float, runs: int) -> Callable[..., Any]:
    """Give what carries runs from one time to another: states, counts of spikes and their times."""
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    rhs = generated.module("jax").rhs
    solver = diffrax.Dopri8()
    term = diffrax.ODETerm(lambda _t, y, J: jnp.stack(rhs(y[0], y[1], y[2], J)))
    atol = tolerance * jnp.array([1.0, 0.01, 0.01])
    located = min(LOCATED, runs)

    @jax.vmap
    def advance(y: Any, h: Any, J: Any) -> Any:
        state = solver.init(term, 0.0, h, y, J)
        new, error, dense, _, _ = solver.step(term, 0.0, h, y, J, state, made_jump=False)
        scale = atol + tolerance * jnp.maximum(jnp.abs(y), jnp.abs(new))
        return new, jnp.sqrt(jnp.mean((error / scale) ** 2)), dense

    @jax.vmap
    def locate(h: Any, dense: Any) -> Any:
        polynomial = solver.interpolation_cls(t0=0.0, t1=h, **dense)

        def turn(_: int, state: Any) -> Any:
            low, at_low, high, at_high, side, x = state
            x = (low * at_high - high * at_low) / (at_high - at_low)
            x = jnp.where((x >= low) & (x <= high), x, high)  # 0/0 once it has converged
            here = polynomial.evaluate(x)[0]
            under = here < 0.0
            at_high = jnp.where(under, at_high * jnp.where(side < 0, 0.5, 1.0), here)
            at_low = jnp.where(under, here, at_low * jnp.where(side > 0, 0.5, 1.0))
            return jnp.where(under, x, low), at_low, jnp.where(under, high, x), at_high, 1 - 2 * under, x

        zero = jnp.zeros_like(h)
        ends = zero, polynomial.evaluate(zero)[0], h, polynomial.evaluate(h)[0], 0, h
        x = jax.lax.fori_loop(0, TURNS, turn, ends)[-1]
        return x, polynomial.evaluate(x).at[0].set(work.U_RESET)

    def propagate(begin: Any, t_end: float, start: Any, J: Any) -> Any:
        def one(state: Any) -> Any:
            t, y, h, counts, spikes = state
            new, norm, dense = advance(y, h, J)
            good = norm < 1.0
            over = good & (new[:, 0] >= 0.0) & (h > 0.0)
            factor = jnp.clip(0.9 * norm**-0.125, 0.2, 10.0)
            (which,) = jnp.nonzero(over, size=located, fill_value=runs)  # a number too large is dropped

            def cross(given: Any) -> Any:
                new, h, counts, spikes = given
                chosen = jnp.minimum(which, runs - 1)
                x, after = locate(h[chosen], jax.tree_util.tree_map(lambda part: part[chosen], dense))
                spikes = spikes.at[which, counts[chosen]].set(t[chosen] + x, mode="drop")
                counts = counts.at[which].add(1, mode="drop")
                moved = h.at[which].set(x + work.TAU_REF, mode="drop")
                return new.at[which].set(after, mode="drop"), moved, counts, spikes

            new, moved, counts, spikes = jax.lax.cond(
                jnp.any(over), cross, lambda given: given, (new, h, counts, spikes)
            )
            taken = jnp.zeros(runs, dtype=bool).at[which].set(True, mode="drop")
            good = good & (~over | taken)
            t = jnp.where(good, t + moved, t)
            y = jnp.where(good[:, None], new, y)
            h = jnp.where(taken, jnp.minimum(h, 0.3), jnp.where(over, h, h * factor))
            return t, y, jnp.clip(h, 0.0, jnp.maximum(t_end - t, 0.0)), counts, spikes

        t = jnp.full(runs, begin)
        counts, spikes = jnp.zeros(runs, dtype=int), jnp.zeros((runs, work.MAX_SPIKES))
        first = (t, jnp.asarray(start), jnp.full(runs, 0.01), counts, spikes)
        _, y, _, counts, spikes = jax.lax.while_loop(lambda state: jnp.any(state[0] < t_end), one, first)
        return y, counts, spikes

    return propagate


PEER = Diffrax()
