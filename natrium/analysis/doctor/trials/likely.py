"""Which changes of a text are likely, by what reading it told."""

from __future__ import annotations

import ast
import re
from collections.abc import Container

import numpy as np

from natrium.analysis.doctor.reading.expressions.numbers import numbers_of
from natrium.analysis.doctor.reading.expressions.trees import in_order
from natrium.analysis.doctor.reading.text.labels import gives_current
from natrium.analysis.doctor.reading.verdict import Reading
from natrium.analysis.doctor.trace.meanings import is_input as names_input
from natrium.analysis.doctor.trace.meanings import is_voltage, plain
from natrium.analysis.doctor.trials.distance import FAR, distances
from natrium.analysis.doctor.trials.edits import ADDED, PACED, WANTED, Edit, Editor
from natrium.model import Model

PER_NAME = 0.25  # how far-fetched a change is for each name that it is away from what was found
TRIED = 0.35  # how far-fetched it is where it was looked for, and how near what two at once ask for
_OF_RULES = ("reset", "initial", "refractory", "hold", "starts", "never")
_LOOKED_FOR = ("equation-differs", "wrong-name", "alpha-beta-swapped", "gate-missing")
_NOT_FOUND = ("gate-missing", "extra-state", "never-fires", "initial-V")
_NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")
_EDGES = 6  # of an input: more are a course


def likely_edits(tree: ast.Module, claim: Model, first: Reading | Exception) -> list[tuple[float, Edit]]:
    """List the changes that may make a text the claim's, with how far-fetched each is, likely ones first.

    Parameters
    ----------
    tree : ast.Module
    claim : Model
    first : Reading or Exception
        What reading it gave.
    """
    faults = first.faults if isinstance(first, Reading) else ()
    if sum(one.key in _NOT_FOUND for one in faults) > 1:
        faults = ()  # what is read is another neuron: nothing is known
    lines = {one.line for one in faults}
    is_input = any(one.key.startswith("input") for one in faults)
    made = _setting(tree, is_input=True) if is_input else set()
    lines |= made
    if isinstance(first, Reading):
        maps = first.maps
        for one in faults:
            if one.key.startswith(_OF_RULES):  # what a rule sets is where it is set
                names = {plain(one.about)} if one.about else {plain(timer) for timer in maps.timers}
                names |= _begins(tree, first.record.solver)
                lines |= _setting(tree, names)
                lines |= set(maps.hold.lines) if "refractory" in one.key else set()
            elif one.about in first.equations:  # what an equation is made of
                lines |= {node.line for node in in_order([first.equations[one.about]]) if node.args}
    if faults and isinstance(first, Reading) and not any(lines):
        lines |= {node.line for node in first.maps.main.updates.values()}
    far = distances(tree, lines)
    base = FAR if any(lines) else 0
    step = first.maps.step if isinstance(first, Reading) else 0.0
    edits = Editor(tree, _pairs(first, claim), step, numbers_of(claim)).edits()
    # What one place of a formula would mend was looked for in the equations.
    known = bool(faults) and all(one.key in _LOOKED_FOR for one in faults)
    turned = known and (len(faults) > 1 or faults[0].key == "alpha-beta-swapped")
    paceless = {one.line for one in faults if one.key == "dt-missing"}
    outward = {one.line for one in faults if one.key == "sign" and _is_outward(tree, one.line)}

    def far_fetched(one: Edit) -> float:
        told = TRIED * (known and one.within) - TRIED * (turned and one.exchanged)
        near = 0.2 if one.rank == WANTED else 1.0  # a number that is asked for stands for itself
        told += TRIED * (one.line in outward)
        told -= 2.0 * TRIED * (one.line in paceless and one.rank == PACED)  # a step is what it lacks
        told -= TRIED * (one.line in made)  # the input is made there, and elsewhere read
        return one.rank + near * PER_NAME * far.get(one.line, base) + told

    told = [one for one in edits if one.rank != ADDED or far.get(one.line, FAR) == 0]
    return sorted(((far_fetched(one), one) for one in told), key=lambda one: one[0])


def _pairs(first: Reading | Exception, claim: Model) -> list[tuple[float, float]]:
    """Give numbers that the script has, beside those that are asked for, in the script's units."""
    if not isinstance(first, Reading):
        return []
    meant, found = first.meant, list[tuple[float, float]]()
    for one in first.faults:
        numbers = [_NUMBER.findall(text)[-1:] for text in (one.stands, one.should)]
        if all(numbers):
            found.append((float(numbers[0][0]), float(numbers[1][0])))
    keys = " ".join(one.key for one in first.faults)
    if "refractory" in keys and claim.neuron.tau_ref:
        asked = claim.neuron.tau_ref / meant.units.ms
        held = [meant.refractory.named] if meant.refractory is not None else []
        found.append((asked, asked))  # it may have its name, and be read elsewhere
        found += [(one, asked) for one in [*held, *(n * first.maps.step for n in first.maps.hold.steps[:1])]]
    if "input" in keys:
        reads, step = meant.clock.reads, first.maps.step
        asked_at = np.array([claim.stimulus(float(t) * meant.units.ms) for t in reads])
        own, wanted = (
            [float(reads[k + 1]) for k in np.flatnonzero(np.diff(one))] for one in (meant.inputs, asked_at)
        )
        near = 1.5 * step
        for these, those in ((own, wanted), (np.diff(own), np.diff(wanted))):  # when, and for how long
            odd, lacking = (
                [one for one in ones if all(abs(one - other) > near for other in others)]
                for ones, others in ((these, those), (those, these))
            )
            found += list(zip(odd, lacking, strict=False)) if len(own) < _EDGES else []
    return [(one, other) for one, other in found if np.isfinite(one) and np.isfinite(other)]


def _is_outward(tree: ast.Module, line: int) -> bool:
    """Tell whether a line gives a current as the field has it, g*(V - E): the sum then has its sign wrong."""
    nodes = list(ast.walk(tree))
    there = [one for one in nodes if getattr(one, "lineno", 0) == line]
    less = any(isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.USub) for one in there)
    from_V = any(
        isinstance(one, ast.BinOp)
        and isinstance(one.op, (ast.Add, ast.Sub))
        and is_voltage(ast.unparse(one.left))
        for one in there
    )
    return from_V and not less and gives_current(nodes, line)


def _setting(tree: ast.Module, names: Container[str] = (), is_input: bool = False) -> set[int]:
    """Give the lines that set what is called so, or what is called like an input."""

    def wanted(name: str) -> bool:
        return names_input(name) if is_input else name.rpartition(".")[2] in names

    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and wanted(one.name)]
    found = {line for one in functions for line in range(one.lineno, (one.end_lineno or one.lineno) + 1)}
    for one in ast.walk(tree):
        stored = isinstance(getattr(one, "ctx", None), ast.Store)
        if stored and isinstance(one, (ast.Name, ast.Attribute, ast.Subscript)):
            kept = one.value if isinstance(one, ast.Subscript) else one
            if wanted(ast.unparse(kept)):
                found.add(one.lineno)
    return found


def _begins(tree: ast.Module, solver: str) -> set[str]:
    """Name what SciPy's solver is called with: when and where it begins."""
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)] if solver else []
    made = [one for one in calls if ast.unparse(one.func).rpartition(".")[2] == solver.split()[0]]
    given = [part for one in made for arg in one.args[1:] for part in ast.walk(arg)]
    return {one.id for one in given if isinstance(one, ast.Name)}
