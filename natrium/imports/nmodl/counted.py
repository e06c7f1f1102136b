"""States that only count: nothing of any current depends on them, as on an ion's sum that a file keeps."""

from __future__ import annotations

from natrium.imports.nmodl.program import Program
from natrium.imports.nmodl.run import Run
from natrium.imports.nmodl.source import Tree
from natrium.model.errors import CannotImport


def leave_counted(program: Program, run: Run) -> None:
    """Take out of a run all that moves states on which no current depends.

    Raises
    ------
    CannotImport
        When a state on which one does depend has a volume, or comes from nowhere.
    """
    states = frozenset(program.states)
    needed = _needed(program, run, states)
    if wrong := next((one for one in run.volumes if one in needed), None):
        raise CannotImport(
            "COMPARTMENT", f"a COMPARTMENT gives states volumes, got {wrong}: states are shares here"
        )
    if wrong := next((one for one in run.flows_in if one in needed), None):
        raise CannotImport(
            "open KINETIC", f"a reaction must lead from a state to another by <-> or ->, got {wrong} <<"
        )
    moved = {*run.derivatives, *run.updates, *run.volumes, *run.flows_in}
    moved |= {one for tree, *_ in run.reactions for one in touched(tree, states)}
    if left := [one for one in program.states if one in moved - needed]:
        run.note(f"{', '.join(left)} is left out: no current depends on it")
    run.derivatives = {one: flow for one, flow in run.derivatives.items() if one in needed}
    run.updates = {one: flow for one, flow in run.updates.items() if one in needed}
    run.reactions = [one for one in run.reactions if touched(one[0], states) & needed]
    run.conserved = [one for one in run.conserved if one[0].names & needed or not one[0].names & states]


def _needed(program: Program, run: Run, states: frozenset[str]) -> set[str]:
    """Find the states on which currents depend, and all on which those depend."""
    needed: set[str] = set()
    found = {one for key in program.currents if key in run.names for one in run.names[key].names & states}
    while found - needed:
        needed |= found
        for one in needed:
            for flows in (run.derivatives, run.updates):
                found |= flows[one].names & states if one in flows else set()
        for tree, *rates in run.reactions:
            if (these := touched(tree, states)) & needed:
                found |= these | {one for rate in rates for one in rate.names & states}
    return needed


def touched(tree: Tree, states: frozenset[str]) -> set[str]:
    """Give the states that a reaction moves."""
    at = next(k for k, one in enumerate(tree.parts) if one.kind == "ReactionOperator")
    sides = [*tree.parts[:at], *(tree.parts[at + 1 : at + 2] if tree.parts[at].text == "<->" else ())]
    return {one.text for side in sides for one in side.walk() if one.text in states}
