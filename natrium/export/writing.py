"""A model written for another program, with what means something else there and how far it moves a spike."""

from __future__ import annotations

import os
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import attrs
import numpy as np

from natrium.analysis.accuracy.truth import Reference, reference
from natrium.export.distance import Distance, distance_of, estimated
from natrium.export.lowered import Lowered, lower_model
from natrium.export.simulators import Simulator, run_file
from natrium.export.targets import Target, target_of
from natrium.model import Model, Number, write_whole
from natrium.model.scales import usual_step
from natrium.model.versions import version_of

DEFAULT_DT = 0.01  # ms, or of the scale of time
WIDTH = 96  # of a row of words


@attrs.frozen
class Export:
    """A model as a file of another program.

    Attributes
    ----------
    target : Target
    text : str
        The file.
    distance : Distance or None
        How far its spikes are from the true ones; None where nothing is solved.
    """

    target: Target
    text: str
    distance: Distance | None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file, whole or not at all.

        Raises
        ------
        ModelError
            When the place cannot be written to.
        """
        write_whole(path, self.text)


def export(
    model: Model,
    to: str,
    *,
    dt: float | None = None,
    name: str = "model",
    measure: bool = False,
    simulator: Simulator | None = None,
) -> Export:
    """Write a model for another program.

    Parameters
    ----------
    model : Model
        With `t_end` in its simulation.
    to : str
        One of `TARGETS`.
    dt : float, optional
        Step of a target that has one, ms; by default the model's own, or 0.01, of the
        scale of time.
    name : str
        What the file calls the model.
    measure : bool
        Run the file, and tell the distance of its spikes from the true ones as measured.
    simulator : Simulator, optional
        Where the target's program is; by default wherever it is found.

    Raises
    ------
    ModelError
        When there is no such target, or the model has no `t_end`.
    UnsupportedModel
        When the target cannot say something of the model, or cannot be run here.

    Examples
    --------
    >>> import natrium
    >>> written = export(natrium.notebook.lif_na(), "python")
    >>> print(written.text.splitlines()[0])
    # model, written by natrium for python: a script on NumPy and SciPy, every spike located as an
    """
    target = target_of(to)
    name = " ".join(name.split()) or "model"
    lowered = lower_model(model, name)
    end = model.simulation.t_end
    span = None if end is None else end - model.simulation.t_start
    step = dt if dt is not None else model.simulation.dt or usual_step(model.neuron, DEFAULT_DT, span)
    Number("ms", 0.0, open_low=True).check("dt", step)
    body = target.write(lowered, step)
    meaning = target.meaning(lowered, step)
    truth = reference(model) if target.twin is not None or target.simulator else None
    distance = (
        None
        if truth is None
        else _distance(target, lowered, step, truth, body if measure else None, simulator)
    )
    head = [f"{name}, written by natrium for {target.name}: {target.about}.", *_versions(), "", *meaning]
    if distance is not None:
        head += distance.sentences()
    elif truth is not None:
        head.append(
            "How far that moves a spike is not known: it was not measured, and natrium's twin of it fails."
        )
    comment = "\n".join(_comment(head, target.comment))
    return Export(
        target,
        f"{comment}\n\n{body}" if not target.opening else f"{target.opening}\n{comment}\n{body}",
        distance,
    )


def _versions() -> list[str]:
    return [f"natrium {version_of('natrium')}, NumPy {np.__version__}. Times in ms, voltages in mV."]


def _comment(lines: list[str], mark: str) -> Iterator[str]:
    if mark == "<!--":
        yield "<!--"
        yield from (row.replace("--", "- -") for line in lines for row in _rows(line))
        yield "-->"
        return
    yield from (f"{mark} {row}".rstrip() for line in lines for row in _rows(line))


def _rows(line: str) -> list[str]:
    """Give a sentence as rows that can be read; an empty one as it is."""
    return textwrap.wrap(line, WIDTH, break_on_hyphens=False) or [""]


def _distance(
    target: Target, model: Lowered, dt: float, truth: Reference, body: str | None, simulator: Simulator | None
) -> Distance | None:
    """Measure, or estimate."""
    if body is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"model{target.suffix}"
            path.write_text(body, encoding="utf-8")
            found, told = run_file(target.simulator, path, simulator)
        return distance_of(found, truth, f"measured with {told}")
    if target.twin is not None:
        return estimated(target.twin, model, dt, truth)
    if target.simulator == "python":
        said = f"none beyond the solver's tolerance; natrium's own spikes are known to {truth.error:.1g} ms"
        return distance_of(truth.spike_times, truth, said)
    return None
