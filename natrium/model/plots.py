"""Figures by name: what computes imports nothing that draws, but a result may be asked to."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from natrium.model.errors import NatriumError


def find_plot(name: str) -> Callable[..., Any]:
    """Find a plot among the installed packages, in the group ``natrium.plots``.

    Raises
    ------
    NatriumError
        When there is none.
    """
    for plot in entry_points(group="natrium.plots", name=name):
        found: Callable[..., Any] = plot.load()
        return found
    raise NatriumError(
        f"figures are looked up among the installed packages, got no natrium there with {name!r}: install it "
        '(again): pip install "natrium", or -e . in a checkout'
    )
