"""Sphinx: the documentation site. `make docs` builds it; warnings are errors."""

import os
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst
from typer.testing import CliRunner

import natrium
import natrium.analysis
import natrium.figures
import natrium.solvers
from natrium.cli import VERBS, app

HERE = Path(__file__).parent

project = "natrium"
author = "The natrium authors"
copyright = author
version = release = version_of("natrium")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = [
    "gallery/*",
    "built_gallery/*.ipynb",
    "built_gallery/*.json",
    "built_gallery/*.py",
    "sg_execution_times.rst",
]
root_doc = "index"

html_theme = "pydata_sphinx_theme"
html_title = "natrium"
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {page: [] for page in ("index", "start", "questions", "teacher")}
html_theme_options = {
    "navigation_with_keys": True,
    "header_links_before_dropdown": 7,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

suppress_warnings = ["config.cache"]  # sphinx-gallery is given a function

# Kernels of pages listen on this machine alone, and need not say that they do so in plain text.
profile = HERE.parent / "build" / "ipython" / "profile_default"
profile.mkdir(parents=True, exist_ok=True)
(profile / "ipython_kernel_config.py").write_text('get_config().IPKernelApp.log_level = "ERROR"\n')
os.environ["IPYTHONDIR"] = str(profile.parent)

# Pages are run as they are built; one that fails, or warns, ends the build.
templates_path = ["_templates"]

nb_execution_mode = "cache"
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_output_stderr = "remove-warn"
nb_execution_cache_path = str(HERE.parent / "build" / "docs-cache")
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "substitution"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


def save_figures(block: tuple[object, ...], block_vars: dict[str, Any], _conf: dict[str, Any]) -> str:
    """Save the figures that an example made, whether or not pyplot knows of them (for sphinx-gallery)."""
    held = block_vars["example_globals"].values()
    figures = [plt.figure(number) for number in plt.get_fignums()]
    figures += [one for one in held if isinstance(one, Figure) and one not in figures]
    paths = []
    for figure in figures:
        path = next(block_vars["image_path_iterator"])
        figure.savefig(path, dpi=120)
        paths.append(path)
    plt.close("all")
    return figure_rst(paths, str(HERE))


sphinx_gallery_conf = {
    "parallel": True,  # as many at once as `-j` says
    "image_scrapers": (save_figures,),
    "examples_dirs": ["gallery"],
    "gallery_dirs": ["built_gallery"],
    "filename_pattern": r"\.py$",
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
    "min_reported_time": 1e9,  # no times beside figures: they are of the machine that built the page
    "write_computation_times": False,
    "show_memory": False,
    "abort_on_example_error": True,
    "within_subsection_order": "FileNameSortKey",
    "matplotlib_animations": False,
}


# What is listed, not written: every public name, and every verb as it tells about itself.
ROOMS = {
    "natrium": (natrium, "`import natrium` and these are there."),
    "natrium.analysis": (natrium.analysis, "What analyses give, and the less frequent analyses."),
    "natrium.solvers": (natrium.solvers, "Solvers, what they give, and the parts to write one with."),
    "natrium.figures": (
        natrium.figures,
        "Figures draw what an analysis gave; each returns a matplotlib figure.",
    ),
}


def public_names(name: str, known: set[str]) -> list[str]:
    """List a room's public names that no room before it has."""
    room = ROOMS[name][0]
    if name == "natrium":
        names = list(natrium.__all__)
    else:
        names = [one for one in dir(room) if not one.startswith("_") and callable(getattr(room, one))]
    return sorted(set(names) - known, key=str.lower)


def write_reference(*_: object) -> None:
    """Write the pages of names and of verbs, where they changed."""
    known: set[str] = set()
    for name, (_, said) in ROOMS.items():
        names = public_names(name, known)
        known |= set(names)
        listed = "\n".join(f"   {one}" for one in names)
        text = (
            f"{name}\n{'=' * len(name)}\n\n{said.replace('`', '``')}\n\n.. currentmodule:: {name}\n\n"
            f".. autosummary::\n   :toctree: api\n\n{listed}\n"
        )
        write(HERE / "reference" / f"{name}.rst", text)
    helps = [(verb, CliRunner().invoke(app, [verb, "--help"], prog_name="natrium").output) for verb in VERBS]
    listed = "\n".join(["commands", *ROOMS])
    write(HERE / "reference" / "index.md", f"# Reference\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n")
    text = "# Command line\n\nWhat each verb says of itself, `natrium VERB --help`.\n\n"
    text += "\n".join(f"## {verb}\n\n```text\n{said.strip()}\n```\n" for verb, said in helps)
    write(HERE / "reference" / "commands.md", text)


def write(path: Path, text: str) -> None:
    """Write a file unless it is there as it is: what did not change is not built anew."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def setup(app) -> None:
    """Hand Sphinx what is written before it reads."""
    app.connect("config-inited", write_reference)
