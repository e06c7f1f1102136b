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


def figure_of(shown: Any) -> str:
    """Give a small figure of a run or a result for a notebook, HTML; nothing where there is none."""
    try:
        return str(find_plot("card")(shown))
    except NatriumError:  # natrium is not installed whole
        return ""


class Shown:
    """What a neuron or a model does in a notebook."""

    __slots__ = ()

    def explore(self, name: str = "") -> Any:
        """Give a page with sliders: a notebook shows it, ``.save("page.html")`` writes it."""
        return find_plot("explore")(self, name)

    def _repr_html_(self) -> str:
        """Show equations, numbers and a run in a notebook."""
        return str(find_plot("card")(self))
