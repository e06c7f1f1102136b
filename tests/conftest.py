"""What is a scan runs with the slow tests.

A test over many cases keeps some of them among the fast ones; the rest hold the same thing again, at other
numbers. Each line is a file, a test, and a pattern of the cases that move (all of them where it is empty).
"""

import gc
import multiprocessing
import os
import re
from collections.abc import Callable
from functools import cache
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

import pytest
import typer.testing

SCANS = r"""
analysis/accuracy/test_budget.py::test_one_step_more_in_the_counter_is_found
analysis/accuracy/test_budget.py::test_parts_sum_to_the_whole  lif_na2
analysis/accuracy/test_budget.py::test_samples_between_the_grid_s_times_are_no_fault_at_an_input_edge
analysis/accuracy/test_budget.py::test_the_two_totals_nearly_cancel_against_the_other_model
analysis/accuracy/test_convergence.py::test_luck_on_the_grid_does_not_count
analysis/accuracy/test_script.py::test_the_counter_holds_one_step_more_where_its_rest_stays_above_zero  ^0\.001-2001$
analysis/accuracy/test_work_precision.py::test_a_silent_model_is_compared_by_its_voltage
analysis/accuracy/test_work_precision.py::test_a_solver_that_cannot_do_the_model_is_left_out
analysis/accuracy/test_work_precision.py::test_errors_fall_with_the_work_put_in
analysis/accuracy/test_work_precision.py::test_what_would_take_too_many_calls_is_left_out_and_named
analysis/continuation/test_continued.py::test_a_cycle_of_two_spikes_comes_back_to_that_of_one
analysis/continuation/test_continued.py::test_no_branch_is_lost_at_a_fold
analysis/continuation/test_continued.py::test_periods_double_and_double_again
analysis/continuation/test_continued.py::test_rest_and_saddle_vanish_beside_a_cycle
analysis/continuation/test_cycle_loci.py::test_curves_of_a_map_in_closed_form  fold
analysis/continuation/test_cycle_loci.py::test_folds_of_smooth_cycles_in_closed_form
analysis/continuation/test_diagram.py::test_a_small_cycle_is_followed_from_its_hopf_point
analysis/continuation/test_diagram.py::test_firing_is_that_of_runs
analysis/continuation/test_plane_map.py::test_curves_of_cycles_go_through_what_other_rows_find
analysis/continuation/test_plane_map.py::test_folds_of_cycles_stand_in_its_data
analysis/continuation/test_plane_map.py::test_it_is_drawn
analysis/continuation/test_plane_map.py::test_states_are_those_of_runs
analysis/continuation/test_plane_map.py::test_the_rest_at_the_threshold_is_a_line
analysis/cycle/test_phase_response.py::test_a_cycle_of_three_spikes
analysis/cycle/test_phase_response.py::test_infinitesimal_and_direct_response_agree  clamp
analysis/cycle/test_phase_response.py::test_the_smooth_cycle_of_hodgkin_and_huxley
analysis/cycle/test_return_map.py::test_what_a_cycle_claims_bounds_its_distance_from_one_at_fine_tolerances  [1-9]
analysis/doctor/reading/test_corpus.py::test_a_leaky_neuron  step_counter|^loop_arrays$|^fold$
analysis/doctor/reading/test_corpus.py::test_units_are_found
analysis/doctor/reading/test_habits.py::test_numbers_are_followed_wherever_they_are_kept  text[1-3]
analysis/doctor/reading/test_habits.py::test_spikes_that_come_in_are_incoming_spikes  text0|text1
analysis/doctor/reading/test_claimed.py::test_a_fault_is_named_by_its_line  dv, d|0\.05|round|since
analysis/doctor/reading/test_no_claim.py::test_a_fault_is_named_by_its_line_without_a_claim  round\(t_ref|wait|4\.0 \* exp
analysis/doctor/reading/test_planted.py::test_a_fault_is_named_by_its_line  izhikevich|rk4_by_hand|^seconds_function-R \* current-C \* current-wrong-name-R\*$|^loop_arrays--\(V\[i\] - EL\)-\(V\[i\] - EL\)-leak-sign-V - EL$|^seconds_function-wait -= 1-wait -= 2-refractory-length-$|^class_update-< self\.t_ref-< 2 \* self\.t_ref-refractory-length-$|^fold-if v >= THRESHOLD-if v <= THRESHOLD-threshold-direction-v > THRESHOLD$
analysis/doctor/reading/test_planted.py::test_a_sound_script_has_none_against_its_own_model  ^izhikevich_call$
analysis/doctor/reading/claims/test_noisy.py::test_noise_with_a_memory_is_the_input_that_the_claim_has  ^script[2-8]
analysis/doctor/reading/faults/test_in_turns.py::test_a_parameter_made_by_whole_numbers_is_told  ^1 / |^100
analysis/doctor/reading/faults/test_stages.py::test_a_slip_in_the_slope_of_one_state_is_told  ^kv3|^ku2
analysis/doctor/reading/test_styles.py::test_a_large_current_is_not_simplified_for_ever
analysis/doctor/recordings/test_tuning.py::test_rates_that_differ_are_told  shifted|turned|warmed
analysis/doctor/test_diagnose.py::test_a_class_in_a_file_gets_its_arguments_by_name  Neuron
analysis/doctor/test_diagnose.py::test_a_loop_is_read_from_its_samples  -lif_na2$|seconds|late
analysis/doctor/test_diagnose.py::test_an_input_that_varies_is_read_at_its_time  ^stimulus2-options2-expected2$|^stimulus4-options4-expected4$
analysis/doctor/test_faults.py::test_a_fault_alone_is_named_with_its_line  ^m.*-short$|-lif_na2$|-[^E].*-short$|^membrane-[H-Z].*-lif$
analysis/doctor/test_faults.py::test_an_honest_variation_has_no_fault_and_its_scheme_is_named  2$|With|1$|Exponential
analysis/doctor/test_faults.py::test_two_faults_are_both_named  Twice|OneStepShort|Squared
analysis/doctor/test_objects.py::test_other_claims_are_met_as_well  squid|odd|three|M,|-old$
analysis/doctor/test_objects.py::test_what_update_gives_back_is_not_what_is_read  text|nan|two
analysis/doctor/trace/test_numba_layer.py::test_what_numba_compiles_is_read_and_gives_the_same_doubles  ^with options$|^of the module$
analysis/doctor/trace/test_traced.py::test_many_substeps_are_one_map
analysis/doctor/trials/test_settle.py::test_a_slip_is_told_by_its_line_alone  t_ref|begin
analysis/doctor/trials/test_settle.py::test_what_an_input_lacks_is_told_where_it_is_read  k - 1
analysis/equilibria/test_coupled.py::test_calcium_is_not_below_zero  ^Ca
analysis/equilibria/test_coupled.py::test_isolated_together_they_are_those_found_along_v  ^-10.0-two|^0\.0-two$|^-10\.0-sodium$
analysis/equilibria/test_coupled.py::test_the_curve_of_any_number_of_states_goes_through_what_is_isolated_at_one_input
analysis/equilibria/test_coupled.py::test_two_compartments_need_each_other_and_nothing_else
analysis/equilibria/test_curve.py::test_a_saddle_is_where_the_curve_falls
analysis/equilibria/test_curve.py::test_every_equilibrium_balances_within_its_range  ^-60\.0-axon$
analysis/equilibria/test_curve.py::test_no_equilibrium_is_lost  ^[1-9]
analysis/equilibria/test_curve.py::test_random_models_have_folds_among_them
analysis/equilibria/test_curve.py::test_the_squid_axon_loses_its_rest_in_a_subcritical_hopf_point
analysis/equilibria/test_driven.py::test_a_reset_onto_the_threshold_is_started_from
analysis/equilibria/test_driven.py::test_an_integrator_without_a_leak_fires_from_where_V_stays  ^0.5|^-2
analysis/equilibria/test_implicit.py::test_a_scheme_rests_where_its_gates_do
analysis/equilibria/test_implicit.py::test_the_fold_is_where_a_formula_says
analysis/equilibria/test_implicit.py::test_where_rates_are_too_far_apart_for_bounds_the_curve_is_searched
analysis/excitability/test_bracket.py::test_an_oscillation_reaches_the_threshold_where_its_cycle_touches_it
analysis/excitability/test_bracket.py::test_no_digit_is_told_that_no_double_holds
analysis/excitability/test_ending.py::test_a_cycle_whose_period_doubles_where_nothing_goes_on_ends_there
analysis/excitability/test_ending.py::test_a_finite_rate_is_that_of_the_last_cycle
analysis/excitability/test_ending.py::test_below_a_hard_hopf_point_firing_goes_on
analysis/excitability/test_ending.py::test_firing_of_the_squid_axon_ends_at_its_fold_of_cycles
analysis/excitability/test_ending.py::test_what_ends_otherwise_has_no_such_end
analysis/excitability/test_ending.py::test_where_firing_ends_does_not_hang_on_how_long_the_first_run_was
analysis/excitability/test_rheobase.py::test_a_saddle_that_is_there_is_not_denied
analysis/excitability/test_rheobase.py::test_no_class_is_claimed_where_no_law_fits
analysis/excitability/test_steady.py::test_just_above_a_fold_it_fires_however_long_that_takes
analysis/excitability/test_strength_duration.py::test_a_cell_that_accommodates_has_a_lower_rheobase_for_pulses
analysis/excitability/test_strength_duration.py::test_pulses_by_sections_are_those_by_halves
analysis/forcing/test_locking.py::test_derivatives_are_those_of_the_equations  ^(pulses|gates|two sines|late)-(amplitude|tau_ref)$|^(pulses|two sines)-period$|^refractory flow-amplitude$
analysis/forcing/test_locking.py::test_runs_beside_the_edges_lock_within_and_not_outside  low
analysis/forcing/test_locking.py::test_tongues_open_as_the_phase_response_says
analysis/forcing/test_rotation.py::test_tongues_have_the_plateaus_of_single_amplitudes_and_their_tips
analysis/noise/test_fokker_planck.py::test_fast_noise_shifts_threshold_and_reset
analysis/noise/test_interval_statistics.py::test_intervals_hold_the_truth_as_often_as_they_say
analysis/noise/test_white_noise.py::test_ensemble_has_the_rate_and_cv_of_the_closed_form  ^2\.0-18
analysis/noise/test_white_noise.py::test_rate_and_cv_solve_the_equations_of_first_passage  ^-30|^-9|^-4\.0-1\.0-0\.0$|^-4\.0-1\.0-2\.0$|^-1|^-2
analysis/noise/test_white_noise.py::test_rate_has_its_digits  ^-7|^-80\.0-1\.2$|^-55\.1-0\.005$
analysis/papers/test_adex_reset.py::test_orbits_of_the_reset_are_those_expected
analysis/papers/test_cycles_published.py::test_every_row_holds
analysis/papers/test_cycles_published.py::test_the_fold_of_cycles_by_scipy
analysis/papers/test_equilibria_published.py::test_every_row_holds
analysis/papers/test_equilibria_published.py::test_formula_and_curve_are_two_ways
analysis/papers/test_forced_and_noisy.py::test_every_row_holds
analysis/papers/test_papers.py::test_as_data_is_plain
analysis/papers/test_papers.py::test_leading_errors_are_those_of_the_schemes_as_the_step_shrinks
analysis/papers/test_papers.py::test_order_on_the_lif  grid|linear|^heun-cubic$
analysis/papers/test_papers.py::test_order_on_the_second_script_s_model  ^exponential-euler-cubic$|^sequential-euler-linear$
analysis/papers/test_papers.py::test_threshold_of_the_membrane_action_potential
analysis/papers/test_papers.py::test_where_exponential_euler_is_worse_than_euler
analysis/papers/test_papers.py::test_wrong_expectations_fail
analysis/papers/test_thresholds.py::test_threshold_of_the_sodium_subsystem_goes_with_the_logarithm_of_h
analysis/phase_plane/test_plane.py::test_equilibria_agree_with_a_search_of_its_own  ^steady$|^two, (second|common)$|^folded$
analysis/phase_plane/test_plane.py::test_minus_forty_is_inside_without_warning_or_hole  two, (second|common)|vertical|^steady$|^squid$|^folded$
analysis/phase_plane/test_plane.py::test_no_branch_is_lost_or_joined_falsely  ^squid$|^folded$|^steady$|^two, (second|common)$
analysis/phase_plane/test_plane.py::test_nullclines_are_zeros_continuous_and_within  ^squid$|^folded$|^steady$|^two, (second|common)$
analysis/test_any_neuron.py::test_every_analysis_answers_or_names_what_it_needs  ^channels-(onset|strength_duration)|^quadratic-spike_time_gradients|^izhikevich-rheobase$|^channels-describe$|^izhikevich-onset$|^izhikevich-strength_duration$|^izhikevich-describe$
analysis/test_any_neuron.py::test_the_izhikevich_neuron_s_rest_is_lost_in_its_hopf_point
analysis/test_clamp.py::test_every_channel_under_a_ramp_agrees_with_its_own_equations  ^[a-g]|^[j-z]|^huguenard_mccormick_a$|^hh_sodium$
analysis/test_other_units.py::test_a_run_and_its_states  ^(seconds|SI in ms)$
analysis/test_other_units.py::test_compiled_runs  ^(seconds|SI in ms)$
analysis/test_other_units.py::test_cycles  ^(seconds|SI in ms)$
analysis/test_other_units.py::test_cycles_without_resets  ^(seconds|SI in ms)$
analysis/test_other_units.py::test_folds_and_hopf_points  ^(seconds|SI in ms)$
analysis/test_other_units.py::test_gradients  ^(seconds|SI in ms)$
analysis/test_other_units.py::test_rate_against_input  ^(seconds|SI in ms)$
analysis/test_other_units.py::test_the_rheobase  ^leaky-(seconds|SI in ms)$
analysis/variation/test_branches.py::test_gradients_are_those_of_differences  ^b$|^(tau_ref|v_init|offset_0)$
analysis/variation/test_branches.py::test_multipliers_are_those_of_the_return_map
analysis/variation/test_collocation.py::test_gradients_agree_with_those_integrated_by_scipy  2|3|^sine$|^step$|^quick scheme$
analysis/variation/test_equations.py::test_derivatives_of_the_flow  ^-71|^10
analysis/variation/test_equations.py::test_the_final_state_through_spikes
analysis/variation/test_fit.py::test_compiled_or_not_a_fit_finds_the_same
analysis/variation/test_gradients.py::test_constants_of_rates_are_parameters  clamp|branches|scheme
analysis/variation/test_gradients.py::test_refractory_rules_agree_with_central_differences  ^0|3.0-hold
analysis/variation/test_gradients.py::test_stiff_gates
analysis/variation/test_gradients.py::test_the_notebook_model_agrees_with_central_differences
cli/test_doctor.py::test_a_script_is_run_when_told_to_and_told_what_it_does  ^right.py:
cli/test_neuron.py::test_a_membrane_without_threshold_has_a_smooth_cycle
cli/test_neuron.py::test_phase_plane_takes_the_largest_input_of_the_file
cli/test_new.py::test_a_script_is_held_against_equations
cli/test_units.py::test_excitability_in_pA
explore/test_solver.py::test_stiff_models_go_by_implicit_steps
export/test_python.py::test_spikes_are_natrium_s  ^(no input|sine|gaussian|lines|hold|kinetic|inf and tau|constant field|calcium|no reset)$
export/test_script.py::test_spikes_are_the_twin_s  ^(no input|sine|gaussian|lines|hold|kinetic|inf and tau|constant field|calcium|no reset)$
export/test_writing.py::test_an_estimate_is_the_twin_s_and_a_measurement_the_file_s
figures/test_axes.py::test_panels_go_into_a_part_of_a_figure  ^planes$|^equilibria$
figures/test_comparison.py::test_comparison_has_the_panels_that_the_model_asks_for  ^lif_na2$
figures/test_phase_plane.py::test_legend_names_what_is_there  ^slice$|^clamp$
figures/test_phase_plane.py::test_nothing_is_cut_and_labels_have_units  slice|clamp|rest
imports/neuron_check/test_compare.py::test_what_differs_is_told
model/expressions/test_constants.py::test_a_sweep_varies_them
model/files/test_new.py::test_a_template_is_a_model_that_fires  ^two-compartments$|^hodgkin-huxley$|^bursting$|^synapses$
model/files/test_toml.py::test_every_kind_of_stimulus_has_its_keys  ^recording$
model/stimuli/test_noise.py::test_halving_the_step_keeps_the_integral_of_white_noise
model/stimuli/test_noise.py::test_membrane_varies_as_white_noise_makes_it
model/stimuli/test_noise.py::test_solvers_see_the_same_input  ^5\.0-linear$|^0\.0-linear$
model/stimuli/test_recordings.py::test_a_current_is_the_numbers_that_were_written  nix
model/stimuli/test_recordings.py::test_a_nix_file_that_neo_did_not_write
model/stimuli/test_recordings.py::test_channels_and_samples_at_one_time
model/stimuli/test_recordings.py::test_recorded_spikes_are_those_given_as_numbers  nix
model/stimuli/test_recordings.py::test_trains_of_a_run_are_found_again
model/stimuli/test_recordings.py::test_what_is_wrong_is_told  nix
model/stimuli/test_recordings.py::test_what_is_wrong_with_spikes_is_told
model/stimuli/test_spikes.py::test_gradients_are_those_of_differences  ^(g_|E_|delay|v_)
model/stimuli/test_spikes.py::test_other_solvers_carry_it_or_say_why_not
model/test_calcium.py::test_analyses_that_follow_runs_take_it
model/test_calcium.py::test_the_equilibrium_has_its_calcium_and_its_gates
model/test_calcium.py::test_what_moves_while_v_is_held_is_integrated_where_it_has_no_closed_form
model/test_channel.py::test_a_gate_is_faster_by_its_q10  16.3|26.3
model/test_channel.py::test_everything_else_takes_it_too
model/test_channel.py::test_temperature_is_a_parameter_to_sweep
model/test_channels.py::test_connor_and_stevens_cell_rests_at_minus_68
model/test_channels.py::test_the_cortical_cell_fires_from_its_fold_on
model/test_hybrid_neuron.py::test_gradients_reach_a_high_cut_off
model/test_ions.py::test_equilibria_of_a_constant_field_are_where_its_equations_vanish
model/test_kept.py::test_two_processes_at_once_and_a_third_give_the_same
model/test_rates.py::test_catalogue_rate_agrees_with_mpmath  ^[a-gi-z]|^0|^\(
model/test_scheme.py::test_equilibria_of_a_large_scheme_are_those_of_its_gates
model/test_scheme.py::test_folds_and_hopf_points_of_a_large_scheme_are_those_of_its_gates
model/test_scheme.py::test_gradients_are_those_of_the_gates
model/test_scheme.py::test_spikes_are_those_of_the_gates_it_is_made_of  ^hold-compiled$|^clamp-compiled$
model/test_synapse.py::test_gradients_by_weight_time_and_time_constants  4.0|clamp
model/test_synapse.py::test_runs_are_those_of_an_independent_integration  ^hold-compiled$|^clamp-compiled$
reports/test_reproduce.py::test_every_figure_is_there_as_png_and_svg
reports/test_reproduce.py::test_findings_are_printed_unless_quiet
reports/test_said.py::test_every_number_that_is_said_stands_in_the_data  ^phase plane|^fit
reports/test_said.py::test_every_report_has_a_manifest  while it fires|fit|^phase plane$
solvers/compiled/taylor/test_taylor.py::test_a_crowd_of_any_order_is_the_single_lane  24|2
solvers/compiled/taylor/test_taylor.py::test_a_damaged_file_is_compiled_anew
solvers/compiled/taylor/test_taylor.py::test_a_folder_that_cannot_be_written_to_does_no_harm
solvers/compiled/taylor/test_taylor.py::test_a_lane_alone_is_the_lane_among_others_bit_for_bit  bernoulli|of a|power|sqrt|^sin|^cos|product$|exprel in|^quotient$|^log$|^inverse square$
solvers/compiled/taylor/test_taylor.py::test_a_second_process_starts_from_what_the_first_has_kept
solvers/compiled/taylor/test_taylor.py::test_coefficients_are_those_of_mpmath  of a|product$|squared|power|^sin|^cos|bernoulli (above|at)|log|^exprel$|^bernoulli below zero$|^erf$|^inverse square$|^exp with a
solvers/compiled/taylor/test_taylor.py::test_orders_in_line_and_in_a_loop_are_the_same_bits  of a|product$|power|^bernoulli squared$|^quotient$|^exp in one piece$|^log$|^sin$
solvers/compiled/taylor/test_taylor.py::test_two_roundings_are_as_good_as_one  fifth|tanh
solvers/compiled/test_lane_jumps.py::test_a_run_in_a_crowd_is_the_run_alone  V that
solvers/compiled/test_lane_jumps.py::test_spikes_that_come_in_are_those_of_the_event_driven_solver  ^V that goes on$|^V that goes on, held$
solvers/compiled/test_lane_sides.py::test_a_branch_is_that_of_the_event_driven_solver  ^a floor under tau$|^a rate by cases$|^a start on|^a size$
solvers/compiled/test_lane_sides.py::test_a_run_in_a_crowd_is_the_run_alone  floor|cases
solvers/compiled/test_lanes.py::test_every_parameter_may_vary  steady
solvers/compiled/test_lanes.py::test_shuffling_runs_changes_no_bit
solvers/compiled/test_lanes.py::test_the_rest_in_lanes_is_the_system_s_own_law
solvers/compiled/test_own_equations.py::test_a_prepared_run_starts_from_any_state
solvers/compiled/test_own_equations.py::test_a_run_in_a_crowd_is_the_run_alone  squid|exponential|adex|hodgkin|^two-compartments$|^morris-lecar$
solvers/compiled/test_own_equations.py::test_a_template_is_what_an_integration_by_hand_gives  two-comp|^hodgkin-huxley$|^bursting$
solvers/compiled/test_own_equations.py::test_errors_told_bound_those_that_are  squid|^two-compartments$|^hodgkin-huxley$
solvers/compiled/test_solver.py::test_every_kind_of_input  -lif$|-clamp$
solvers/compiled/test_solver.py::test_spike_train  ^r
solvers/ensembles/test_schedule.py::test_a_machine_without_threads_and_processes_runs_ensembles
solvers/ensembles/test_schedule.py::test_a_solver_that_cannot_says_so_from_there
solvers/ensembles/test_schedule.py::test_processes_give_the_same_bits
solvers/ensembles/test_simulate_many.py::test_chunks_threads_and_order_change_no_bit_of_compiled_runs  ^pulses$
solvers/ensembles/test_sweep.py::test_a_kill_at_any_instant_loses_and_repeats_nothing  after-.zarr$|before-.nc$
solvers/ensembles/test_sweep.py::test_two_at_once_are_refused
solvers/event_driven/test_fast_gates.py::test_a_gate_of_any_speed_costs_five_times_an_instantaneous_one_at_most  -1e-(10|6|4|2)$
solvers/event_driven/test_promises.py::test_a_graze_within_the_error_is_flagged_with_its_time  ^-1-RK45
solvers/event_driven/test_promises.py::test_a_peak_just_over_threshold_fires_and_one_just_under_does_not  200|RK45
solvers/event_driven/test_promises.py::test_a_start_of_any_depth_is_got_through  1000
solvers/event_driven/test_promises.py::test_an_expression_is_the_stimulus_that_it_spells  ^narrow, told-auto$
solvers/event_driven/test_promises.py::test_an_input_that_is_not_finite_is_named_with_its_time  Radau
solvers/event_driven/test_promises.py::test_deep_inhibition_of_any_depth_is_got_through  300|10000|1500
solvers/event_driven/test_solver.py::test_error_against_the_closed_form  1e-07|Radau-s
solvers/event_driven/test_solver.py::test_error_against_the_reference  Radau-(r|na)|auto-(na2|r01)
solvers/event_driven/test_strides.py::test_record_gives_what_the_ordinary_way_gives  held|^with a sine, spikes and a ramp$|^linear$
solvers/event_driven/test_surfaces.py::test_a_cut_off_nearer_than_a_unit_of_time_is_reached  Radau
solvers/event_driven/test_surfaces.py::test_runs_agree_with_those_split_by_hand  Radau|^Izhikevich, two slopes-RK45$|^by the input-RK45$|^rectified-RK45$|^Izhikevich, two slopes-auto$
solvers/exchange/test_blocks.py::test_a_run_through_nix_is_the_same
solvers/exchange/test_blocks.py::test_what_was_written_is_run_and_fitted_to
solvers/fixed_step/test_solver.py::test_a_reset_onto_the_threshold_from_where_V_falls_is_no_spike  ^rk4-(0.25|1.0)$|^heun-(0.0|1.0)$
solvers/fixed_step/test_solver.py::test_clamped_gates_converge_to_the_clamped_truth  rk4|heun|exponential
solvers/fixed_step/test_solver.py::test_observed_order_is_the_lesser_of_scheme_and_spike_rule  ^lif_na|grid|-(exponential|heun)|euler-cubic|rk4-linear
solvers/test_accurate.py::test_the_tolerance_means_the_same  ^1e-09
solvers/test_closed_form.py::test_a_touch_below_rounding_ends
solvers/test_hard_cases.py::test_hard_case  tightest
solvers/test_hard_cases.py::test_hard_case_to_the_last_digits
solvers/test_laws.py::test_a_channel_of_no_conductance_is_no_channel
solvers/test_laws.py::test_a_run_that_ends_earlier_is_the_beginning_of_the_longer_one
solvers/test_laws.py::test_a_step_in_two_is_the_step
solvers/test_laws.py::test_gates_stay_between_zero_and_one
solvers/test_laws.py::test_scaling_all_times_scales_spikes
solvers/test_laws.py::test_two_channels_alike_are_one_of_twice_the_conductance
solvers/test_public.py::test_a_published_neuron_fires_when_it_should  resurgent|six states|soma and|dendrite-|reduced pyr|calcium burster|rebound|^pacemaker-equations-event$|^three-variable burster-equations-event$|^fast interneuron-channels-compiled$
solvers/test_public.py::test_finer_tolerances_come_as_near_as_doubles_do  resurgent|six states|rebound|^soma and dendrite$|^adaptation by calcium in the dendrite$|^reduced pyramidal cell$|^three-variable burster$
solvers/test_refractory.py::test_a_rule_in_closed_form_is_one_entry_for_fixed_steps
solvers/test_refractory.py::test_a_rule_in_closed_form_is_one_entry_for_the_analyses
solvers/test_reliability.py::test_the_estimate_is_calibrated_on_random_models
solvers/test_spike_trains.py::test_a_spread_of_inputs_fires_as_often_and_as_late_as_the_reference
solvers/test_spike_trains.py::test_spike_train  ^r
solvers/test_trajectory.py::test_dense_output_is_a_fresh_run_that_ends_there  ^Radau$|^compiled$|^DOP853$
test_copies.py::test_a_copy_says_the_same  fit-|smooth cycle-|^what is prepared-pickle$|^a budget-pickle$|^a comparison-pickle$|^a phase response-pickle$|^a script's reading-pickle$|^what a reading found-pickle$|^a phase plane-pickle$
test_copies.py::test_every_public_result_is_tried
test_docs.py::test_examples_run  reproduce|phase|accuracy|xor
"""


# What takes more than a fifth of a second, and is no scan, stands in a file of its own.
DEAR = frozenset(
    line
    for line in (Path(__file__).parent / "slow.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)

# What takes longest comes first, so that no process is left with it when the others are done.
LONG = [
    "solvers/test_spike_trains.py::test_a_third_of_the_rate_curve",
    "solvers/test_reliability.py::test_the_estimate_is_calibrated_on_five_hundred_random_models",
    "analysis/excitability/test_rheobase.py::test_a_cell_whose_channels_outweigh_its_leak_by_thousands_has_a_rheobase",
    "analysis/doctor/reading/test_planted.py::test_nearly_all_faults_are_named_and_no_other_line",
    "reports/test_reproduce.py::test_with_dynamics_and_papers_the_report_is_whole",
    "solvers/ensembles/test_sweep_kills.py::test_killed_at_any_moment_it_resumes_to_the_same_bits",
    "model/test_store.py::test_four_processes_compile_at_once",
    "cli/test_sweep.py::test_a_killed_sweep_finishes_what_is_missing_and_nothing_twice",
    "cli/test_kills.py::test_a_report_killed_at_random_moments_holds_whole_files_only",
    "cli/test_fuzz.py::test_two_thousand_mutated_files_end_well",
    "analysis/continuation/test_continued.py::test_the_squid_axon_from_hopf_point_to_hopf_point",
    "analysis/papers/test_adex_reset.py::test_all_of_the_figure_holds",
    "test_resources.py::test_many_runs_leave_nothing",
    "test_resources.py::test_models_that_differ_in_numbers_leave_nothing",
]


# What starts apart, and what that would import at its first file: dask, pint and more, which take longer than it.
APART = [
    "tests.cli.test_kills", "tests.solvers.ensembles.test_sweep_kills",
    "natrium.analysis", "natrium.reports", "natrium.figures",
    "xarray", "netCDF4", "zarr", "dask.array", "distributed", "filelock", "pint", "sympy.tensor.tensor",
]  # fmt: skip


@pytest.fixture(scope="session")
def fresh() -> BaseContext:
    """Give a maker of processes that start in milliseconds, with all imported: kills meet them at their work."""
    context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    context.set_forkserver_preload(APART)
    return context


@pytest.fixture(scope="session")
def undrawn() -> Callable[[pytest.MonkeyPatch], None]:
    """Give what puts stubs in the place of a report's figures, where what is asserted is not drawn."""

    def leave(figure: object, folder: Path, name: str) -> None:
        for kind, content in (("png", b"\x89PNG"), ("svg", b"<svg></svg>")):
            (folder / f"{name}.{kind}").write_bytes(content)

    return lambda patch: patch.setattr("natrium.reports.output.save_figure", leave)


# Each process has a processor of its own: libraries that would take others have theirs wait for nothing.
for _threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

# One process meets more models here than any other: SymPy may remember more of them. It asks when it is imported.
os.environ.setdefault("SYMPY_CACHE_SIZE", "10000")

# A command line is built of all its verbs each time it is asked for, which takes longer than most of them.
typer.testing._get_command = cache(typer.testing._get_command)

# Much that is made here lives (trees of tests, SymPy's expressions), and each look at it all takes a while.
gc.set_threshold(50_000, 20, 20)


def pytest_collection_finish() -> None:
    """Look for garbage in what comes after the collection only, and not at every thousandth expression."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    scans: dict[str, re.Pattern[str]] = {}
    places: dict[pytest.Item, int] = {}
    for line in SCANS.strip().split("\n"):
        name, _, pattern = line.partition("  ")
        assert name not in scans, f"SCANS has {name} twice"
        scans[name] = re.compile(pattern)
    for item in items:
        file = item.path.relative_to(tests).as_posix()
        name = f"{file}::{getattr(item, 'originalname', item.name)}"
        if f"{file}::{item.name}" in DEAR:
            item.add_marker(pytest.mark.slow)
        if name in scans and scans[name].search(item.callspec.id if hasattr(item, "callspec") else ""):
            item.add_marker(pytest.mark.slow)
        places[item] = LONG.index(name) if name in LONG else len(LONG)
    items.sort(key=places.__getitem__)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each process a run of tests of its own, so that a file's tests share what they solve."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)
