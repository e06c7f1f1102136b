"""An input that a step sets several times, such as ``I = 0`` and ``I += 5`` in some steps, is one input."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from natrium.analysis.doctor.trace.forms import Form, Segment, StepTrace, leaves_of
from natrium.analysis.doctor.trace.tracer import Tracer


def join_settings(tracer: Tracer, segment: Segment) -> None:
    """Let the last of a place's settings in a step stand for it, where no step reads two of them.

    The tracer tells the settings of one place in one step apart, by their number. What the earlier ones are
    read for is then the later ones alone: to the step they are one value. What a function is given in each of
    its calls is another matter.
    """
    settings: dict[Any, list[Form]] = {}
    for form in dict.fromkeys(form for step in segment.steps for form in step.exogenous):
        place = form.key[0]
        is_cut = form.op == "leaf" and place in tracer.known.cuts and place not in tracer.known.series
        if is_cut and place[0] != "arg":
            settings.setdefault(form.key[:2], []).append(form)
    several = [forms for forms in settings.values() if len(forms) > 1]
    reads = _reads(segment.steps) if several else []
    for forms in several:
        live = [[one for one in forms if one.key in read] for read in reads]
        if all(len(one) < 2 for one in live):
            _join(tracer, segment, sorted(forms, key=_setting), live)


def _setting(form: Form) -> int:
    """Give which setting of a step a leaf is; what was set before the loop comes first."""
    return -1 if form.key[2] is None else int(form.key[2])


def _reads(steps: list[StepTrace]) -> list[set[tuple[Any, ...]]]:
    """Give the places that the states which each step makes, and its choices, are made of."""
    known: dict[tuple[Form, ...], set[tuple[Any, ...]]] = {}
    found = []
    for step in steps:
        sides = (side for left, _, right, _, _ in step.choices for side in (left, right))
        roots = (*step.updates.values(), *sides)
        if roots not in known:
            known[roots] = leaves_of(roots)
        found.append(known[roots])
    return found


def _join(tracer: Tracer, segment: Segment, forms: list[Form], live: list[list[Form]]) -> None:
    """Put the first leaf in the place of the others, and let it have the value that each step reads."""
    first, made = forms[0], segment.made
    instead: dict[int, Form] = {id(one): first for one in forms}
    begun = dict.fromkeys(made.get(first, ()))
    for step, read in zip(segment.steps, live, strict=True):
        there = [one for one in forms if one in step.exogenous]
        if there:
            value = step.exogenous[(read or there[-1:])[0]]
            for one in there:
                del step.exogenous[one]
            step.exogenous[first] = value
        step.updates = {state: _replaced(tracer, form, instead) for state, form in step.updates.items()}
        step.choices = [
            (_replaced(tracer, left, instead), relation, _replaced(tracer, right, instead), held, line)
            for left, relation, right, held, line in step.choices
        ]
    inner = dict(instead)
    if len(begun) == 1:  # what it begins as stands in what it becomes
        inner = {id(one): next(iter(begun)) for one in forms}
    for later in forms[1:]:
        for form, value in made.pop(later, {}).items():
            made.setdefault(first, {}).setdefault(_replaced(tracer, form, dict(inner)), value)


def _replaced(tracer: Tracer, root: Form, instead: dict[int, Form]) -> Form:
    """Give a form with leaves replaced; what was replaced before is kept in `instead`."""
    for form in _inner_first(root, instead):
        args = tuple(instead[id(one)] for one in form.args)
        instead[id(form)] = form
        if any(new is not old for new, old in zip(args, form.args, strict=True)):
            varies = max(one.varies for one in args)
            other = Form(form.op, args, form.line, form.value, varies, numpy=form.numpy)
            instead[id(form)] = tracer.table.setdefault((form.op, form.line, form.numpy, *args), other)
    return instead[id(root)]


def _inner_first(root: Form, done: dict[int, Any]) -> Iterable[Form]:
    """Go through what is not done of a form, inner forms first; each is done before the next is asked for."""
    ahead = [root]
    while ahead:
        form = ahead[-1]
        missing = [one for one in form.args if id(one) not in done]
        if missing and id(form) not in done:
            ahead += missing
            continue
        ahead.pop()
        if id(form) not in done:
            yield form
