"""Saving: what is written, and what it takes."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from natrium.figures.style import new_figure, save_figure, styled


def _figure() -> Figure:
    with styled():
        figure = new_figure(5.0, 3.0)
        for ax in figure.subplots(1, 2):
            ax.plot([0.0, 1.0], [1.0, 1000.0], label="a course")
            ax.set(yscale="log", xlabel="Time (ms)", ylabel="V (mV)")
        handles, labels = ax.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center")
    return figure


def test_saved_as_matplotlib_saves(tmp_path: Path) -> None:
    """Laid out beforehand, a figure is the same to the byte, and keeps its resolution."""
    figure, usual = _figure(), BytesIO()
    with styled():
        _figure().savefig(usual, format="png")
    save_figure(figure, tmp_path, "figure")
    assert (tmp_path / "figure.png").read_bytes() == usual.getvalue()
    assert figure.dpi == _figure().dpi


def test_drawn_once_for_each_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Matplotlib would draw all of it again for the places of its axes."""
    draw, drawn = Figure.draw, []
    monkeypatch.setattr(Figure, "draw", lambda self, renderer: (drawn.append(renderer), draw(self, renderer)))
    paths = save_figure(_figure(), tmp_path, "figure")
    assert [path.suffix for path in paths] == [".png", ".svg"]
    assert len(drawn) == len(paths)
