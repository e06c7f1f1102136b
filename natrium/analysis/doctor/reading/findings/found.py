"""One thing found in a script, with its line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import attrs

from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.trace.record import Node
from natrium.analysis.result import Result


@attrs.frozen(eq=False)
class Mend:
    """What to put in the place of what, in the script's own maps.

    Attributes
    ----------
    node, new : Node
    """

    node: Node
    new: Node


@attrs.frozen(repr=False)
class Found(Result):
    """One thing found in a script.

    Attributes
    ----------
    key : str
        Its name, always the same for the same thing.
    kind : {"fault", "rule", "note"}
        ``fault``: what no model, or not the claimed one, means. ``rule``: a choice of a scheme that is
        legitimate and costs accuracy. ``note``: for information, or what could not be decided.
    said : str
        One plain sentence.
    line : int
        Of the script, from 1; 0 where it is none.
    stands, should : str
        What stands there, and what should; empty where that is not one expression.
    evidence : str
        From this script alone.
    effect_ms : tuple of (float or None)
        What it moves each spike by, where that could be replayed; None for one that is not there without it.
    about : str
        The state whose map it is in, where it is in one.
    mend : Mend or None
    sure : bool
        Whether its line is told by a change there that makes all right, and a likely one.
    """

    key: str
    kind: Literal["fault", "rule", "note"]
    said: str
    line: int = 0
    stands: str = ""
    should: str = ""
    evidence: str = ""
    effect_ms: tuple[float | None, ...] = ()
    about: str = ""
    mend: Mend | None = attrs.field(default=None, eq=False)
    sure: bool = False

    def data(self) -> dict[str, Any]:
        """Give it as plain data; what there is none of is null."""
        return {
            "key": self.key,
            "kind": self.kind,
            "line": self.line or None,
            "stands": self.stands or None,
            "should": self.should or None,
            "said": self.said,
            "evidence": self.evidence,
            "effect_ms": list(self.effect_ms),
        }


class Judged(Result):
    """Base of what has findings: faults first, then rules, then notes."""

    findings: tuple[Found, ...]

    @property
    def faults(self) -> tuple[Found, ...]:
        """What no model means, or not the claimed one."""
        return self._of("fault")

    @property
    def rules(self) -> tuple[Found, ...]:
        """Legitimate choices that cost accuracy."""
        return self._of("rule")

    @property
    def notes(self) -> tuple[Found, ...]:
        """For information, and what could not be decided."""
        return self._of("note")

    def _of(self, kind: str) -> tuple[Found, ...]:
        return tuple(one for one in self.findings if one.kind == kind)

    def sentences(self) -> list[str]:
        """Give faults and rules, in words."""
        return [one.said for one in self.findings if one.kind != "note"]


def quoted(source: Sequence[str], line: int) -> str:
    """Give a line of a script as one quotes it; empty where there is none."""
    return source[line - 1].strip() if 0 < line <= len(source) else ""


def in_line(source: Sequence[str], line: int) -> str:
    """Say where: a line and what it says."""
    text = quoted(source, line)
    return f"line {line} (`{text}`)" if text else "the script"


def at_first(source: Sequence[str], line: int) -> str:
    """Say where, as a sentence begins: what the line says is quoted as it is."""
    where = in_line(source, line)
    return where[0].upper() + where[1:]


def written(node: Node, names: dict[str, str] | None = None) -> str:
    """Give an expression as a script has it, functions without their library."""
    return text_of(node, names)


# Keys of what leaves a run, or its end, without a verdict.
NOT_IDENTIFIED, NOT_EXPLAINED, GATES_UNKNOWN = "not-identified", "not-explained", "gates-refractory-unknown"
OPEN_ENDS = (NOT_IDENTIFIED, NOT_EXPLAINED, GATES_UNKNOWN)
ON_GRID = "Spikes are on the grid, at the end of a step, which makes any scheme first order."

# What follows from another fault, where there is one: V that runs away takes gates and thresholds along.
CONSEQUENCES = (
    ("rate-negative", "leak-sign", "channel-sign", "input-sign", "gate-direction", "equation-changes"),
    ("step-too-long", "input-missing"),
    ("input-differs",),
    (
        "gate-outside",
        "threshold-unreached",
        "spike-by-clock",
        "refractory-varies",
        "stage-unused",
    ),
    ("run-ends", "spikes-each-sample"),
)

# Where one of these is, all else follows from it; from what comes first even the others.
FIRST = ("chance",)
CAUSES = (
    "step-fails",
    "order-differs",
    "compared-not-set",
    "threshold-direction",
    "not-carried-on",
    "dt-divides",
    "dt-missing",
    "set-anew",
)

# What is no equation's: its sign is no consequence of these.
_RULES = ("refractory", "threshold", "reset", "initial", "hold", "starts", "never", "gates-while")
_WAITS = ("refractory-unused", "refractory-length", "refractory-endless")
_UNWAITED = ("refractory-unused", "unused-parameter")
_STAYS = (*_WAITS, "spikes-missing")  # where V stays over the threshold
_SIGNS = ("leak-sign", "channel-sign", "input-sign", "gate-direction")


def _named_alike(found: Sequence[Found]) -> list[Found]:
    """Name a change that the claim asks for by what is wrong without a claim, where both are there."""
    signs = [one for one in found if one.kind == "fault" and one.key in _SIGNS]
    changed = [
        one for one in found if one.kind == "fault" and one.key in ("sign", "wrong-operation", "too-much")
    ]
    if len(signs) != 1 or len(changed) != 1 or signs[0].about != changed[0].about:
        return list(found)
    if signs[0].sure and signs[0].line != changed[0].line:  # the sum is wrong, not what it adds up
        return [one for one in found if one is not changed[0]]
    cause = signs[0].said.split(", in line")[0].split(": opening")[0]
    joined = attrs.evolve(changed[0], key=signs[0].key, said=f"{changed[0].said} {cause}.")
    return [joined if one is changed[0] else one for one in found if one is not signs[0]]


def without_consequences(found: Sequence[Found], above: bool = False) -> list[Found]:
    """Leave as faults those that come first in a chain of causes; what follows are notes.

    Parameters
    ----------
    found : sequence of Found
    above : bool
        Whether spikes set V above the threshold: whatever waits, V stays there, as where nothing resets it.
    """
    found = _named_alike(found)
    faults = {one.key for one in found if one.kind == "fault"}
    if not faults.isdisjoint(("reset-missing", "clock-pace")) or (
        above and not faults.isdisjoint(("reset-above", "reset-value"))
    ):
        found = [attrs.evolve(one, kind="note") if one.key in _STAYS else one for one in found]
    if "refractory-length" in faults:  # with the claim's time: a name that nothing waits by follows from it
        found = [attrs.evolve(one, kind="note") if one.key in _UNWAITED else one for one in found]
    for causes in (FIRST, CAUSES):
        if any(one.kind == "fault" and one.key in causes for one in found):
            return [
                attrs.evolve(one, kind="note") if one.kind == "fault" and one.key not in causes else one
                for one in found
            ]
    told = {one.about for one in found if one.kind == "fault" and one.mend is not None}
    found = [
        attrs.evolve(one, kind="note")
        if one.kind == "fault" and one.mend is None and one.key in CONSEQUENCES[0] and one.about in told
        else one
        for one in found
    ]
    rank = {key: at for at, keys in enumerate(CONSEQUENCES, start=1) for key in keys}
    ranks = [rank.get(one.key, int(one.key.startswith(_RULES))) for one in found if one.kind == "fault"]
    least = min(ranks, default=0)
    return [
        attrs.evolve(one, kind="note") if one.kind == "fault" and rank.get(one.key, 0) > least else one
        for one in found
    ]


def sorted_findings(found: Sequence[Found]) -> tuple[Found, ...]:
    """Put faults first, then rules, then notes, each in the order of the lines; nothing twice."""
    order = ("fault", "rule", "note")
    seen: set[tuple[Any, ...]] = set()
    kept = []
    for one in sorted(found, key=lambda one: (order.index(one.kind), one.line)):
        told = (one.key, one.line, one.said if one.kind == "note" else "")
        if told not in seen:
            seen.add(told)
            kept.append(one)
    return tuple(kept)
