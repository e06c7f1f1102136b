"""Names whose formulas the file does not give along V: each is refused where something depends on it."""

from __future__ import annotations

from natrium.imports.nodes import Node, text_of
from natrium.model.errors import CannotImport

STALE = "worked out at the start: "  # before a name that is not worked out again
OUTSIDE = "of the cell: "  # before a name that another mechanism or the cell gives


def stale(node: Node) -> bool:
    """Tell whether a formula needs what the file does not work out along V."""
    return any(one.startswith((STALE, OUTSIDE)) for one in node.names)


def check_known(node: Node) -> None:
    """See that a formula is of what the file itself works out, along V."""
    for one in node.names:
        if one.startswith(STALE):
            raise CannotImport(
                "set at the start",
                f"{one.removeprefix(STALE)} must be worked out along V, but is so only at the start",
            )
        if one.startswith(OUTSIDE):
            raise CannotImport(
                "of the cell",
                "a channel must not depend on its cell or on other currents, got "
                f"{one.removeprefix(OUTSIDE)}",
            )


def check_timeless(node: Node) -> None:
    """See that a rate is known, and no matter of time."""
    check_known(node)
    for one in sorted(node.names & {"t", "dt"}):
        raise CannotImport("of time", f"a rate must not depend on {one}, got {text_of(node)[:80]}")
