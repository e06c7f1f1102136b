"""The slips that a Runge-Kutta scheme written by hand may show: of one stage, or of the weights."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import mpmath

from natrium.analysis.doctor.reading.schemes.ways import TABLEAUS, Flow, Values

Row = tuple[tuple[int, int], ...]
USUAL: Row = ((1, 2), (1, 1), (1, 4), (1, 3))  # shares of a step


@attrs.frozen
class Slip:
    """One departure from a tableau.

    Attributes
    ----------
    scheme : str
    stage : int
        From 0; the number of stages stands for the weights.
    state : str
        Whose argument, or whose weights; empty for all of them.
    row : tuple of (int, int)
        What stands there, in fractions of the step.
    of : str
        The one state whose slope is taken there, where each has a line of its own; empty for all.
    """

    scheme: str
    stage: int
    state: str
    row: Row
    of: str = ""


def slips(names: tuple[str, ...], state: str, apart: bool = False, written: Row = ()) -> Iterator[Slip]:
    """List the slips that one state's map may show, the likely ones first; of slopes taken apart as well.

    By the shares of a step that are usual, and those that are written.
    """
    for scheme, (rows, weights) in TABLEAUS.items():
        for stage in range(1, len(rows)):
            right = tuple(rows[stage])
            others: list[Row] = [tuple((0, 1) for _ in right)]
            shares = [*USUAL, *written]
            others += [
                tuple(share if at == place else (0, 1) for at in range(len(right)))
                for place in range(len(right))
                for share in shares
            ]
            others += [tuple((-a, b) for a, b in right)]
            yield from (
                Slip(scheme, stage, name, row, of)
                for row in others
                if row != right
                for name in (*names, "")
                for of in ("", *(names if apart else ()))
            )
        for share in (len(weights), 6):  # all stages alike
            if (row := tuple((1, share) for _ in weights)) != tuple(weights):
                yield from (Slip(scheme, len(rows), name, row) for name in (state, ""))
        for place, (a, b) in enumerate(weights):
            for other in ((0, 1), (1, 6), (1, 3), (1, 2), (1, 1), (2, 3), (-a, b)):
                if other[0] * b != a * other[1]:
                    row = tuple(other if at == place else one for at, one in enumerate(weights))
                    yield from (Slip(scheme, len(rows), name, row) for name in (state, ""))
            for twice, (c, d) in enumerate(weights):  # one slope stands in another's place as well
                both = {place: (0, 1), twice: (a * d + c * b, b * d)}
                if twice != place and a:
                    row = tuple(both.get(at, one) for at, one in enumerate(weights))
                    yield from (Slip(scheme, len(rows), name, row) for name in (state, ""))


def stepped(flow: Flow, at: Values, slip: Slip, until: int = -1) -> Values:
    """Take a step of a scheme with a slip, or give where the slip's stage is taken."""
    rows, weights = TABLEAUS[slip.scheme]
    h, slopes = at[flow.h], list[Values]()
    wrong_weights = slip.stage == len(rows)
    total = sum((mpmath.mpf(a) / b for a, b in slip.row), mpmath.mpf(0)) if wrong_weights else mpmath.mpf(1)

    def mixed(row: Row, slips: bool) -> Values:
        found = dict(at)
        for name in flow.names:
            own = slip.row if slips and slip.state in ("", name) else row
            moved = sum(
                (mpmath.mpf(a) / b * one[name] for (a, b), one in zip(own, slopes, strict=True) if a),
                mpmath.mpf(0),
            )
            found[name] = at[name] + h * moved
        return found

    for stage, row in enumerate(rows):
        slipped = mixed(tuple(row), stage == slip.stage)
        if stage == until:
            return slipped
        slope = flow.all(slipped)
        if slip.of and stage == slip.stage:
            slope = {**flow.all(mixed(tuple(row), False)), slip.of: slope[slip.of]}
        if wrong_weights and total:  # what was derived at dt = 0 holds the sum of the weights
            slope |= {name: slope[name] / total for name in slope if slip.state in ("", name)}
        slopes.append(slope)
    return mixed(tuple(weights), wrong_weights)
