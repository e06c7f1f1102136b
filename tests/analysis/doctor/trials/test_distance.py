"""How far lines of a text are from others."""

import ast

from natrium.analysis.doctor.trials.distance import distances


def test_lines_are_as_far_as_names_and_calls_are_between():
    tree = ast.parse("a = 1\nb = a\nc = 2\n\ndef f(x):\n    return x\n\nd = f(b)\n")
    found = distances(tree, [8])
    assert found[8] == 0
    assert found[2] == found[5] == found[6] == 1
    assert found[1] == 2
    assert 3 not in found
