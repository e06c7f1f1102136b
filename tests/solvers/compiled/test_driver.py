"""The driver that is kept beside its sources: of these alone, and the same as numba writes."""

import os
import subprocess
import sys

import pytest

from natrium.solvers.compiled import driver, parts
from natrium.solvers.compiled.driver import archive_of, read_part, sources_digest
from natrium.solvers.machine import compiled, link, system

NOTHING = link("define void @f() {\n  ret void\n}", "f")
ELSEWHERE = "the driver is kept for Linux on x86-64"
kept_for_here = pytest.mark.skipif(
    not (system().startswith("x86_64") and "linux" in system()), reason=ELSEWHERE
)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Give a place of its own for the archive; what was read is forgotten."""
    place = tmp_path / "driver.zip"
    monkeypatch.setattr(driver, "ARCHIVE", place)
    driver._read.cache_clear()
    yield place
    driver._read.cache_clear()


@kept_for_here
def test_the_driver_is_of_its_sources():
    assert all(read_part(name, system()) for name in parts.PARTS), (
        "natrium/solvers/compiled/driver.zip is not of its sources: python scripts/write_driver.py"
    )


def test_the_same_driver_gives_the_same_file(archive):
    archive.write_bytes(archive_of({"advance": b"code"}, "here"))
    assert archive.read_bytes() == archive_of({"advance": b"code"}, "here")
    assert read_part("advance", "here") == b"code"
    assert read_part("leap", "here") is None


def test_no_other_system_takes_it(archive):
    archive.write_bytes(archive_of({"advance": b"code"}, "here"))
    assert read_part("advance", "there") is None


def test_it_counts_for_its_sources_alone(archive, monkeypatch):
    archive.write_bytes(archive_of({"advance": b"code"}, "here"))
    monkeypatch.setattr(driver, "sources_digest", lambda: "of others")
    assert read_part("advance", "here") is None


@pytest.mark.parametrize("content", [b"", b"no archive", None], ids=["empty", "foreign", "cut"])
def test_a_damaged_archive_is_none(archive, content):
    whole = archive_of({"advance": bytes(range(256)) * 64}, "here")
    archive.write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert read_part("advance", "here") is None


def test_a_changed_byte_is_seen(archive):
    whole = bytearray(archive_of({"advance": bytes(range(256)) * 64}, "here"))
    whole[whole.index(b"advance") + 20] ^= 1
    archive.write_bytes(whole)
    assert read_part("advance", "here") is None


def test_what_llvm_cannot_read_is_written_by_numba(archive, monkeypatch):
    """As the driver of a later LLVM."""
    archive.write_bytes(archive_of({"turn": b"BC but no more"}, system()))
    asked = []
    monkeypatch.setattr(parts, "written_by_numba", lambda name: asked.append(name) or NOTHING)
    assert parts._write("turn") == compiled(NOTHING)
    assert asked == ["turn"]


@kept_for_here
def test_a_small_part_is_what_numba_writes():
    """Bitcode and machine code, byte for byte: the versions of numba and LLVM may differ, the code may not."""
    known = read_part("turn", system())
    assert known is not None
    assert compiled(known) == compiled(parts.written_by_numba("turn"))


RUN = """
import sys
import natrium
from natrium.solvers.compiled import driver
if sys.argv[1] == "numba":
    driver.ARCHIVE = driver.HERE / "none"
neuron = natrium.Neuron(channels=[natrium.CHANNELS["notebook_sodium_1"]])
one = natrium.simulate(neuron, natrium.Step(10.0, start=20.0) + natrium.Sine(2.0, frequency=40.0), t_end=300.0,
                       solver="compiled")
many = natrium.simulate_many(neuron, natrium.Constant(0.0), t_end=200.0, parameters={"I": [5.0, 10.0, 20.0]},
                             solver="compiled", workers=1)
print([t.hex() for t in (*one.spike_times.tolist(), *many.spike_times.tolist())], file=sys.stderr)
print("numba" in sys.modules)
"""


@pytest.mark.slow
@kept_for_here
def test_it_gives_the_bits_that_numba_gives(tmp_path):
    """And numba is not imported for it."""
    said = {}
    for way in ("numba", "kept"):
        done = subprocess.run(
            [sys.executable, "-c", RUN, way],
            env={**os.environ, "NATRIUM_CACHE_DIR": str(tmp_path / way)},
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        lines = [line for line in done.stderr.splitlines() if line.startswith("[")]
        assert done.stdout.split() == [str(way == "numba")]
        said[way] = lines
        assert len(lines) == 1
    assert said["numba"] == said["kept"]
    kept = [{one.name for one in (tmp_path / way).glob("*.bin")} for way in said]
    assert kept[0] == kept[1]


def test_the_digest_is_of_all_sources():
    names = {path.name for path in driver.source_files()}
    assert {"lanes.py", "lane_tables.py", "inputs.py", "machine.py"} <= names
    assert len(sources_digest()) == 64
