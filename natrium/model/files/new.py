"""Model files to begin with, one a kind: what ``natrium new`` writes."""

from __future__ import annotations

from importlib import resources

from natrium.model.checks import unknown_name
from natrium.model.errors import ModelError

FOLDER = resources.files("natrium.model.files") / "templates"


def template_names() -> tuple[str, ...]:
    """Give the names of all templates."""
    files = FOLDER.iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def template(name: str) -> str:
    """Give the text of one template.

    Raises
    ------
    ModelError
        When there is none of this name.
    """
    names = template_names()
    if name not in names:
        raise ModelError(unknown_name("a template", name, names))
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def describe_template(name: str) -> str:
    """Give the first line of a template: what it is."""
    return template(name).splitlines()[0].removeprefix("# ")
