"""Texts that differ in one place are rewritten as each would be alone, and run alike."""

import ast
import re

from natrium.analysis.doctor.trace.rewrite import Rewriter
from natrium.analysis.doctor.trace.shared import Shared
from natrium.analysis.doctor.trials.edits import Editor

TEXT = '''
"""Says what it is."""
import numpy as np
from math import exp

class Cell:
    tau = 10.0
    def __init__(self, rest=-70.0):
        self.v, self.kept = rest, [rest for _ in range(2)]
    @property
    def leak(self):
        return -self.v if self.v > 0 else 0.0
    def step(self, dt, I):
        for part in (0.5, 0.5):
            self.v += part * dt * (self.leak + I) / self.tau
        return self.v

def run(n, dt=0.1):
    cell, k, course = Cell(), 0, []
    while k < n:
        if k % 2 and cell.v > -80.0:
            course.append(cell.step(dt, 20.0 * exp(-k / 50.0)))
        else:
            course.append(cell.step(dt, sum(np.ones(3) * [j for j in range(3)])))
        k = k + 1
    try:
        with np.errstate(all="ignore"):
            low, high = min(course), max(course)
            for one in course:
                high = high + 0.0 * one
    except ValueError:
        low = high = 0.0
    return np.array(course), low, high

v, low, high = run(20)
print(low, [round(one, 3) for one in v])
'''


def rewritten(tree):
    """Give a text and its loops as they are without another, temporary names left out."""
    tree = ast.increment_lineno(ast.parse(ast.unparse(tree)), 0)
    alone = Rewriter(tree, False, set(), True)
    tree.body = alone.block(tree.body)
    return plain(tree), len(alone.loops)


def plain(tree):
    return re.sub(r"_trace_\d+", "_trace_k", ast.unparse(tree))


def test_each_text_is_as_if_it_were_rewritten_alone():
    tree = ast.parse(TEXT)
    before, shared = ast.dump(tree), Shared(tree, set(), main=True)
    for edit in [None, *list(Editor(tree, ()).edits())[::7], None]:
        text = edit.made() if edit is not None else tree
        made = shared.of(text)
        assert (plain(made), len(shared.loops)) == rewritten(text)
        compile(made, "<text>", "exec")
    assert ast.dump(tree) == before


def test_names_that_a_loop_needs_are_its_own():
    tree = ast.parse(TEXT)
    shared, edits = Shared(tree, set(), main=True), list(Editor(tree, ()).edits())
    for edit in edits[::50]:
        names = re.findall(r"(_trace_\d+) = _trace\.turns", ast.unparse(shared.of(edit.made())))
        assert len(names) == len(set(names)) == 1
