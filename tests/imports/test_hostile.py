"""Files that were tampered with end in a model or in a named refusal, and in nothing else."""

import importlib.util
import random
import re

import pytest

from natrium.imports.neuroml.reader import read_neuroml
from natrium.imports.nmodl.reader import read_tree
from natrium.imports.nmodl.source import parse, prepare
from natrium.imports.xpp import read_ode
from natrium.model.errors import CannotImport
from tests.imports.neuroml.test_reader import CASES as GATES
from tests.imports.neuroml.test_reader import OWN
from tests.imports.neuroml.test_reader import channel as neuroml_channel
from tests.imports.nmodl.cases import CASES, FIELD, SCHEME
from tests.imports.test_xpp import RESET, SQUID

NUMBERS = ["0", "1e308", "1e-300", "3", "0.5", "40"]
WORDS = ["v", "t", "dt", "celsius", "exp", "log", "sqrt", "m", "h", "(1/0)", "(v-v)", "(0*v)", "(v*v)", "pow"]


def tampered(text: str, draw: random.Random) -> str:
    """Change one to three words of a text: numbers to numbers, names to names, signs to signs."""
    parts = re.split(r"([A-Za-z_]\w*|\d+\.?\d*(?:[eE][-+]?\d+)?|[-+*/^<>])", text)
    for at in draw.sample(range(1, len(parts), 2), draw.randint(1, 3)):
        first = parts[at][0]
        if first.isdigit():
            parts[at] = draw.choice(NUMBERS)
        elif first.isalpha() or first == "_":
            parts[at] = draw.choice([*WORDS, *(one for one in parts[1::2] if one[0].isalpha())])
        else:
            parts[at] = draw.choice("+-*/^<>")
    return "".join(parts)


def outcomes(read, texts):
    """Read all, and count what came of them; whatever else is raised fails the test."""
    refused = []
    for text in texts:
        try:
            read(text)
        except CannotImport as error:
            assert error.reason
            refused.append(error.reason)
    return len(texts) - len(refused), len(refused)


@pytest.mark.parametrize(
    ("read", "texts"),
    [
        (lambda text: read_ode(text, "x.ode"), [SQUID, RESET]),
        (
            lambda text: read_neuroml(text, "x.nml"),
            [
                neuroml_channel(GATES[name][0], OWN)
                for name in ("HHrates, warm", "a type of its own", "HHratesTau")
            ],
        ),
    ],
    ids=["XPP", "NeuroML"],
)
def test_tampered_text(read, texts):
    draw = random.Random(1952)
    read_well, refused = outcomes(read, [tampered(draw.choice(texts), draw) for _ in range(60)])
    assert read_well > 0 < refused


@pytest.mark.skipif(importlib.util.find_spec("neuron") is None, reason="needs NEURON's parser")
def test_tampered_channels():
    draw = random.Random(1963)
    texts = [*(case.text for case in CASES.values()), SCHEME, FIELD]
    ready = []
    for _ in range(60):
        try:
            ready.append(prepare(tampered(draw.choice(texts), draw))[0])
        except CannotImport:
            continue
    read_well, refused = outcomes(lambda tree: read_tree(tree, "x.mod"), parse(ready))
    assert read_well > 0 < refused
