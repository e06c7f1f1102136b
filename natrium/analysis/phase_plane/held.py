"""States that a plane holds at given values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from natrium.model import ModelError


def values_of_held(
    others: Sequence[str], reduction: str, held: Mapping[str, float] | None, kind: str
) -> dict[str, float] | None:
    """Give the values at which a slice holds all states but V and x; None where it is no slice.

    Raises
    ------
    ModelError
        When one is missing or too many, or it is no slice.
    """
    if reduction != "slice":
        if held:
            raise ModelError(
                f"held goes with reduction='slice' alone, got {', '.join(held)} with {reduction!r}: "
                "leave it out"
            )
        return None
    values = dict(held or {})
    if set(values) != set(others):
        raise ModelError(
            f"held must give a value to each of {', '.join(others) or f'no {kind}'}, got "
            f"{', '.join(values) or 'none'}"
        )
    return values
