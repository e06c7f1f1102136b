"""natrium beside its peers: ``python -m benchmarks.peers [--out FOLDER] [--quick] [--peer NAME ...]``.

Every peer is optional: one that is not installed is left out, with a word on what to install. Each is run
at a ladder of tolerances; the table shows, for each level of accuracy, the cheapest that meets it, and
its time as a ratio to heyoka's at that level, taken in the same run. This informs, it is no test.
"""

from __future__ import annotations

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.peers import report, timing, work

FILES = (
    "heyoka_taylor",
    "natrium_compiled",
    "numba_dop853",
    "cyrk",
    "numbalsoda_dop853",
    "diffrax_dopri8",
    "brian2_cpp",
    "neuron_cvode",
    "natrium_event",
    "scipy_plain",
)
YARDSTICK = FILES[0]
ROOT = Path(__file__).resolve().parents[2]
PAIRS, QUICK_PAIRS = 7, 3
QUICK_LEVELS = (1e-6, 1e-10), (1e-8, 1e-12)  # ms: ensemble, one run
PATIENCE, QUICK_PATIENCE = 60.0, 25.0  # s of the processor: a ladder that has taken so long ends
FIRST_TOLERANCE = 1e-9

Chosen = dict[float | None, tuple[float, work.Verdict, Callable[[], Any]]]


def peer_of(file: str) -> work.Peer:
    return import_module(f"benchmarks.peers.{file}").PEER


def climb(
    tolerances: tuple[float, ...],
    levels: tuple[float, ...],
    prepare: Callable[[float], Callable[[], Any]],
    judge: Callable[[Any], work.Verdict],
    patience: float,
) -> Chosen:
    """Give the loosest tolerance that meets each level, or the best of all under None."""
    chosen: Chosen = {}
    begin = timing.processor_time()
    best: tuple[float, work.Verdict, Callable[[], Any]] | None = None
    for tolerance in tolerances:
        run = prepare(tolerance)
        verdict = judge(run())
        for level in levels:
            if level not in chosen and verdict.meets(level):
                chosen[level] = tolerance, verdict, run
        if best is None or (verdict.wrong, verdict.error) < (best[1].wrong, best[1].error):
            best = tolerance, verdict, run
        if len(chosen) == len(levels) or timing.processor_time() - begin > patience:
            break
    if not chosen and best is not None:
        chosen[None] = best
    return chosen


def rows_of(
    peer: work.Peer, chosen: Chosen, yardstick: Chosen, pairs: int, note: str = "", every: int = 1
) -> list[report.Row]:
    """Time a peer at each level beside the yardstick at that level (or at its loosest)."""
    rows = []
    loosest = max(level for level in yardstick if level is not None)
    for level, (tolerance, verdict, run) in chosen.items():
        beside = yardstick.get(level) or yardstick[loosest]
        taken = timing.paired(run, beside[2], pairs, float(every))
        rows.append(report.Row(peer.name, level, tolerance, verdict, taken, note))
        print(f"  {peer.name}, error {verdict.error:.1e} ms: {taken.best:.3g} s, {taken.ratio:.3g}")
    return rows


def first_answer(file: str, peer: work.Peer) -> report.First:
    """Time new processes that give the three spikes: with empty caches, then with what that one left.

    Python's own bytecode is there, as pip leaves it.
    """
    for folder in ("natrium", "benchmarks"):
        compileall.compile_dir(ROOT / folder, quiet=2)
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "NUMBA_CACHE_DIR": folder,
            "NATRIUM_CACHE_DIR": folder,
            "XDG_CACHE_HOME": folder,
        }
        for _ in range(2):
            command = [sys.executable, "-m", "benchmarks.peers", "--first", file]
            begin = timing.processor_time()
            subprocess.run(command, check=True, capture_output=True, env=environment)
            seconds.append(timing.processor_time() - begin)
    print(f"  {peer.name}: {seconds[0]:.2f} s, {seconds[1]:.2f} s")
    return report.First(peer.name, FIRST_TOLERANCE, *seconds)


def measure(files: list[str], quick: bool) -> report.Results:
    """Measure one peer after the other, heyoka first; say of each that cannot be why."""
    results = report.Results()
    beside: tuple[Chosen, Chosen] = ({}, {})
    for file in files:
        peer = peer_of(file)
        if absent := peer.missing():
            results.skipped[peer.name] = absent
            print(f"{peer.name}: {absent}")
            continue
        print(peer.name)
        if peer.only:
            results.skipped[peer.name] = peer.only
        try:
            chosen = find_tolerances(peer, quick)
            beside = chosen if file == YARDSTICK else beside
            pairs = QUICK_PAIRS if quick else PAIRS
            note = "; ".join(filter(None, (peer.note, peer.ensemble_note)))
            results.ensemble += rows_of(peer, chosen[0], beside[0], pairs, note, peer.every)
            results.single += rows_of(peer, chosen[1], beside[1], pairs, peer.note)
            results.first.append(first_answer(file, peer))
        except Exception as error:  # another peer's numbers are not lost with this one's
            if file == YARDSTICK:
                raise
            results.skipped[peer.name] = f"failed: {type(error).__name__}: {error}"
            print(f"  {results.skipped[peer.name]}")
    return results


def find_tolerances(peer: work.Peer, quick: bool) -> tuple[Chosen, Chosen]:
    """Find the tolerances of the ensemble and of one run."""
    many, one = QUICK_LEVELS if quick else (work.ENSEMBLE_LEVELS, work.SINGLE_LEVELS)
    patience = QUICK_PATIENCE if quick else PATIENCE
    values = work.inputs()[:: peer.every]
    ensemble = climb(
        peer.ensemble_tolerances,
        many,
        lambda tolerance: peer.ensemble(tolerance, values),
        lambda trains: work.judge_ensemble(trains, peer.every),
        patience,
    )
    single = climb(peer.single_tolerances, one, peer.single, work.judge_single, patience)
    return ensemble, single


def main() -> None:
    parser = argparse.ArgumentParser(description="Time natrium beside its peers, at equal accuracy.")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write peers.json and peers.md there")
    parser.add_argument("--quick", action="store_true", help="fewer levels, three pairs instead of seven")
    parser.add_argument("--peer", action="append", choices=FILES, help="these only (heyoka is always there)")
    parser.add_argument("--first", choices=FILES, help="give one run's spikes and end (used by the command)")
    given = parser.parse_args()
    if given.first:
        print(*peer_of(given.first).single(FIRST_TOLERANCE)())
        return
    if absent := peer_of(YARDSTICK).missing():
        sys.exit(f"every time is a ratio to heyoka's: {absent}")
    files = [file for file in FILES if not given.peer or file == YARDSTICK or file in given.peer]
    results = measure(files, given.quick)
    text = report.markdown(results, peer_of(YARDSTICK).name)
    print(f"\n{text}", end="")
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "peers.md").write_text(text, encoding="utf-8")
        (given.out / "peers.json").write_text(report.as_json(results), encoding="utf-8")


if __name__ == "__main__":
    main()
