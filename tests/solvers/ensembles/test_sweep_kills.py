"""Sweeps killed at random moments, on full disks, with damaged journals: a right file or a named error."""

import os
import random
import resource
import shutil
import signal
import time
from contextlib import suppress

import numpy as np
import pytest

from natrium.analysis import sweep
from natrium.model import Model, ModelError, Neuron, Simulation, Step
from natrium.solvers.ensembles.journal import IDENTITY, LOCK, Journal

MODEL = Model(neuron=Neuron(), stimulus=Step(1.0, start=2.0), simulation=Simulation(t_end=60.0))
GRID = {"tau_ref": [1.0, 2.0, 3.0], "I": np.linspace(0.0, 40.0, 12)}
MOMENTS = 50
SUFFIXES = [".nc", ".zarr"]


def run(out, grid=GRID):
    return sweep(MODEL, grid, out, solver="closed-form", chunk=4)


def content(path):
    """Give all bytes of a file or a folder."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files if file.is_file()}


def sweep_apart(out, started):
    """Sweep in a process of its own that a signal ends as it ends a command."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started.set()
    run(out)


@pytest.fixture(scope="module", params=SUFFIXES)
def whole(request, tmp_path_factory):
    """Give what an uninterrupted sweep writes."""
    out = tmp_path_factory.mktemp("whole") / f"x{request.param}"
    run(out)
    return request.param, content(out)


@pytest.fixture
def journal(tmp_path):
    """Give the journal of a sweep of which all but the file is done."""
    out = tmp_path / "x.nc"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Journal, "place", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run(out).interrupted
    return tmp_path / "x.nc.partial"


def assert_resumes(out, suffix, expected):
    """Finish a sweep and hold it against an uninterrupted one."""
    if out.exists():  # then it is the whole of it
        assert content(out) == expected
    assert run(out).complete
    assert content(out) == expected
    assert [path.name for path in out.parent.iterdir()] == [out.name]


@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=["kill", "int", "term"]
)
def test_killed_at_any_moment_it_resumes_to_the_same_bits(tmp_path, fresh, whole, number):
    suffix, expected = whole
    drawn = random.Random(f"{number} {suffix}")
    lasted = []
    for index in range(4):
        started = fresh.Event()
        process = fresh.Process(target=sweep_apart, args=(tmp_path / f"timed-{index}{suffix}", started))
        process.start()
        assert started.wait(120.0)
        begin = time.monotonic()
        process.join()
        lasted.append(time.monotonic() - begin)
    lasts = min(lasted[1:])  # the first loads what the others have; another may have met a busy machine
    hit, lost = 0, False
    for index in range(MOMENTS):
        out = tmp_path / str(index) / f"x{suffix}"
        out.parent.mkdir()
        started = fresh.Event()
        process = fresh.Process(target=sweep_apart, args=(out, started))
        process.start()
        assert started.wait(120.0)
        time.sleep(drawn.uniform(0.0, lasts))
        with suppress(ProcessLookupError):  # it was faster
            os.kill(process.pid, number)
        process.join(60.0)
        if process.is_alive() and number == signal.SIGINT and not lost:
            # Python itself loses a Ctrl-C that comes as it forgets a module's lock, and keeps all imports locked.
            lost = True
            process.kill()
            process.join()
        assert not process.is_alive()
        late = out.exists()
        lasts *= 0.8 if late else 1.05  # it follows how busy the machine is
        hit += not late
        assert_resumes(out, suffix, expected)
        shutil.rmtree(out.parent)
    assert hit > MOMENTS // 10  # killed on its way


@pytest.mark.slow
def test_two_at_once_give_one_right_file(tmp_path, fresh, whole):
    suffix, expected = whole
    for index in range(10):
        out = tmp_path / str(index) / f"x{suffix}"
        out.parent.mkdir()
        started = [fresh.Event() for _ in range(3)]
        running = [fresh.Process(target=sweep_apart, args=(out, event)) for event in started]
        for process in running:
            process.start()
        for process in running:
            process.join(120.0)
        assert 0 in {process.exitcode for process in running}
        assert_resumes(out, suffix, expected)


def check_damage(journal, whole_file, damaged):
    """Sweep with a damaged file in the journal: a right file, or a named error and what was there left."""
    out = journal.with_name("x.nc")
    kept = content(journal)
    for damage in damaged:
        damage()
        try:
            run(out)
        except ModelError as error:
            assert "another sweep" in str(error)
            assert not out.exists()
        else:
            assert content(out) == whole_file
            out.unlink()
        shutil.rmtree(journal, ignore_errors=True)
        journal.mkdir()
        for name, data in kept.items():
            (journal / name).write_bytes(data)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    out = tmp_path_factory.mktemp("file") / "x.nc"
    run(out)
    return content(out)


def truncations(journal, names, step):
    """Cut files, each time all of them at once: together they come to every so many bytes."""
    wholes = sorted(
        (((journal / name).read_bytes(), journal / name) for name in names), key=lambda one: len(one[0])
    )
    left = list(range(0, len(wholes[-1][0]), step))
    while left:
        cut = [(path, whole[: left.pop(0)]) for whole, path in wholes if left and left[0] < len(whole)]
        yield lambda cut=cut: [path.write_bytes(content) for path, content in cut]


def flips(journal, names, count):
    """Change a bit in each of some files at once, until so many have been changed."""
    wholes, drawn = {journal / name: (journal / name).read_bytes() for name in names}, random.Random(names[0])
    for first in range(0, count, len(wholes)):
        changed = {path: bytearray(whole) for path, whole in [*wholes.items()][: count - first]}
        for content in changed.values():
            content[drawn.randrange(len(content))] ^= 1 << drawn.randrange(8)
        yield lambda changed=changed: [path.write_bytes(content) for path, content in changed.items()]


ONE = ["runs-000000000004-000000000008.npz"]
ALL = [f"runs-{start:012d}-{start + 4:012d}.npz" for start in range(0, 36, 4)]


@pytest.mark.parametrize(
    ("names", "step"),
    [
        pytest.param(ONE, 150, id="a chunk"),
        pytest.param(ALL, 1, id="all lengths of chunks", marks=pytest.mark.slow),
        pytest.param([IDENTITY], 150, id="identity"),
        pytest.param([IDENTITY], 1, id="all lengths of the identity", marks=pytest.mark.slow),
    ],
)
def test_truncated_journals(journal, file, names, step):
    check_damage(journal, file, truncations(journal, names, step))


@pytest.mark.parametrize(
    ("names", "count"),
    [pytest.param(ONE, 10, id="a chunk"), pytest.param(ALL, 300, id="chunks", marks=pytest.mark.slow)],
)
def test_a_flipped_bit_never_gives_a_wrong_file(journal, file, names, count):
    check_damage(journal, file, flips(journal, names, count))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("runs-000000000004-000000000006.npz", None),  # of other runs than it says
        ("runs-000000000002-000000000006.npz", None),  # over others
        ("runs-000000000036-000000000040.npz", None),  # beyond the last
        ("runs-x-y.npz", b""),
        ("runs-000000000000-000000000004.npz.orig", b"x"),
        (LOCK, b"held by nobody"),
        ("assembled.nc", b"half"),
    ],
)
def test_foreign_files_in_a_journal(journal, file, name, content):
    other = (journal / "runs-000000000004-000000000008.npz").read_bytes()

    def put():
        (journal / name).write_bytes(other if content is None else content)

    check_damage(journal, file, [put])


@pytest.mark.parametrize("text", ["[]", "1", "null", '"x"', "{}", "\x00", "[" * 100_000])
def test_a_foreign_identity_is_another_sweep_s(journal, text):
    (journal / IDENTITY).write_text(text)
    with pytest.raises(ModelError, match="another sweep"):
        run(journal.with_name("x.nc"))


def test_chunks_of_nobody_are_refused(journal):
    (journal / IDENTITY).unlink()
    with pytest.raises(ModelError, match="another sweep"):
        run(journal.with_name("x.nc"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_came_meanwhile_is_not_overwritten(tmp_path, monkeypatch, suffix):
    out = tmp_path / f"x{suffix}"
    place = Journal.place

    def interfere(self, name):
        out.write_text("precious")
        return place(self, name)

    monkeypatch.setattr(Journal, "place", interfere)
    with pytest.raises(ModelError, match="written by something else meanwhile"):
        run(out)
    assert out.read_text() == "precious"
    out.unlink()
    monkeypatch.undo()
    assert run(out).done_before == 36


def sweep_within(out, limit, told):
    """Sweep where no file may grow beyond a limit, as on a full disk: the write itself fails."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        run(out)
    except ModelError as error:
        told.put(str(error))
    except BaseException as error:
        told.put(f"{type(error).__name__} is not natrium's: {error}")
    else:
        told.put("done")


@pytest.mark.slow
@pytest.mark.parametrize("limit", [0, 10, 200, 1000, 2000, 5000, 20_000, 10**7])
def test_a_full_disk_is_a_named_error(tmp_path, fresh, whole, limit):
    suffix, expected = whole
    out, told = tmp_path / f"x{suffix}", fresh.Queue()
    process = fresh.Process(target=sweep_within, args=(out, limit, told))
    process.start()
    message = told.get(timeout=120.0)
    process.join(60.0)
    assert message == "done" or message.startswith("cannot write"), message
    assert out.exists() == (message == "done")
    assert (message == "done") == (limit == 10**7) or limit == 20_000
    assert_resumes(out, suffix, expected)


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_a_named_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ModelError, match="cannot write into"):
        run(tmp_path / "x.nc")
