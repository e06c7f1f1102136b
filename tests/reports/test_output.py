"""What reports print."""

import sys

import pytest

from natrium.model import ModelError
from natrium.reports.output import Output


def test_what_is_piped_is_plain_though_colours_are_forced(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    output = Output(tmp_path)
    with output.progress() as tell:
        tell("at work")
    output.say("Title", [{"spike": 1, "label_ms": 2.0}], ["A sentence."])
    printed = capsys.readouterr().out
    assert "A sentence." in printed
    assert "label ms" in printed  # with its unit
    assert "\x1b" not in printed
    assert "at work" not in printed  # progress is for eyes


@pytest.mark.parametrize("quiet", [False, True])
def test_what_is_being_done_is_shown_in_a_terminal(tmp_path, monkeypatch, capsys, quiet):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with Output(tmp_path, quiet=quiet).progress() as tell:
        tell("at work [1]")
    assert ("at work [1]" in capsys.readouterr().out) is not quiet


def test_a_folder_is_made_once_there_is_something_to_write(tmp_path):
    (tmp_path / "kept").mkdir()
    output = Output(tmp_path / "kept" / "new" / "deep")
    assert list(tmp_path.rglob("*")) == [tmp_path / "kept"]
    output.data("results.json", {"a": 1})
    assert [path.name for path in (tmp_path / "kept" / "new" / "deep").iterdir()] == ["results.json"]


def test_a_folder_that_cannot_be_is_told_before_the_work(tmp_path):
    (tmp_path / "file").write_text("a")
    with pytest.raises(ModelError, match="cannot write into .*file.*; give another folder with --out"):
        Output(tmp_path / "file" / "new")
