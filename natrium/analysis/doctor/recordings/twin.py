"""A `FixedStep` with the rules of a subject, where there is one, checked sample by sample."""

from __future__ import annotations

import itertools
import math
from typing import Any, Literal

import attrs
import numpy as np

from natrium.analysis.doctor.recordings.anatomy import Anatomy
from natrium.analysis.doctor.recordings.firing import SeenFiring, counted
from natrium.analysis.doctor.recordings.recorded import Recording
from natrium.analysis.doctor.recordings.search import claimed_rules
from natrium.analysis.doctor.twin import Twin
from natrium.model import Channel, Gate, Model, NatriumError, Neuron
from natrium.model.arrays import Array
from natrium.model.hybrid import REFRACTORY_RULES
from natrium.solvers import FixedStep

# Rounding leaves less than this between two runs of one scheme, mV.
SAME = 1e-7
# Clamped gates relax exactly in FixedStep's other schemes and by Euler's steps in a script: 1e-3 mV at most.
FAR = 0.1
_SCHEMES = {
    ("euler", "euler", "new"): "sequential-euler",
    ("euler", "euler", "old"): "euler",
    ("exponential", "exponential", "old"): "exponential-euler",
    ("heun", "euler", "old"): "heun",
    ("rk4", "euler", "old"): "rk4",
}


def twin_of(
    anatomy: Anatomy,
    model: Model,
    dt: float,
    V: Array,
    *,
    label: Literal["start", "end"] = "end",
    edges: Literal["strict", "half-open"] = "half-open",
) -> Twin | None:
    """Make the twin of a subject.

    Parameters
    ----------
    anatomy : Anatomy
    model : Model
        The claim.
    dt : float
        ms.
    V : ndarray, shape (n_steps,)
        What the subject gives at the end of each step under the claimed stimulus, mV.
    label, edges : str
        As `FixedStep` has them.

    Returns
    -------
    Twin or None
        None where `FixedStep` has no such rules.
    """
    scheme = _scheme(anatomy, model.neuron)
    neuron = _neuron(anatomy, model.neuron)
    if scheme is None or neuron is None or not V.size:
        return None
    refractory, tau_ref = _refractory(anatomy.firing, model.neuron, dt)
    neuron = attrs.evolve(neuron, tau_ref=tau_ref)
    way = anatomy.gates.way if anatomy.gates and anatomy.gates.way in REFRACTORY_RULES else None
    way = None if way == model.neuron.refractory else way
    rules: dict[str, Any] = {
        "scheme": scheme,
        "refractory": refractory,
        "label": label,
        "edges": edges,
        "gates": way,
        "read": anatomy.fit.rules.read,
    }
    script = FixedStep(dt=dt, **rules)
    t_start = model.simulation.t_start
    try:
        # Half a step less than whole steps: as many as the subject took, whatever rounding does.
        run = script.solve(neuron, model.stimulus, t_start=t_start, t_end=t_start + (V.size - 0.5) * dt)
    except NatriumError:
        return None
    difference = float(np.abs(run.V - V).max())
    # Further apart, the two fire at different steps: that is no twin.
    return Twin(script=script, neuron=neuron, difference=difference) if difference < FAR else None


def thinned(recording: Recording, model: Model) -> Twin | None:
    """Find the claim's own scheme of which some steps' samples were kept."""
    dt, t_start = model.simulation.dt, model.simulation.t_start
    assert dt is not None  # as asked for
    places = np.rint((recording.labels - t_start) / dt).astype(int)
    near = max(SAME, 2.0 * recording.grain)
    labels: tuple[Literal["end", "start"], ...] = ("end", "start")
    rests: tuple[Literal["counter", "steps"], ...] = ("counter", "steps")
    for rest, label, scheme in itertools.product(rests, labels, _SCHEMES.values()):
        script = FixedStep(dt=dt, scheme=scheme, refractory=rest, label=label, edges="half-open")
        try:
            end = t_start + (places[-1] + 0.5) * dt
            run = script.solve(model.neuron, model.stimulus, t_start=t_start, t_end=end)
        except NatriumError:
            continue
        at = places - round((run.t[0] - t_start) / dt)
        if at[0] >= 0 and at[-1] < run.V.size:
            difference = float(np.abs(run.V[at] - recording.V).max())
            if difference < near:
                return Twin(script=script, neuron=model.neuron, difference=difference)
    return None


def _scheme(anatomy: Anatomy, neuron: Neuron) -> str | None:
    rules = anatomy.fit.rules
    claim = claimed_rules(neuron)
    simple = (
        anatomy.fit.vanishes
        and not rules.turned
        and not rules.whole
        and not rules.tweaks
        and rules.pace == 1.0
        and set(rules.paces) <= {1.0}
        and rules.kinetics == claim.kinetics
    )
    if not simple:
        return None
    if not neuron.channels and rules.scheme in ("euler", "exponential"):
        return "sequential-euler" if rules.scheme == "euler" else "exponential-euler"
    return _SCHEMES.get((rules.scheme, rules.gates, rules.order))


def _neuron(anatomy: Anatomy, claim: Neuron) -> Neuron | None:
    """Put what was found in place of what is claimed, where a neuron can have it."""
    c, rules, firing = anatomy.fit.coefficients, anatomy.fit.rules, anatomy.firing
    leak = float(c[0])
    if leak <= 0.0 or abs(c[2] - leak) > 1e-9 * leak:
        return None
    if firing.hold.size and np.any(firing.hold != firing.reset):
        return None
    changes: dict[str, Any] = {"tau_m": claim.tau_m / leak, "v_rest": claim.v_rest + c[1] / leak}
    changes["v_reset"] = claim.v_reset if math.isnan(firing.reset) else firing.reset
    channels, index = [], 0
    for number, channel in enumerate(claim.channels):
        g, e = float(c[3 + 2 * number]), float(c[4 + 2 * number])
        gates = []
        for gate in channel.gates:
            if rules.powers[index]:  # a gate that is left out has no part in the current
                gates.append(_gate(gate, rules.powers[index], rules.starts[index], anatomy, claim))
            index += 1
        if any(gate is None for gate in gates) or g < 0.0 or (g == 0.0 and e):
            return None
        E = channel.reversal + (e / g if g else 0.0)
        channels.append(_channel(channel, channel.g * g / leak, E, gates))
    try:
        return attrs.evolve(claim, channels=tuple(channels), v_init=rules.before, **changes)
    except NatriumError:
        return None


def _channel(channel: Channel, g: float, E: float, gates: list[Any]) -> Channel:
    return attrs.evolve(channel, g=g, E=E, gates=tuple(gates))


def _gate(gate: Gate, power: int, start: float, anatomy: Anatomy, claim: Neuron) -> Gate | None:
    if not 0.0 <= start <= 1.0:
        return None
    same = anatomy.fit.rules.starts == claimed_rules(claim).starts
    return attrs.evolve(gate, power=power, initial=gate.initial if same else start)


def _refractory(firing: SeenFiring, neuron: Neuron, dt: float) -> tuple[str, float]:
    """Choose the rule that holds as many steps as were seen."""
    if firing.held is None or firing.held == counted(neuron.tau_ref, dt):
        return "counter", neuron.tau_ref
    return "steps", neuron.tau_ref if firing.held == round(neuron.tau_ref / dt) else firing.held * dt
