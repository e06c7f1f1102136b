"""Slips of the pen in model files: what is said quotes them, and says what is written instead."""

import re
from pathlib import Path

import pytest

import natrium

FILE = """natrium = 1
[neuron]
tau_m = 10.0
[[channels]]
name = "Na"
g = 120.0
E = 50.0
[[channels.gates]]
name = "m"
inf = "1/(1 + exp(-(V + 40)/9))"
tau = "0.5"
"""


def said(old: str, new: str) -> str:
    """What is said of the file with one slip."""
    assert old in FILE
    with pytest.raises(natrium.ModelError) as caught:
        natrium.loads(FILE.replace(old, new, 1))
    return str(caught.value)


@pytest.mark.parametrize(
    ("new", "told"),
    [
        ("tau_m = 10,5", "got 'tau_m = 10,5': a number has a point, not a comma"),
        ("tau_m = 10 ms", "got 'tau_m = 10 ms': a number with a unit stands in quotes"),
        ("tau_m = .5", "got 'tau_m = .5': digits stand on both sides of a point"),
        ("tau_m =   # ms", "got 'tau_m =   # ms': a value is missing"),
        ("tau_m: 10.0", "got 'tau_m: 10.0': a key and its value are joined by ="),
        ("refractory = hold", "got 'refractory = hold': text stands in quotes"),
        ("refractory = \u201chold\u201d", "text stands in straight quotes"),
        ("tau_m = True", "got 'tau_m = True': write true or false"),
    ],
)
def test_line_that_is_no_toml_is_quoted_with_what_is_meant(new: str, told: str) -> None:
    message = said("tau_m = 10.0", new)
    assert message.startswith("not valid TOML: ")
    assert told in message


@pytest.mark.parametrize("line", ["tau_m = 11.0", "[neuron]"])
def test_what_stands_twice_is_quoted_and_nothing_guessed(line: str) -> None:
    assert said("[[channels]]", f"{line}\n[[channels]]").endswith(f"got {line!r}")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("tau_m", "taum", "v_reset, v_rest, v_thresh; did you mean tau_m?"),
        ("[neuron]", "[Neuron]", "stimuli, synapses; did you mean neuron?"),
        ("g = 120.0", "g = 120.0\nqqq = 1", "channels[0].qqq: unknown key; the keys here are "),
        ("[[channels.gates]]", "[channels.gates]", "head each with double brackets, [[...]]"),
        ("[neuron]", "[[neuron]]", "head it with single brackets, [...]"),
        ("10.0", '"10.0"', "tau_m must be a number, got '10.0' (str): write it without quotes"),
        ("10.0", '"10,5 ms"', "tau_m must be a number, got '10,5 ms' (str): write a point for the comma"),
        ("10.0", "[10.0]", "tau_m must be a number, got [10.0] (list): write it without brackets"),
        ("10.0", '"ten"', "tau_m must be a number, got 'ten' (str)"),
    ],
)
def test_slip_of_a_key_or_a_value_says_what_is_written(old: str, new: str, told: str) -> None:
    assert told in said(old, new)


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        ("", "write at least a number"),
        ("0.5;", "(';' found at character 4: this has no place here)"),
        ("2 exp(V)", "('2 exp' found at character 1: write * between a number and what it multiplies)"),
        ("2(V + 1)", "write * between what is multiplied"),
        ("(V + 1)(V + 2)", "write * between what is multiplied"),
        ("0.5*exp(-(V + 65)/18", "(2 brackets are opened, 1 closed)"),
        ("exp(\u2212V)", "('\u2212' found at character 5: write -)"),
        ("exp(V) # per ms", "('#' found at character 8)"),
        ("0,5*exp(V)", "a number has a point, not a comma"),
    ],
)
def test_slip_in_a_rate_is_found_by_its_place(rate: str, told: str) -> None:
    assert told in said('"0.5"', f'"{rate}"')


def test_mark_of_byte_order_is_no_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbf" + FILE.encode())
    assert natrium.load(path) == natrium.loads(FILE)


def test_other_encodings_are_told_to_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(("# mod\u00e8le\n" + FILE).encode("latin-1"))
    with pytest.raises(natrium.ModelError, match=re.escape("save it in that encoding")):
        natrium.load(path)


def test_model_file_that_is_not_there_is_told_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(
        natrium.ModelError, match="No such file or directory; natrium new writes one to begin with$"
    ):
        natrium.load(tmp_path / "cell.toml")
    natrium.loads(FILE).save(tmp_path / "cell.toml")
    with pytest.raises(natrium.ModelError, match="No such file or directory; did you mean cell.toml[?]$"):
        natrium.load(tmp_path / "cel.tml")
    with pytest.raises(natrium.ModelError, match="No such file or directory; make its folder first$"):
        natrium.loads(FILE).save(tmp_path / "new" / "cell.toml")
