"""XML read safely: bounded, without entities, as a tree of tags and attributes; and quantities."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

import attrs

from natrium.model.errors import CannotImport

MAX_DEPTH = 40
MAX_ELEMENTS = 20_000
_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z_]\w*)?\s*")
# In ms, mV and mM, which go together: 1 per_s is 1e-3 per ms.
UNITS = {
    "": 1.0,
    "s": 1e3,
    "ms": 1.0,
    "us": 1e-3,
    "min": 6e4,
    "per_s": 1e-3,
    "per_ms": 1.0,
    "Hz": 1e-3,
    "per_min": 1.0 / 6e4,
    "V": 1e3,
    "mV": 1.0,
    "uV": 1e-3,
    "per_V": 1e-3,
    "per_mV": 1.0,
    "mM": 1.0,
    "M": 1e3,
    "mol_per_m3": 1.0,
    "mol_per_cm3": 1e6,
    "degC": 1.0,
    "K": 1.0,
}


@attrs.frozen
class Element:
    """An element: its tag without its name space, its attributes, and what is in it."""

    tag: str
    given: Mapping[str, str]
    parts: tuple[Element, ...]

    def all(self, *tags: str) -> list[Element]:
        """List the parts of some tags."""
        return [one for one in self.parts if one.tag in tags]

    def first(self, *tags: str) -> Element | None:
        """Give the first part of some tags."""
        return next(iter(self.all(*tags)), None)

    def walk(self) -> Iterator[Element]:
        """Give it and all below."""
        yield self
        for one in self.parts:
            yield from one.walk()

    def word(self, name: str) -> str:
        """Give an attribute.

        Raises
        ------
        CannotImport
            When it is missing.
        """
        if name not in self.given:
            raise CannotImport(
                "incomplete", f"<{self.tag}> must have {name}, got {', '.join(self.given) or 'nothing'}"
            )
        return self.given[name]

    def quantity(self, name: str) -> float:
        """Give an attribute in ms, mV and mM."""
        return quantity(self.word(name))


def quantity(text: str) -> float:
    """Read a number with its unit, in ms, mV and mM.

    Raises
    ------
    CannotImport
        When it is none, or its unit is not known.
    """
    found = _QUANTITY.fullmatch(text)
    if found is None or (found[2] or "") not in UNITS:
        raise CannotImport(
            "units",
            f"a quantity must be a number with one of {', '.join(filter(None, UNITS))}, got {text[:40]!r}",
        )
    return float(found[1]) * UNITS[found[2] or ""]


def read_xml(text: str) -> Element:
    """Read a document.

    Raises
    ------
    CannotImport
        When it is no XML, declares entities, or is too deep or too large.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise CannotImport("entities", "a file must be plain XML, got a document type: entities are not read")
    waiting: list[list[Element]] = [[]]
    count = 0
    try:
        source = io.BytesIO(re.sub(r"^\s*<\?xml.*?\?>", "", text, count=1).encode("utf-8"))
        for event, one in ElementTree.iterparse(source, events=("start", "end")):
            if event == "start":
                count += 1
                waiting.append([])
                if len(waiting) > MAX_DEPTH or count > MAX_ELEMENTS:
                    raise CannotImport(
                        "too large", f"XML may nest {MAX_DEPTH} deep, of {MAX_ELEMENTS} elements at most"
                    )
                continue
            parts = tuple(waiting.pop())
            given = {key.rpartition("}")[2]: value for key, value in one.attrib.items()}
            waiting[-1].append(Element(one.tag.rpartition("}")[2], given, parts))
            one.clear()
    except ElementTree.ParseError as error:
        raise CannotImport("no XML", f"it must be well-formed XML: {error}") from error
    if not waiting[0]:
        raise CannotImport("no XML", "it must be well-formed XML, got nothing")
    return waiting[0][0]
