"""Dimensions of equations: what fits is taken, what does not is named."""

import pytest

import natrium
from natrium.model.dimensions import check_dimensions, words_of

VOLTAGE, CURRENT, CONDUCTANCE, CAPACITANCE, TIME = (0, 1, 0), (0, 0, 1), (0, -1, 1), (1, -1, 1), (1, 0, 0)
ADEX = {
    "I": CURRENT, "w": CURRENT, "b": CURRENT, "C": CAPACITANCE, "g_L": CONDUCTANCE, "a": CONDUCTANCE,
    "E_L": VOLTAGE, "V_T": VOLTAGE, "Delta_T": VOLTAGE, "tau_w": TIME,
}  # fmt: skip


def adex(**changes: str) -> natrium.HybridNeuron:
    equations = {
        "V": "(-g_L*(V - E_L) + g_L*Delta_T*exp((V - V_T)/Delta_T) - w + I)/C",
        "w": "(a*(V - E_L) - w)/tau_w",
    }
    names = ("C", "g_L", "a", "b", "E_L", "V_T", "Delta_T", "tau_w")
    return natrium.HybridNeuron(
        equations=equations | changes,
        parameters=dict.fromkeys(names, 1.5),
        initial={"V": 0.0, "w": 0.0},
        v_thresh=30.0,
        reset={"V": "E_L", "w": "w + b"},
    )


def test_what_fits_is_taken() -> None:
    check_dimensions(adex(), ADEX)


@pytest.mark.parametrize("name", ADEX)
def test_whatever_does_not_fit_is_named(name: str) -> None:
    """Each of them is made a conductance, or a time: V or w, or the reset, says so."""
    other = TIME if ADEX[name] == CONDUCTANCE else CONDUCTANCE
    with pytest.raises(natrium.ModelError, match=r"^(equations\.[Vw]|reset\.w)(: | must be)"):
        check_dimensions(adex(), ADEX | {name: other})


@pytest.mark.parametrize("name", ADEX)
def test_what_has_no_unit_is_not_judged(name: str) -> None:
    check_dimensions(adex(), {key: value for key, value in ADEX.items() if key != name})


@pytest.mark.parametrize(
    ("equation", "said"),
    [
        ("(I - w)/g_L", r"equations\.V must be a voltage per time, got a voltage"),
        ("(I - V)/C", r"equations\.V: what is added must be alike, got .*a (current|voltage), and"),
        ("I/C*exp(V)", r"equations\.V: exp must be of a plain number, got a voltage"),
        ("I*I/C/I/I*I", None),
        ("0.04*V**2 + 5*V + 140 - w + I", r"must be a voltage per time, got a current"),
        ("0.04*V**2 + 5*V + 140", None),  # numbers that hide units
        ("-V/tau_w", None),
        ("sqrt(V*V)/tau_w", None),
        ("max(V, E_L)/tau_w", None),
    ],
)
def test_equations_that_fit_and_others(equation: str, said: str | None) -> None:
    if said is None:
        check_dimensions(adex(V=equation), ADEX)
        return
    with pytest.raises(natrium.ModelError, match=said):
        check_dimensions(adex(V=equation), ADEX)


def test_v_is_a_voltage() -> None:
    with pytest.raises(natrium.ModelError, match="V must be a voltage, got a current"):
        check_dimensions(adex(), {"V": CURRENT})


def test_words() -> None:
    assert [words_of(one) for one in (VOLTAGE, CURRENT, (0, 0, 0), (2, -1, 0))] == [
        "a voltage", "a current", "a plain number", "in ms^2 mV^-1",
    ]  # fmt: skip
