"""Derivatives where V runs off to its spike: along the series as far as the time tells V, then over V."""

import numpy as np
import pytest

from natrium import Constant, HybridNeuron, Sine
from natrium.analysis.variation.equations import propagate
from natrium.analysis.variation.linearised import linearised
from natrium.analysis.variation.pieces import STEEP, Directions, integrate
from natrium.analysis.variation.run_off import begin_of_run_off, is_told
from natrium.model import smooth_spans
from natrium.solvers import Compiled

EXPONENTIAL = HybridNeuron(
    equations={"V": "(-V + exp(V - 10) + I)/10 - w", "w": "(0.1*V - w)/50"},
    initial={"V": 0.0, "w": 0.0},
    v_thresh=45.0,
    reset={"V": "0", "w": "w + 0.2"},
    tau_ref=2.0,
)
CLIFF = EXPONENTIAL.changed({"v_thresh": 12.0})  # its spikes are slow
DRIVES = {"constant": Constant(20.0), "sine": Constant(20.0) + Sine(5.0, frequency=30.0)}


def states_alone(neuron: HybridNeuron) -> Directions:
    return Directions(np.eye(2), np.zeros((len(neuron.system.parameters), 2)))


@pytest.mark.parametrize("drive", DRIVES)
def test_derivatives_are_those_of_an_integration_in_time(drive: str) -> None:
    run = Compiled(rtol=1e-12).solve(EXPONENTIAL, DRIVES[drive], t_end=40.0)
    assert not is_told(run, run.events[0].slope)
    found = propagate(run, states_alone(EXPONENTIAL), n_spikes=1).spikes[0]

    [span] = smooth_spans(run.stimulus, 0.0, run.t_end)
    linear, level = linearised(EXPONENTIAL.system), span.drive(0.0)
    end, S = integrate(
        linear,
        level,
        np.zeros(2),
        np.eye(2),
        float(run.spike_times[0]),
        states_alone(EXPONENTIAL),
        v_thresh=EXPONENTIAL.v_thresh,
    )
    f, _, _ = linear.flow(end, level(float(run.spike_times[0])))
    np.testing.assert_allclose(found.gradient, -S[0] / f[0], rtol=1e-9)


def test_it_begins_where_V_rises_as_fast_as_is_called_steep() -> None:
    run = Compiled(rtol=1e-12).solve(EXPONENTIAL, Constant(20.0), t_end=40.0)
    [span] = smooth_spans(run.stimulus, 0.0, run.t_end)
    linear, spike = linearised(EXPONENTIAL.system), float(run.spike_times[0])
    begin = begin_of_run_off(linear, run, span.drive(0.0), 0.0, spike, 45.0)
    assert begin is not None
    assert 0.0 < begin < spike
    rate = linear.flow(run.state(begin), 20.0)[0][0]
    assert STEEP * linear.sizes[0] <= rate < 1.1 * STEEP * linear.sizes[0]
    # So far the derivatives are carried along: from there on it is little.
    assert spike - begin < 0.01


def test_none_is_found_where_the_threshold_moves_or_a_long_run_does_not_tell_it() -> None:
    run = Compiled().solve(EXPONENTIAL, Constant(20.0), t_end=40.0)
    [span] = smooth_spans(run.stimulus, 0.0, run.t_end)
    linear = linearised(EXPONENTIAL.system)
    assert begin_of_run_off(linear, run, span.drive(0.0), 0.0, float(run.spike_times[0]), np.inf) is None
    slow = Compiled().solve(CLIFF, Constant(20.0), t_end=40.0)
    linear, spike = linearised(CLIFF.system), float(slow.spike_times[0])
    assert begin_of_run_off(linear, slow, span.drive(0.0), 0.0, spike, 12.0) is None


def test_what_begins_within_it_goes_over_V_at_once() -> None:
    linear, start = linearised(EXPONENTIAL.system), np.array([30.0, 0.1])
    still = states_alone(EXPONENTIAL)
    [span] = smooth_spans(Constant(20.0), 0.0, 1.0)
    end, S = integrate(linear, span.drive(0.0), start, np.eye(2), 1.0, still, v_thresh=45.0)
    # dV/dt = exp(V - 10)/10 alone, nearly: V moved by dV at the start moves the time by -dV/f.
    assert end[0] == 45.0
    f_begin, f_end = (linear.flow(y, 20.0)[0][0] for y in (start, end))
    np.testing.assert_allclose(S[0, 0], f_end / f_begin, rtol=1e-9)
