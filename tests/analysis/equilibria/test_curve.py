"""Equilibria: closed forms, none lost against intervals in arbitrary precision, eigenvalues, folds and Hopf points."""

import math
import re

import mpmath
import numpy as np
import pytest

import natrium
from natrium import CHANNELS, Channel, Gate, Neuron
from natrium.analysis.equilibria.curve import equilibria, equilibrium_curve
from natrium.analysis.equilibria.steady_input import steady_input
from natrium.model import lower

LIF = Neuron()
SODIUM = natrium.notebook.lif_na().neuron
TWO = natrium.notebook.lif_na2().neuron
# The squid axon: conductances over the leak's 0.3 mS/cm^2, 1 uF/cm^2, no threshold and no reset.
AXON = Neuron(
    tau_m=1 / 0.3, v_rest=-54.387, v_thresh=None, channels=(CHANNELS["hh_sodium"], CHANNELS["hh_potassium"])
)


def boltzmann(half, slope):
    return f"1/(1 + exp(-(V - ({float(half)!r}))/({float(slope)!r})))"


def random_neuron(seed):
    """Up to three channels of up to two gates, some of them steep; v_thresh in the middle."""
    rng = np.random.default_rng(seed)
    channels = []
    for k in range(rng.integers(1, 4)):
        gates = tuple(
            Gate(
                name,
                int(rng.integers(1, 5)),
                inf=boltzmann(
                    round(rng.uniform(-80, -20), 3),
                    round(rng.choice([-1, 1]) * 10 ** rng.uniform(-0.5, 1.2), 3),
                ),
                tau=repr(float(round(10 ** rng.uniform(-1, 2), 3))),
            )
            for name in "ab"[: rng.integers(1, 3)]
        )
        channels.append(
            Channel(f"c{k}", round(10 ** rng.uniform(-1, 2.3), 3), float(rng.choice([-90, -30, 50])), gates)
        )
    return Neuron(tau_m=10.0, v_rest=-70.0, v_thresh=-45.0, channels=channels)


def interval_roots(neuron, I):
    """Bracket every root of I_eq(V) = I by subdivision in mpmath's interval arithmetic, from the formula itself."""
    iv = mpmath.iv
    iv.dps = 30

    def steady(gate, v):
        # inf is a Boltzmann function of known form: read its half and slope back from the text.
        half, slope = BOLTZMANN.search(gate.inf.text).groups()
        return 1 / (1 + iv.exp(-(v - iv.mpf(half)) / iv.mpf(slope)))

    def both(v):
        """I_eq - I and its derivative, by the product rule."""
        value, slope = v - iv.mpf(neuron.v_rest) - iv.mpf(I), iv.mpf(1)
        for channel in neuron.channels:
            conductance, growth = iv.mpf(channel.g), iv.mpf(0)
            for gate in channel.gates:
                x = steady(gate, v)
                conductance = conductance * x**gate.power
                growth = growth + gate.power * (1 - x) / iv.mpf(BOLTZMANN.search(gate.inf.text).group(2))
            value = value - conductance * (iv.mpf(channel.E) - v)
            slope = slope - conductance * growth * (iv.mpf(channel.E) - v) + conductance
        return value, slope

    bounds = neuron.equilibrium_bounds(I)
    low, high = min(bounds), max(bounds)
    stack, found = [(mpmath.mpf(low) - 1e-6, mpmath.mpf(high) + 1e-6)], []
    while stack:
        a, b = stack.pop()
        value, slope = both(iv.mpf([a, b]))
        if 0 not in value:
            continue
        if 0 not in slope:
            at_a, at_b = both(iv.mpf(a))[0], both(iv.mpf(b))[0]
            if (at_a.b < 0) != (at_b.b < 0):
                found.append((float(a), float(b)))
            continue
        assert b - a > 1e-12
        middle = (a + b) / 2
        stack += [(a, middle), (middle, b)]
    return sorted(found)


BOLTZMANN = re.compile(r"V - \((.*?)\)\)/\((.*?)\)")


@pytest.mark.parametrize("I", [-30.0, 0.0, 14.0, 15.0, 200.0, 1e5])
def test_without_channels_the_one_equilibrium_is_rest_plus_input(I):
    (only,) = equilibria(LIF, I)
    assert pytest.approx(-70.0 + I, rel=1e-15) == only.V
    assert only.kind == "stable node"
    assert only.eigenvalues[0] == pytest.approx(-0.1)
    assert only.below_threshold is (only.V < -55.0)


def test_an_ohmic_channel_in_closed_form():
    neuron = Neuron(channels=[Channel("K", 3.0, -90.0)])
    (only,) = equilibria(neuron, 8.0)
    assert pytest.approx((-70.0 + 8.0 - 270.0) / 4.0, rel=1e-14) == only.V
    assert only.eigenvalues[0] == pytest.approx(-0.4)
    assert equilibrium_curve(neuron).folds == ()


MANY = [*range(5), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 24))]


@pytest.mark.parametrize("seed", MANY)
def test_no_equilibrium_is_lost(seed):
    neuron = random_neuron(seed)
    folds = equilibrium_curve(neuron).folds
    middles = [0.5 * (a.I + b.I) for a, b in zip(folds[:-1], folds[1:], strict=True)]
    for I in [0.0, *middles, *(fold.I + 1e-3 for fold in folds), *(fold.I - 1e-3 for fold in folds)]:
        brackets = interval_roots(neuron, I)
        found = [e.V for e in equilibria(neuron, I)]
        assert len(found) == len(brackets)
        assert all(a <= V <= b for V, (a, b) in zip(found, brackets, strict=True))


def test_random_models_have_folds_among_them():
    assert sum(len(equilibrium_curve(random_neuron(seed)).folds) for seed in (4, 5, 7)) == 8


def test_a_gate_as_steep_as_a_step_hides_no_fold():
    neuron = Neuron(
        channels=[Channel("s", 2.0, 50.0, [Gate("x", 1, inf=boltzmann(-61.2345, 1e-3), tau="1")])]
    )
    folds = equilibrium_curve(neuron).folds
    assert len(folds) == 2
    assert all(abs(fold.V + 61.2345) < 0.02 for fold in folds)
    assert len(equilibria(neuron, 12.0)) == 1
    assert len(equilibria(neuron, 0.5 * (folds[0].I + folds[1].I))) == 3


@pytest.mark.parametrize("neuron", [SODIUM, TWO, AXON], ids=["sodium", "two", "axon"])
@pytest.mark.parametrize("I", [-60.0, -10.0, 0.0, 5.0, 30.0])
def test_every_equilibrium_balances_within_its_range(neuron, I):
    kernel = lower(neuron.system)
    bounds = neuron.equilibrium_bounds(I)
    low, high = min(bounds), max(bounds)
    for e in equilibria(neuron, I):
        rates = kernel.event_rhs(
            e.V - neuron.origin, *e.state[1:], I - (neuron.origin - neuron.v_rest), *kernel.parameters
        )
        np.testing.assert_allclose(rates, 0.0, atol=1e-11)
        assert low <= e.V <= high


@pytest.mark.parametrize("neuron", [SODIUM, TWO, AXON], ids=["sodium", "two", "axon"])
@pytest.mark.parametrize("I", [-20.0, 0.0, 3.0])
def test_eigenvalues_agree_with_finite_differences(neuron, I):
    kernel = lower(neuron.system)
    J = I - (neuron.origin - neuron.v_rest)

    def rhs(state):
        return np.array(kernel.event_rhs(state[0] - neuron.origin, *state[1:], J, *kernel.parameters))

    for e in equilibria(neuron, I):
        steps = np.diag([1e-4, *[1e-6] * (e.state.size - 1)])
        jacobian = np.column_stack(
            [(rhs(e.state + step) - rhs(e.state - step)) / (2 * step.sum()) for step in steps]
        )
        expected = np.linalg.eigvals(jacobian).astype(complex)
        for value in e.eigenvalues:
            assert np.abs(expected - value).min() < 1e-6 * np.abs(expected).max()


def test_a_saddle_is_where_the_curve_falls():
    """det J = (-1)^n (dI/dV) prod(rates)/tau_m: an odd number of unstable directions just there."""
    for neuron in (SODIUM, TWO, *map(random_neuron, range(4))):
        steady = steady_input(neuron)
        for I in (-30.0, -5.0, 0.0, 4.0):
            for e in equilibria(neuron, I):
                assert (e.kind == "saddle") == (steady(e.V, 1) < 0.0) == (e.unstable % 2 == 1)
        V = np.array([-80.0, -61.0, -50.0, -30.0])
        determinants = np.linalg.det(steady.jacobians(V))
        rates = [np.prod(lower(neuron.system).relaxation(v)) for v in V]
        slopes = [steady(v, 1) for v in V]
        expected = (-1) ** len(neuron.system.states) * np.array(slopes) * rates / neuron.tau_m
        np.testing.assert_allclose(determinants, expected, rtol=1e-9)


def test_the_first_sodium_model():
    low, middle, high = equilibria(SODIUM, 0.0)
    assert (low.kind, middle.kind, high.kind) == ("stable node", "saddle", "stable focus")
    assert (low.below_threshold, middle.below_threshold, high.below_threshold) == (True, False, False)
    assert pytest.approx(-69.711939788, abs=1e-8) == low.V
    rest, other = equilibrium_curve(SODIUM).folds
    assert pytest.approx(5.482069069686, abs=1e-11) == rest.I
    assert (rest.unstable, rest.curvature < 0.0, other.curvature > 0.0) == (0, True, True)
    assert equilibrium_curve(SODIUM).threshold_input == pytest.approx(1.934627968294, abs=1e-11)


def test_the_second_sodium_model_has_no_rest():
    (only,) = equilibria(TWO, 0.0)
    assert (only.kind, only.below_threshold) == ("stable focus", False)
    assert pytest.approx(-0.848384159581, abs=1e-11) == equilibrium_curve(TWO).folds[0].I


@pytest.mark.parametrize("neuron", [SODIUM, TWO], ids=["sodium", "two"])
def test_at_a_fold_two_equilibria_are_one_and_apart_just_below(neuron):
    fold = equilibrium_curve(neuron).folds[0]
    at = equilibria(neuron, fold.I)
    assert at[0].kind == "saddle-node"
    assert len(at) == len(equilibria(neuron, fold.I + 1e-9)) + 1 == len(equilibria(neuron, fold.I - 1e-9)) - 1
    eps = 1e-6  # apart by 2 sqrt(2 eps/|curvature|)
    a, b = equilibria(neuron, fold.I - eps)[:2]
    assert pytest.approx(2 * np.sqrt(2 * eps / abs(fold.curvature)), rel=1e-3) == b.V - a.V
    # The slow eigenvalue there is speed * curvature * distance.
    assert a.eigenvalues[0].real == pytest.approx(fold.speed * fold.curvature * (fold.V - a.V), rel=2e-2)


def test_the_squid_axon_loses_its_rest_in_a_subcritical_hopf_point():
    """9.78 uA/cm^2 and 154.5 uA/cm^2 (Rinzel & Miller 1980, Hassard 1978, at 6.3 degrees)."""
    first, last = equilibrium_curve(AXON).hopf
    assert pytest.approx(9.78, abs=0.01) == 0.3 * first.I
    assert pytest.approx(154.5, abs=0.1) == 0.3 * last.I
    assert (first.unstable_above, last.unstable_above) == (True, False)
    assert first.lyapunov > 0.0 > last.lyapunov
    assert equilibria(AXON, first.I + 0.1)[0].kind == "unstable focus"
    assert equilibria(AXON, first.I - 0.1)[0].stable
    assert equilibria(AXON, 0.0)[0].below_threshold is None


def test_the_curve_counts_unstable_directions_between_its_special_points():
    curve = equilibrium_curve(SODIUM)
    assert np.all(np.diff(curve.V) > 0.0)
    special = sorted([*(f.V for f in curve.folds), *(h.V for h in curve.hopf)])
    assert set(special) <= set(curve.V)
    changes = curve.V[1:][np.diff(curve.unstable) != 0]
    for V in changes:  # only at a special point or the sample beside it
        assert min(abs(V - s) for s in special) < 0.6
    assert curve.gates.shape == (2, curve.V.size)


def test_what_is_no_input_is_refused():
    with pytest.raises(natrium.ModelError, match="I must be finite"):
        equilibria(LIF, float("nan"))


def test_a_gate_without_steady_state_is_refused():
    neuron = Neuron(channels=[Channel("c", 1.0, 0.0, [Gate("x", 1, alpha="0*V", beta="0*V", initial=0.5)])])
    with pytest.raises(natrium.ModelError, match="steady state"):
        equilibria(neuron, 0.0)


@pytest.mark.parametrize("fast", [0.05, 1e-12])
@pytest.mark.parametrize("slow", [1e6, 1e3])
def test_a_slow_state_beside_a_fast_one_is_not_neutral(fast, slow):
    """Gates that see V, and are seen by it not at all or a little: the rest stays a stable node."""
    gates = [
        Gate("m", 1, inf="1/(1 + exp(-(V + 20)/9))", tau=str(fast)),
        Gate("h", 1, inf="1/(1 + exp((V + 60)/9))", tau=str(slow)),
    ]
    neuron = Neuron(channels=[Channel("Na", 0.1, 50.0, gates)])
    (rest,) = equilibria(neuron, 0.0)
    assert (rest.kind, rest.stable, rest.unstable) == ("stable node", True, 0)
    assert rest.eigenvalues[0].real == pytest.approx(-1.0 / slow, rel=0.1)
    assert rest.eigenvalues[-1].real == pytest.approx(-1.0 / fast, rel=0.1)


def test_a_plateau_is_told_by_its_ends_and_beside_it_there_is_one_rest():
    """I_eq is flat from -20 to 0 mV: it once used up the budget of any search."""
    cell = natrium.HybridNeuron(
        equations={"V": "-max(V, 0) - min(V + 20, 0) + I"}, initial={"V": -30.0}, v_thresh=30.0
    )
    with pytest.raises(
        natrium.SolverError, match="plateau: at I = 0 every V from -20.000000 to 0.000000 mV is one"
    ):
        equilibria(cell, 0.0)
    assert [one.V for one in equilibria(cell, 1.0)] == [pytest.approx(1.0, abs=1e-12)]
    assert [one.V for one in equilibria(cell, -1.0)] == [pytest.approx(-21.0, abs=1e-12)]
    assert equilibrium_curve(cell).folds == ()


STRIP = "(1 + tanh((V + 40)/1e-3))/2*(1 - tanh((V + 20)/1e-3))/2"  # 1 from -40 to -20 mV


def test_a_curve_that_is_flat_to_rounding_has_the_folds_at_its_ends():
    cell = natrium.HybridNeuron(
        equations={"V": "(-(V + 70)*(1 - (1 - 1e-11)*s) + I)/10".replace("s", STRIP)},
        initial={"V": -70.0},
        v_thresh=0.0,
        reset={"V": -70.0},
    )
    up, down = equilibrium_curve(cell).folds
    assert (up.curvature < 0.0 < down.curvature, up.I) == (True, pytest.approx(29.994, abs=1e-3))
    assert (-40.0 < down.V < -39.9, abs(down.I) < 1e-6) == (True, True)
    assert [one.kind for one in equilibria(cell, 1.0)] == ["stable node", "saddle", "stable node"]


def test_a_plateau_is_told_by_its_ends():
    cell = natrium.HybridNeuron(equations={"V": "I"}, initial={"V": -70.0}, v_thresh=0.0, reset={"V": -70.0})
    verdict = natrium.describe(cell)
    assert verdict.data()["plateau_mV"] == (-300.0, 300.0)
    assert "Equilibria without input: every V from -300.000000 to 300.000000 mV." in verdict.sentences()


def piecewise(a, eps, gamma):
    """McKean's caricature of FitzHugh and Nagumo: three straight pieces."""
    return natrium.HybridNeuron(
        equations={
            "V": f"where(V < {a / 2}, -V, where(V < {(1 + a) / 2}, V - {a}, 1 - V)) - w + I",
            "w": f"{eps}*(V - {gamma}*w)",
        },
        initial={"V": 0.0, "w": 0.0},
        v_thresh=0.5,
    )


def test_stability_that_jumps_at_a_corner_is_told_in_closed_form():
    a, gamma = 0.25, 0.5
    curve = natrium.equilibrium_curve(piecewise(a, 0.1, gamma))
    assert curve.folds == curve.hopf == ()
    low, high = curve.corners
    assert pytest.approx((a / 2, (1 + a) / 2), abs=1e-12) == (low.V, high.V)
    assert pytest.approx((a / 2 * (1 + 1 / gamma), (1 + a) / 2 / gamma - (1 - a) / 2), abs=1e-11) == (
        low.I,
        high.I,
    )
    assert (low.unstable_below, low.unstable_above) == (0, 2) == (high.unstable_above, high.unstable_below)
    assert curve.block == (high.V, high.I)


def test_a_corner_at_which_the_curve_turns_is_a_fold_alone():
    curve = natrium.equilibrium_curve(piecewise(0.25, 0.1, 2.0))
    assert [fold.V for fold in curve.folds] == pytest.approx([0.125, 0.625], abs=1e-12)
    assert curve.corners == ()
    # I = V/2 - f(V) rises to 3/16, falls to -1/16 and rises again: gone above the first, below the second.
    assert [fold.curvature for fold in curve.folds] == [-math.inf, math.inf]
    assert [fold.excess(0.0) > 0.0 for fold in curve.folds] == [False, False]
    assert [fold.passage for fold in curve.folds] == [0.0, 0.0]
    assert "vanish above 0.1875" in str(natrium.describe(curve.neuron))


def test_a_branch_that_leaves_stability_alone_is_no_corner():
    neuron = natrium.HybridNeuron(
        equations={"V": "-V - w + I", "w": "where(V < 3, 0.1, 0.2)*(V - w)"},
        initial={"V": 0.0, "w": 0.0},
        v_thresh=9.0,
    )
    assert natrium.equilibrium_curve(neuron).corners == ()


def test_a_pace_that_changes_its_branch_may_take_stability_along():
    """I_eq has no branch there: the second state alone grows sluggish."""
    neuron = natrium.HybridNeuron(
        equations={"V": "0.5*V - w + I", "w": "where(V < 3, 1, 0.1)*(2*V - w)"},
        initial={"V": 0.0, "w": 0.0},
        v_thresh=9.0,
    )
    (corner,) = natrium.equilibrium_curve(neuron).corners
    assert pytest.approx((3.0, 4.5), abs=1e-12) == (corner.V, corner.I)
    assert (corner.unstable_below, corner.unstable_above) == (0, 2)


THETA = natrium.HybridNeuron(
    equations={"V": "((1 - cos(V)) + (1 + cos(V))*I)/tau"},
    parameters={"tau": 10.0},
    initial={"V": -1.5},
    v_thresh=float(np.pi),
    reset={"V": -float(np.pi)},
)


def test_equilibria_lie_between_the_places_where_no_input_moves_v():
    """Ermentrout and Kopell's phase: cos V = (1 + I)/(1 - I), and at pi any input leaves dV/dt at 2/tau."""
    found = equilibria(THETA, -0.25)
    assert [one.V for one in found] == pytest.approx([-np.arccos(0.6), np.arccos(0.6)], rel=1e-12)
    assert [one.kind for one in found] == ["stable node", "saddle"]
    curve = equilibrium_curve(THETA)
    assert len(curve.folds) == 1
    assert pytest.approx((0.0, 0.0), abs=1e-12) == (curve.folds[0].V, curve.folds[0].I)
    assert curve.crossings == ()
    assert natrium.rheobase(THETA).value == pytest.approx(0.0, abs=1e-12)


def test_where_the_input_reverses_nothing_rests():
    cell = natrium.HybridNeuron(
        equations={"V": "(-(V + 70) + I*(0 - V))/10"},
        initial={"V": -70.0},
        v_thresh=-50.0,
        reset={"V": -70.0},
    )
    assert [one.V for one in equilibria(cell, 0.5)] == pytest.approx([-70.0 / 1.5], rel=1e-12)
    assert equilibrium_curve(cell).V.max() < 0.0


def test_where_all_currents_fade_nothing_rests():
    # No leak: far below, 1 + tanh is zero to rounding; the true rest is where both currents are equal.
    cell = natrium.HybridNeuron(
        equations={"V": "(1 + tanh((V + 20)/12))*(25 - V) - (1 + tanh((V + 16)/8))*(V + 75) + I"},
        initial={"V": -65.0},
    )
    assert len(equilibria(cell)) == 1
    assert equilibria(cell)[0].V > -150.0
