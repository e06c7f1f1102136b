"""Model files from outside: hostile ones end soon in a named error; writing is whole or not at all."""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import natrium
from natrium.model.files.toml import MAX_BYTES, MAX_DOTS, MAX_NESTING
from natrium.model.files.writing import to_toml, write_whole

START = "natrium = 1\n[neuron]\n"
LIMIT = 1.0  # seconds
LONGEST = 50_000  # characters of a message: fifty screens are more than anyone reads

Reader = Callable[..., list[dict[str, Any]]]
MODEL = natrium.notebook.lif_na()

HOSTILE = {
    "10 MB": "#" * 10_000_000,
    "10 MB of a number": START + "tau_m = " + "1" * 10_000_000,
    "10^5 nulls": "\0" * 100_000,
    "40 kB of a dotted key": "a" + ".a" * 20_000 + " = 1",
    "40 kB of a dotted table": "[a" + ".a" * 20_000 + "]",
    "40 kB of a dotted list of tables": "[[a" + ".a" * 20_000 + "]]",
    "quoted dotted key": '"a"' + '."a"' * 20_000 + " = 1",
    "quoted dotted table": "['a'" + ".'a'" * 20_000 + "]",
    "spaced dotted key": "a" + " . a" * 20_000 + " = 1",
    "dotted key in a table": "x = { a" + ".a" * 20_000 + " = 1 }",
    "dotted key after a comment": "# a comment with 'quotes\na" + ".a" * 20_000 + " = 1",
    "dotted key after an odd quote": 'x = "\\"\'"\na' + ".a" * 20_000 + " = 1",
    "dotted key after a long text": 'x = """ \\""" \' """\na' + ".a" * 20_000 + " = 1",
    "nested lists": "x = " + "[" * 100_000 + "]" * 100_000,
    "nested open lists": "x = " + "[" * 100_000,
    "nested tables": "x = " + "{a = " * 50_000 + "1" + "}" * 50_000,
    "nested lists in lines": "x = " + "[\n" * 100_000,
    "4301 digits": START + "tau_m = " + "1" * 4301,
    "10^6 hexadecimal digits": START + "tau_m = 0x" + "f" * 1_000_000,
    "10^6 binary digits": "natrium = 0b" + "1" * 1_000_000,
    "a power of 10^5 digits": START + "[[channels]]\npower = 0x" + "f" * 100_000,
    "escaped quotes": '\\"' * 100_000,
    "open long texts": '"""\n' + '\\"""\n' * 20_000,
    "open texts": '"\n' * 200_000,
    "open literals": "'\n" * 200_000,
    "backslashes": 'x = "' + "\\" * 200_001,
    "alternating quotes": "\"'" * 100_000,
    "comments and quotes": "#\"\n'" * 50_000,
    "unclosed long text": 'x = """' + "\\" * 100_001,
    "many tables": "".join(f"[a{k}]\n" for k in range(20_000)),
    "many keys": "".join(f"a{k} = 1\n" for k in range(50_000)),
    "many equal tables": "[[a]]\n" * 50_000,
    "equal keys": "a = 1\n" * 50_000,
    "many keys in a line": "x = {" + ", ".join(f"a{k} = 1" for k in range(30_000)) + "}",
    "many dotted keys": "".join(f"a.b.c.d.e.f.g.h{k} = 1\n" for k in range(20_000)),
    "equals": "=" * 1_000_000,
    "brackets closed only": "]" * 500_000,
    "dots": "." * 1_000_000,
    "one long key": "a" * 1_000_000,
    "line ends": "\r" * 100_000,
    "empty": "",
    "blank": " \n\t\n",
    "no TOML": "natrium: 1",
    "python": "__import__('os').mkdir('canary')",
    "surrogate": 'natrium = 1\nx = "\\ud800"',
    "control character": 'natrium = 1\nx = "\x01"',
    "byte order mark twice": "\ufeff\ufeffnatrium = 1",
    "key twice": "natrium = 1\nnatrium = 1\n[neuron]",
    "table twice": START + "[neuron]\n",
    "not a table": "natrium = 1\nneuron = 1\n[neuron.x]",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_file_ends_soon_in_a_named_error(text: str, tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / "model.toml"
    path.write_bytes(text.encode("utf-8"))
    (as_text,) = reader(text, "toml")
    (as_file,) = reader(str(path), "path")
    for outcome in (as_text, as_file):
        assert outcome["error"] == "ModelError"
        assert outcome["seconds"] < LIMIT
        assert outcome["length"] < LONGEST
    assert as_text["ran"] == []
    assert as_file["message"].startswith((str(path), f"a model file may have at most {MAX_BYTES} bytes"))
    assert list(tmp_path.iterdir()) == [path]


def test_bounds_are_where_they_are_said_to_be(tmp_path: Path) -> None:
    whole = tmp_path / "whole.toml"
    whole.write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(natrium.ModelError, match=f"may have at most {MAX_BYTES} bytes, got more"):
        natrium.load(whole)
    with pytest.raises(natrium.ModelError, match=f"may have at most {MAX_BYTES} bytes, got {MAX_BYTES + 1}"):
        natrium.loads("#" * (MAX_BYTES + 1))
    with pytest.raises(natrium.ModelError, match=f"at most {MAX_DOTS} dots, got 'a.a.a"):
        natrium.loads("a" + ".a" * (MAX_DOTS + 1) + " = 1")
    with pytest.raises(natrium.ModelError, match="unknown key"):
        natrium.loads("a" + ".a" * MAX_DOTS + " = 1")
    with pytest.raises(natrium.ModelError, match=f"at most {MAX_NESTING} brackets"):
        natrium.loads("x = " + "[" * (MAX_NESTING + 1) + "]" * (MAX_NESTING + 1))
    with pytest.raises(natrium.ModelError, match="unknown key"):
        natrium.loads("x = " + "[" * MAX_NESTING + "]" * MAX_NESTING)


@pytest.mark.parametrize(
    "source",
    [
        "a.b.c.d.e.f.g.h.i.j.k.l",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{{{{{{{{{{{{{{{{{{{{{{{{{",
        "it's",
        'say "a.b"',
        "# [[[[",
        "J. Physiol. 117, doi:10.1113/x.y.z",
    ],
)
def test_guard_looks_at_keys_not_at_texts(source: str) -> None:
    """Dots and brackets in quotes or comments are no nesting."""
    channel = natrium.Channel("Na", 1.0, 50.0, source=source)
    text = to_toml(natrium.Model(neuron=natrium.Neuron(channels=[channel])))
    assert natrium.loads(f"# {source}\n{text}").neuron.channels[0].source == source
    if "'" not in source:
        literal = text.replace(json.dumps(source), f"'{source}'")
        assert natrium.loads(literal).neuron.channels[0].source == source
        multiline = text.replace(json.dumps(source), f"'''{source}'''")
        assert natrium.loads(multiline).neuron.channels[0].source == source


def test_large_honest_file_is_read() -> None:
    times = ", ".join(f"{k}.5" for k in range(20_000))
    text = f'{START}[[stimuli]]\nkind = "samples"\ntimes = [{times}]\nvalues = [{times}]\n'
    assert len(natrium.loads(text).stimulus.parts[0].times) == 20_000  # type: ignore[attr-defined]  # samples


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"natrium = 1 # \xe9\n[neuron]", "natrium = 1\n[neuron]".encode("utf-16")]
)
def test_file_that_is_not_utf8_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_bytes(content)
    with pytest.raises(natrium.ModelError, match=r"model\.toml"):
        natrium.load(path)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_of_any_system_are_read(end: str, tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_bytes(to_toml(MODEL).replace("\n", end).encode())
    assert natrium.load(path) == natrium.load(str(path)) == natrium.load(os.fspath(path)) == MODEL


@pytest.mark.parametrize(
    "name", ["missing.toml", ".", "no/such/folder/model.toml", "model.toml/x", "x" * 300, "nul\0l", ""]
)
def test_file_that_cannot_be_read_is_a_named_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_text(START)
    with pytest.raises(natrium.ModelError, match=r"cannot read|null"):
        natrium.load(tmp_path / name)
    with pytest.raises(natrium.ModelError, match=r"cannot read|null"):
        natrium.load(f"{tmp_path}/{name}")


# --- writing -------------------------------------------------------------------------------------


def test_saved_file_replaces_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_text("old and long " * 1000)
    MODEL.save(path)
    assert natrium.load(path) == MODEL
    assert list(tmp_path.iterdir()) == [path]
    MODEL.save(str(path))
    assert natrium.load(path) == MODEL


@pytest.mark.skipif(sys.platform == "win32", reason="no modes of this kind")
def test_saved_file_has_the_usual_mode(tmp_path: Path) -> None:
    path, usual = tmp_path / "model.toml", tmp_path / "usual"
    usual.write_text("")
    MODEL.save(path)
    assert path.stat().st_mode == usual.stat().st_mode


def test_name_is_taken_as_it_is(tmp_path: Path) -> None:
    for name in ("ünï.toml", "with space.toml", "no suffix", ".hidden", "model.toml.bak", "n" * 200):
        MODEL.save(tmp_path / name)
        assert natrium.load(tmp_path / name) == MODEL
    assert len(list(tmp_path.iterdir())) == 6


def test_longest_name_can_be_saved(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 250 + ".toml")
    path.write_text("the system takes this name")
    MODEL.save(path)
    assert natrium.load(path) == MODEL


@pytest.mark.parametrize("place", ["missing/model.toml", ".", "file/model.toml", "x" * 300, "nul\0l"])
def test_place_that_cannot_be_written_is_a_named_error(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(natrium.ModelError, match=r"cannot write|null"):
        MODEL.save(tmp_path / place)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file"]
    assert (tmp_path / "file").read_text() == "kept"
    assert [
        path.name for path in tmp_path.parent.iterdir() if path.name.startswith(f".{tmp_path.name}")
    ] == []


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(28, "No space left on device")]
)
@pytest.mark.parametrize("step", ["mkstemp", "fdopen", "replace", "chmod"])
def test_nothing_half_written_is_left(
    step: str, error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.toml").write_text("kept")
    _break(step, error, monkeypatch)
    with pytest.raises(natrium.ModelError, match=rf"cannot write .*model.toml: {error.strerror}"):
        MODEL.save(tmp_path / "model.toml")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["model.toml"]
    assert (tmp_path / "model.toml").read_text() == "kept"


@pytest.mark.parametrize("step", ["fdopen", "replace", "chmod"])
def test_interruption_leaves_the_old_file(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.toml").write_text("kept")
    _break(step, KeyboardInterrupt(), monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        MODEL.save(tmp_path / "model.toml")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["model.toml"]
    assert (tmp_path / "model.toml").read_text() == "kept"


def _break(step: str, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one step of writing fail."""

    def fail(*_: object, **__: object) -> None:
        raise error

    owners = {"mkstemp": (tempfile,), "fdopen": (os,), "replace": (os, Path), "chmod": (os, Path)}
    for owner in owners[step]:
        monkeypatch.setattr(owner, step, fail)


def test_content_may_be_bytes(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"\x00\xff")
    write_whole(tmp_path / "b", "é\n")
    assert (tmp_path / "a").read_bytes() == b"\x00\xff"
    assert (tmp_path / "b").read_bytes() == b"\xc3\xa9\n"
