"""The targets, each a line of the table: how it is written, and what means something else there."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from natrium.export.brian2 import BRIAN2_TWIN, brian2_meaning, write_brian2
from natrium.export.distance import Twin
from natrium.export.julia import julia_meaning, write_julia
from natrium.export.latex import write_latex
from natrium.export.lems import LEMS_TWIN, lems_meaning, write_lems
from natrium.export.lowered import Lowered
from natrium.export.nest import NEST_TWIN, nest_meaning, write_nest
from natrium.export.neuron import NEURON_TWIN, neuron_meaning, write_neuron
from natrium.export.python import write_python
from natrium.export.script import write_script
from natrium.export.xpp import XPP_TWIN, write_xpp, xpp_meaning
from natrium.model.checks import unknown_name
from natrium.model.errors import ModelError
from natrium.solvers import FixedStep

Write = Callable[[Lowered, float], str]
Meaning = Callable[[Lowered, float], list[str]]


@attrs.frozen
class Target:
    """One language or simulator that a model can be written for.

    Attributes
    ----------
    name : str
    about : str
        What it is, in a line.
    suffix : str
        Of its files.
    write : callable
        The file, without the words at its head, of a lowered model and a step (ms).
    meaning : callable
        What means something else there, sentence by sentence; same arguments.
    comment : str
        What begins a line of comment.
    twin : Twin or None
        A solver of natrium's own that has its rules.
    simulator : str
        What runs it, as `natrium.export.simulators` knows it; empty where nothing does.
    opening : str
        What must be the very first line.
    """

    name: str
    about: str
    suffix: str
    write: Write
    meaning: Meaning
    comment: str = "#"
    twin: Twin | None = None
    simulator: str = ""
    opening: str = ""


def _python_meaning(model: Lowered, dt: float) -> list[str]:
    return [
        "Nothing means something else here: the same equations and events, the refractory period to its end.",
        "SciPy's DOP853 goes at a tolerance of 1e-12 from one edge of the input to the next.",
        "Each step is looked through for V's way up through the threshold, and true steps lead there; where "
        "V comes and goes within one step the peak in between is found (of several peaks the first).",
    ]


def _script_meaning(model: Lowered, dt: float) -> list[str]:
    said = [
        f"Whole steps of dt = {dt:g} ms, of Runge and Kutta's fourth order: what happens within one is moved."
    ]
    if model.fires:
        said.append(
            "A spike is where the line through its step meets the threshold, but what follows it begins at "
            "the step's end: each spike makes the next ones late by a part of dt."
        )
    if model.fires and model.tau_ref > 0.0:
        steps = round(model.tau_ref / dt)
        said.append(f"tau_ref = {model.tau_ref:g} ms is {steps} whole steps, {steps * dt:g} ms.")
    if model.kicks:
        said.append("A spike that comes in does so at the beginning of its step.")
    if model.edges:
        said.append("An edge of the input within a step is felt at the stage that comes after it.")
    return said


def _latex_meaning(model: Lowered, dt: float) -> list[str]:
    return ["The equations, the numbers and the input, to be printed: nothing is solved here."]


SCRIPT_TWIN = Twin(
    lambda model, dt: FixedStep(
        dt=dt,
        scheme="rk4",
        spike_time="linear",
        refractory="steps",
        label="end",
        read="stage",
        edges="half-open",
    )
)

TARGETS: dict[str, Target] = {
    one.name: one
    for one in (
        Target(
            "python", "a script on NumPy and SciPy, every spike located as an event", ".py",
            lambda model, dt: write_python(model), _python_meaning, simulator="python",
        ),
        Target(
            "script", "a fixed-step script as it should be", ".py", write_script, _script_meaning,
            twin=SCRIPT_TWIN, simulator="python",
        ),
        Target(
            "brian2", "a script for Brian 2", ".py", write_brian2, brian2_meaning,
            twin=BRIAN2_TWIN, simulator="brian2",
        ),
        Target(
            "xpp", "an ODE file for XPPAUT", ".ode", write_xpp, xpp_meaning, twin=XPP_TWIN, simulator="xpp",
        ),
        Target(
            "neuron", "a script for NEURON, its mechanism in NMODL", ".py", write_neuron, neuron_meaning,
            twin=NEURON_TWIN, simulator="neuron",
        ),
        Target(
            "nest", "a PyNEST script, for the neurons that NEST has", ".py", write_nest, nest_meaning,
            twin=NEST_TWIN, simulator="nest",
        ),
        Target(
            "neuroml", "a LEMS file for jNeuroML", ".xml", write_lems, lems_meaning, comment="<!--",
            twin=LEMS_TWIN, simulator="neuroml",
        ),
        Target(
            "julia", "a script for DifferentialEquations.jl", ".jl", write_julia, julia_meaning,
        ),
        Target(
            "latex", "a document with the equations, the numbers and the input", ".tex",
            lambda model, dt: write_latex(model), _latex_meaning, comment="%",
        ),
    )
}  # fmt: skip
"""All targets by their names; a new one is a file beside this one and a line here."""


def target_of(name: str) -> Target:
    """Give a target by its name.

    Raises
    ------
    ModelError
        When there is none of this name.
    """
    if name not in TARGETS:
        raise ModelError(unknown_name("a target", name, tuple(TARGETS)))
    return TARGETS[name]
