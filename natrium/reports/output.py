"""Where results go: a folder of figures and tables, each file whole, and what is told meanwhile."""

from __future__ import annotations

import csv
import io
import json
import math
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from natrium.figures.style import Figure, save_figure
from natrium.model import Model, ModelError, write_whole
from natrium.model.versions import version_of
from natrium.solvers.base import hash_model
from natrium.solvers.progress import progress

NOT_A_TERMINAL = 160  # columns: tables in a log are not to be cut
MOST_ROWS = 24  # of a table that is read


def _make(folder: Path) -> Path:
    """Make a folder if it is not there; give it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(
            f"cannot write into {folder}: {error.strerror}; give another folder with --out"
        ) from error
    return folder


class Output:
    """A folder to write into and a console to tell on.

    Parameters
    ----------
    folder : Path
        Made, if it is not there, once there is something to write: what fails leaves none behind.
    quiet : bool
        Print nothing.

    Raises
    ------
    ModelError
        When the folder cannot be made.
    """

    def __init__(self, folder: Path, *, quiet: bool = False) -> None:
        # What is piped is plain, though notebooks and CI ask for colours by FORCE_COLOR.
        wide, forced = (None, None) if sys.stdout.isatty() else (NOT_A_TERMINAL, False)
        self._folder, self.console = folder, Console(quiet=quiet, width=wide, force_terminal=forced)
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        _make(folder)  # so that what is wrong with it is told before the work
        for one in missing:
            with suppress(OSError):  # another process has written into it
                one.rmdir()

    @property
    def folder(self) -> Path:
        """The folder, made if it is not there."""
        return _make(self._folder)

    @contextmanager
    def progress(self) -> Iterator[Callable[[str], None]]:
        """Show what is being done, in a terminal or a notebook: a function to be told."""
        if self.console.quiet:
            yield lambda message: None
            return
        with progress("starting", stream=sys.stdout) as tell:
            yield lambda message: tell(None, message)

    def figures(self, figures: Mapping[str, Figure]) -> None:
        """Write figures as PNG and SVG, by name."""
        for name, figure in figures.items():
            save_figure(figure, self.folder, name)

    def table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows as CSV."""
        text = io.StringIO()
        keys = list(dict.fromkeys(key for row in rows for key in row))
        writer = csv.DictWriter(text, fieldnames=keys, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_whole(self.folder / name, text.getvalue())

    def data(self, name: str, data: Any) -> None:
        """Write JSON."""
        write_whole(self.folder / name, json.dumps(data, indent=1, allow_nan=False) + "\n")

    def report(self, html: str) -> None:
        """Write the report and say where it is."""
        path = self.folder / "report.html"
        write_whole(path, html)
        # A path is not to be broken over lines.
        self.console.print(
            f"\nReport: {path} (figures, tables and manifest beside it)", highlight=False, soft_wrap=True
        )

    def say(self, title: str, rows: Sequence[Mapping[str, Any]], sentences: Sequence[str]) -> None:
        """Print a heading, a table and sentences."""
        self.console.print(f"\n[bold]{title}[/bold]", highlight=False)
        rows, left_out = thin(rows)
        if rows:
            table = Table(caption=left_out)
            for key in rows[0]:
                table.add_column(heading(key), justify="right")
            for row in rows:
                table.add_row(*(show(value) for value in row.values()))
            self.console.print(table)
        for sentence in sentences:
            self.console.print(
                f"• {sentence}", highlight=False, markup=False, soft_wrap=not self.console.is_terminal
            )


def heading(key: str) -> str:
    """Give what stands above a column: its name in words, with its unit."""
    return key.replace("_per_", "/").replace("_", " ")


def thin(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], str | None]:
    """Leave out the middle of a long table that is to be read, and say so; files hold all of it."""
    if len(rows) <= MOST_ROWS:
        return list(rows), None
    ends = MOST_ROWS // 2
    kept = [*rows[:ends], *rows[-ends:]]
    return kept, f"rows {ends + 1} to {len(rows) - ends} of {len(rows)} are left out here"


def show(value: Any) -> str:
    """Show a table's value: numbers to a nanosecond's thousandth, nothing as a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.6f}" if value == 0.0 or abs(value) >= 1e-3 else f"{value:.3g}"


def manifest(model: Model | None = None, **settings: Any) -> dict[str, Any]:
    """Say what made results: versions, machine, the verb's settings, a hash of the model."""
    made: dict[str, Any] = {"versions": versions(), "machine": platform.machine()}
    if settings:
        made["settings"] = settings
    if model is not None:
        made["model_sha256"] = hash_model(model.neuron, model.stimulus)
    return made


def versions() -> dict[str, str]:
    """Give the versions of Python and of what makes the numbers and figures."""
    packages = ("natrium", "numpy", "scipy", "sympy", "matplotlib")
    return {"python": platform.python_version()} | {name: version_of(name) for name in packages}


def tell_versions() -> str:
    """Say the versions in a line."""
    return ", ".join(f"{name} {number}" for name, number in versions().items())
