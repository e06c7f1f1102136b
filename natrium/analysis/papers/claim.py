"""A published result set beside our own number."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import numpy as np

from natrium.analysis.result import Result


@attrs.frozen
class Source:
    """A paper."""

    authors: str
    title: str
    journal: str  # with volume and pages
    year: int
    doi: str  # without the resolver's address
    opened: str  # how much of the paper could be read here, and what of its record could be checked

    @property
    def short(self) -> str:
        """Authors' surnames and year, as a text cites them."""
        names = [part.split()[-1] for part in self.authors.split(", ")]
        listed = f"{names[0]} et al." if len(names) > 2 else " & ".join(names)
        return f"{listed} {self.year}"

    def __str__(self) -> str:
        """Cite in full."""
        return f'{self.authors}, "{self.title}", {self.journal} ({self.year}), https://doi.org/{self.doi}'


ORIGINS = {
    "paper": "published",
    "abstract": "published (abstract)",
    "authors' code": "published (authors' code)",
    "theory": "theory",
    "other means": "ours, by other means",
}


@attrs.frozen(kw_only=True, repr=False)
class Claim(Result):
    """One row: what a paper says, what we get."""

    claim: str  # one sentence
    source: Source
    expected: float = attrs.field(converter=float)  # in `unit`
    got: float = attrs.field(converter=float)  # in `unit`
    tolerance: float = attrs.field(converter=float)  # how far `got` may lie from `expected`, in `unit`
    unit: str = ""  # empty for a pure number
    # Where the number expected comes from: published, as it was handed to us, or in the part of the paper
    # that could be read, or as a formula in its authors' script; our own working out of what it says; or
    # computed by us through other means than natrium (plain Python or SciPy, in the tests), never by an
    # earlier run of the same code.
    origin: Literal["paper", "abstract", "authors' code", "theory", "other means"] = "theory"
    note: str = ""  # how the number was come by, and what could not be checked

    @property
    def holds(self) -> bool:
        """Whether `got` is as near to `expected` as it has to be; never for NaN."""
        return abs(self.got - self.expected) <= self.tolerance

    def row(self) -> dict[str, Any]:
        """Give the claim as a row of a table: numbers as text with the digits that count."""
        return {
            "paper": self.source.short,
            "claim": self.claim,
            "expected": _show(self.expected, self.tolerance),
            "got": _show(self.got, self.tolerance),
            "tolerance": f"{self.tolerance:.2g}",
            "unit": self.unit,
            "holds": "yes" if self.holds else "no",
            "origin": ORIGINS[self.origin],
            "note": self.note,
            "source": str(self.source),
        }

    def data(self) -> dict[str, Any]:
        """Give the row as plain data."""
        return {
            "claim": self.claim,
            "paper": self.source.short,
            "expected": self.expected,
            "got": self.got,
            "tolerance": self.tolerance,
            "unit": self.unit,
            "holds": self.holds,
            "origin": self.origin,
            "note": self.note,
            "source": str(self.source),
        }


def _show(value: float, tolerance: float) -> str:
    """Show one digit beyond the tolerance."""
    digits = 2 if tolerance == 0.0 else max(2, 1 - int(np.floor(np.log10(tolerance))))
    return f"{value:.{digits}f}"
