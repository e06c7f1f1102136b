"""A file's text as NEURON's parser is given it: without comments, bounded, with nothing that opens a file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import attrs

from natrium.imports.files import MAX_BYTES, read_text
from natrium.imports.nmodl.verbatim import as_nmodl
from natrium.model.errors import CannotImport

SECONDS = 30.0  # the parser takes milliseconds
MAX_BRACKETS = 60
MAX_OPERATORS = 400  # in one run of text without a brace or an equals sign
MAX_TREE = 100_000  # nodes
MAX_FILES = 20  # that a file may include, one within the other or beside
EXTRA = 'NMODL is read by NEURON\'s own parser: pip install "natrium[neuron]"'

_VERBATIM = re.compile(r"^[ \t]*VERBATIM\b(.*?)(?:\bENDVERBATIM\b|\Z)", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*COMMENT\b.*?(?:\bENDCOMMENT\b[^\n]*|\Z)", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r"^[ \t]*TITLE\b[ \t]*([^\n]*)", re.MULTILINE)
_INCLUDE = re.compile(r'^[ \t]*INCLUDE[ \t]+"([^"\n]*)"', re.IGNORECASE | re.MULTILINE)
_ONTOLOGY = re.compile(r"\bREPRESENTS\b[ \t]+(\[[^\]\n]*\]|\w+:\w+)")  # what a thing is called elsewhere
_LINE = re.compile(r'("(?:\\.|[^"\\\n])*")|[:?][^\n]*')  # but a text may hold a colon
_LOCAL = re.compile(
    r"\bLOCAL[ \t]+([\w \t,\[\]]+)|\b(?:FUNCTION|PROCEDURE)\s+\w+\s*\(((?:[^()]|\([^()]*\))*)\)"
)
_COUNTER = re.compile(r"\bFROM\s+(\w+)\s*=")


@attrs.frozen
class Tree:
    """A node of NEURON's syntax tree."""

    kind: str  # the name that NEURON gives it, such as ``"BinaryExpression"``
    parts: tuple[Tree, ...] = ()
    text: str = ""  # the name or number of a leaf

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


def include(text: str, folder: Path) -> tuple[str, list[str]]:
    """Put the text of included files in their places; give it, and which they were.

    A file is looked for where its name leads from the folder, then by its last name in the folder itself;
    nothing outside of the folder is opened, and what is not there stays as it stands.

    Raises
    ------
    CannotImport
        When there are too many, or too long ones.
    """
    taken: list[str] = []

    def put(found: re.Match[str]) -> str:
        path = _beside(found[1], folder)
        if path is None:
            return found[0]
        taken.append(path.name)
        if len(taken) > MAX_FILES:
            raise CannotImport("too large", f"a file may include at most {MAX_FILES} others, got more")
        return _TITLE.sub("", _with_others(read_text(path)))

    def _with_others(one: str) -> str:
        whole = _INCLUDE.sub(put, _blank(_COMMENT, one))
        if len(whole) > MAX_BYTES:
            raise CannotImport("too large", f"a file may have at most {MAX_BYTES} bytes with all it includes")
        return whole

    return _with_others(text) if _INCLUDE.search(text) else text, taken


def _beside(name: str, folder: Path) -> Path | None:
    """Find an included file inside of a folder."""
    root = folder.resolve()
    for told in (name, name.replace("\\", "/").rpartition("/")[2]):
        try:
            path = (root / told).resolve()
            if path.is_relative_to(root) and path.is_file():
                return path
        except (OSError, ValueError):  # a name that no file can have
            continue
    return None


def prepare(text: str) -> tuple[str, str]:
    """Blank out comments and titles, and write C that is arithmetic as NMODL; give this, and the title.

    Raises
    ------
    CannotImport
        When the file needs another one, holds more C, or is no text that a parser should be given.
    """
    title = _TITLE.search(text)
    bare = _outside_of_c(text, lambda _, nmodl: nmodl)
    if other := re.search(r"\bINCLUDE\b[^\n]*", bare, re.IGNORECASE):
        raise CannotImport(
            "INCLUDE",
            f"a file must stand alone, got {other[0].strip()[:60]!r}: put that file beside it, or its text "
            "there",
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


def compiled(text: str) -> str:
    """Give a text as NEURON's compiler is given it: as `prepare` does, but with its C."""
    return _outside_of_c(text, lambda c, nmodl: c if nmodl.strip() else "")


def _outside_of_c(text: str, write: Callable[[str, str], str]) -> str:
    """Blank out titles and comments; put in each block of C what is made of it and of what it means."""
    bare = _ONTOLOGY.sub("", _TITLE.sub("", _blank(_COMMENT, text)))
    plain = _bare(_blank(_VERBATIM, bare))
    local = frozenset(
        one for found in _LOCAL.findall(plain) for one in re.findall(r"[A-Za-z_]\w*", " ".join(found))
    )
    counters = frozenset(_COUNTER.findall(plain))
    said, at, depth = "", 0, 0
    for found in _VERBATIM.finditer(bare):
        before = _bare(bare[at : found.start()])
        depth += before.count("{") - before.count("}")
        last = depth == 1 and _bare(bare[found.end() :]).lstrip()[:1] in ("}", "")
        nmodl = as_nmodl(found[1], local, counters, last)
        if nmodl is None:
            got = " ".join(found[1].split())[:60]
            raise CannotImport(
                "VERBATIM", f"VERBATIM is C, of which only arithmetic is read, got {got!r}: write it in NMODL"
            )
        said += f"{before}\n{write(found[0], nmodl)}\n"
        at = found.end()
    return said + _bare(bare[at:])


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """Take out what matches, and leave its lines."""
    return pattern.sub(lambda found: " " + "\n" * found[0].count("\n"), text)


def _bare(text: str) -> str:
    """Take out what a colon or a question mark begins, up to the end of its line."""
    return _LINE.sub(lambda found: found[1] or " ", text)


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
