"""The folder of compiled code: used only where nobody else may write, and bounded."""

import grp
import os
import pwd
import subprocess
import sys
import time

import pytest

from natrium.model import store
from natrium.model.store import CacheRefused, cache_folder, keep_code, open_store, read_code

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders of Windows have no such modes")


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Give the folder of code; what is refused is told each time."""
    monkeypatch.setattr(store, "_refuse", store._refuse.__wrapped__)
    monkeypatch.setattr(store, "_is_private", lambda gid: False)
    monkeypatch.setenv("NATRIUM_CACHE_DIR", str(tmp_path / "code"))
    tmp_path.chmod(0o700)
    return tmp_path / "code"


def test_the_folder_is_the_user_s_unless_told(monkeypatch, tmp_path):
    monkeypatch.setenv("NATRIUM_CACHE_DIR", str(tmp_path / "told"))
    assert cache_folder() == tmp_path / "told"
    monkeypatch.delenv("NATRIUM_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert cache_folder() == tmp_path / "user" / "natrium"
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "natrium"


def test_what_is_kept_is_read(folder):
    keep_code("a.bin", b"code")
    assert read_code("a.bin") == b"code"
    assert read_code("b.bin") is None
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
def test_a_folder_that_others_may_write_to_is_refused_with_a_word(folder, mode):
    keep_code("a.bin", b"code")
    folder.chmod(mode)
    with pytest.warns(CacheRefused, match=r"others may write to .*; give a.* folder .*NATRIUM_CACHE_DIR"):
        assert open_store() is None
    with pytest.warns(CacheRefused):
        assert read_code("a.bin") is None
    with pytest.warns(CacheRefused):
        keep_code("b.bin", b"code")
    assert not (folder / "b.bin").exists()


def test_a_folder_in_a_sticky_one_is_the_user_s_and_in_an_open_one_it_is_not(folder):
    folder.parent.chmod(0o1777)
    assert open_store() == folder.resolve()
    folder.parent.chmod(0o777)
    with pytest.warns(CacheRefused, match="above it"):
        assert open_store() is None


def test_a_group_of_the_user_alone_is_nobody_else(folder, monkeypatch):
    """Many systems give each user a group, and files that it may write."""
    keep_code("a.bin", b"code")
    folder.parent.chmod(0o770)
    folder.chmod(0o770)
    monkeypatch.setattr(store, "_is_private", lambda gid: gid == folder.stat().st_gid)
    assert read_code("a.bin") == b"code"
    monkeypatch.undo()
    store._is_private.cache_clear()
    user = pwd.getpwuid(os.geteuid())
    names = {group.gr_gid: group for group in grp.getgrall()}
    own = names.get(user.pw_gid)
    assert store._is_private(user.pw_gid) == (
        own is not None and own.gr_name == user.pw_name and set(own.gr_mem) <= {user.pw_name}
    )
    assert not store._is_private(max(names) + 1)


def test_missing_folders_above_are_made_for_the_user_alone(folder, monkeypatch):
    monkeypatch.setenv("NATRIUM_CACHE_DIR", str(folder / "deep" / "code"))
    before = os.umask(0o002)
    try:
        keep_code("a.bin", b"code")
    finally:
        os.umask(before)
    for path in (folder, folder / "deep", folder / "deep" / "code"):
        assert path.stat().st_mode & 0o777 == 0o700


def test_a_link_is_followed_before_it_is_looked_at(folder):
    bad = folder.parent / "open"
    bad.mkdir()
    bad.chmod(0o777)
    folder.symlink_to(bad)
    with pytest.warns(CacheRefused):
        assert open_store() is None


@pytest.mark.parametrize("mode", [0o666, 0o620])
def test_a_file_that_others_may_write_is_not_read(folder, mode):
    keep_code("a.bin", b"code")
    (folder / "a.bin").chmod(mode)
    assert read_code("a.bin") is None
    keep_code("a.bin", b"new")
    assert read_code("a.bin") == b"new"


@pytest.mark.skipif(getattr(os, "geteuid", int)() != 0, reason="only root gives files away")
@pytest.mark.parametrize("what", ["folder", "above", "file"])
def test_what_belongs_to_another_user_is_refused(folder, what):
    keep_code("a.bin", b"code")
    places = {"folder": folder, "above": folder.parent, "file": folder / "a.bin"}
    os.chown(places[what], 12345, -1)
    if what == "file":
        assert read_code("a.bin") is None
        return
    with pytest.warns(CacheRefused, match="belongs to another user"):
        assert open_store() is None


@pytest.mark.parametrize("damage", [b"", b"x" * 10, b"x" * 100])
def test_a_damaged_file_is_no_code(folder, damage):
    keep_code("a.bin", b"code")
    (folder / "a.bin").write_bytes(damage)
    assert read_code("a.bin") is None


def test_the_oldest_unused_go(folder, monkeypatch):
    monkeypatch.setattr(store, "MOST_FILES", 5)
    for index in range(5):
        keep_code(f"{index}.bin", b"code")
        old = time.time() - (10 - index) * store.DAY
        os.utime(folder / f"{index}.bin", (old, old))
    assert read_code("0.bin")  # now in use
    keep_code("5.bin", b"code")
    keep_code("6.bin", b"code")
    assert sorted(path.name for path in folder.iterdir()) == ["0.bin", "3.bin", "4.bin", "5.bin", "6.bin"]
    monkeypatch.setattr(store, "MOST_BYTES", 100)
    keep_code("7.bin", b"code" * 12)
    assert "7.bin" in {path.name for path in folder.iterdir()}
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 100


def test_what_kills_left_goes(folder):
    open_store()
    for name, age in (("tmpold", 2 * store.DAY), ("tmpnew", 0.0)):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (time.time() - age,) * 2)
    (folder / "notes.txt").write_text("not ours")
    store.tidy(folder)
    kept = {path.name for path in folder.iterdir()}
    assert kept == {"tmpnew", "notes.txt"}


@pytest.mark.parametrize("error", [RuntimeError("no home"), PermissionError(13, "read-only")])
def test_no_home_is_no_reason_to_fail(folder, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.delenv("NATRIUM_CACHE_DIR")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(store.Path, "home" if isinstance(error, RuntimeError) else "mkdir", fail)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert open_store() is None
    assert read_code("a.bin") is None
    keep_code("a.bin", b"code")


RUN = """
import natrium
print(natrium.simulate(natrium.Neuron(), natrium.Constant(20.0), t_end=50.0, solver="compiled").n_spikes)
"""


def start(**environment):
    kept = {name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "HOME")}
    return subprocess.Popen(
        [sys.executable, "-c", RUN],
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_four_processes_compile_at_once(folder):
    for _ in range(2):  # into an empty folder, then from a full one
        running = [start(NATRIUM_CACHE_DIR=str(folder)) for _ in range(4)]
        for process in running:
            out, err = process.communicate(timeout=300)
            assert (process.returncode, out.strip()) == (0, "3"), err
    assert not [path.name for path in folder.rglob("*tmp*")]


@pytest.mark.slow
@pytest.mark.parametrize("where", ["shared", "numba's", "nowhere"])
def test_where_nothing_may_be_kept_runs_are_the_same_and_nothing_is_written(tmp_path, where):
    """Least of all into a folder of numba's own choice."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    options = (
        {"NATRIUM_CACHE_DIR": str(shared)} if where != "nowhere" else {"NATRIUM_CACHE_DIR": "/dev/null/x"}
    )
    if where == "numba's":
        options["NUMBA_CACHE_DIR"] = str(shared)
    process = start(**options)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out.strip()) == (0, "3"), err
    assert ("CacheRefused" in err) == (where != "nowhere")
    assert "again in every process" in err or "compiling" not in err
    assert not any(path.is_file() for path in shared.rglob("*"))
