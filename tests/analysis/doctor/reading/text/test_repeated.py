"""Lines that are run several times for one step."""

from natrium.analysis.doctor.reading.text.repeated import repeated_lines
from natrium.analysis.doctor.trace.record import Node


def made(op, *args, line):
    return Node(op, args, 0.0, line)


X = Node("leaf", (), 0.0, 0, "x")


def test_a_line_that_made_more_than_it_is_written_with_is_run_again():
    source = ["def f(x):", "    return 2.0 * x + 1.0", "y = f(f(x))"]
    once = made("+", made("*", Node("number", (), 2.0, 2), X, line=2), Node("number", (), 1.0, 2), line=2)
    twice = made("+", made("*", Node("number", (), 2.0, 2), once, line=2), Node("number", (), 1.0, 2), line=2)
    assert repeated_lines(source, [once]) == frozenset()
    assert repeated_lines(source, [twice]) == {2}


def test_what_a_line_made_once_for_each_of_several_states_is_written_apart():
    source = ["", "return [a - b * x, a + b * y]"]
    first, second = (
        made(op, Node("leaf", (), 0.0, 0, "a"), made("*", X, X, line=2), line=2) for op in ("-", "+")
    )
    assert repeated_lines(source, [first, second]) == frozenset()
