"""The design's example of a model file."""

DESIGN = """
natrium = 1

[neuron]
tau_m = 10.0        # ms
tau_ref = 2.0       # ms
v_rest = -70.0      # mV
v_thresh = -55.0    # mV
refractory = "hold" # or "clamp"

[[channels]]
name = "Na"
g = 120.0           # relative to the leak conductance
E = 50.0            # mV
[[channels.gates]]
name = "m"
power = 3
alpha = "0.1*(V + 40)/(1 - exp(-(V + 40)/10))"   # per ms; or inf = "...", tau = "..." instead of alpha, beta
beta = "4*exp(-(V + 65)/18)"
initial = 0.0       # or "steady-state", the default
[[channels.gates]]
name = "h"
power = 1
alpha = "0.07*exp(-(V + 65)/20)"
beta = "1/(1 + exp(-(V + 35)/10))"
initial = 1.0

[[stimuli]]
kind = "step"
amplitude = 10.0
start = 20.0
stop = 100.0

[simulation]
t_start = 0.0
t_end = 100.0
solver = "event"
method = "auto"
rtol = 1e-9
"""
