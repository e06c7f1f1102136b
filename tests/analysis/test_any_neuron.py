"""Every analysis takes whatever lowers to a hybrid system, or names the property that it needs."""

import math

import pytest
import sympy

import natrium
from natrium.model import NatriumError, UnsupportedModel, lower

V, w, x, I = sympy.symbols("V w x I", real=True)

IZHIKEVICH = natrium.HybridNeuron(
    equations={"V": 0.04 * V**2 + 5 * V + 140 - w + I, "w": 0.02 * (0.2 * V - w)},
    initial={"V": -70.0, "w": -14.0},
    v_thresh=30.0,
    reset={"V": -65.0, "w": w + 8},
)
QUADRATIC = natrium.HybridNeuron(
    equations={"V": V**2 + I}, initial={"V": -1.0}, v_thresh=30.0, reset={"V": -30.0}
)
ADEX = natrium.HybridNeuron(
    equations={
        "V": (-12 * (V + 70) + 24 * sympy.exp((V + 50) / 2) - w + I) / 200,
        "w": (2 * (V + 70) - w) / 300,
    },
    initial={"V": -70.0, "w": 0.0},
    v_thresh=-20.0,
    reset={"V": -58.0, "w": w + 60},
)
# The leaky neuron written as equations of one's own.
LEAKY = natrium.HybridNeuron(
    equations={"V": (-(V + 70) + I) / 10},
    initial={"V": -70.0},
    v_thresh=-55.0,
    reset={"V": -70.0},
    tau_ref=2.0,
)
SODIUM = natrium.notebook.lif_na()


def as_equations(neuron):
    """Write a neuron of channels as equations of one's own."""
    system = neuron.system
    return natrium.HybridNeuron(
        equations={state.name: flow for state, flow in zip(system.states, system.rhs, strict=True)},
        initial={
            state.name: value for state, value in zip(system.states, neuron.initial_state(), strict=True)
        },
        parameters={
            symbol.name: value
            for symbol, value in zip(system.parameters, system.values, strict=True)
            if symbol.name != "tau_ref"
        },
        v_thresh=neuron.v_thresh,
        reset={"V": neuron.v_reset},
        tau_ref=neuron.tau_ref,
    )


def test_equilibria_of_the_izhikevich_neuron_meet_where_its_parabola_says():
    assert [e.V for e in natrium.equilibria(IZHIKEVICH, 0.0)] == pytest.approx([-70.0, -50.0], abs=1e-12)
    assert [e.gates["w"] for e in natrium.equilibria(IZHIKEVICH, 0.0)] == pytest.approx([-14.0, -10.0])
    curve = natrium.equilibrium_curve(IZHIKEVICH)
    assert [(fold.V, fold.I) for fold in curve.folds] == [pytest.approx((-60.0, 4.0), abs=1e-10)]
    # The trace 0.08 V + 5 - 0.02 vanishes.
    (hopf,) = curve.hopf
    assert pytest.approx((-62.25, 3.7975), abs=1e-9) == (hopf.V, hopf.I)


def test_the_izhikevich_neuron_s_rest_is_lost_in_its_hopf_point():
    found = natrium.rheobase(IZHIKEVICH)
    assert (found.cause, found.value) == ("hopf", pytest.approx(3.7975, abs=1e-9))
    assert found.confirmed


def test_the_quadratic_neuron_is_the_normal_form_of_its_fold():
    (fold,) = natrium.equilibrium_curve(QUADRATIC).folds
    assert (fold.V, fold.I, fold.passage) == pytest.approx((0.0, 0.0, math.pi), abs=1e-9)
    verdict = natrium.describe(QUADRATIC)
    assert verdict.excitability == "class 1"
    assert verdict.onset.coefficient == pytest.approx(math.pi, rel=1e-3)
    # From reset to threshold dV/(V^2 + I) takes (atan(30/sqrt(I)) + atan(30/sqrt(I)))/sqrt(I) ms.
    curve = natrium.f_i_curve(QUADRATIC, [4.0, 25.0])
    expected = [
        1000.0 / (2.0 * math.atan(30.0 / math.sqrt(level)) / math.sqrt(level)) for level in (4.0, 25.0)
    ]
    assert curve.rates == pytest.approx(expected, rel=1e-9)


def test_the_adaptive_exponential_neuron_s_fold_has_a_closed_form():
    (fold,) = natrium.equilibrium_curve(ADEX).folds
    v = -50.0 + 2.0 * math.log(1.0 + 2.0 / 12.0)
    held = 12.0 * (v + 70.0) - 24.0 * math.exp((v + 50.0) / 2.0) + 2.0 * (v + 70.0)
    assert pytest.approx((v, held), abs=1e-9) == (fold.V, fold.I)


def test_a_leaky_neuron_written_as_equations_is_the_leaky_neuron():
    own = natrium.Neuron()
    assert natrium.rheobase(LEAKY).value == pytest.approx(15.0, abs=1e-12)
    for ask in (natrium.f_i_curve, natrium.strength_duration):
        for name, value in (("rates", "inputs"), ("amplitudes", "durations")):
            if hasattr(ask(own, [20.0, 30.0]), name):
                found, expected = (getattr(ask(cell, [20.0, 30.0]), name) for cell in (LEAKY, own))
                assert found == pytest.approx(expected, rel=2e-9), value


def test_channels_written_as_equations_give_the_same_equilibria():
    neuron = SODIUM.neuron
    same = as_equations(neuron)
    for level in (0.0, 5.0, 10.0):
        mine, theirs = natrium.equilibria(same, level), natrium.equilibria(neuron, level)
        assert [e.kind for e in mine] == [e.kind for e in theirs]
        for one, other in zip(mine, theirs, strict=True):
            assert one.state == pytest.approx(other.state, abs=1e-9)
            assert one.eigenvalues == pytest.approx(other.eigenvalues, rel=1e-6)
    folds = [natrium.equilibrium_curve(cell).folds for cell in (same, neuron)]
    assert [fold.V for fold in folds[0]] == pytest.approx([fold.V for fold in folds[1]], abs=1e-9)
    assert [fold.speed for fold in folds[0]] == pytest.approx([fold.speed for fold in folds[1]], rel=1e-6)


def test_states_linear_in_each_other_have_steady_states():
    """A dendrite and an adaptation behind it: w = V - x, x = V/2 + w/2."""
    cell = natrium.HybridNeuron(
        equations={"V": -V - w + I, "w": V - x - w, "x": (V / 2 + w / 2 - x) / 5},
        initial={"V": 0.0, "w": 0.0, "x": 0.0},
    )
    (found,) = natrium.equilibria(cell, 2.0)
    assert found.state == pytest.approx([1.5, 0.5, 1.0], abs=1e-12)


@pytest.mark.parametrize(
    ("equations", "said", "count"),
    [
        ({"V": -V + I**2}, "dV/dt linear in I", 1),
        ({"V": -V}, "dV/dt linear in I", 1),
        ({"V": -V + w + I, "w": V - w**3}, "steady state of w at every V", 3),
        ({"V": -V, "w": V - w + I}, "none of V's follows", 1),
        ({"V": -V + w + I, "w": V}, "steady state of w at every V", 1),
    ],
)
def test_what_a_curve_of_equilibria_needs_is_named(equations, said, count):
    """At one input they are found all the same."""
    cell = natrium.HybridNeuron(equations=equations, initial=dict.fromkeys(equations, 0.0))
    with pytest.raises(UnsupportedModel, match=said):
        natrium.equilibrium_curve(cell)
    found = natrium.equilibria(cell, 0.3)
    assert len(found) == count
    for one in found:
        flow = lower(cell.system).event_rhs(*one.state, 0.3, *cell.system.values)
        assert max(map(abs, flow)) < 1e-12


MODELS = {
    "izhikevich": IZHIKEVICH,
    "quadratic": QUADRATIC,
    "leaky": LEAKY,
    "no threshold": natrium.HybridNeuron(equations={"V": -V + I}, initial={"V": 0.0}),
    "channels": SODIUM.neuron,
}
ANALYSES = {
    "equilibria": lambda cell: natrium.equilibria(cell, 0.0),
    "equilibrium_curve": natrium.equilibrium_curve,
    "rheobase": natrium.rheobase,
    "onset": natrium.onset,
    "describe": natrium.describe,
    "f_i_curve": lambda cell: natrium.f_i_curve(cell, [10.0]),
    "strength_duration": lambda cell: natrium.strength_duration(cell, [5.0]),
    "planar": natrium.planar,
    "phase_plane": lambda cell: natrium.phase_plane(cell, 1.0, grid=(11, 11)),
    "reduction_error": lambda cell: natrium.reduction_error(natrium.planar(cell), 1.0),
    "return_map": lambda cell: natrium.return_map(cell, 10.0),
    "limit_cycle": lambda cell: natrium.limit_cycle(cell, 10.0),
    "smooth_cycle": lambda cell: natrium.smooth_cycle(cell, 10.0, transient=50.0, look=50.0),
    "phase_response": lambda cell: natrium.phase_response(natrium.limit_cycle(cell, 10.0)),
    "orbit": lambda cell: natrium.orbit(cell, 10.0, transient=10, count=10),
    "spike_time_gradients": lambda cell: natrium.spike_time_gradients(
        natrium.simulate(cell, natrium.Constant(10.0), t_end=50.0)
    ),
    "white_noise_firing": lambda cell: natrium.white_noise_firing(
        cell, natrium.Noise(mean=1.0, sigma=1.0, tau=0.0, step=0.1, seed=1)
    ),
    "latex": natrium.latex,
    "parameters": lambda cell: natrium.parameters(cell, natrium.Constant(1.0) + natrium.Constant(1.0)),
}


@pytest.mark.parametrize("name", ANALYSES)
@pytest.mark.parametrize("model", MODELS)
def test_every_analysis_answers_or_names_what_it_needs(model, name):
    try:
        found = ANALYSES[name](MODELS[model])
    except NatriumError as error:
        assert model != "channels" or name in ("white_noise_firing", "smooth_cycle")
        # A rule, and what was received.
        assert any(rule in str(error) for rule in ("needs", "must", "has no", "starts from"))
        assert "got" in str(error)
    else:
        assert found is not None
