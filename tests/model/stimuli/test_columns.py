"""Tables of numbers as spreadsheets and instruments write them: the same input, or a refusal that says why."""

from pathlib import Path

import pytest

import natrium
from natrium.reports.fit import read_spikes

TIMES, VALUES = (0.0, 10.5, 40.0), (0.0, 20.25, -0.5)
SEPARATORS = [",", ";", "\t", "|", " "]


def written(
    path: Path, separator: str, *, point: str = ".", heading: str = "t,I", encoding: str = "utf-8"
) -> str:
    """Write the samples to a file; give its name."""
    rows = [f"{t}{separator}{value}".replace(".", point) for t, value in zip(TIMES, VALUES, strict=True)]
    lines = [heading.replace(",", separator), *rows] if heading else rows
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return str(path)


def same(stimulus: natrium.Csv) -> bool:
    return (stimulus.samples.times, stimulus.samples.values) == (TIMES, VALUES)


@pytest.mark.parametrize("heading", ["t,I", ""])
@pytest.mark.parametrize("separator", SEPARATORS)
def test_columns_are_parted_by_what_parts_them(separator: str, heading: str, tmp_path: Path) -> None:
    assert same(natrium.Csv(written(tmp_path / "a.csv", separator, heading=heading)))


@pytest.mark.parametrize("separator", SEPARATORS[1:4])
def test_comma_is_a_point_where_it_parts_nothing(separator: str, tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", separator, point=",")
    assert same(natrium.Csv(file))
    assert same(natrium.Csv(file, time="t", value="I"))
    assert read_spikes(Path(file), "t") == list(TIMES)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marks_of_byte_order_are_no_part_of_a_heading(encoding: str, tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", ";", encoding=encoding)
    assert same(natrium.Csv(file, time="t", value="I"))
    assert read_spikes(Path(file), "t") == list(TIMES)


def test_points_written_as_commas_between_commas_are_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", ",", point=",")
    with pytest.raises(
        natrium.StimulusError, match="not have more cells than its heading, 2, got 4 in line 2: where"
    ):
        natrium.Csv(file)
    with pytest.raises(natrium.ModelError, match="not have more cells than its heading"):
        read_spikes(Path(file), "t")


def test_what_is_no_number_is_shown_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("% ours\nt;I\n0;0\n1.000,5;20\n")
    with pytest.raises(
        natrium.StimulusError, match=r"column 1 of a.csv must hold numbers, got '1.000,5' in line 4"
    ):
        natrium.Csv(str(path))


def test_separators_within_words_part_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('t,I,note\n0,1,"on; then off"\n5,2,a | b; c\n')
    assert natrium.Csv(str(path)).samples.values == (1.0, 2.0)
