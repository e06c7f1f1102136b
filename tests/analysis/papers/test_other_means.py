"""The numbers that papers' rows call "ours, by other means": each by plain Python or SciPy, without natrium."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import bisect, brentq

from natrium.analysis.papers.adex_reset import AT_RESETS, CONSTANTS, CURRENT, CUT
from natrium.analysis.papers.moore_ramon import AT_LEAKS, AT_STEPS, STEPS
from natrium.analysis.papers.threshold_equation import K_A, USUAL


def axon_rates(v):
    """Hodgkin and Huxley's, V in mV from rest; none of the poles is met."""
    return (
        (0.1 * (25.0 - v) / math.expm1((25.0 - v) / 10.0), 4.0 * math.exp(-v / 18.0)),
        (0.07 * math.exp(-v / 20.0), 1.0 / (math.exp((30.0 - v) / 10.0) + 1.0)),
        (0.01 * (10.0 - v) / math.expm1((10.0 - v) / 10.0), 0.125 * math.exp(-v / 80.0)),
    )


def axon_current(v, gates, leak):
    m, h, n = gates
    return -120.0 * m**3 * h * (v - 115.0) - 36.0 * n**4 * (v + 12.0) - 0.3 * (v - leak)


def at_rest():
    return [alpha / (alpha + beta) for alpha, beta in axon_rates(0.0)]


def peak_by_euler(v, dt, sequential):
    gates, peak = at_rest(), v
    for _ in range(round(14.0 / dt)):
        rates = axon_rates(v)
        moved = [x + dt * (a * (1.0 - x) - b * x) for x, (a, b) in zip(gates, rates, strict=True)]
        v += dt * axon_current(v, moved if sequential else gates, 10.598)
        gates, peak = moved, max(peak, v)
    return peak


@pytest.mark.parametrize("scheme", ["sequential-euler", "euler"])
def test_thresholds_of_the_axon_by_a_plain_loop(scheme):
    for dt, expected in zip(STEPS, AT_STEPS[scheme], strict=True):
        found = bisect(
            lambda v, dt=dt: peak_by_euler(v, dt, scheme == "sequential-euler") - 50.0, 6.0, 7.0, xtol=1e-6
        )
        assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("leak", AT_LEAKS)
def test_thresholds_of_the_axon_by_scipy(leak):
    def flow(_, y):
        gates = [a * (1.0 - x) - b * x for x, (a, b) in zip(y[1:], axon_rates(y[0]), strict=True)]
        return [axon_current(y[0], y[1:], leak), *gates]

    def peak(v):
        run = solve_ivp(flow, (0.0, 14.0), [v, *at_rest()], method="DOP853", rtol=1e-10, atol=1e-12)
        return run.y[0].max() - 50.0

    assert bisect(peak, 6.0, 7.0, xtol=1e-7) == pytest.approx(AT_LEAKS[leak], abs=5e-6)


def test_adaptation_before_resets_by_scipy():
    C, g, E, V_T, slope, tau, a, b = (
        CONSTANTS[name] for name in ("C", "g_L", "E_L", "V_T", "Delta_T", "tau_w", "a", "b")
    )

    def flow(_, y):
        V, w = y
        spike = g * slope * math.exp((V - V_T) / slope)
        return [(-g * (V - E) + spike - w + CURRENT) / C, (a * (V - E) - w) / tau]

    def cut(_, y):
        return y[0] - (V_T + CUT * slope)

    cut.terminal, cut.direction = True, 1.0
    for v_reset, expected in AT_RESETS.items():
        y, found = np.array([E, 0.0]), []
        for _ in range(120):
            run = solve_ivp(flow, (0.0, 1e3), y, method="DOP853", rtol=1e-10, atol=1e-9, events=cut)
            w = float(run.y_events[0][0][1])
            found.append(w)
            y = np.array([v_reset, w + b])
        size = len(expected)
        np.testing.assert_allclose(sorted(found[-size:]), expected, atol=0.005)
        np.testing.assert_allclose(found[-2 * size : -size], found[-size:], atol=1e-4)
        assert np.ptp(found[-size:]) > 10.0


def test_the_fall_of_the_threshold_with_h_by_scipy():
    def m_inf(V):
        alpha, beta = 0.1 * (V + 40.0) / -math.expm1(-(V + 40.0) / 10.0), 4.0 * math.exp(-(V + 65.0) / 18.0)
        return alpha / (alpha + beta)

    def threshold(h):
        def rise(V):
            ends = [v + 70.0 + 120.0 * h * m_inf(v) ** 3 * (v - 50.0) for v in (V - 1e-5, V + 1e-5)]
            return ends[1] - ends[0]

        return brentq(rise, -69.0, -45.0)

    logs = np.linspace(0.0, math.log(USUAL), 200)
    slope = np.polyfit(logs, [threshold(math.exp(one)) for one in logs], 1)[0]
    assert -slope == pytest.approx(K_A, abs=0.02)
