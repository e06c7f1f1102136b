"""The smallest change that makes an expression right."""

import ast
import math

import numpy as np
import pytest

from natrium.analysis.doctor.reading.expressions.algebra import Algebra
from natrium.analysis.doctor.reading.expressions.trees import at_points, leaf, number
from natrium.analysis.doctor.reading.repair.bench import Bench
from natrium.analysis.doctor.reading.repair.smallest import repairs
from natrium.analysis.doctor.trace import Node

NAMES = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
RNG = np.random.default_rng(0)
POINTS = {
    "V": RNG.uniform(-80.0, -20.0, 30),
    "m": RNG.uniform(0.1, 0.9, 30),
    "h": RNG.uniform(0.1, 0.9, 30),
    "g": np.full(30, 12.0),
    "E": np.full(30, 50.0),
}


def tree(text):
    def built(node):
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                return Node(NAMES[type(op)], (built(left), built(right)), math.nan, 1)
            case ast.UnaryOp(operand=operand):
                return Node("neg", (built(operand),), math.nan, 1)
            case ast.Constant(value=value):
                return number(value, 1)
            case ast.Name(id=name):
                return leaf(name, float(POINTS[name][0]))
            case ast.Call(func=ast.Name(id=name), args=args):
                return Node(name, tuple(map(built, args)), math.nan, 1)
        raise AssertionError(ast.dump(node))

    return built(ast.parse(text, mode="eval").body)


CASES = [
    ("g*m**2*h*(E - V)", "g*m**3*h*(E - V)", "m**2", "m**3"),
    ("g*m*3*h*(E - V)", "g*m**3*h*(E - V)", "g*m*3", "g*m**3"),
    ("g*m**3*(E - V)", "g*m**3*h*(E - V)", None, None),
    ("g*m**3*h*(V - E)", "g*m**3*h*(E - V)", "V - E", "E - V"),
    ("4*exp((V + 65)/18)", "4*exp(-(V + 65)/18)", None, None),
    ("4*exp(-(V + 60)/18)", "4*exp(-(V + 65)/18)", "V + 60", "V + 65"),
    ("4*exp(-(V + 65)/80)", "4*exp(-(V + 65)/18)", None, None),
    ("0.4*exp(-(V + 65)/18)", "4*exp(-(V + 65)/18)", None, None),
    ("m*(1 - h) - m*h", "m*(1 - m) - m*h", "1 - h", "1 - m"),
    ("g*m - h/E", "(g*m - h)/E", "g*m - h/E", "(g*m - h)/E"),
    ("4*exp(-V + 65/18)", "4*exp(-(V + 65)/18)", "4*exp(-V + 65/18)", "4*exp(-(V + 65)/18)"),
    ("g*exp(V - E)/12", "g*exp((V - E)/12)", "g*exp(V - E)/12", "g*exp((V - E)/12)"),
    ("m*(V - g)", "m*(V + g)", "V - g", "V + g"),  # not -g: it is no level
    ("g*h**3*m*(V - E)", "g*m**3*h*(V - E)", None, None),
    ("g*m*(V - E) - h*(E - V)", "g*m*(V - E) - h*(V - E)", "E - V", "V - E"),
    ("0.1*(m + 40)/(1 - exp(-(V + 40)/10))", "0.1*(V + 40)/(1 - exp(-(V + 40)/10))", "m + 40", "V + 40"),
    ("g*m*h*(V - E) + h + h", "g*m*h*(V - E) + h", None, None),
    ("exp(V - E)", "exp((V - E)/g)", "V - E", "(V - E)/g"),
    ("abs(V + 65)/10", "(V + 65)/10", "abs(V + 65)", "V + 65"),
]


@pytest.mark.parametrize(("stands", "should", "was", "wanted"), CASES)
def test_one_change_is_found(stands, should, was, wanted):
    target = np.asarray(at_points(tree(should), POINTS))
    candidates = {name: POINTS[name] for name in "Vmh"}
    candidates |= {name: POINTS[name] for name in "gE"}
    bench = Bench(tree(stands), POINTS, target, frozenset("gE"), candidates, states=frozenset("Vmh"))
    assert not bench.is_sound
    best = repairs(bench)[0]
    if was is not None:
        assert (best.stands, best.should) == (was, wanted)
    # What is put there does make it right.
    assert bench.is_right(bench.whole(bench.place[best.node], at_points(best.new, POINTS)))


def test_what_is_right_needs_no_change():
    target = np.asarray(at_points(tree("g*m**3*h*(E - V)"), POINTS))
    assert repairs(Bench(tree("h*g*m**3*(E - V)"), POINTS, target)) == []


def test_two_changes_are_not_called_one():
    target = np.asarray(at_points(tree("g*m**3*h*(E - V)"), POINTS))
    bench = Bench(
        tree("g*m**2*(V - E)*3.3"), POINTS, target, frozenset("gE"), {name: POINTS[name] for name in "Vm"}
    )
    assert repairs(bench) == []


def test_a_number_that_stands_twice_in_a_line_is_changed_in_one_place():
    """In one line the same number is one node."""
    target = np.asarray(at_points(tree("g*m**3*h - h**4"), POINTS))
    candidates = {name: POINTS[name] for name in "Vmh"}
    root = Algebra().merged(tree("g*m**3*h - h**3"))
    best = repairs(Bench(root, POINTS, target, frozenset("g"), candidates, states=frozenset("Vmh")))[0]
    assert (best.stands, best.should) == ("h**3", "h**4")


@pytest.mark.parametrize(
    ("stands", "should", "was", "wanted"),
    [
        ("h - g*V*m - exp(V/9)", "h - g*(V - E)*m - exp(V/9)", "g*V", "g*(V - E)"),  # V stands in two places
        ("m", "m - h/E", "m", "m - h/E"),
        ("m*V", "m*V + h*g", "m*V", "m*V + h*g"),
    ],
)
def test_what_a_term_is_counted_from_and_a_decay_that_are_left_out_are_found(stands, should, was, wanted):
    target = np.asarray(at_points(tree(should), POINTS))
    bench = Bench(tree(stands), POINTS, target, frozenset("gE"), POINTS, states=frozenset("Vmh"))
    best = repairs(bench)[0]
    assert (best.kind, best.stands, best.should) == ("offset", was, wanted)
