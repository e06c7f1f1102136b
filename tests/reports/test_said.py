"""What reports say stands in the data beside it: every number of every sentence, for every verb."""

import json
import math
import re

import pytest

import natrium
from natrium.reports import (
    compare_into,
    cycle_into,
    excitability_into,
    fit_into,
    phase_plane_into,
)

LIF = natrium.notebook.lif()
SODIUM = natrium.notebook.lif_na()
TWO = natrium.notebook.lif_na2()

NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w]|\.\d)")
# What is no result: powers in units, names of classes, the digits that words of a law stand for.
FIXED = re.compile(r"mV\^\(1/2\)|class [12]|1/sqrt|1e-\d+ of it")


def numbers(data):
    """Give all numbers of plain data."""
    if isinstance(data, dict):
        for value in data.values():
            yield from numbers(value)
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from numbers(value)
    elif isinstance(data, (int, float)) and not isinstance(data, bool):
        yield float(data)


def stands(text, known):
    """Tell whether a number as it is written is one of the data, rounded as written, or a percentage."""
    said = abs(float(text.replace("−", "-")))
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2]) - (int(exponent) if exponent else 0)
    unit = 0.5000001 * 10.0**-decimals
    significant = len(mantissa.replace(".", "").lstrip("-−0")) or 1
    for value in known:
        for size in (abs(value), 100.0 * abs(value)):
            if abs(size - said) <= unit:
                return True
            if size and f"{size:.{significant}g}" == f"{said:.{significant}g}":
                return True
    return False


def missing(sentences, data):
    known = [value for value in numbers(data) if math.isfinite(value)]
    return [
        (number, sentence)
        for sentence in sentences
        for number in NUMBER.findall(FIXED.sub("", sentence))
        if not stands(number, known)
    ]


CASES = {
    "excitability of the LIF": (excitability_into, (LIF,), {"inputs": [14.0, 16.0, 20.0]}),
    "excitability with sodium": (excitability_into, (SODIUM,), {"inputs": [5.0, 6.0, 20.0]}),
    "excitability of a pacemaker": (excitability_into, (TWO,), {"inputs": [-1.0, 0.0, 20.0]}),
    "cycle": (cycle_into, (SODIUM,), {"I": 16.0}),
    "cycle without gates": (cycle_into, (LIF,), {"I": 16.0}),
    "phase plane": (phase_plane_into, (SODIUM,), {"I": 2.0}),
    "phase plane while it fires": (phase_plane_into, (TWO,), {"I": 10.0}),
    "comparison": (compare_into, (LIF,), {}),
    "fit": (fit_into, (LIF, [20.0, 36.0, 52.0], ["tau_m", "I"]), {}),
}


SLOW = ("excitability with sodium", "excitability of a pacemaker", "comparison")


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in CASES],
)
def written(request, tmp_path_factory, undrawn):
    made, given, options = CASES[request.param]
    out = tmp_path_factory.mktemp("report")
    spoken = []
    keep = natrium.reports.output.Output.say

    def say(self, title, rows, sentences):
        spoken.extend(sentences)
        keep(self, title, rows, sentences)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(natrium.reports.output.Output, "say", say)
        undrawn(patch)
        made(*given, out, name="a model", quiet=True, **options)
    return out, spoken


def test_every_number_that_is_said_stands_in_the_data(written):
    out, spoken = written
    data = json.loads((out / "results.json").read_text())
    assert spoken
    data.pop("verdict", None)  # the sentences themselves
    assert missing([one for one in spoken if not one.startswith("Model: ")], data) == []


def test_every_report_has_a_manifest(written):
    out, _ = written
    made = json.loads((out / "manifest.json").read_text())
    assert made["versions"]["natrium"] == natrium.__version__
    assert re.fullmatch("[0-9a-f]{64}", made["model_sha256"])
    assert made["settings"]
