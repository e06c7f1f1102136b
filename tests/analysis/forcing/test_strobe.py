"""The stroboscopic map: as runs have it, with the derivative of differences and the multipliers of orbits."""

import numpy as np
import pytest

import natrium
from natrium.model import ModelError

NA = natrium.notebook.lif_na().neuron


@pytest.mark.parametrize("phase", [0.0, 2.2])  # 2.2: phase zero falls into a refractory period
def test_its_derivative_is_that_of_differences(phase):
    step = natrium.stroboscopic_map(NA, natrium.Sine(3.0, 50.0, phase=phase, offset=12.0))
    one = step.orbit([-70.0, 0.0, 1.0], 12)[-1]
    assert (one.waited > 0.0) == (phase == 2.2)

    def image(z):
        found = step(z[:3], z[3])
        return np.append(found.after, found.waiting)

    here = np.append(one.before, one.waited)
    for k in range(4 if one.waited else 3):
        h = 1e-4
        by = [image(here + s * h * np.eye(4)[k]) - image(here - s * h * np.eye(4)[k]) for s in (1.0, 2.0)]
        np.testing.assert_allclose((8.0 * by[0] - by[1]) / (12.0 * h), one.jacobian[:, k], atol=1e-8)


def test_it_iterates_as_a_run_goes_on_and_has_the_multipliers_of_the_orbit():
    stimulus = natrium.Sine(3.0, 50.0, offset=12.0)
    orbit = natrium.stroboscopic_map(NA, stimulus).orbit([-70.0, 0.0, 1.0], 40)
    run = natrium.simulate(
        NA.started([-70.0, 0.0, 1.0]), stimulus, t_end=800.0, solver="compiled", rtol=1e-12
    )
    np.testing.assert_allclose(orbit[-1].after, run.state(800.0, side="left"), atol=1e-9)
    assert sum(one.n_spikes for one in orbit) == run.n_spikes
    locked = natrium.locked_orbit(NA, stimulus)
    mine = np.sort(np.abs(np.linalg.eigvals(orbit[-1].jacobian)))[::-1][:2]
    np.testing.assert_allclose(mine, np.abs(locked.multipliers[:2]), rtol=1e-6)


def test_a_period_within_the_refractory_one_waits():
    step = natrium.stroboscopic_map(natrium.Neuron(tau_ref=5.0), natrium.Pulses(50.0, width=0.5, period=2.0))
    one = step([-70.0], 4.5)
    assert one.waiting == 2.5
    assert one.n_spikes == 0
    with pytest.raises(ModelError, match="numbers"):
        step([-70.0, 0.0])
