"""What is a scan runs with the slow tests.

A test over many cases keeps some of them among the fast ones; the rest hold the same thing again, at other
numbers. Each line is a file, a test, and a pattern of the cases that move (all of them where it is empty).
"""

import re
from pathlib import Path

import pytest

SCANS = """
analysis/accuracy/test_budget.py::test_one_step_more_in_the_counter_is_found
analysis/accuracy/test_work_precision.py::test_a_silent_model_is_compared_by_its_voltage
analysis/accuracy/test_work_precision.py::test_a_solver_that_cannot_do_the_model_is_left_out
analysis/cycle/test_phase_response.py::test_a_cycle_of_three_spikes
analysis/cycle/test_phase_response.py::test_infinitesimal_and_direct_response_agree  clamp
analysis/cycle/test_phase_response.py::test_the_smooth_cycle_of_hodgkin_and_huxley
analysis/doctor/test_diagnose.py::test_a_class_in_a_file_gets_its_arguments_by_name  Neuron
analysis/doctor/test_diagnose.py::test_a_loop_is_read_from_its_samples  -lif_na2$|seconds|late
analysis/doctor/test_objects.py::test_a_fault_alone_is_named_with_its_line  ^m.*-short$|-lif_na2$|-[^E].*-short$
analysis/doctor/test_objects.py::test_an_honest_variation_has_no_fault_and_its_scheme_is_named  2$|With|1$|Exponential
analysis/doctor/test_objects.py::test_other_claims_are_met_as_well  squid|odd|three|M,|-old$
analysis/doctor/test_objects.py::test_two_faults_are_both_named  Twice|OneStepShort|Squared
analysis/equilibria/test_curve.py::test_no_equilibrium_is_lost  ^[1-9]
analysis/equilibria/test_curve.py::test_random_models_have_folds_among_them
analysis/noise/test_interval_statistics.py::test_intervals_hold_the_truth_as_often_as_they_say
analysis/noise/test_white_noise.py::test_rate_and_cv_solve_the_equations_of_first_passage  ^-30|^-9
analysis/papers/test_adex_reset.py::test_orbits_of_the_reset_are_those_expected
analysis/papers/test_papers.py::test_order_on_the_lif  grid|linear
analysis/papers/test_papers.py::test_threshold_of_the_membrane_action_potential
analysis/papers/test_papers.py::test_where_exponential_euler_is_worse_than_euler
analysis/papers/test_thresholds.py::test_threshold_of_the_sodium_subsystem_goes_with_the_logarithm_of_h
analysis/variation/test_gradients.py::test_refractory_rules_agree_with_central_differences  ^0
analysis/variation/test_gradients.py::test_stiff_gates
cli/test_neuron.py::test_phase_plane_takes_the_largest_input_of_the_file
model/stimuli/test_noise.py::test_halving_the_step_keeps_the_integral_of_white_noise
model/stimuli/test_noise.py::test_membrane_varies_as_white_noise_makes_it
reports/test_reproduce.py::test_progress_and_findings_are_printed_unless_quiet
solvers/compiled/taylor/test_taylor.py::test_a_damaged_file_is_compiled_anew  cut|foreign
solvers/compiled/test_solver.py::test_every_kind_of_input  -lif$|-clamp$
solvers/ensembles/test_schedule.py::test_processes_give_the_same_bits
solvers/ensembles/test_sweep.py::test_a_kill_at_any_instant_loses_and_repeats_nothing  after-.zarr$|before-.nc$
solvers/event_driven/test_promises.py::test_a_peak_just_over_threshold_fires_and_one_just_under_does_not  200
solvers/event_driven/test_promises.py::test_a_start_of_any_depth_is_got_through  1000
solvers/event_driven/test_promises.py::test_deep_inhibition_of_any_depth_is_got_through  300|10000
solvers/event_driven/test_solver.py::test_error_against_the_closed_form  1e-07
solvers/fixed_step/test_solver.py::test_clamped_gates_converge_to_the_clamped_truth  rk4|heun|exponential
solvers/fixed_step/test_solver.py::test_observed_order_is_the_lesser_of_scheme_and_spike_rule  ^lif_na|grid|-(exponential|heun)
solvers/test_hard_cases.py::test_hard_case  tightest
solvers/test_hard_cases.py::test_hard_case_to_the_last_digits
solvers/test_laws.py::test_two_channels_alike_are_one_of_twice_the_conductance
solvers/test_refractory.py::test_a_rule_in_closed_form_is_one_entry_for_the_analyses
solvers/test_reliability.py::test_the_estimate_is_calibrated_on_random_models
solvers/test_spike_trains.py::test_a_spread_of_inputs_fires_as_often_and_as_late_as_the_reference  [0124-8]$
"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    scans: dict[str, re.Pattern[str]] = {}
    for line in SCANS.split("\n"):
        name, _, pattern = line.partition("  ")
        scans[name] = re.compile(pattern)
    for item in items:
        name = f"{item.path.relative_to(tests).as_posix()}::{getattr(item, 'originalname', item.name)}"
        if name in scans and scans[name].search(item.callspec.id if hasattr(item, "callspec") else ""):
            item.add_marker(pytest.mark.slow)
