"""Kinetic schemes: a scheme made of independent gates is these gates; and what no scheme is."""

import attrs
import numpy as np
import pytest
from scipy.linalg import expm

import natrium
from natrium.model.files.writing import to_toml

A_M, B_M = "0.1*(V + 40)/(1 - exp(-(V + 40)/10))", "4*exp(-(V + 65)/18)"
A_H, B_H = "0.07*exp(-(V + 65)/20)", "1/(1 + exp(-(V + 35)/10))"
DRIVE = natrium.Step(10.0, start=20.0)


def squid():
    """Give the squid's sodium channel, m cubed h, as eight states."""
    ways = []
    for h in (0, 1):
        for m in range(3):
            ways += [
                (f"m{m}h{h}", f"m{m + 1}h{h}", f"{3 - m}*({A_M})"),
                (f"m{m + 1}h{h}", f"m{m}h{h}", f"{m + 1}*({B_M})"),
            ]
    for m in range(4):
        ways += [(f"m{m}h0", f"m{m}h1", A_H), (f"m{m}h1", f"m{m}h0", B_H)]
    states = [f"m{m}h{h}" for m in range(4) for h in (0, 1)]
    return natrium.Scheme(states=states, transitions=ways, open=["m3h1"])


def cell(**changes):
    return natrium.Neuron(channels=[natrium.Channel("Na", 120.0, 50.0, scheme=squid())], **changes)


def gated(**changes):
    gates = [natrium.Gate("m", 3, alpha=A_M, beta=B_M), natrium.Gate("h", 1, alpha=A_H, beta=B_H)]
    return natrium.Neuron(channels=[natrium.Channel("Na", 120.0, 50.0, gates)], **changes)


@pytest.mark.parametrize("solver", ["event", "compiled"])
@pytest.mark.parametrize("refractory", ["hold", "clamp"])
def test_spikes_are_those_of_the_gates_it_is_made_of(solver, refractory):
    runs = [
        natrium.simulate(one(refractory=refractory), DRIVE, t_end=100.0, solver=solver)
        for one in (cell, gated)
    ]
    assert runs[0].n_spikes == 3
    assert np.abs(runs[0].spike_times - runs[1].spike_times).max() < 3e-9
    shares = runs[0].state(50.0)[1:]
    assert runs[0].names[1:] == tuple(f"Na.{name}" for name in squid().kept)
    assert all(0.0 <= share <= 1.0 for share in shares)
    m, h = runs[1].state(50.0)[1:]
    assert shares[-1] == pytest.approx(m**3 * h, rel=1e-6)


def test_steady_states_are_products():
    kernel = natrium.lower(gated().system)
    for v in (-110.0, -70.0, -40.0, 0.0, 60.0):
        m, h = kernel.steady(v)
        expected = [
            [1, 3, 3, 1][k] * m**k * (1 - m) ** (3 - k) * (h if open_ else 1 - h)
            for k in range(4)
            for open_ in (0, 1)
        ]
        assert squid().steady(v) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_shares_follow_the_matrix_exponential_at_one_voltage():
    """Without conductance V stays at rest; from one state on."""
    scheme = natrium.Scheme(
        states=("C", "O", "I"),
        transitions=[("C", "O", "2"), ("O", "C", "0.5"), ("O", "I", "1"), ("I", "C", "0.1")],
        open=("O",),
        initial={"C": 1.0},
    )
    still = natrium.Neuron(channels=[natrium.Channel("x", 0.0, 0.0, scheme=scheme)])
    Q = np.array([[-2.0, 0.5, 0.1], [2.0, -1.5, 0.0], [0.0, 1.0, -0.1]])
    for t in (0.1, 1.0, 7.0):
        O, I = natrium.simulate(still, t_end=t, rtol=1e-11).segments[-1].values[1:, -1]
        assert pytest.approx((expm(Q * t) @ [1.0, 0.0, 0.0])[1:], abs=1e-9) == [O, I]


def test_gradients_are_those_of_the_gates():
    made = [
        natrium.spike_time_gradients(natrium.simulate(one(), DRIVE, t_end=100.0)) for one in (cell, gated)
    ]
    assert made[0].names == made[1].names
    assert made[0].matrix == pytest.approx(made[1].matrix, rel=1e-6, abs=1e-7)


def test_cycle_file_script_and_copy():
    assert natrium.limit_cycle(cell(), 20.0).period == pytest.approx(
        natrium.limit_cycle(gated(), 20.0).period, abs=1e-8
    )
    model = natrium.Model(neuron=cell(), stimulus=[DRIVE])
    assert natrium.loads(to_toml(model)) == model
    shares = {"m0h1": 0.75, "m1h1": 0.25}
    given = cell().channels[0]
    given = attrs.evolve(given, scheme=attrs.evolve(given.scheme, initial=shares))
    again = natrium.Model(neuron=natrium.Neuron(channels=[given]))
    assert natrium.loads(to_toml(again)) == again
    assert again.neuron.initial_state()[1:] == (0.75, 0.0, 0.25, 0.0, 0.0, 0.0, 0.0)
    scripts = [
        natrium.simulate(one(), DRIVE, t_end=100.0, solver="script", dt=0.01).spike_times
        for one in (cell, gated)
    ]
    assert scripts[0] == pytest.approx(scripts[1], abs=0.03)
    moved = cell().started(natrium.simulate(cell(), DRIVE, t_end=45.0).segments[-1].values[:, -1])
    assert sum(moved.channels[0].scheme.start(-60.0).values()) < 1.0
    assert r"\to m1h0_" in natrium.latex(cell())


def test_equilibria_of_a_small_scheme_are_those_of_its_gate():
    scheme = natrium.Scheme(("C", "O"), [("C", "O", A_M), ("O", "C", B_M)], ("O",))
    one = natrium.Neuron(channels=[natrium.Channel("x", 0.5, 50.0, scheme=scheme)])
    other = natrium.Neuron(
        channels=[natrium.Channel("x", 0.5, 50.0, [natrium.Gate("m", alpha=A_M, beta=B_M)])]
    )
    found = [[(e.V, e.kind) for e in natrium.equilibria(cell_, 3.0)] for cell_ in (one, other)]
    assert [kind for _, kind in found[0]] == [kind for _, kind in found[1]]
    assert [V for V, _ in found[0]] == pytest.approx([V for V, _ in found[1]], abs=1e-9)


def test_equilibria_of_a_large_scheme_are_those_of_its_gates():
    """At each V a linear system of the states, so that these are found along V as the gates' own are."""
    for I in (0.0, 20.0):
        found, expected = natrium.equilibria(cell(), I), natrium.equilibria(gated(), I)
        assert [one.kind for one in found] == [one.kind for one in expected]
        assert [one.below_threshold for one in found] == [one.below_threshold for one in expected]
        assert [one.V for one in found] == pytest.approx([one.V for one in expected], abs=1e-10)
        for one, other in zip(found, expected, strict=True):
            assert one.box is None  # that of states that need each other
            m, h = other.state[1:]
            assert one.gates["Na.m3h1"] == pytest.approx(m**3 * h, rel=1e-9)


def test_folds_and_hopf_points_of_a_large_scheme_are_those_of_its_gates():
    curves = natrium.equilibrium_curve(cell()), natrium.equilibrium_curve(gated())
    scheme, gates = ([(one.I, one.V) for one in (*curve.folds, *curve.hopf)] for curve in curves)
    np.testing.assert_allclose(scheme, gates, rtol=0.0, atol=1e-10)
    assert len(gates) == 3


def test_what_a_large_scheme_has_no_answer_for_is_refused_by_name():
    mixed = natrium.Neuron(channels=[*cell().channels, attrs.evolve(gated().channels[0], name="other")])
    with pytest.raises(natrium.UnsupportedModel, match="got a kinetic scheme"):
        natrium.phase_plane(mixed, 0.0)


GOOD = {"states": ("C", "O"), "transitions": [("C", "O", "1"), ("O", "C", "1")], "open": ("O",)}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"states": ("C",)}, "two states or more, all different"),
        ({"states": ("C", "C")}, "two states or more, all different"),
        ({"states": 3}, "states of a scheme must be a list"),
        ({"states": ("C", "O p")}, "must be a name"),
        ({"transitions": []}, "transitions of a scheme must be a list"),
        ({"transitions": [3]}, "a transition must be"),
        ({"transitions": [("C", "X", "1")]}, "a transition must be of the states C, O, got 'X'"),
        ({"transitions": [("C", "C", "1")]}, "must lead to another state"),
        ({"transitions": [("C", "O", "1"), ("C", "O", "2")]}, "got C to O twice"),
        ({"transitions": [("C", "O", "-1")]}, "rate must not be negative"),
        ({"open": ()}, "needs an open state"),
        ({"open": ("X",)}, "open must be of the states"),
        ({"initial": "rest"}, "initial must be shares"),
        ({"initial": {"C": 0.5}}, "must add up to 1, got 0.5"),
        ({"initial": {"C": 1.5, "O": -0.5}}, "within"),
        ({"initial": {"X": 1.0}}, "initial must be of the states"),
    ],
)
def test_what_is_no_scheme_is_refused(changes, said):
    with pytest.raises(natrium.ModelError, match=said):
        natrium.Scheme(**GOOD | changes)


def test_two_ends_have_no_one_steady_state():
    trap = natrium.Scheme(("C", "A", "B"), [("C", "A", "1"), ("C", "B", "1")], ("A",))
    with pytest.raises(natrium.ModelError, match="must have one steady state"):
        natrium.Neuron(channels=[natrium.Channel("x", 1.0, 0.0, scheme=trap)]).initial_state()


def test_a_channel_s_names_differ():
    scheme = natrium.Scheme(**GOOD)
    with pytest.raises(natrium.ModelError, match="must differ in name, got C"):
        natrium.Channel("x", 1.0, 0.0, [natrium.Gate("C", alpha="1", beta="1")], scheme=scheme)
    with pytest.raises(natrium.ModelError, match="scheme must be a Scheme"):
        natrium.Channel("x", 1.0, 0.0, scheme="C")


def test_a_file_names_the_place_of_a_fault():
    text = to_toml(
        natrium.Model(
            neuron=natrium.Neuron(channels=[natrium.Channel("x", 1.0, 0.0, scheme=natrium.Scheme(**GOOD))])
        )
    )
    for old, new, said in (
        ('rate = "1"', 'rate = "v"', r"channels\[0\].scheme.transitions\[0\].rate: .*did you mean V"),
        ('open = ["O"]', 'opens = ["O"]', r"channels\[0\].scheme"),
    ):
        with pytest.raises(natrium.ModelError, match=said):
            natrium.loads(text.replace(old, new, 1))
