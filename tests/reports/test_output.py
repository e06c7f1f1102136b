"""What reports print."""

from natrium.reports.output import Output


def test_what_is_piped_is_plain_though_colours_are_forced(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    output = Output(tmp_path)
    with output.progress() as tell:
        tell("at work")
    output.say("Title", [{"spike": 1, "label_ms": 2.0}], ["A sentence."])
    printed = capsys.readouterr().out
    assert "at work" in printed
    assert "label ms" in printed  # with its unit
    assert "\x1b" not in printed
