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

from natrium.analysis.result import Result
from natrium.imports.files import read_text
from natrium.imports.neuron_check.measure import CheckedFile, compared, task_of
from natrium.imports.nmodl.reader import read_tree
from natrium.imports.nmodl.source import Tree, compiled, include, parse, prepare
from natrium.imports.result import Imported
from natrium.model.checks import check_path
from natrium.model.errors import CannotImport, ModelError

BATCH = 30  # files compiled together
MOST = 5_000  # files
COMPILING, MEASURING = 900.0, 600.0  # s, of a batch
Progress = Callable[[str], None]


@attrs.frozen(eq=False, repr=False)
class Checked(Result):
    """A folder of files held against NEURON."""

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
            f"{kinds['gates']} of gates, {kinds['scheme']} of kinetic schemes"
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
    whole: dict[str, str] = {}
    for name, path in paths:
        try:
            whole[name], _ = include(read_text(path), path.parent)
            ready.append((name, *prepare(whole[name])))
        except ModelError as error:
            refused[name] = _refusal(name, error)
    done = {}
    for (name, _, title), tree in zip(ready, parse([text for _, text, _ in ready]), strict=True):
        try:
            done[name] = (compiled(whole[name]), _read(tree, name, title))
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
            renamed = _renamed(text, imported.mechanism.suffix, suffixes[name])
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
        tasks = [task_of(imported, suffixes[name]) for name, (_, imported) in batch.items()]
        answers = _ask(here, tasks)
    return {
        name: compared(name, imported, task, answer)
        for (name, (_, imported)), task, answer in zip(batch.items(), tasks, answers, strict=True)
    }


def _renamed(text: str, own: str, suffix: str) -> str:
    """Give a mechanism another name; and leave functions out of RANGE and GLOBAL, which NEURON 9 refuses."""
    renamed, count = re.subn(rf"(\bSUFFIX\s+){re.escape(own)}\b", rf"\g<1>{suffix}", text, count=1)
    assert count == 1
    routines = set(re.findall(r"\b(?:FUNCTION|PROCEDURE)\s+(\w+)", text))

    def kept(found: re.Match[str]) -> str:
        names = [one for one in re.findall(r"\w+", found[2]) if one not in routines]
        return f"{found[1]} {', '.join(names)}" if names else ""

    return re.sub(r"\b(RANGE|GLOBAL)\s+(\w+(?:\s*,\s*\w+)*)", kept, renamed)


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
    own = [line for line in lines if "make" not in line and "CalledProcessError" not in line]
    return " ".join(" ".join((own or lines)[-3:]).split())[:200] or f"exit code {done.returncode}"


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
