"""Everything that a user gets can be pickled and copied, and says the same afterwards."""

import copy
import pickle
from functools import cache
from pathlib import Path

import attrs
import numpy as np
import pytest
import sympy

import natrium
from natrium.analysis.cycle.cobweb import cobweb
from natrium.analysis.doctor.reading.findings.found import Found
from natrium.analysis.doctor.unmoved import Unmoved
from natrium.analysis.portrait import dynamics
from natrium.analysis.result import Result
from natrium.export.standard import StandardRow, StandardRun
from natrium.imports.neuron_check.compare import Checked
from natrium.imports.neuron_check.measure import CheckedFile
from natrium.imports.result import Imported

LIF = natrium.notebook.lif()
MODEL = natrium.notebook.lif_na()
NA, DRIVE = MODEL.neuron, MODEL.stimulus
SMOOTH = natrium.Neuron(
    tau_m=1.0 / 0.3,
    v_rest=-54.4,
    v_thresh=None,
    v_init=-65.0,
    channels=(natrium.CHANNELS["hh_sodium"], natrium.CHANNELS["hh_potassium"]),
)
V, w, I = sympy.symbols("V w I", real=True)
OWN = natrium.HybridNeuron(
    equations={"V": V**2 - w + I, "w": (V - w) / 10},
    initial={"V": 0.0, "w": 0.0},
    v_thresh=30.0,
    reset={"V": -1.0, "w": w + 1},
)
CORNERED = natrium.HybridNeuron(
    equations={"V": "0.5*V - w + I", "w": "where(V < 3, 1, 0.1)*(2*V - w)"}, initial={"V": 0.0, "w": 0.0}
)
ON = natrium.Neuron(), natrium.Constant(20.0)
SCRIPTS = Path(__file__).parent / "data" / "scripts"

SINE = natrium.Sine(3.0, 50.0, offset=18.0)
MAKERS = {
    "a run of the standard": lambda: StandardRun("script", "scipy", 0.01, (StandardRow("LIF", 3),)),
    "a model": lambda: MODEL,
    "a neuron without threshold": lambda: SMOOTH,
    "own equations": lambda: OWN,
    "a kernel": lambda: natrium.lower(NA.system),
    "a run, event": lambda: natrium.simulate(NA, DRIVE, t_end=60.0),
    "a run, compiled": lambda: natrium.simulate(NA, DRIVE, t_end=60.0, solver="compiled"),
    "a run, script": lambda: natrium.simulate(NA, DRIVE, t_end=60.0, solver="script", dt=0.1),
    "a run, closed form": lambda: natrium.simulate(*ON, t_end=60.0, solver="closed-form"),
    "a run of own equations": lambda: natrium.simulate(OWN, natrium.Constant(1.0), t_end=20.0),
    "what is prepared": lambda: natrium.Compiled().prepare(NA, DRIVE, t_end=60.0),
    "what moves no voltage": lambda: Unmoved(
        "script.py",
        "no step of it moves a voltage",
        (Found("nothing-moves", "fault", "Line 4 keeps V from being stepped.", 4),),
        ("v = -70.0", "for k in range(9):", "    break"),
    ),
    "an ensemble": lambda: natrium.simulate_many(NA, DRIVE, t_end=60.0, parameters={"I": [5.0, 10.0]}),
    "equilibria": lambda: natrium.equilibria(NA, 1.0),
    "corners": lambda: natrium.equilibrium_curve(CORNERED).corners,
    "a curve of equilibria": lambda: natrium.equilibrium_curve(NA),
    "a rheobase": lambda: natrium.rheobase(NA),
    "an onset": lambda: natrium.onset(NA),
    "rates": lambda: natrium.f_i_curve(NA, [10.0]),
    "pulses": lambda: natrium.strength_duration(natrium.Neuron(), [1.0]),
    "a clamp": lambda: natrium.voltage_clamp(NA, natrium.Constant(-40.0), t_end=5.0),
    "a verdict": lambda: natrium.describe(NA),
    "a map": lambda: natrium.return_map(NA, 16.0),
    "a return": lambda: natrium.return_map(NA, 16.0)([0.2, 0.5]),
    "a cycle": lambda: natrium.limit_cycle(NA, 16.0),
    "a branch of cycles": lambda: natrium.continue_cycle(
        natrium.limit_cycle(natrium.Neuron(), 20.0), "I", between=(10.0, 22.0)
    ),
    "a diagram": lambda: natrium.bifurcation_diagram(natrium.Neuron(), between=(10.0, 22.0)),
    "a map of two parameters": lambda: natrium.parameter_map(
        natrium.HybridNeuron(equations={"V": "I + a*V - V**3"}, parameters={"a": 1.0}, initial={"V": 0.0}),
        x=("I", (-1.0, 1.0)),
        y=("a", (-0.5, 1.5)),
        rows=2,
    ),
    "a smooth cycle": lambda: natrium.smooth_cycle(SMOOTH, 33.0),
    "a pulse response": lambda: natrium.pulse_response(NA, 1.0, 1.0, [3.0], 16.0),
    "a locked orbit": lambda: natrium.locked_orbit(natrium.Neuron(), SINE),
    "a plateau": lambda: natrium.locking_plateau(natrium.Neuron(), SINE, between=(15.0, 30.0)),
    "a rotation number": lambda: natrium.rotation_number(natrium.Neuron(), SINE),
    "a staircase": lambda: natrium.devils_staircase(
        natrium.Neuron(), SINE, between=(20.0, 21.0), points=2, highest=1
    ),
    "tongues": lambda: natrium.locking_tongues(
        natrium.Neuron(), SINE, [3.0], between=(15.0, 30.0), ratios=[(1, 1)]
    ),
    "a phase response": lambda: natrium.phase_response(NA, 16.0, times=4),
    "a direct response": lambda: natrium.direct_response(NA, 0.1, [1.0], 16.0),
    "a cobweb": lambda: cobweb(made("a cycle"), points=3, steps=2),
    "an orbit": lambda: natrium.orbit(NA, 16.0, transient=3, count=3),
    "a bifurcation": lambda: natrium.reset_bifurcation(NA, 16.0, "v_reset", [-70.0], transient=3, count=3),
    "a plane": lambda: natrium.planar(NA),
    "a script's reading": lambda: natrium.read_script(SCRIPTS / "loop_arrays.py")[0],
    "what a reading found": lambda: made("a script's reading").findings[0],
    "a phase plane": lambda: natrium.phase_plane(NA, 16.0),
    "a portrait": lambda: dynamics(natrium.Neuron(), 20.0),
    "a comparison": lambda: natrium.compare_script(MODEL),
    "a truth": lambda: natrium.reference(LIF),
    "a budget": lambda: natrium.error_budget(made("a comparison")),
    "a convergence": lambda: natrium.convergence(natrium.FixedStep(dt=0.1), made("a truth"), (0.2, 0.1)),
    "gradients": lambda: natrium.spike_time_gradients(natrium.simulate(NA, DRIVE, t_end=60.0), ["g_Na"]),
    "a fit": lambda: natrium.fit(LIF, [20.0, 36.0, 52.0], ["tau_m", "I"]),
    "a diagnosis": lambda: natrium.diagnose(None, LIF),
    "an order": lambda: natrium.observed_order([0.1, 0.05, 0.02, 0.01], [1e-1, 5e-2, 2e-2, 1e-2]),
    "distances of trains": lambda: natrium.spike_train_distances([1.0, 5.0], [1.1, 5.0], t_end=10.0),
    "rates by the equation": lambda: natrium.noise_curve(
        natrium.Neuron(), natrium.Noise(sigma=9.0, tau=0.0, step=0.5, seed=1), [14.0], runs=2, t_end=200.0
    ),
    "rates under noise": lambda: natrium.white_noise_firing(
        natrium.Neuron(), natrium.Noise(mean=14.0, sigma=9.0, tau=0.0, step=0.1, seed=1)
    ),
    "an import": lambda: Imported("x.mod", "NMODL", "", MODEL, ("nothing",)),
    "a check of imports": lambda: Checked((CheckedFile("x.mod", "refused", reason="POINTER: p"),)),
    "intervals": lambda: natrium.interval_statistics(np.arange(50.0) ** 1.1, t_end=100.0),
}


def same(one, other):
    """Compare what two objects hold, field by field."""
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
    if isinstance(one, Result):
        return repr(one) == repr(other) and same(one.data(), other.data())
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or repr(one) == repr(other) or (one != one and other != other)


@cache
def made(name):
    return MAKERS[name]()


@pytest.fixture(scope="module", params=MAKERS)
def thing(request):
    return made(request.param)


@pytest.mark.parametrize(
    "how",
    [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deep"],
)
def test_a_copy_says_the_same(thing, how):
    again = how(thing)
    if isinstance(thing, natrium.Trajectory):
        times = np.linspace(thing.t_start, thing.t_end, 501)
        np.testing.assert_array_equal(again.state(times), thing.state(times))
        np.testing.assert_array_equal(again.spike_times, thing.spike_times)
        assert again.neuron == thing.neuron
    elif callable(getattr(thing, "solver", None)) or type(thing).__name__ == "Prepared":
        np.testing.assert_array_equal(again()[0], thing()[0])
    elif type(thing).__name__ not in ("Plane", "ReturnMap", "Kernel"):
        assert same(thing, again)
    if type(thing).__name__ == "Plane":
        np.testing.assert_array_equal(again.coefficients(-60.0, 1.0), thing.coefficients(-60.0, 1.0))
    if type(thing).__name__ == "ReturnMap":
        np.testing.assert_array_equal(again([0.2, 0.5]).jacobian, thing([0.2, 0.5]).jacobian)


def test_every_public_result_is_tried():
    """What public analyses give is made above, or holds what is."""
    held = set()

    def gather(one, depth=0):
        if type(one) in held or depth > 6:
            return
        if attrs.has(type(one)):
            held.add(type(one))
            for field in attrs.fields(type(one)):
                gather(getattr(one, field.name), depth + 1)
        elif isinstance(one, (tuple, list, dict)):
            for part in one.values() if isinstance(one, dict) else one:
                gather(part, depth + 1)

    for name in MAKERS:
        gather(made(name))
    known = {kind.__name__ for kind in held}
    missing = {kind.__name__ for kind in _results(Result)} - known
    assert missing <= UNTRIED


# Parts of the papers and of the slowest studies, made of the same classes; and bases.
UNTRIED = {
    "Claim",
    "CycleEnd",
    "Firing",
    "Judged",
    "NoiseRates",
    "Papers",
    "Periodic",
    "Reproduction",
    "Steady",
    "Study",
    "WorkRow",
}


def _results(kind):
    for sub in kind.__subclasses__():
        yield sub
        yield from _results(sub)
