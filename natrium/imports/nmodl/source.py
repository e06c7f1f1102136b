"""A file's text as NEURON's parser is given it: without comments, bounded, with nothing that opens a file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import attrs

from natrium.model.errors import CannotImport

SECONDS = 30.0  # the parser takes milliseconds
MAX_BRACKETS = 60
MAX_OPERATORS = 400  # in one run of text without a brace or an equals sign
MAX_TREE = 100_000  # nodes
EXTRA = 'NMODL is read by NEURON\'s own parser: pip install "natrium[neuron]"'

_VERBATIM = re.compile(r"^[ \t]*VERBATIM\b(.*?)(?:\bENDVERBATIM\b|\Z)", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*COMMENT\b.*?(?:\bENDCOMMENT\b[^\n]*|\Z)", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r"^[ \t]*TITLE\b[ \t]*([^\n]*)", re.MULTILINE)
_LINE = re.compile(r"[:?][^\n]*")
_UNIT_TEST = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_C_NOTHING = re.compile(r"\s*(return(\s+0(\.0*)?)?\s*;\s*)?")


@attrs.frozen
class Tree:
    """A node of NEURON's syntax tree.

    Attributes
    ----------
    kind : str
        The name that NEURON gives it, such as ``"BinaryExpression"``.
    parts : tuple of Tree
    text : str
        The name or number of a leaf.
    """

    kind: str
    parts: tuple[Tree, ...] = ()
    text: str = ""

    def all(self, *kinds: str) -> list[Tree]:
        """List the parts that are of some kinds."""
        return [one for one in self.parts if one.kind in kinds]

    def first(self, *kinds: str) -> Tree | None:
        """Give the first part of some kinds."""
        return next(iter(self.all(*kinds)), None)

    def walk(self) -> Iterator[Tree]:
        """Give it and all below."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting.extend(reversed(one.parts))

    @property
    def word(self) -> str:
        """The first name or number in it."""
        return next((one.text for one in self.walk() if one.text), "")


def prepare(text: str) -> tuple[str, str]:
    """Blank out comments, titles and C that does nothing; give what is left, and the title.

    Raises
    ------
    CannotImport
        When the file needs another one, holds C, or is no text that a parser should be given.
    """
    title = _TITLE.search(text)
    bare = _TITLE.sub("", _blank(_COMMENT, text))
    for found in _VERBATIM.finditer(bare):
        if not _C_NOTHING.fullmatch(_UNIT_TEST.sub(" ", found[1])):
            said = " ".join(found[1].split())[:60]
            raise CannotImport(
                "VERBATIM", f"VERBATIM is C, which is not run, got {said!r}: write it in NMODL"
            )
    bare = _blank(_LINE, _blank(_VERBATIM, bare))
    if other := re.search(r"\bINCLUDE\b[^\n]*", bare, re.IGNORECASE):
        raise CannotImport(
            "INCLUDE",
            f"a file must stand alone, got {other[0].strip()[:60]!r}: put the other file's text in its place",
        )
    if strange := re.search(r"[^\x09\x0a\x20-\x7e]", bare):
        raise CannotImport("no NMODL", f"NMODL is plain ASCII text, got {strange[0]!r}: is this a .mod file?")
    deepest = max(accumulate((c in "({[") - (c in ")}]") for c in bare), default=0)
    longest = max(
        (sum(part.count(c) for c in "+-*/^!<>&|,") for part in re.split(r"[{}=~]", bare)), default=0
    )
    if deepest > MAX_BRACKETS or longest > MAX_OPERATORS:
        raise CannotImport(
            "too large",
            f"a formula may have at most {MAX_BRACKETS} brackets one within the other and {MAX_OPERATORS} "
            f"operators, got {deepest} and {longest}",
        )
    return bare, " ".join(title[1].split()) if title else ""


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """Take out what matches, and leave its lines."""
    return pattern.sub(lambda found: " " + "\n" * found[0].count("\n"), text)


def parse(texts: Sequence[str]) -> list[Tree | CannotImport]:
    """Give the syntax tree of each text, or why there is none; one process reads them all.

    Raises
    ------
    CannotImport
        When there is no parser.
    """
    found: list[Tree | CannotImport] = []
    while len(found) < len(texts):
        answers, late = _ask(texts[len(found) :])
        found += [_answered(one) for one in answers]
        if len(found) < len(texts):  # it stopped at the next one
            why = f"took more than {SECONDS:g} s" if late else "died of it"
            found.append(CannotImport("too large", f"NEURON's parser {why}: import a simpler file"))
    return found


def _answered(answer: dict[str, Any]) -> Tree | CannotImport:
    if answer.get("missing"):
        why = answer.get("why")
        raise CannotImport("no parser", f"NEURON's parser cannot be loaded: {why}" if why else EXTRA)
    if "error" in answer:
        said = " ".join(str(answer["error"]).split("\n")[0].split())
        return CannotImport("no NMODL", f"NEURON's parser refuses it: {said[:200]}")
    try:
        return _tree(answer["tree"], [0])
    except CannotImport as error:
        return error


def _ask(texts: Sequence[str]) -> tuple[list[dict[str, Any]], bool]:
    """Give the answers of a new process, as far as it came, and whether it was too slow."""
    here = Path(__file__).parent
    child = subprocess.Popen(
        [sys.executable, "-P", str(here / "child.py")],
        cwd=here,  # NEURON loads what it finds compiled where it is started
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    late = False
    with child:
        try:
            said, _ = child.communicate("\n".join(map(json.dumps, texts)), timeout=SECONDS + 0.2 * len(texts))
        except subprocess.TimeoutExpired:
            child.kill()
            said, late = child.communicate()[0], True
        except BaseException:
            child.kill()
            raise
    lines = said.split("\n")[:-1]
    return [json.loads(line) for line in lines], late


def _tree(data: dict[str, Any], count: list[int]) -> Tree:
    """Make a tree of NEURON's JSON: every node is a kind with a list of nodes, or a name."""
    count[0] += 1
    if count[0] > MAX_TREE:
        raise CannotImport("too large", f"a file may have at most {MAX_TREE} parts, got more")
    (kind, parts), *_ = data.items()
    if not isinstance(parts, list):
        return Tree("name", (), str(parts))
    inner = tuple(_tree(one, count) for one in parts)
    leaf = inner[0].text if len(inner) == 1 and inner[0].kind == "name" else ""
    return Tree(kind, () if leaf else inner, leaf)
