"""Imported channels against NEURON: each file compiled, its rates and currents measured at fifty voltages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from natrium.analysis.result import Result
from natrium.imports.files import read_text
from natrium.imports.neuron_check.expected import (
    VOLTAGES,
    currents_at,
    gate_curves,
    gates_of,
    level_of,
    scheme_of,
    shares_for,
    way_curves,
)
from natrium.imports.nmodl.reader import read_tree
from natrium.imports.nmodl.source import Tree, parse, prepare
from natrium.imports.result import Imported
from natrium.model.checks import check_path
from natrium.model.errors import CannotImport, ModelError

EQUAL = 1e-12  # of a steady state, and of a time constant relative to itself
OF_FIELD = 1e-8  # of a constant field's current, which files write with approximations of their own
BATCH = 30  # files compiled together
MOST = 5_000  # files
COMPILING, MEASURING = 900.0, 600.0  # s, of a batch
Progress = Callable[[str], None]


@attrs.frozen
class CheckedFile:
    """One file's outcome.

    Attributes
    ----------
    file : str
    outcome : {"equal", "differs", "refused", "not measured"}
    kind : str
        ``"gates"``, ``"scheme"`` or, of what was refused, empty.
    steady, tau, current : float or None
        Largest error: of steady states, of time constants (of rates, for a scheme) relative to themselves, of
        the current relative to its largest value.
    reason : str
        Why it was refused, where it differs, or what NEURON said.
    """

    file: str
    outcome: str
    kind: str = ""
    steady: float | None = None
    tau: float | None = None
    current: float | None = None
    reason: str = ""


@attrs.frozen(eq=False, repr=False)
class Checked(Result):
    """A folder of files held against NEURON.

    Attributes
    ----------
    files : tuple of CheckedFile
    """

    files: tuple[CheckedFile, ...]

    def table(self) -> list[dict[str, Any]]:
        """Give a row for each file."""
        return [attrs.asdict(one) for one in self.files]

    def data(self) -> dict[str, Any]:
        """Give the rows, and how many there are of each outcome."""
        return {"files": self.table(), "outcomes": dict(self.outcomes)}

    @property
    def outcomes(self) -> Counter[str]:
        """How many files there are of each outcome."""
        return Counter(one.outcome for one in self.files)

    def sentences(self) -> list[str]:
        """Say how many are equal to NEURON, and why the others are not."""
        count = self.outcomes
        kinds = Counter(one.kind for one in self.files if one.outcome == "equal")
        said = [
            f"{count['equal']} of {len(self.files)} files are imported and equal to NEURON: "
            f"{kinds['gates']} of gates, "
            f"{kinds['scheme']} of kinetic schemes"
        ]
        reasons = Counter(one.reason.partition(":")[0] for one in self.files if one.outcome == "refused")
        if reasons:
            told = ", ".join(f"{reason} {number}" for reason, number in reasons.most_common())
            said.append(f"{count['refused']} refused: {told}")
        if left := count["differs"] + count["not measured"]:
            said.append(f"{left} differ or could not be measured")
        return said


def check_folder(folder: str | os.PathLike[str], progress: Progress = lambda _: None) -> Checked:
    """Import every NMODL file below a folder and hold it against NEURON.

    The files are compiled and run, by NEURON, in a temporary folder.

    Parameters
    ----------
    folder : path
        Or one file.
    progress : callable
        Takes a line of text now and then.

    Returns
    -------
    Checked

    Raises
    ------
    ModelError
        When there is no such folder, it holds no file, or NEURON is not there.
    """
    check_path(folder)
    root = Path(folder)
    paths = [root] if root.is_file() else sorted(root.rglob("*.mod"))
    if not paths or len(paths) > MOST:
        raise ModelError(f"a folder to check must hold 1 to {MOST} .mod files, got {len(paths)} in {root}")
    base = root.parent if root.is_file() else root
    found, done = _imported([(path.relative_to(base).as_posix(), path) for path in paths])
    progress(f"{len(done)} of {len(paths)} files imported")
    compiler = _compiler()
    names = list(done)
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        found |= _measured({name: done[name] for name in batch}, compiler)
        progress(f"{start + len(batch)} of {len(names)} measured")
    order = [path.relative_to(base).as_posix() for path in paths]
    return Checked(tuple(found[name] for name in order))


def _imported(
    paths: Iterable[tuple[str, Path]],
) -> tuple[dict[str, CheckedFile], dict[str, tuple[str, Imported]]]:
    """Import what can be; give the refusals, and the text of each imported file with what it became."""
    refused: dict[str, CheckedFile] = {}
    ready: list[tuple[str, str, str]] = []
    for name, path in paths:
        try:
            ready.append((name, *prepare(read_text(path))))
        except ModelError as error:
            refused[name] = _refusal(name, error)
    done = {}
    for (name, text, title), tree in zip(ready, parse([text for _, text, _ in ready]), strict=True):
        try:
            done[name] = (text, _read(tree, name, title))
        except ModelError as error:
            refused[name] = _refusal(name, error)
    return refused, done


def _read(tree: Tree | CannotImport, name: str, title: str) -> Imported:
    try:
        return read_tree(tree, Path(name).name, title)
    except RecursionError:
        raise CannotImport("too large", "nested too deeply") from None


def _refusal(name: str, error: ModelError) -> CheckedFile:
    reason = getattr(error, "reason", "unreadable")
    return CheckedFile(name, "refused", reason=f"{reason}: {error}")


def _compiler() -> str:
    """Find what compiles mechanisms: beside this Python, or on the path."""
    for place in (Path(sys.executable).parent / "nrnivmodl", shutil.which("nrnivmodl")):
        if place and Path(place).exists():
            return str(place)
    raise ModelError(
        "--check needs NEURON's compiler of mechanisms, nrnivmodl, got none: install natrium[neuron], and a "
        "C++ compiler with make"
    )


def _measured(batch: dict[str, tuple[str, Imported]], compiler: str) -> dict[str, CheckedFile]:
    """Compile a batch together, those that fail apart, and compare what each does."""
    with tempfile.TemporaryDirectory(prefix="natrium-") as folder:
        here = Path(folder)
        suffixes = {name: f"natrium{k}" for k, name in enumerate(batch)}
        for name, (text, imported) in batch.items():
            assert imported.mechanism is not None
            own = re.escape(imported.mechanism.suffix)
            renamed, count = re.subn(rf"(\bSUFFIX\s+){own}\b", rf"\g<1>{suffixes[name]}", text, count=1)
            assert count == 1
            (here / f"{suffixes[name]}.mod").write_text(renamed, encoding="ascii")
        said = _compile(here, compiler)
        if said and len(batch) > 1:
            half = len(batch) // 2
            items = list(batch.items())
            return _measured(dict(items[:half]), compiler) | _measured(dict(items[half:]), compiler)
        if said:
            return {
                name: CheckedFile(name, "not measured", reason=f"NEURON compiles it not: {said}")
                for name in batch
            }
        tasks = [_task(imported, suffixes[name]) for name, (_, imported) in batch.items()]
        answers = _ask(here, tasks)
    return {
        name: _compared(name, imported, task, answer)
        for (name, (_, imported)), task, answer in zip(batch.items(), tasks, answers, strict=True)
    }


def _compile(here: Path, compiler: str) -> str:
    """Compile all mechanisms of a folder; give what went wrong."""
    try:
        done = subprocess.run(
            [compiler, "-incflags", "-O0"],  # most of the time is the optimiser's, and nothing here is long
            cwd=here,
            capture_output=True,
            text=True,
            timeout=COMPILING,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {COMPILING:g} s"
    if done.returncode == 0 and "Successfully created" in done.stdout:
        return ""
    lines = [
        line for line in (done.stdout + done.stderr).splitlines() if re.search(r"rror|undefined|\.mod", line)
    ]
    return " ".join(" ".join(lines[-3:]).split())[:200] or f"exit code {done.returncode}"


def _task(imported: Imported, suffix: str) -> dict[str, Any]:
    mechanism = imported.mechanism
    assert mechanism is not None
    states = list(mechanism.states)
    gates, calcium = gates_of(imported), level_of(imported)
    steps = []
    if mechanism.stepped:
        # A step of one time constant keeps the digits of both what is left and what has come.
        taus = [
            gate_curves(gates[state][0], calcium)[1] if state in gates else np.ones(len(VOLTAGES))
            for state in states
        ]
        steps = [[float(tau[k]) for tau in taus] for k in range(len(VOLTAGES))]
    return {
        "suffix": suffix,
        "states": states,
        "celsius": mechanism.celsius,
        "zeroed": mechanism.zeroed,
        "ions": mechanism.ions,
        "current": mechanism.current,
        "of_ion": mechanism.of_ion,
        "stepped": mechanism.stepped,
        "voltages": list(VOLTAGES),
        "steps": steps,
        "shares": shares_for(imported, states),
    }


def _ask(here: Path, tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give NEURON's answers; what it dies of answers for itself."""
    answers: list[dict[str, Any]] = []
    while len(answers) < len(tasks):
        try:
            done = subprocess.run(
                [sys.executable, "-P", str(Path(__file__).with_name("child.py"))],
                cwd=here,
                input="\n".join(map(json.dumps, tasks[len(answers) :])),
                capture_output=True,
                text=True,
                timeout=MEASURING,
                check=False,
            )
            lines, why = done.stdout.split("\n")[:-1], done.stderr.strip().splitlines()[-1:] or ["it died"]
        except subprocess.TimeoutExpired as late:
            told: Any = late.stdout or b""  # bytes, also where text was asked for
            lines = (told.decode() if isinstance(told, bytes) else told).split("\n")[:-1]
            why = [f"it took more than {MEASURING:g} s"]
        answers += [json.loads(line) for line in lines]
        if len(answers) < len(tasks):
            answers.append({"error": why[0][:200]})
    return answers


def _compared(name: str, imported: Imported, task: dict[str, Any], answer: dict[str, Any]) -> CheckedFile:
    scheme = scheme_of(imported)
    kind = "scheme" if scheme else "gates"
    if "error" in answer:
        return CheckedFile(name, "not measured", kind, reason=f"NEURON: {answer['error']}")
    flows = np.array(answer["flows"], dtype=float)
    states: list[str] = task["states"]
    steady, tau = _gate_errors(imported, flows, states, task)
    if scheme:
        tau = max(tau, _scheme_error(imported, flows, states))
    shares = [dict(zip(states, row, strict=True)) for row in task["shares"]]
    measured, expected = np.array(answer["currents"]), currents_at(imported, shares)
    current = float(np.max(np.abs(measured - expected)) / max(float(np.max(np.abs(measured))), 1e-300))
    fields = any(channel.ghk is not None for channel in imported.model.neuron.channels)
    far = [
        f"{what} by {error:.2g}"
        for what, error, most in (
            ("steady states", steady, EQUAL),
            ("time constants", tau, EQUAL),
            ("the current", current, OF_FIELD if fields else EQUAL),
        )
        if not error <= most
    ]
    outcome = "differs" if far else "equal"
    return CheckedFile(name, outcome, kind, steady, tau, current, ", ".join(far))


def _gate_errors(
    imported: Imported, flows: np.ndarray, states: list[str], task: dict[str, Any]
) -> tuple[float, float]:
    """Compare steady states and time constants of every gate."""
    worst = [0.0, 0.0]
    for state, (gate, factor) in gates_of(imported).items():
        inf, tau = gate_curves(gate, level_of(imported))
        own = states.index(state)
        if task["stepped"]:
            first, last = flows[:, own, 0], flows[:, own, 1]
            left = last - first
            steps = np.array([row[own] for row in task["steps"]])
            measured = first / (1.0 - left), -steps / np.log(left)
        else:
            partner = _partner(imported, state, states)
            closed, opened = flows[:, partner, own], flows[:, own + 1, own]
            rate = closed - opened
            measured = closed / rate, 1.0 / rate
        worst[0] = max(worst[0], float(np.max(np.abs(measured[0] / factor - inf))))
        worst[1] = max(worst[1], float(np.max(np.abs(measured[1] / tau - 1.0))))
    return worst[0], worst[1]


def _partner(imported: Imported, state: str, states: list[str]) -> int:
    """Say which row of the flows has this state closed: none open, or the other of two that react."""
    assert imported.mechanism is not None
    other = imported.mechanism.pairs.get(state)
    return 0 if other is None else states.index(other) + 1


def _scheme_error(imported: Imported, flows: np.ndarray, states: list[str]) -> float:
    """Compare the rates of a scheme, each with the largest at its voltage."""
    scheme = scheme_of(imported)
    assert scheme is not None
    channel, names = scheme
    rates = way_curves(channel, level_of(imported))
    expected = np.zeros_like(flows[:, 1:, :])
    at = {name: states.index(state) for state, name in names.items()}
    for (source, target), rate in rates.items():
        expected[:, at[source], at[source]] -= rate
        expected[:, at[source], at[target]] += rate
    inside = list(at.values())
    found = flows[:, 1:, :][:, inside][:, :, inside]
    wanted = expected[:, inside][:, :, inside]
    scale = np.max(np.abs(wanted), axis=2, keepdims=True)
    return float(np.max(np.abs(found - wanted) / np.where(scale > 0.0, scale, 1.0)))
