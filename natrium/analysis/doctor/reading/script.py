"""Script in, model out: a file is run because told to, and read."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from natrium.analysis.doctor.reading.verdict import Reading, read
from natrium.analysis.doctor.trace import trace_all, trace_script
from natrium.analysis.doctor.trace.record import Record
from natrium.model import Model, ModelError, UnsupportedModel
from natrium.model.checks import check_path

ENDINGS = (".py", ".ipynb")


def parted(spec: str | os.PathLike[str]) -> tuple[str, str | None]:
    """Take ``FILE.py:NAME`` apart."""
    check_path(spec)
    text = os.fspath(spec)
    path, _, name = text.partition(".py:")
    return (f"{path}.py", name) if name else (text, None)


def traced(path: str | os.PathLike[str], name: str | None = None, claim: Model | None = None) -> Record:
    """Run a script, because told to, and give the loop that looks most like a neuron's."""
    with warnings.catch_warnings():  # a script's warnings are its own affair
        warnings.simplefilter("ignore")
        return trace_script(path, name, claimed=claim)


def _all_loops(path: str) -> tuple[Record, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return trace_all(path)


def read_script(spec: str | os.PathLike[str], claim: Model | None = None) -> tuple[Reading, ...]:
    """Run a script, because told to, and read what it integrates, how, and what is wrong with it.

    Parameters
    ----------
    spec : str or path
        A script, a notebook, or ``"script.py:Name"``: a class or function of it.
    claim : Model, optional
        What it claims to be; it is then held against that, equation by equation.

    Returns
    -------
    tuple of Reading
        One for each loop that steps a neuron, in the order of the script; with a claim the one loop that
        looks most like it.

    Raises
    ------
    ModelError
        When the file cannot be found, read or run, or nothing in it steps.
    UnsupportedModel
        When the run cannot be traced: the message says why.
    """
    path, name = parted(spec)
    if not path.endswith(ENDINGS):
        raise ModelError(f"a script must be a .py or .ipynb file, got {path!r}; give path/script.py")
    whole = name is None and claim is None
    found = _all_loops(path) if whole else (traced(path, name, claim),)
    kept = [one for one in found if not one.fallback]
    if not kept:
        raise UnsupportedModel(f"a script must be traced to be read, and it cannot be: {found[0].fallback}")
    readings: list[Reading] = []
    refused: UnsupportedModel | None = None
    shown = Path(os.fspath(spec)).name
    for number, record in enumerate(kept, start=1):
        title = shown if len(kept) == 1 else f"{shown}, loop {number}"
        try:
            readings.append(read(record, title, claim))
        except UnsupportedModel as error:
            refused = error
    if not readings and refused is not None:
        raise refused
    return tuple(readings)
