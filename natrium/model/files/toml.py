"""Model files read: TOML, version 1."""

from __future__ import annotations

import io
import os
import re
import tomllib
from itertools import islice
from pathlib import Path
from typing import Any

from natrium.model.checks import check_path, nearest, show
from natrium.model.errors import ModelError
from natrium.model.simulation import Model
from natrium.model.stimuli.recorded import beside

MAX_BYTES = 8_000_000  # about 200 000 samples
MAX_NESTING = 20  # of brackets: a model file needs two
MAX_DOTS = 8  # of one key: tomllib's time grows with their square
# Quoted text and comments; one that never ends is taken up to where it must, so that time stays linear.
_QUOTED = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"""|\Z)|\'\'\'.*?(?:\'\'\'|\Z)|"(?:\\.|[^"\\\n])*+"?|\'[^\'\n]*+\'?|#[^\n]*',
    re.DOTALL,
)
_PLACE = re.compile(r"\(at line (\d+), column \d+\)")
MOST_BESIDE = 1000  # model files of a folder that are looked through for the nearest name
MAX_LINE = 200  # characters of a line that is looked at for what was meant
# What is often written, and what TOML has for it.
_MEANT = (
    (r"=\s*[\u2018-\u201f]", 'text stands in straight quotes, "..."'),
    (r"=\s*[-+]?\d*,\d", "a number has a point, not a comma"),
    (r"=\s*(True|TRUE|False|FALSE)\b", "write true or false"),
    (r"=\s*(#|$)", "a value is missing"),
    (r"=\s*(?!(true|false|nan|inf)\b)[^\W\d]", 'text stands in quotes, "..."'),
    (r"=\s*[-+]?\.\d|=\s*[-+]?\d+\.(\D|$)", "digits stand on both sides of a point, as in 0.5"),
    (r"=\s*[-+]?[\d.]+\s*[^\W\de]", 'a number with a unit stands in quotes, as in "10 ms"'),
    (r"^[^\W\d]\w*\s*:", "a key and its value are joined by ="),
)


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model file.

    Parameters
    ----------
    path : str or path
        A TOML file, version 1.

    Raises
    ------
    ModelError
        When the file cannot be read or breaks rules: all of them, each with its place.
    """
    check_path(path)
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        hint = _beside(Path(path)) if isinstance(error, FileNotFoundError) else ""
        raise ModelError(f"cannot read the model file {os.fspath(path)}: {reason}{hint}") from error
    if len(content) > MAX_BYTES:
        raise ModelError(f"a model file may have at most {MAX_BYTES} bytes, got more: {os.fspath(path)}")
    try:
        with beside(Path(path)):
            return loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ModelError(
            f"a model file must be UTF-8 text: {os.fspath(path)}: {error}; save it in that encoding"
        ) from error
    except ModelError as error:
        raise ModelError(f"{os.fspath(path)}: {error}") from error


def _beside(path: Path) -> str:
    """Say which model file of the same folder may be meant; else how one is begun."""
    try:
        there = [one.name for one in islice(path.parent.glob("*.toml"), MOST_BESIDE)]
    except OSError:
        there = []
    near = nearest(path.name, there)
    return f"; did you mean {near}?" if near else "; natrium new writes one to begin with"


def loads(text: str) -> Model:
    """Read a model from TOML text.

    Raises
    ------
    ModelError
        When the text breaks rules: all of them, each with its place.
    """
    if not isinstance(text, str):
        raise ModelError(f"text must be a string, got {type(text).__name__}")
    text = text.removeprefix("\ufeff")  # a byte-order mark, which some editors write
    if len(text) > MAX_BYTES:
        raise ModelError(f"a model file may have at most {MAX_BYTES} bytes, got {len(text)}")
    _guard(text)
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        raise ModelError(f"not valid TOML: {error}{_line_at(error, text)}") from error
    return from_dict(data)


def _line_at(error: Exception, text: str) -> str:
    """Quote the line at which TOML broke off, and say what is written instead where that can be told."""
    place = _PLACE.search(str(error))  # said in words alone before Python 3.14
    if place is None:
        return ""
    line = next(islice(io.StringIO(text), int(place[1]) - 1, None), "").strip()
    meant = next((meant for pattern, meant in _MEANT if re.search(pattern, line[:MAX_LINE])), "")
    return f", got {show(line)}{meant and ': '}{meant}"


def _guard(text: str) -> None:
    """Refuse what would take tomllib long: deep nesting, long dotted keys."""
    bare = _QUOTED.sub("", text)
    depth = 0
    for match in re.finditer(r"[\[\]{}]", bare):
        depth += 1 if match[0] in "[{" else -1
        if depth > MAX_NESTING:
            raise ModelError(f"a model file may nest at most {MAX_NESTING} brackets, got more")
    for part in re.split(r"[=,{}\[\]\n]", bare):
        if part.count(".") > MAX_DOTS:
            raise ModelError(f"a key may have at most {MAX_DOTS} dots, got {show(part.strip())}")


def from_dict(data: dict[str, Any]) -> Model:
    """Make a model of a model file's content.

    Parameters
    ----------
    data : dict
        As `tomllib` reads a version-1 file.

    Raises
    ------
    ModelError
        Naming every broken rule with its place, such as ``channels[0].gates[1].beta``.
    """
    from natrium.model.files.reading import structure_model  # loads cattrs: only where a file is read

    return structure_model(data)
