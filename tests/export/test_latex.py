"""The document is whole, and holds every equation, number and input."""

import re
import shutil
import subprocess

import pytest

from natrium.export.latex import write_latex
from natrium.model import latex
from tests.export.cases import CASES, lowered


@pytest.mark.parametrize("name", CASES)
def test_the_document_is_whole(name):
    text, model = write_latex(lowered(name)), CASES[name]
    assert latex(model.neuron) in text
    opened, closed = (re.findall(rf"\\{word}{{(\w+\*?)}}", text) for word in ("begin", "end"))
    assert sorted(opened) == sorted(closed)
    assert len(re.findall(r"(?<!\\){", text)) == len(re.findall(r"(?<!\\)}", text))
    assert text.count(r"\item") == len(lowered(name).parts)
    for parameter in model.neuron.numbers().values():
        assert f"{parameter.value:.12g}" in text
    assert not re.search(
        r"(?<!\\)_", re.sub(r"\$.*?\$|\\begin{align}.*\\end{align}", "", text, flags=re.DOTALL)
    )


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_the_document_is_set(tmp_path):
    (tmp_path / "model.tex").write_text(write_latex(lowered("synapse")), encoding="utf-8")
    subprocess.run(["pdflatex", "-halt-on-error", "model.tex"], cwd=tmp_path, check=True, capture_output=True)
