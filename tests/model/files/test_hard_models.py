"""The models of the hard cases: those that are no models are refused, the others are read and kept."""

import json
import math
import time
from pathlib import Path

import pytest

import natrium
from natrium.model.files.writing import to_toml

CASES = {
    case["id"]: case
    for case in json.loads(
        (Path(__file__).parents[2] / "data" / "hard_cases.json").read_text(encoding="utf-8")
    )
}
# Not a model at all; the other cases of this kind are models that no run can finish.
NO_MODEL = {name for name, case in CASES.items() if case["kind"] == "error"} - {"E_tref0_absurd"}


def test_all_cases_are_here() -> None:
    assert len(CASES) == 43
    assert len(NO_MODEL) == 10


@pytest.mark.parametrize("name", sorted(set(CASES) - NO_MODEL))
def test_model_is_read_and_kept(name: str) -> None:
    case = CASES[name]
    try:
        model = natrium.from_dict(case["model"])
    except natrium.ModelError:
        assert "error" in (case["accept"] or [])
        return
    assert natrium.loads(to_toml(model)) == model
    for key, value in case["model"]["neuron"].items():
        assert getattr(model.neuron, key) == value
    assert len(model.neuron.channels) == len(case["model"]["channels"])
    assert len(model.stimulus.parts) == len(case["model"]["stimuli"])
    assert model.simulation.t_end == case["model"]["simulation"]["t_end"]
    assert all(math.isfinite(x) for x in model.neuron.initial_state())
    kernel = natrium.lower(model.neuron.system)
    u, J = -0.5, model.stimulus(0.0)
    assert all(
        math.isfinite(x)
        for x in kernel.event_rhs(u, *model.neuron.initial_state()[1:], J, *kernel.parameters)
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("E_vrest_eq_vth", r"v_reset must be below v_thresh \(-50.0 mV\), got -50.0 mV"),
        ("Q_tau_m_nan", "neuron.tau_m: tau_m must be finite, got nan ms"),
        ("Q_tau_m_neg", "neuron.tau_m: tau_m must be positive, got -10.0 ms"),
        ("Q_tau_m_str", "neuron.tau_m: tau_m must be a number, got '10'"),
        ("Q_unknown_key", "neuron.tau_mm: unknown key"),
        ("Q_stim_amp_nan", r"stimuli\[0\].amplitude: amplitude must be finite, got nan mV"),
        ("Q_stim_off_before_on", r"stimuli\[0\]: stop must not be before start \(5.0 ms\), got 4.0 ms"),
        ("Q_stim_pwl_not_monotone", r"stimuli\[0\].times: times must increase strictly, got 3.0 after 5.0"),
        ("Q_span_reversed", r"simulation: t_end must be after t_start \(10.0 ms\), got 0.0 ms"),
        (
            "Q_init_gates_out_of_range",
            r"channels\[0\].gates\[0\].initial: initial must be within \[0, 1\], got 1.5",
        ),
    ],
)
def test_what_is_no_model_is_refused_by_name(name: str, message: str) -> None:
    begin = time.process_time()
    with pytest.raises(natrium.ModelError, match=message):
        natrium.from_dict(CASES[name]["model"])
    assert time.process_time() - begin < CASES[name]["budget_s"]
