"""How far something has come: a bar in a terminal or a notebook, lines now and then where output is piped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, TextIO

EVERY = 10.0  # s between lines
Tell = Callable[[float | None, str | None], None]


@contextmanager
def progress(label: str, total: float | None = None, stream: TextIO | None = None) -> Iterator[Tell]:
    """Show how far something has come, as long as it lasts.

    Where neither a terminal nor a notebook shows it, long work tells a line now and then on standard error;
    what is piped has nothing of it.

    Parameters
    ----------
    label : str
        What it is.
    total : float, optional
        How much there is of it; without it only that something goes on is shown.
    stream : file, optional
        A terminal's is drawn on, standard error by default; in a notebook the cell is.

    Yields
    ------
    callable
        To be told how much is done, and what is being done: ``tell(3, None)``, ``tell(None, "at work")``.
    """
    stream = sys.stderr if stream is None else stream
    if display := _notebook():
        with _in_cell(display, label, total) as tell:
            yield tell
    elif stream.isatty():
        with _on_terminal(stream, label, total) as tell:
            yield tell
    else:
        yield _in_lines(label, total)


def _notebook() -> Any:
    """Give IPython's display where a kernel runs this, else None; where none was loaded none is imported."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is None:
        return None
    from IPython import display

    return display


def _in_lines(label: str, total: float | None) -> Tell:
    here: list[Any] = [0.0, label]
    told = [time.monotonic()]

    def tell(done: float | None, text: str | None) -> None:
        here[:] = [here[0] if done is None else done, here[1] if text is None else text]
        if time.monotonic() - told[0] >= EVERY:
            told[0] = time.monotonic()
            far = "" if total is None else f": {here[0]:g} of {total:g}"
            print(f"{here[1]}{far}", file=sys.stderr, flush=True)

    return tell


@contextmanager
def _in_cell(display: Any, label: str, total: float | None) -> Iterator[Tell]:
    """Show an element of HTML, which needs no widgets, and take it away in the end."""
    here: list[Any] = [None, label]

    def element() -> Any:
        done, text = here
        if total is None:
            return display.HTML(f"<progress></progress> {escape(text)}")
        bar = f'<progress value="{done or 0:g}" max="{total:g}"></progress>'
        return display.HTML(f"{bar} {escape(text)} {done or 0:g}/{total:g}")

    handle = display.display(element(), display_id=True)

    def tell(done: float | None, text: str | None) -> None:
        here[:] = [here[0] if done is None else done, here[1] if text is None else text]
        handle.update(element())

    try:
        yield tell
    finally:
        handle.update(display.HTML(""))


@contextmanager
def _on_terminal(stream: TextIO, label: str, total: float | None) -> Iterator[Tell]:
    from rich.console import Console  # large imports, for the bar only
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns: list[Any] = [BarColumn(bar_width=20), TextColumn("{task.description}", markup=False)]
    if total is not None:
        columns.append(MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(file=stream), transient=True) as shown:
        task = shown.add_task(label, total=total)

        def tell(done: float | None, text: str | None) -> None:
            shown.update(task, completed=done, description=text)

        yield tell
