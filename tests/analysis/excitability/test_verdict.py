"""What a verdict says in words, of numbers that are given."""

import numpy as np
import pytest

from natrium.analysis.excitability.f_i import Onset
from natrium.analysis.excitability.verdict import _of_onset


@pytest.mark.parametrize(("fitted", "explained"), [(54.28, True), (44.0, False)])
def test_two_coefficients_that_differ_are_explained(fitted, explained):
    onset = Onset(
        law="logarithmic",
        at=627.0,
        offset=300.0,
        coefficient=fitted,
        predicted=43.83,
        errors={"logarithmic": 1e-3},
        inputs=627.0 + np.geomspace(1e-3, 1.0, 4),
        intervals=np.linspace(600.0, 400.0, 4),
        last=np.inf,
        last_error=0.0,
        unit="pA",
        leak=None,
    )
    (said,) = _of_onset(onset, 1e-9)
    assert f"(coefficient {fitted:.4g} ms fitted, 43.83 by the model's equations" in said
    assert ("nearer to it than these inputs come" in said) == explained
