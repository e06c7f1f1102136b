"""True spikes of the public systems, by other means than natrium: ``python -m tests.solvers.public_truths``.

The equations' text is integrated in 80-bit floats by extrapolation (Gragg, Bulirsch and Stoer: modified midpoint
rules of 2, 4, ..., 16 steps, so of order 16), its steps chosen for an error of 1e-15; a spike is the time at which
true steps from the last state meet the threshold, by secants.
"""

import ast
import json
from pathlib import Path

import numpy as np

from tests.solvers.public import SYSTEMS

FILE = Path(__file__).parent.parent / "data" / "public_systems.json"
REAL = np.longdouble
ROWS, TOLERANCE, LONGEST, NEAR = 8, REAL("1e-15"), REAL(0.5), REAL("1e-16")
FUNCTIONS = {name: getattr(np, name) for name in ("exp", "log", "tanh", "cosh")} | {"min": min, "max": max}


class _Exact(ast.NodeTransformer):
    """Numbers as 80-bit floats of what was written, ``where`` as Python's own branch."""

    def __init__(self):
        self.numbers = {}

    def visit_Constant(self, node):
        name = f"_{len(self.numbers)}"
        self.numbers[name] = REAL(repr(node.value))
        return ast.Name(name, ast.Load())

    def visit_Call(self, node):
        self.generic_visit(node)
        return ast.IfExp(*node.args) if node.func.id == "where" else node

    def visit_BinOp(self, node):
        if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant):  # whole powers stay whole
            return ast.BinOp(self.visit(node.left), node.op, node.right)
        return self.generic_visit(node)


def read(names, *texts):
    """Make a function of expressions: of a state and the input."""
    exact = _Exact()
    tree = exact.visit(ast.parse(f"({', '.join(map(str, texts))},)", mode="eval"))
    code, known = compile(ast.fix_missing_locations(tree), "expressions", "eval"), FUNCTIONS | exact.numbers
    return lambda y, I=0.0: eval(code, known, {"I": I, **dict(zip(names, y, strict=True))})  # noqa: S307 - own text


class Truth:
    """One system, integrated."""

    def __init__(self, system):
        self.system, names = system, list(system.equations)
        self.flows, level = read(names, *system.equations.values()), read(names, system.v_thresh)
        self.reset = read(names, *(system.reset.get(name, name) for name in names))
        self.moves = np.array([name in system.free for name in names])
        self.start = np.array([REAL(system.initial[name]) for name in names])
        self.jumps = [
            (REAL(at), names.index(to), by) for to, (times, by) in system.spikes.items() for at in times
        ]
        self.over = lambda y: y[0] - level(y)[0]

    def step(self, y, h, I, rests):
        """Give the state after h and how far it may be off: the last two of an extrapolation."""

        def flow(y):
            rates = np.array(self.flows(y, I))
            return np.where(self.moves, rates, 0) if rests else rates

        begin, line = flow(y), []
        for row in range(ROWS):
            n = 2 * (row + 1)
            before, now = y, y + h / n * begin
            for _ in range(n - 1):
                before, now = now, before + 2 * h / n * flow(now)
            above, line = line, [(before + now + h / n * flow(now)) / 2]
            for k in range(row):
                ratio = (REAL(n) / (2 * (row - k))) ** 2
                line.append(line[k] + (line[k] - above[k]) / (ratio - 1))
        return line[-1], np.max(np.abs(line[-1] - line[-2]) / (1 + np.abs(line[-1])))

    def solve(self):
        """Give the spike times and the state at the end."""
        system, spikes = self.system, []
        y, t, h, rests_until = self.start, REAL(0), REAL(0.01), REAL(-1)
        stops = {REAL(system.t_end), *(at for at, *_ in self.jumps), *(REAL(at) for at, _ in system.steps)}
        while t < system.t_end:
            for at, place, by in self.jumps:
                if at == t and (place or t >= rests_until):
                    y = y + by * (np.arange(y.size) == place)
            I = REAL(next(level for start, level in reversed(system.steps) if start <= t))
            end, rests = min(stop for stop in (*stops, rests_until) if stop > t), t < rests_until
            while t < end:
                h = min(h, LONGEST, end - t)
                after, error = self.step(y, h, I, rests)
                if not error <= TOLERANCE and h > 1e-14:  # NaN where a trial runs off
                    h *= np.fmax(REAL(0.2), REAL(0.8) * (TOLERANCE / error) ** REAL(0.07))
                    continue
                if not rests and self.over(y) < 0 <= self.over(after):
                    y, passed = self.cross(y, h, I)
                    t += passed
                    spikes.append(t)
                    y, rests_until = np.array(self.reset(y)), t + system.tau_ref
                    break
                y, t, h = after, end if h == end - t else t + h, 2 * h
        return spikes, y

    def cross(self, y, h, I):
        """Give the state at the threshold and the time to it, by secants kept within their bracket."""
        low, high, at_low, at_high = REAL(0), h, self.over(y), self.over(self.step(y, h, I, False)[0])
        while high - low > NEAR:
            margin = (high - low) / 1000
            middle = min(max(low - at_low * (high - low) / (at_high - at_low), low + margin), high - margin)
            at = self.over(self.step(y, middle, I, False)[0])
            low, at_low, high, at_high = (middle, at, high, at_high) if at < 0 else (low, at_low, middle, at)
        return self.step(y, high, I, False)[0], high


if __name__ == "__main__":
    kept = {}
    for name, system in SYSTEMS.items():
        with np.errstate(all="ignore"):
            spikes, y = Truth(system).solve()
        end = dict(zip(system.equations, map(float, y), strict=True))
        kept[name] = {"spikes": [float(t) for t in spikes], "end": end}
        print(name, kept[name]["spikes"][-1:], flush=True)
    FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
