"""Progress: seen in terminals and notebooks; told by a line now and then of long work elsewhere."""

import io
import sys
from types import ModuleType, SimpleNamespace

import pytest

from natrium.solvers.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def call(stream, total=4.0):
    with progress("runs", total, stream) as tell:
        tell(3, None)
        tell(None, "at <work>")


def test_a_terminal_sees_a_bar():
    seen = Terminal()
    call(seen)
    assert "at <work>" in seen.getvalue()
    assert "3/4" in seen.getvalue()


def test_a_file_gets_nothing():
    stream = io.StringIO()
    call(stream)
    assert stream.getvalue() == ""


@pytest.fixture
def cells(monkeypatch):
    """Stand in for IPython: what its display is given."""
    shown = []
    display = ModuleType("IPython.display")
    display.HTML = str

    def show(element, display_id):
        shown.append(element)
        return SimpleNamespace(update=shown.append)

    display.display = show
    package = ModuleType("IPython")
    package.display = display
    package.get_ipython = lambda: SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (
            4.0,
            [
                '<progress value="0" max="4"></progress> runs 0/4',
                '<progress value="3" max="4"></progress> runs 3/4',
                '<progress value="3" max="4"></progress> at &lt;work&gt; 3/4',
                "",
            ],
        ),
        (
            None,
            [
                "<progress></progress> runs",
                "<progress></progress> runs",
                "<progress></progress> at &lt;work&gt;",
                "",
            ],
        ),
    ],
)
def test_a_notebook_sees_it_in_its_cell(cells, total, expected):
    stream = io.StringIO()
    call(stream, total)
    assert cells == expected
    assert stream.getvalue() == ""


def test_ipython_in_a_terminal_is_a_terminal(cells, monkeypatch):
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: SimpleNamespace())
    seen = Terminal()
    call(seen)
    assert "3/4" in seen.getvalue()
    assert cells == []


def test_it_is_taken_away_though_something_goes_wrong(cells):
    with pytest.raises(KeyError), progress("runs", 4.0):
        raise KeyError
    assert cells[-1] == ""


def test_long_work_that_is_piped_tells_a_line_now_and_then_on_standard_error(monkeypatch, capsys):
    clock = iter([0.0, 9.0, 11.0, 11.0, 20.0, 22.0, 22.0])
    monkeypatch.setattr("natrium.solvers.progress.time", SimpleNamespace(monotonic=lambda: next(clock)))
    piped = io.StringIO()
    with progress("runs", 4.0, piped) as tell:
        tell(1, None)
        tell(2, None)
        tell(3, None)
        tell(None, "the last")
    assert piped.getvalue() == ""
    assert capsys.readouterr().err == "runs: 2 of 4\nthe last: 3 of 4\n"
