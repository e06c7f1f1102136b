"""Scripts that run to their end and move no voltage: the line that should, or that keeps it from it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.reading.findings.found import Found, Judged, at_first
from natrium.analysis.doctor.reading.text.blocks import sets_of
from natrium.analysis.doctor.reading.text.named import called
from natrium.analysis.doctor.reading.text.untaken import number_of
from natrium.analysis.doctor.trace.elements import unwrapped
from natrium.analysis.doctor.trace.meanings import is_threshold, is_voltage
from natrium.analysis.doctor.trace.runs import PlainRun
from natrium.analysis.doctor.trace.script import Run, Script
from natrium.model import UnsupportedModel

TURNS = 200_000  # of loops, in one run
KEPT = 2_000  # values of a voltage that are looked at
FEW, ALIKE = 3, 0.05  # ways in which one that does not flow goes on, in all; of as many steps
DEEP = 5  # functions that call each other
Loop = ast.For | ast.While
Block = ast.For | ast.While | ast.If | ast.FunctionDef


@attrs.frozen(eq=False, repr=False)
class Unmoved(Judged):
    """A script of which no step moves a voltage.

    Attributes
    ----------
    subject : str
    why : str
        Why nothing else is said of it.
    findings : tuple of Found
        The one line.
    source : tuple of str
        The script's lines.
    """

    subject: str
    why: str
    findings: tuple[Found, ...]
    source: tuple[str, ...]

    def table(self) -> list[dict[str, Any]]:
        """Give one row per finding."""
        return [one.data() for one in self.findings]

    def summary(self) -> list[str]:
        """Give what was found, in a sentence or two."""
        return [one.said for one in self.findings]

    def data(self) -> dict[str, Any]:
        """Give everything as plain data, for JSON, as of a script that was read."""
        return {
            "subject": self.subject,
            "model": None,
            "no_model": self.why,
            "equations": {},
            "scheme": None,
            "rules": {},
            "findings": self.table(),
            "n_faults": len(self.faults),
            "reproduced_until": None,
            "spikes": {"script": [], "truth": [], "matched": []},
            "spike_times": [],
            "explained": False,
            "fallback": self.why,
        }


class NothingMoves(UnsupportedModel):
    """No step of a script moves a voltage; the message says which line should.

    Parameters
    ----------
    result : Unmoved
    """

    def __init__(self, result: Unmoved) -> None:
        super().__init__(result.summary()[0])
        self.result = result

    def __reduce__(self) -> tuple[type[NothingMoves], tuple[Unmoved]]:
        """Copy and pickle the result."""
        return type(self), (self.result,)


def unmoved(script: Script, subject: str, why: str) -> Unmoved | None:
    """Say which line of a script should move V and does not, or keeps a run from where V is moved.

    Parameters
    ----------
    script : Script
    subject, why : str

    Returns
    -------
    Unmoved or None
        None where the run fails, V moves, or the text does not tell what should move it.
    """
    tree = script.tree if script.tree is not None else ast.parse(script.text)
    text = _Text(tree)
    steps = text.steps()
    run = _Watched(script, [*steps, *text.kept()])
    if run.failed or any(_flows(values) for values in run.values.values()):
        return None
    reached = [one for one in steps if one.lineno in run.lines]
    if any(not run.values[one.lineno] for one in reached):
        return None  # what it sets could not be read
    if reached and all(len(run.values[one.lineno]) < 2 for one in reached):
        line, said = text.end(run.lines), "ends the run before V moves"
    elif reached:
        least = min(len(text.tests(one)) for one in reached)
        plainest = [one for one in reached if len(text.tests(one)) == least]
        line, said = (plainest[0].lineno, "leaves V where it is") if len(plainest) == 1 else (0, "")
        if line and (anew := text.sets_anew(plainest[0])):
            line, said = anew, "sets V anew in each turn"
        elif line in run.masked and (mask := text.mask(plainest[0])):
            line, said = mask, "picks none of V's elements"
    elif steps:
        line, said = text.barrier(steps[0], run.lines), "keeps V from being stepped"
    else:
        line, said = text.empty(run.lines), "does nothing where V should be stepped"
    if not line:
        return None
    found = Found(
        "nothing-moves", "fault", f"{at_first(script.lines, line)} {said}: no step of the script moves it.",
        line, evidence="it was run as it is", sure=True,
    )  # fmt: skip
    return Unmoved(subject, why, (found,), script.lines)


def _flows(values: Sequence[float]) -> bool:
    """Tell whether values flow: they are not only set, nor do they go on like a clock's."""
    course = np.asarray(values)
    course = course[np.isfinite(course)]
    if course.size < 2:
        return False
    size = float(np.max(np.abs(course))) or 1.0
    by = np.unique(np.round(np.diff(course) / size, 9))
    return bool(by.size > max(FEW, ALIKE * course.size))


class _Text:
    """A script's text: what moves V in it, and what that stands in."""

    def __init__(self, tree: ast.Module) -> None:
        self.nodes = list(ast.walk(tree))
        self.parent = {below: one for one in self.nodes for below in ast.iter_child_nodes(one)}

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Give what a node stands in, the innermost first; a function's call goes on where it stands."""
        for _ in range(DEEP):
            function: ast.FunctionDef | None = None
            while node in self.parent:
                node = self.parent[node]
                yield node
                if isinstance(node, ast.FunctionDef):
                    function = node
                    break
            if function is None:
                return
            calls = [
                one for one in self.nodes if isinstance(one, ast.Call) and called(one.func) == function.name
            ]
            if len(calls) != 1:
                return
            node = calls[0]

    def tests(self, node: ast.AST) -> list[ast.If]:
        """Give the branches that a node stands in."""
        return [one for one in self.around(node) if isinstance(one, ast.If)]

    def steps(self) -> list[ast.Assign | ast.AugAssign]:
        """List the statements that step V: in a loop or function, from V, and by no test of a threshold."""
        found = []
        for one in self.nodes:
            if not isinstance(one, (ast.Assign, ast.AugAssign)) or not _moves(one):
                continue
            inside = any(isinstance(up, (ast.For, ast.While, ast.FunctionDef)) for up in self.around(one))
            tested = any(any(map(is_threshold, _names(up.test))) for up in self.tests(one))
            if inside and not tested:
                found.append(one)
        return found

    def mask(self, step: ast.Assign | ast.AugAssign) -> int:
        """Give the line that makes the mask of the elements that a step sets; 0 where there is not one."""
        to = _set(step)[0][0]
        asked = ast.unparse(to.slice) if isinstance(to, ast.Subscript) else ""
        made = [
            one.lineno
            for one in self.nodes
            if isinstance(one, ast.Assign) and [ast.unparse(name) for name in one.targets] == [asked]
        ]
        return made[0] if len(made) == 1 else 0

    def sets_anew(self, step: ast.Assign | ast.AugAssign) -> int:
        """Give the line of the loop that goes by what a step sets; 0 where none does."""
        set_ = {ast.unparse(to) for to, _ in _set(step)}
        loops = (one for one in self.around(step) if isinstance(one, ast.For))
        return next((one.lineno for one in loops if ast.unparse(one.target) in set_), 0)

    def kept(self) -> list[ast.Assign | ast.AugAssign]:
        """List the statements that set a V, of whatever it is made: where it flows there, it is moved."""
        return [one for one in self.nodes if isinstance(one, (ast.Assign, ast.AugAssign)) and _set(one)]

    def barrier(self, step: ast.stmt, lines: set[int]) -> int:
        """Give the line that is run and lets nothing go on to a step; 0 where none is known."""
        below: ast.stmt = step
        for one in self.around(step):
            if isinstance(one, Block) and one.lineno in lines:
                other = one.orelse if isinstance(one, ast.If) and below in one.orelse else []
                body = other or one.body
                entered = isinstance(one, ast.FunctionDef) or body[0].lineno in lines
                if not entered:
                    return one.lineno
                before = body[: body.index(below)] if below in body else []
                left = [part.lineno for part in before if isinstance(part, ast.If) and part.lineno in lines]
                if left:
                    return left[-1]
            below = one if isinstance(one, ast.stmt) else below
        return 0

    def end(self, lines: set[int]) -> int:
        """Give the line that leaves a loop, or that of its test; 0 where there is not one."""
        leaving = [
            one for one in self.nodes if isinstance(one, (ast.Break, ast.Return)) and one.lineno in lines
        ]
        found = []
        for one in leaving:
            up, test = self.parent[one], 0
            while isinstance(up, ast.stmt) and not isinstance(up, Loop | ast.FunctionDef):
                test = test or (up.lineno if isinstance(up, ast.If) else 0)
                up = self.parent[up]
            if isinstance(up, Loop):
                found.append(test or one.lineno)
        return found[0] if len(found) == 1 else 0

    def empty(self, lines: set[int]) -> int:
        """Give the line of what does nothing where V should be stepped, or of its loop; 0: unknown."""
        found = [one.lineno for one in self.nodes if isinstance(one, ast.Pass) and one.lineno in lines]
        loops = [one for one in self.nodes if isinstance(one, Loop) and one.lineno in lines]
        met = [
            one.lineno for one in loops
            if any(map(is_voltage, _names(one))) and any(map(is_threshold, _names(one)))
        ]  # fmt: skip
        return found[0] if len(found) == 1 and met else met[0] if len(met) == 1 else 0


class _Watched:
    """A plain run: the lines that it comes to, and what its steps leave in what they set."""

    def __init__(self, script: Script, steps: Sequence[ast.Assign | ast.AugAssign]) -> None:
        self.lines: set[int] = set()
        self.masked: set[int] = set()
        self.values: dict[int, list[float]] = {one.lineno: [] for one in steps}
        self._targets = {one.lineno: _set(one)[0][0] for one in steps}
        self._left: dict[FrameType, int] = {}  # the step that a frame has just left
        self._filename = Run(script, tracing=False).filename
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            run = PlainRun(script, script.given, TURNS)
        finally:
            sys.settrace(before)
        self.failed = run.run.error is not None

    def _called(self, frame: FrameType, event: str, value: Any) -> Any:
        return self._come_to if frame.f_code.co_filename == self._filename else None

    def _come_to(self, frame: FrameType, event: str, value: Any) -> Any:
        done = self._left.pop(frame, 0)
        if done and len(self.values[done]) < KEPT:
            with suppress(Exception):  # what a script has under a name may raise anything
                names = {**frame.f_globals, **frame.f_locals}
                ones = np.ravel(unwrapped(_value(self._targets[done], names)))
                if not ones.size:  # a mask that picks none
                    self.masked.add(done)
                    ones = np.ravel(unwrapped(_value(_whole(self._targets[done]), names)))
                self.values[done].append(float(ones[0]))
        if event == "line":
            self.lines.add(frame.f_lineno)
            if frame.f_lineno in self._targets:
                self._left[frame] = frame.f_lineno
        return self._come_to


def _set(step: ast.Assign | ast.AugAssign) -> list[tuple[ast.expr, ast.expr]]:
    return [(to, value) for to, value in sets_of(step) if is_voltage(ast.unparse(to))]


def _whole(target: ast.expr) -> ast.expr:
    """Give the array of which a target is a part."""
    return target.value if isinstance(target, ast.Subscript) else target


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """Read what a target is, by what names are."""
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, names), node.attr)
    if isinstance(node, ast.Subscript):
        return unwrapped(_value(node.value, names))[_value(node.slice, names)]
    if isinstance(node, ast.Tuple):
        return tuple(_value(one, names) for one in node.elts)
    return int(number_of(node, names)) if isinstance(node, ast.BinOp) else ast.literal_eval(node)


def _moves(step: ast.Assign | ast.AugAssign) -> bool:
    """Tell whether a statement makes V of V."""
    made = _set(step)
    return bool(made) and (isinstance(step, ast.AugAssign) or any(map(is_voltage, _names(made[0][1]))))


def _names(node: ast.AST) -> list[str]:
    """List the names, fields and elements that a node reads or sets."""
    kinds = (ast.Name, ast.Attribute, ast.Subscript)
    return [ast.unparse(one) for one in ast.walk(node) if isinstance(one, kinds)]
