"""Model files to begin with, one a kind: what ``natrium new`` writes."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from natrium.model.checks import unknown_name
from natrium.model.errors import ModelError
from natrium.model.files.schema import FILE, schema_text
from natrium.model.files.writing import write_whole

FOLDER = resources.files("natrium.model.files") / "templates"
FIRST_LINE = f"#:schema {FILE}\n"  # by which editors find it
SHORT = {"hh": "hodgkin-huxley", "fhn": "fitzhugh-nagumo", "eif": "exponential", "qif": "quadratic"}


def template_names() -> tuple[str, ...]:
    """Give the names of all templates."""
    files = FOLDER.iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def template(name: str) -> str:
    """Give the text of one template, by its name or one that people write for it (``lif_na``, ``hh``).

    Raises
    ------
    ModelError
        When there is none of this name.
    """
    kind = known_kind(name)
    if kind is None:
        raise ModelError(unknown_name("a template", name, template_names()))
    return (FOLDER / f"{kind}.toml").read_text(encoding="utf-8")


def known_kind(name: str) -> str | None:
    """Give the template that is meant by a name; None where there is none."""
    kind = name.lower().replace("_", "-")
    kind = SHORT.get(kind, kind)
    return kind if kind in template_names() else None


def describe_template(name: str) -> str:
    """Give the first line of a template: what it is."""
    return template(name).splitlines()[0].removeprefix("# ")


def write_new(path: Path, kind: str) -> None:
    """Write a model file to begin with, and the schema that its first line names beside it.

    Raises
    ------
    ModelError
        When there is a file of this name, or it cannot be written.
    """
    text = template(kind)
    if path.exists():
        raise ModelError(
            f"a new model file must not replace another, got {path}: give another name, or remove it"
        )
    write_whole(path, FIRST_LINE + text)
    beside = path.parent / FILE
    if not beside.exists():
        write_whole(beside, schema_text())
