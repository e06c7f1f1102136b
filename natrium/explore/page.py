"""The page itself: one HTML file with the model living in it."""

from __future__ import annotations

import json
import os
from html import escape
from importlib import resources
from typing import Any

import attrs

from natrium.analysis.phase_plane.planar import planar, planes_of
from natrium.explore.code import rules_of, write_code, write_radau, write_tableau
from natrium.explore.facts import Facts, kinds_of, parameters_of, parts_of, starts_of
from natrium.explore.mathml import mathml
from natrium.figures.phase_plane import REFRACTORY, V_NULL, X_NULL
from natrium.figures.style import COLORS, state_looks
from natrium.model import Model, NatriumError, Neuron, latex, to_dict, write_whole
from natrium.model.leak import input_unit
from natrium.model.opened import opened
from natrium.model.protocol import AnyNeuron
from natrium.model.scales import scales_of, usual_step
from natrium.model.versions import version_of

FOLDER = resources.files("natrium.explore") / "page"
CORE = (
    "functions.js",
    "inputs.js",
    "implicit.js",
    "solver.js",
    "model.js",
    "rates.js",
)  # what the worker knows too
DRAWN = ("chart.js", "plane.js", "page.js")
T_END, DT = 100.0, 0.1  # ms, or of the scale of time, where the model gives none
BELOW, ABOVE = 20.0, 10.0  # mV that the whole plane goes beyond the voltages of its neuron
HEIGHT = 860  # pixels, in a notebook


@attrs.frozen
class Explorer:
    """A model as a page to explore: sliders, its run, phase plane and rates, the script beside the truth.

    Parameters
    ----------
    model : Model
    name : str
        The title.

    Examples
    --------
    >>> import natrium
    >>> page = Explorer(natrium.notebook.lif_na(), "lif_na")
    >>> page.html().startswith("<!DOCTYPE html>")
    True
    """

    model: Model
    name: str = "model"

    def html(self) -> str:
        """Give the page as text: HTML that asks nothing of anywhere.

        Raises
        ------
        UnsupportedModel
            When the input is a Python function, which no page can call.
        """
        model = self.model
        if model.simulation.t_end is None:
            end = T_END * scales_of(model.neuron).time
            model = attrs.evolve(model, simulation=attrs.evolve(model.simulation, t_end=end))
        opening = tuple(name for name, one in model.neuron.numbers().items() if one.structural)
        shown = attrs.evolve(model, neuron=opened(model.neuron, opening))
        planes, why = planes_of(shown.neuron)
        code = write_code(shown.neuron, shown.stimulus, planes)
        data = _data(model, shown, why) | {"name": self.name, "x": _first_plane(model, list(planes))}
        core = f"const TABLEAU = {write_tableau()}, RADAU = {write_radau()};\nconst DATA = {_json(data)};\n"
        core += "\n".join([_read(CORE[0]), f"const CODE = {code};", *map(_read, CORE[1:])])
        parts = {
            "title": escape(self.name),
            "css": _read("page.css"),
            "equations": mathml(latex(model.neuron)),
            "version": version_of("natrium"),
            "core": core,
            "page": "\n".join(map(_read, DRAWN)),
        }
        page = _read("page.html")
        for name, text in parts.items():
            page = page.replace("{{" + name + "}}", text)
        return page

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page, whole or not at all.

        Raises
        ------
        ModelError
            When the place cannot be written to.
        """
        write_whole(path, self.html())

    def _repr_html_(self) -> str:
        """Show the page in a notebook, within a frame of its own."""
        return (
            f'<iframe srcdoc="{escape(self.html())}" sandbox="allow-scripts allow-downloads" '
            f'title="{escape(self.name)}" style="width: 100%; height: {HEIGHT}px; border: 0"></iframe>'
        )


def explore(model: Any, name: str = "") -> Explorer:
    """Make the page of a model, or of a neuron without input.

    Parameters
    ----------
    model : Model, Neuron or HybridNeuron
    name : str
        The title.
    """
    whole = model if isinstance(model, Model) else Model(neuron=model)
    return Explorer(whole, name or type(whole.neuron).__name__)


def _read(name: str) -> str:
    """Give a file's text; of code without indentation and comments of whole lines."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    bare = (line.strip() for line in lines)
    return "\n".join(line for line in bare if line and not line.startswith("// "))


def _json(data: Any) -> str:
    """Write data to stand within a script."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _data(model: Model, shown: Model, why: str) -> Facts:
    """Give all that the page knows besides equations; `shown` has a symbol for each number."""
    neuron, simulation = shown.neuron, shown.simulation
    system = neuron.system
    begin, end = simulation.t_start, simulation.t_end or T_END * scales_of(model.neuron).time
    dt = simulation.dt or usual_step(model.neuron, DT, end - begin)
    file = to_dict(attrs.evolve(model, simulation=attrs.evolve(model.simulation, dt=dt)))
    ruled: Any = model.neuron
    parts = parts_of(model)
    fixed = any(part["kind"] in ("samples", "formula", "spikes") for part in parts)
    unit = input_unit(model.neuron)
    told = unit.name if unit.per_mV == 1.0 else "mV"
    numbers = [one | {"group": _group(model.neuron, one)} for one in parameters_of(shown)]
    kinds = kinds_of(model)
    for part in [*parts, *kinds.values()]:
        part["numbers"] = [
            one | {"unit": one["unit"].replace("mV", told) if told else one["unit"].replace("mV", "")}
            for one in part["numbers"]
        ]
    rules = list(rules_of(neuron))
    latest = end if fixed else begin + 5.0 * (end - begin)
    return {
        "labels": system.labels,
        "fractions": system.fractions,
        "p": system.values,
        "start": neuron.initial_state(),
        "parameters": numbers,
        "parts": parts,
        "kinds": kinds,
        "t0": begin,
        "t1": end,
        "dt": dt,
        "times": [
            _time("t_end", "t1", end, (begin + 0.05 * (end - begin), latest)),
            _time("dt", "dt", dt, (min(0.001, dt), max(2.0, dt))),
        ],
        "size": abs(model.largest_input()) or 20.0,
        "rule": ruled.refractory if isinstance(ruled.refractory, str) else rules[0],
        "rules": rules if neuron.fires and len(system.states) > 1 else rules[:1],
        "rulePath": ["neuron", "refractory"] if isinstance(ruled, Neuron) else ["refractory", "rule"],
        "unit": told,
        "current": {"per_mV": unit.per_mV, "name": unit.name} if unit.per_mV != 1.0 else None,
        "reach": _reach(model.neuron),
        "why": why,
        "file": file,
        "starts": starts_of(model),
        "palette": COLORS
        | {"V_null": V_NULL["color"], "x_null": X_NULL["color"], "refractory": REFRACTORY["color"]}
        | {
            "states": {
                label: {"color": look["color"], "dash": look["linestyle"]}
                for label, look in state_looks(system.labels[1:]).items()
            }
        },
    }  # fmt: skip


def _time(name: str, key: str, value: float, span: tuple[float, float]) -> Facts:
    low, high = span
    meaning = {"t_end": "end of the run", "dt": "step of the script"}[name]
    return {
        "name": name, "key": key, "value": value, "unit": "ms", "meaning": meaning, "min": low, "max": high,
        "step": 0.001 if name == "dt" else (high - low) / 200.0, "low": 0.0, "high": None, "open": True,
        "log": name == "dt",
    }  # fmt: skip


def _group(neuron: AnyNeuron, one: Facts) -> str:
    """Give the heading under which a number stands: its channel's or synapse's name, or the neuron's."""
    owners = [*getattr(neuron, "channels", ()), *getattr(neuron, "synapses", ())]
    for owner in owners:
        if one["name"].endswith(f"_{owner.name}"):
            return str(owner.name)
    if getattr(neuron, "calcium", None) is not None and one["name"].endswith("_Ca"):
        return "Calcium"
    return "Constants of rates" if one["meaning"] == "constant of rates" else "Neuron"


def _reach(neuron: AnyNeuron) -> tuple[float, float] | None:
    """Give the voltages of the whole plane, mV; None where the run says them."""
    if not isinstance(neuron, Neuron):
        return None
    known = (*neuron.landmarks, neuron.v_init, *neuron.reversals)
    return min(known) - BELOW, max(neuron.origin, *known) + ABOVE


def _first_plane(model: Model, offered: list[str]) -> str:
    """Give the x with which the plane begins: the one that the analysis takes, where it is offered."""
    labels = model.neuron.system.labels[1:]
    try:
        found = planar(model.neuron).x
    except NatriumError:
        found = ""
    return found if found in offered else offered[0] if offered else labels[0] if labels else ""
