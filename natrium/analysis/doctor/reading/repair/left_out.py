"""What an equation lacks in a formula: the number that a state is counted from, the decay of a state."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import ARRAYS, LEAF, leaf, name_of
from natrium.analysis.doctor.reading.repair.bench import Bench
from natrium.analysis.doctor.reading.repair.told import Repair, told
from natrium.analysis.doctor.trace.record import Node

COUNTED, DECAY = 1.2, 1.25  # how far-fetched they are


def left_out(bench: Bench) -> Iterator[Repair]:
    """List what makes an expression right that was left out of it: g*V for g*(V - E), z for z - g/tau."""
    fixed = {name: values for name, values in bench.candidates.items() if not np.ptp(values)}
    with np.errstate(all="ignore"):
        for at, node in bench.open:
            if name_of(node) != "*":
                continue
            for place, one in enumerate(node.args):
                if one.op != LEAF or one.name not in bench.states:
                    continue
                x = bench.values[bench.place[one]]
                for name, value in fixed.items():
                    if bench.is_right(bench.whole(at, bench.values[at] / x * (x - value))):
                        less = Node("-", (one, leaf(name)), math.nan, node.line)
                        args = (less, node.args[1]) if place == 0 else (node.args[0], less)
                        yield told(bench, "offset", node, Node("*", args, math.nan, node.line), COUNTED)
        whole = bench.values[-1]
        for state in sorted(bench.states & set(bench.candidates)):
            for name, value in fixed.items():
                for op in ("/", "*"):
                    term = ARRAYS[op](bench.candidates[state], value)
                    for sign, more in (("-", whole - term), ("+", whole + term)):
                        if bench.is_right(more):
                            lacks = Node(op, (leaf(state), leaf(name)), math.nan)
                            new = Node(sign, (bench.root, lacks), math.nan, bench.root.line)
                            yield told(bench, "offset", bench.root, new, DECAY)
