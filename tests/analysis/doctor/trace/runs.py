"""Scripts that are traced, and what the tests ask of their records."""

import functools
from pathlib import Path

from natrium.analysis.doctor.reading.expressions.trees import DOUBLES, Program
from natrium.analysis.doctor.reading.maps.solved import makes_again, solver_of
from natrium.analysis.doctor.reading.steps.replay import replayed
from natrium.analysis.doctor.trace import trace_script


def first_unexplained(record):
    """Give the first step that the maps, run again, make otherwise than the script did; None without."""
    if solver_of(record):
        off, _ = makes_again(record)
        return None if off < 0 else off
    off = -1 if record.solver or not record.steps else replayed(record).off
    return None if off < 0 else off


def value_of(node, leaves):
    return Program([node])(leaves, DOUBLES["math"])[0]


SCRIPTS = Path(__file__).resolve().parents[3] / "data" / "scripts"


@functools.cache
def traced(name):
    return trace_script(SCRIPTS / name)


def written(tmp_path, text, name="script.py"):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


def leaves(node):
    return {node.name} if node.op == "leaf" else set().union(*map(leaves, node.args), set())


NEURON = """\
import numpy as np
import matplotlib.pyplot as plt

class Neuron:
    def __init__(self, tau, rest, limit):
        self.tau, self.rest, self.limit = tau, rest, limit
        self.v = rest
        self.wait = 0.0

    def update(self, dt, current):
        if self.wait > 0:
            self.wait -= dt
            self.v = self.rest
        else:
            self.v += (self.rest - self.v + current) / self.tau * dt
            if self.v >= self.limit:
                self.v = self.rest
                self.wait = 2.0
        return self.v

"""
