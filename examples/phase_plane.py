"""What kind of neuron is the second script's, and why does it fire?

Writes its phase planes below and above the rheobase into the folder given (by default
``phase_plane_example``).
"""

import sys
from pathlib import Path

import natrium
from natrium.figures import plot_phase_planes

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "phase_plane_example")
folder.mkdir(parents=True, exist_ok=True)
neuron = natrium.notebook.lif_na().neuron

rheobase = natrium.rheobase(neuron)
print(f"rheobase {rheobase.value:.9f} mV, by a {rheobase.cause} at V = {rheobase.V:.6f} mV")

for I in (3.0, 10.0):
    plane = natrium.phase_plane(neuron, I)
    print(f"I = {I:g} mV:")
    for point in plane.equilibria:
        where = "below" if point.below_threshold else "beyond"
        print(f"  {point.kind} at V = {point.V:.6f} mV, h = {point.x:.4f}, {where} the threshold")
    plot_phase_planes(plane).savefig(folder / f"phase_plane_{I:g}mV.png", dpi=150)

cycle = natrium.limit_cycle(neuron, 10.0)
print(f"at 10 mV it fires every {cycle.period:.9f} ms; largest multiplier {cycle.largest_multiplier:.6f}")

gradients = natrium.spike_time_gradients(natrium.notebook.lif_na(), ["I_0", "g_Na"])
print("later spikes per mV more input (ms):", *(f"{value:.4f}" for value in gradients["I_0"]))
print(f"figures: {folder}")
