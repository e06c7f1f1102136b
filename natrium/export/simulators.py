"""Where the targets' programs are, and how they are run: each file prints its spike times, one a line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np

from natrium.export.lems import read_lems
from natrium.export.xpp import read_xpp
from natrium.model import SolverError, UnsupportedModel
from natrium.model.arrays import Array

LONGEST = 600.0  # s: what takes longer is ended


@attrs.frozen
class Simulator:
    """A program that runs a target's file.

    Attributes
    ----------
    command : tuple of str
        What comes before the file's name.
    told : str
        Its name and version.
    """

    command: tuple[str, ...]
    told: str


@attrs.frozen
class Kind:
    """How a simulator is found and used."""

    module: str  # the Python module that it is; empty where it is a program
    program: str  # the program that it is
    variable: str  # the environment variable that names its Python, or the program
    install: str  # how to get it
    # From the file's folder and what was printed to the spike times, ms.
    read: Callable[[Path, str], list[float]]
    options: tuple[str, ...] = ()  # what comes behind the file's name


def printed(folder: Path, text: str) -> list[float]:
    """Read spike times as they were printed, one a line; all other lines are the simulator's own words."""
    found = []
    for line in text.splitlines():
        try:
            found.append(float(line))
        except ValueError:
            continue
    return found


KINDS: dict[str, Kind] = {
    "brian2": Kind("brian2", "", "NATRIUM_BRIAN2", "pip install brian2", printed),
    "xpp": Kind("", "xppaut", "NATRIUM_XPPAUT", "apt-get install xppaut", read_xpp, ("-silent",)),
    "neuron": Kind("neuron", "", "NATRIUM_NEURON", "pip install neuron", printed),
    "nest": Kind("nest", "", "NATRIUM_NEST", "pip install nest-simulator", printed),
    "neuroml": Kind("", "pynml", "NATRIUM_PYNML", "pip install pyneuroml, and Java", read_lems, ("-nogui",)),
    "python": Kind("scipy", "", "NATRIUM_PYTHON", "pip install scipy", printed),
}
"""By the names that targets have for them."""


def find_simulator(name: str) -> Simulator:
    """Find a target's program: by its environment variable, in natrium's own Python, or on the path.

    Raises
    ------
    UnsupportedModel
        When there is none, saying how to get it.
    """
    kind = KINDS[name]
    given = os.environ.get(kind.variable, "")
    if kind.program:
        found = given or shutil.which(kind.program) or ""
        if found:
            return Simulator((found,), kind.program)
    for python in (given, sys.executable):
        if kind.module and python and (version := _version(python, kind.module)):
            return Simulator((python,), f"{kind.module} {version}")
    what = kind.module or kind.program
    raise UnsupportedModel(
        f"measuring needs {what}, which is not installed here: {kind.install}, and where that is another "
        f"Python's name it in {kind.variable}"
    )


def _version(python: str, module: str) -> str:
    """Give a module's version in a Python; an empty string without one."""
    package = {"nest": "nest-simulator", "brian2": "Brian2"}.get(module, module)
    code = f"from importlib.metadata import version; print(version({package!r}))"
    try:
        done = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, timeout=LONGEST, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def run_file(name: str, path: Path, simulator: Simulator | None = None) -> tuple[Array, str]:
    """Run a file.

    Parameters
    ----------
    name : str
        The simulator's name.
    path : Path
    simulator : Simulator, optional

    Returns
    -------
    ndarray, shape (n_spikes,)
        Spike times, ms, in order.
    str
        The simulator's name and version.

    Raises
    ------
    UnsupportedModel
        When there is no such simulator here.
    SolverError
        When it fails, with its last words.
    """
    used = simulator or find_simulator(name)
    try:
        done = subprocess.run(
            [*used.command, str(path), *KINDS[name].options],
            capture_output=True, text=True, timeout=LONGEST, check=False, cwd=path.parent,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SolverError(
            f"{used.told} ran for more than {LONGEST:g} s: shorten the run, or raise dt"
        ) from None
    except OSError as error:
        raise UnsupportedModel(f"cannot run {used.command[0]}: {error.strerror}") from None
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise SolverError(f"{used.told} failed: {words[-1] if words else 'without a word'}")
    return np.sort(np.array(KINDS[name].read(path.parent, done.stdout), dtype=float)), used.told
