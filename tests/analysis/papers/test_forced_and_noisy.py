"""Neurons under a sine and under noise: every row holds, and a wrong number would not."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.analysis.papers.forced_and_noisy import LEAKY, OFFSET, RATIOS, forced_and_noisy, least_amplitude


@pytest.fixture(scope="module")
def found():
    return forced_and_noisy()


def test_every_row_holds(found):
    assert [(row.claim, row.expected, row.got) for row in found.claims if not row.holds] == []
    assert len(found.claims) == 5
    wrong = attrs.evolve(found, fast=attrs.evolve(found.fast, rate=found.fast.rate + 1.0))
    assert [row.holds for row in wrong.claims].count(False) == 1


@pytest.mark.parametrize("ratio", RATIOS)
def test_runs_lock_from_the_least_amplitude_on(ratio):
    period, _ = RATIOS[ratio]
    least = least_amplitude(period, ratio[1])
    above, below = (
        natrium.rotation_number(
            LEAKY, natrium.Sine(size * least, 1000.0 / period, offset=OFFSET), transient=600
        )
        for size in (1.05, 0.9)
    )
    assert (above.n_spikes, above.n_periods) == ratio
    assert not np.isclose(below.value, ratio[0] / ratio[1], atol=1e-6)
