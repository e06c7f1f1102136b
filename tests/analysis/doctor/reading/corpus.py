"""What the scripts of the corpus mean: read by a person, to be read by the doctor."""

from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[3] / "data" / "scripts"

# Leaky neurons: scheme, then tau_m, v_rest, v_thresh, v_reset, tau_ref.
LEAKY = {
    "backward_euler": ("backward-euler", 10.0, -65.0, -50.0, -65.0, 0.0),
    "class_step_counter": ("euler", 15.0, -65.0, -52.0, -70.0, 2.0),
    "class_update": ("euler", 20.0, -65.0, -50.0, -68.0, 3.0),
    "class_update_current_dt": ("euler", 10.0, -70.0, -55.0, -75.0, 2.0),
    "dict_state": ("euler", 10.0, -70.0, -55.0, -70.0, 2.0),
    "exact_decay": ("exponential-euler", 20.0, -49.0, -50.0, -65.0, 3.0),  # its constant drive in the rest
    "excite": ("euler", 10.0, -70.0, -55.0, -70.0, 2.0),
    "fold": ("euler", 12.0, -65.0, -50.0, -68.0, 0.0),
    "function_dict": ("midpoint", 12.0, -65.0, -50.0, -65.0, 0.0),
    "function_tuple": ("euler", 10.0, -70.0, -54.0, -75.0, 2.0),
    "generator": ("exponential-euler", 10.0, -70.0, -55.0, -70.0, 0.0),
    "globals_step": ("euler", 8.0, -70.0, -50.0, -70.0, 3.0),
    "list_comprehension": ("euler", 10.0, -60.0, -45.0, -60.0, 0.0),
    "loop_arrays": ("euler", 10.0, -70.0, -55.0, -70.0, 0.0),
    "masked_group": ("euler", 20.0, -65.0, -50.0, -65.0, 4.0),
    "noise_drawn_in_loop": ("euler", 15.0, -53.0, -50.0, -65.0, 0.0),
    "odeint_steps": ("odeint", 20.0, -65.0, -50.0, -65.0, 0.0),
    "painted_rc": ("euler", 10.0, 0.0, 1.0, 0.0, 4.0),
    "plot_only": ("euler", 20.0, -70.0, -50.0, -65.0, 0.0),
    "population": ("euler", 20.0, -60.0, -50.0, -70.0, 10.0),
    "population_where": ("euler", 10.0, -70.0, -55.0, -70.0, 2.0),
    "refractory_by_index": ("euler", 12.0, 1.3, 1.0, 0.0, 3.0),
    "rk4_by_hand": ("rk4", 12.0, -65.0, -50.0, -65.0, 0.0),
    "rush_larsen": ("rush-larsen", 10.0, -70.0, -55.0, -70.0, 2.0),
    "seconds_function": ("euler", 20.0, -70.0, -50.0, -75.0, 3.0),
    "sine_input": ("euler", 10.0, 12.0, 15.0, 0.0, 0.0),
    "substeps": ("substeps", 10.0, -65.0, -50.0, -65.0, 0.0),
    "while_lists": ("euler", 10.0, -65.0, -50.0, -70.0, 0.1),  # its painted sample takes a step
    "while_time": ("euler", 20.0, -70.0, -50.0, -60.0, 0.0),
}

# Equations of their own: scheme, kinds of terms, threshold.
OWN = {
    "adex_si": ("euler", {"adaptation", "exponential", "input", "leak"}, 0.0),
    "adex": ("euler", {"adaptation", "exponential", "input", "leak"}, 20.0),
    "clip_and_max": ("sequential-euler", {"adaptation", "leak"}, -55.0),
    "exponential_if": ("euler", {"exponential", "input", "leak"}, -30.0),
    "exponential_update": ("euler", {"exponential", "input", "leak"}, -20.0),
    "izhikevich": ("euler", {"adaptation", "input", "quadratic"}, 30.0),
    "izhikevich_call": ("euler", {"adaptation", "input", "quadratic"}, 35.0),
    "izhikevich_parameters": ("euler", {"adaptation", "input", "quadratic"}, 35.0),
    "namedtuple_state": ("euler", {"adaptation", "input", "leak"}, -50.0),
    "quadratic_if": ("heun", {"quadratic"}, 10.0),
    "rows_of_matrix": ("euler", {"adaptation", "input", "quadratic"}, 30.0),
    "rk4_class": ("rk4", {"adaptation", "input", "leak"}, -52.0),
    "solve_ivp_steps": ("solve_ivp RK45", {"adaptation", "input", "quadratic"}, 30.0),
    "sra_conductance": ("euler", {"adaptation", "leak"}, -54.0),
    "state_vector": ("euler", {"adaptation", "input", "leak"}, -50.0),
}

# Hodgkin and Huxley's membrane in its many forms: scheme.
SQUID = {
    "hh_currents": "euler",
    "hh_class_run": "euler",
    "hh_loop": "euler",
    "hh_odeint": "odeint",
    "hh_rk4_vector": "rk4",
}
