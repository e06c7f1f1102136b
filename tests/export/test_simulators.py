"""Each simulator's own run of its file: as near to the truth as its twin says. `make connect` runs them."""

import os
import shutil

import numpy as np
import pytest

import natrium
from natrium.export.distance import distance_of, estimated
from natrium.export.simulators import KINDS, run_file
from natrium.export.targets import TARGETS
from natrium.model import UnsupportedModel
from tests.export.cases import CASES, lowered

pytestmark = pytest.mark.slow
HERE = {
    name: bool(os.environ.get(kind.variable)) or bool(kind.program and shutil.which(kind.program))
    for name, kind in KINDS.items()
}
RUN = [name for name, one in TARGETS.items() if one.simulator not in ("", "python")]
DT = {"brian2": 0.05, "xpp": 0.05, "neuron": 0.05, "nest": 0.05, "neuroml": 0.02}
# How far a target may be from its twin, ms. Brian's, the precise NEST's and LEMS's are theirs to the last digit. XPP and
# NEURON let a spike come in where it comes, the twin at the beginning of its step; XPP's clock adds up steps.
APART = {"brian2": 1e-9, "xpp": 0.08, "neuron": 0.08, "nest": 0.2, "neuroml": 1e-9}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("target", RUN)
def test_a_simulator_is_as_far_off_as_its_twin(target, name, tmp_path):
    chosen = TARGETS[target]
    kind = KINDS[chosen.simulator]
    if not HERE[chosen.simulator]:
        pytest.skip(f"needs {target}: make connect, or {kind.variable}")
    try:
        text = chosen.write(lowered(name), DT[target])
    except UnsupportedModel as error:
        pytest.skip(f"refused: {error}")
    path = tmp_path / f"model{chosen.suffix}"
    path.write_text(text, encoding="utf-8")
    found, _ = run_file(chosen.simulator, path)
    twin = chosen.twin.spikes(lowered(name), DT[target])
    assert found.size == twin.size
    assert np.max(np.abs(found - twin), initial=0.0) < APART[target]
    truth = natrium.reference(CASES[name])
    measured, told = (distance_of(spikes, truth, "") for spikes in (found, twin))
    assert (measured.missed, measured.extra) == (0, 0)
    if truth.spike_times.size:
        assert measured.largest < 1.0
    assert estimated(chosen.twin, lowered(name), DT[target], truth).largest == pytest.approx(
        told.largest, nan_ok=True
    )
