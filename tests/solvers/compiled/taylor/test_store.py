"""The store of compiled code: the user's alone, bounded, and no reason to fail."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from natrium.solvers.compiled.taylor import store

POSIX = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes are POSIX's")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    place = tmp_path / "code"
    monkeypatch.setenv("NATRIUM_CACHE_DIR", str(place))
    store._warn.cache_clear()
    return place


def test_what_is_kept_is_read_again(folder):
    store.keep_code("a", b"code")
    assert store.read_code("a") == b"code"
    assert store.read_code("b") is None
    assert folder.stat().st_mode & 0o777 == 0o700 or os.name == "nt"


@POSIX
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write_to_is_refused_with_a_word(folder, mode):
    store.keep_code("a", b"code")
    folder.chmod(mode)
    with pytest.warns(
        RuntimeWarning, match=r"others may write there; give NATRIUM_CACHE_DIR .*\(chmod 700\)"
    ):
        assert store.read_code("a") is None
    assert store.engine_folder("x") == ""  # said once
    store.keep_code("b", b"more")
    assert {path.name for path in folder.iterdir()} == {"a.bin"}


@POSIX
def test_a_file_or_a_link_of_others_is_not_run(folder, tmp_path):
    store.keep_code("a", b"code")
    (folder / "a.bin").chmod(0o666)
    assert store.read_code("a") is None
    (folder / "a.bin").chmod(0o600)
    assert store.read_code("a") == b"code"
    (folder / "a.bin").rename(tmp_path / "elsewhere")
    (folder / "a.bin").symlink_to(tmp_path / "elsewhere")
    assert store.read_code("a") is None


@POSIX
def test_a_link_in_place_of_the_folder_is_refused(folder, tmp_path):
    (tmp_path / "other").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "other")
    with pytest.warns(RuntimeWarning, match="it is a link"):
        store.keep_code("a", b"code")
    assert list((tmp_path / "other").iterdir()) == []


@POSIX
def test_another_user_s_folder_is_refused(folder, monkeypatch):
    store.keep_code("a", b"code")
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    with pytest.warns(RuntimeWarning, match="belongs to another user"):
        assert store.read_code("a") is None


@POSIX
def test_a_folder_that_others_may_move_away_is_refused(tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("NATRIUM_CACHE_DIR", str(shared / "mine"))
    store._warn.cache_clear()
    with pytest.warns(RuntimeWarning, match="others may move it away"):
        store.keep_code("a", b"code")
    shared.chmod(0o1777)  # sticky, as /tmp is
    store.keep_code("a", b"code")
    assert store.read_code("a") == b"code"


def test_the_store_is_bounded_and_the_oldest_unused_go(folder, monkeypatch):
    monkeypatch.setattr(store, "MOST_FILES", 5)
    for number in range(5):
        store.keep_code(f"{number}", b"code")
        os.utime(folder / f"{number}.bin", (number, number))
    assert store.read_code("0") == b"code"  # used just now
    store.keep_code("5", b"code")
    store.keep_code("6", b"code")
    assert {path.stem for path in folder.glob("*.bin")} == {"0", "3", "4", "5", "6"}
    monkeypatch.setattr(store, "MOST_BYTES", 2 * (4 + store.CHECKSUM))
    store.keep_code("7", b"code")
    assert len(list(folder.glob("*.bin"))) == 2


def test_what_killed_processes_left_goes(folder):
    store.keep_code("a", b"code")
    old, new = folder / "tmpold", folder / "tmpnew"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1.0, time.time() - 2 * store.LEFT_OVER))
    store.keep_code("b", b"code")
    assert not old.exists()
    assert new.exists()


def test_engines_are_bounded_too(folder):
    made = [Path(store.engine_folder(f"{number}")) for number in range(store.MOST_ENGINES + 2)]
    for age, path in enumerate(made):
        if path.exists():
            os.utime(path, (age, age))
    store.engine_folder("last")
    assert len(list(folder.glob("engine-*"))) == store.MOST_ENGINES
    assert (folder / "engine-last").is_dir()


def test_no_home_and_no_place_do_no_harm(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NATRIUM_CACHE_DIR", str(tmp_path / "file"))
    store.keep_code("a", b"code")
    assert store.read_code("a") is None
    assert store.engine_folder("x") == ""
    monkeypatch.delenv("NATRIUM_CACHE_DIR")
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)

    def homeless():
        raise RuntimeError("no home directory")

    monkeypatch.setattr(Path, "home", homeless)
    store.keep_code("a", b"code")
    assert store.read_code("a") is None


SOLVE = """
import natrium
print(natrium.simulate(natrium.Neuron(), natrium.Constant(20.0), t_end=50.0, solver="compiled").n_spikes)
"""


@pytest.mark.slow
def test_four_processes_compile_at_once(tmp_path):
    environment = {**os.environ, "NATRIUM_CACHE_DIR": str(tmp_path / "code")}
    running = [
        subprocess.Popen([sys.executable, "-c", SOLVE], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=400)[0].strip() for process in running] == ["3"] * 4
    assert not list((tmp_path / "code").glob("tmp*"))
