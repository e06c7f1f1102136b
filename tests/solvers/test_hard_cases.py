"""The 43 models that ordinary event location gets wrong, through Python and through the command line."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from tests.solvers.cases import read, solve

CASES = {case["id"]: case for case in read("hard_cases")}
SETTINGS = {"default": ({}, "tol"), "tightest": ({"rtol": 1e-13}, "tol_tight")}
SOLVERS = {"event": natrium.EventDriven, "compiled": natrium.Compiled}


def outcome(case, solver, options):
    """Give the spike times, or what natrium's error says; any other exception fails the test."""
    try:
        return solve(natrium.from_dict(case["model"]), solver, **options).spike_times
    except natrium.NatriumError as error:
        return str(error)


def judge(case, found, tolerance):
    if case["kind"] == "error" or isinstance(found, str):
        assert isinstance(found, str), f"{len(found)} spikes where an error is due"
        assert len(found) > 20
        assert case["kind"] == "error" or "error" in (case["accept"] or ()), found
        return
    assert len(found) == case["n"]
    expected = np.array([float(spike) for spike in case["spikes"]])
    np.testing.assert_allclose(np.asarray(found)[case["index"]], expected, rtol=0.0, atol=case[tolerance])


def test_all_cases_are_there():
    assert len(CASES) == 43
    assert {case["kind"] for case in CASES.values()} == {"spikes", "either", "error"}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", CASES)
def test_hard_case(name, settings, solver):
    options, tolerance = SETTINGS[settings]
    judge(CASES[name], outcome(CASES[name], SOLVERS[solver], options), tolerance)


@pytest.mark.parametrize("name", CASES)
def test_hard_case_to_the_last_digits(name):
    judge(CASES[name], outcome(CASES[name], natrium.Compiled, {"rtol": 1e-14}), "tol_tight")


@pytest.mark.parametrize("name", ["E_vrest_eq_vth", "Q_tau_m_nan", "Q_span_reversed", "Q_unknown_key"])
def test_a_broken_rule_is_told_by_its_place(name):
    with pytest.raises(natrium.ModelError, match=r"neuron\.tau_m|t_end|v_reset|neuron\.tau_mm"):
        natrium.from_dict(CASES[name]["model"])


def toml(value):
    """Write one value as TOML: enough for the cases, which `natrium.Model` cannot all hold."""
    if isinstance(value, (bool, str)):
        return json.dumps(value)
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return repr(value)


def write(model):
    lines = [f"natrium = {model['natrium']}"]
    for key in ("neuron", "simulation"):
        lines += [f"[{key}]", *(f"{name} = {toml(value)}" for name, value in model[key].items())]
    for channel in model["channels"]:
        lines += ["[[channels]]", *(f"{key} = {toml(channel[key])}" for key in ("name", "g", "E"))]
        for gate in channel["gates"]:
            lines += ["[[channels.gates]]", *(f"{key} = {toml(value)}" for key, value in gate.items())]
    for stimulus in model["stimuli"]:
        lines += ["[[stimuli]]", *(f"{key} = {toml(value)}" for key, value in stimulus.items())]
    return "\n".join(lines)


ON_THE_LINE = [
    "A2_na_const", "B_hump_above_1e-4", "C_pulse_up_down", "F_ref_past_end", "L_start_1e6",
    "E_vrest_eq_vth", "E_tref0_absurd", "Q_tau_m_nan", "Q_tau_m_str", "Q_stim_pwl_not_monotone",
]  # fmt: skip


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", ON_THE_LINE)
def test_hard_case_by_the_command_line(name, settings, tmp_path):
    case, (options, tolerance) = CASES[name], SETTINGS[settings]
    path = tmp_path / "model.toml"
    path.write_text(write(case["model"]))
    extra = [item for key, value in options.items() for item in (f"--{key}", repr(value))]
    result = CliRunner().invoke(app, ["run", str(path), "--json", *extra])
    if case["kind"] == "error":
        assert result.exit_code == (1 if name == "E_tref0_absurd" else 2)
        assert result.stdout == ""
        assert result.stderr.startswith("natrium: ")
        assert "Traceback" not in result.output
        return
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed["n_spikes"] == len(printed["spike_times"])
    judge(case, np.array(printed["spike_times"]), tolerance)
