"""A state that is an object made anew at every step is one state, wherever the script keeps it."""

import pytest

from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from tests.analysis.doctor.written import taken

KIND = """
from dataclasses import dataclass, replace

@dataclass(frozen=True)
class State:
    v: float = -65.0
    wait: int = 0

TAU, REST, TOP, BACK, DT = 10.0, -65.0, -50.0, -70.0, 0.1

def advance(state):
    if state.wait:
        return replace(state, wait=state.wait - 1)
    v = state.v + DT * (REST - state.v + 20.0) / TAU
    return State(BACK, 15) if v >= TOP else replace(state, v=v)
"""
IN_A_NAME = """
state = State()
for k in range(360):
    state = advance(state)
"""
BY_ANOTHER_NAME = """
state = State()
for k in range(360):
    new = advance(state)
    state = new
"""
AT_A_LISTS_END = """
history = [State()]
for k in range(360):
    history.append(advance(history[-1]))
"""
IN_AN_OBJECT = """
class Cell:
    def __init__(self):
        self.state = State()

    def step(self):
        self.state = advance(self.state)

cell = Cell()
for k in range(360):
    cell.step()
"""
MADE_BY_HAND = """
class State:
    def __init__(self, v=-65.0, wait=0):
        self.v = v
        self.wait = wait

def replace(state, **changes):
    return State(**{**vars(state), **changes})

state = State()
for k in range(360):
    state = advance(state)
"""


@pytest.mark.parametrize(
    "way",
    [IN_A_NAME, BY_ANOTHER_NAME, AT_A_LISTS_END, IN_AN_OBJECT, MADE_BY_HAND],
    ids=("name", "another", "list", "object", "class"),
)
def test_a_state_that_is_replaced_is_followed(tmp_path, way):
    path = tmp_path / "script.py"
    path.write_text(KIND + way)
    found = read(traced(path), solve=False)
    assert found.replay.off == -1, found.replay.why
    assert len(found.record.states) == 2
    assert text_of(found.maps.resets[found.maps.V]) == "BACK"
    assert set(found.maps.hold.steps) == {15}
    assert found.spike_times.size > 1


def test_two_objects_of_a_kind_stay_two(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(
        KIND + "a = State()\nb = State(-60.0)\nfor k in range(100):\n    a, b = advance(a), advance(b)\n"
    )
    found = read(traced(path), solve=False)
    assert found.replay.off == -1, found.replay.why
    assert found.record.samples[0, found.record.states.index(found.maps.V)] in (-65.0, -60.0)


def test_objects_of_one_class_begin_each_where_it_begins(tmp_path):
    found = taken(tmp_path, """
        class Gate:
            state = 0.0
            def settle(self, a, b):
                self.state = a / (a + b)
            def step(self, a, b, dt=0.02):
                self.state += dt * (a * (1.0 - self.state) - b * self.state)
        class Cell:
            m, h, n = Gate(), Gate(), Gate()
            def __init__(self):
                self.v = -65.0
                self.m.settle(0.2, 4.0)
                self.n.settle(0.06, 0.12)
            def step(self):
                v = self.v
                self.v += 0.02 * (3.0 * self.m.state * self.h.state * (50.0 - v) - self.n.state * (v + 77.0))
                for gate, a, b in ((self.m, 0.2, 4.0), (self.h, 0.07, 0.05), (self.n, 0.06, 0.12)):
                    gate.step(a + 1e-3 * v**2, b)
        cell, vs = Cell(), []
        for k in range(300):
            cell.step()
            vs.append(cell.v)
        """)  # fmt: skip
    begins = sorted(found.maps.record.samples[0].tolist())
    assert begins == pytest.approx([-65.0, 0.0, 0.2 / 4.2, 0.06 / 0.18])
