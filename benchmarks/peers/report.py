"""The tables, as text that is Markdown as well, and everything as JSON."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import attrs

from benchmarks.peers.timing import Timing
from benchmarks.peers.work import Verdict

PACKAGES = (
    "natrium",
    "numpy",
    "scipy",
    "sympy",
    "numba",
    "llvmlite",
    "heyoka",
    "CyRK",
    "numbalsoda",
    "diffrax",
)
PACKAGES += ("diffrax", "jax", "neuron", "brian2")


@attrs.frozen
class Row:
    """One peer at one level of accuracy; a level of None is the best that it reached."""

    peer: str
    level: float | None
    tolerance: float
    verdict: Verdict
    timing: Timing
    note: str = ""


@attrs.frozen
class First:
    """The first answer of a new process, s of the processor: nothing compiled before, and once more."""

    peer: str
    tolerance: float
    cold: float
    warm: float


@attrs.define
class Results:
    """What was measured; filled as it goes on."""

    ensemble: list[Row] = attrs.field(factory=list)
    single: list[Row] = attrs.field(factory=list)
    first: list[First] = attrs.field(factory=list)
    skipped: dict[str, str] = attrs.field(factory=dict)


def machine() -> dict[str, Any]:
    """Name processor, cores, versions."""
    names = [line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    model = names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()
    flags = next((line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("flags")), "")
    vectors = [name for name in ("avx512f", "avx2", "sse2") if name in flags.split()][:1]
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "processor": " ".join([model, *vectors]),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": found,
    }


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []


def markdown(results: Results, yardstick: str) -> str:
    here = machine()
    packages = ", ".join(f"{name} {number}" for name, number in here["versions"].items())
    parts = [f"{here['processor']}, {here['cores']} cores; Python {here['python']}, {packages}."]
    headings = ("s", 1.0, "The ensemble: 1000 inputs, 1000 ms each"), ("µs", 1e6, "One run of 100 ms")
    for rows, (unit, scale, title) in zip((results.ensemble, results.single), headings, strict=True):
        if rows:
            parts += [f"**{title}**", _table(rows, unit, scale, yardstick)]
    if results.first:
        cells = [(each.peer, f"{each.cold:.2f}", f"{each.warm:.2f}") for each in results.first]
        heading = ("peer", "nothing compiled before, s", "once more, s")
        parts += ["**First answer (one run) of a new process**, processor's time", _grid([heading, *cells])]
    parts += [f"{peer}: {reason}" for peer, reason in results.skipped.items()]
    return "\n\n".join(parts) + "\n"


def _table(rows: list[Row], unit: str, scale: float, yardstick: str) -> str:
    heading = ("error ≤, ms", "peer", "tolerance", "error, ms", "wrong counts", f"least, {unit}")
    cells = [(*heading, f"median, {unit}", f"times {yardstick}", "least – greatest", "")]
    for row in sorted(rows, key=lambda row: (-(row.level or 1e9), row.timing.ratio)):
        timing = row.timing
        cells.append(
            (
                "none met" if row.level is None else f"{row.level:g}",
                row.peer,
                f"{row.tolerance:.1e}",
                f"{row.verdict.error:.1e}",
                str(row.verdict.wrong),
                f"{scale * timing.best:.3g}",
                f"{scale * timing.median:.3g}",
                f"{timing.ratio:.3g}",
                f"{timing.least:.3g} – {timing.greatest:.3g}",
                row.note,
            )
        )
    return _grid(cells)


def _grid(cells: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def as_json(results: Results) -> str:
    return json.dumps({"machine": machine(), **attrs.asdict(results)}, indent=2) + "\n"
