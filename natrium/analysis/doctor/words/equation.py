"""What is wrong with the free steps of a script, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.findings.found import Found
from natrium.analysis.doctor.recordings.anatomy import Anatomy
from natrium.analysis.doctor.recordings.search import claimed_rules
from natrium.analysis.doctor.words.finding import finding, fitted, number, scheme_rule
from natrium.model import Neuron


def equation_findings(anatomy: Anatomy, neuron: Neuron) -> Iterator[Found]:
    """Say where the rules found depart from the claim, and which scheme they are.

    Parameters
    ----------
    anatomy : Anatomy
        Whose fit vanishes.
    neuron : Neuron
        As claimed.

    Yields
    ------
    Found
    """
    fit, claim = anatomy.fit, claimed_rules(neuron)
    yield from _paces(anatomy, neuron)
    yield from _coefficients(anatomy, neuron)
    yield from _structure(anatomy, neuron)
    rules, said, names = fit.rules, fitted(anatomy), _gate_names(neuron)
    if rules.before != claim.before:
        text = f"V starts at {number(rules.before)} mV instead of {number(claim.before)} mV."
        yield finding("initial-V", "fault", text, said)
    own = sorted(rules.kinetics) == list(claim.kinetics) and not _swap(rules.kinetics, claim.kinetics)
    if rules.starts != claim.starts and own:
        tweaked = {names[one.gate] for one in rules.tweaks}
        pairs = [
            (name, x, y)
            for name, x, y in zip(names, rules.starts, claim.starts, strict=True)
            if abs(x - y) > 1e-9 and name not in tweaked
        ]
        listed = ", ".join(
            f"{name} at {number(round(x, 9) + 0.0)} instead of {number(y)}" for name, x, y in pairs
        )
        if listed:
            yield finding("initial-gates", "fault", f"Gates start elsewhere: {listed}.", said)
    seen = bool(rules.starts) and bool(fit.coefficients[3::2].any())
    if rules.order == "late" and seen:
        yield finding(
            "gates-after-V",
            "fault",
            "The gates advance after V, with the new V: V uses gates that are a step old, while they see a V "
            "that is a step ahead.",
            said,
        )
    yield scheme_rule(rules.scheme, rules.gates, rules.order, said + ".", seen)
    if fit.ways:
        keys = sorted({scheme_rule(*way, "", seen).key for way in fit.ways})
        text = f"By samples as rounded as these it may be another scheme as well: {', '.join(keys)}."
        yield finding("scheme-undecided", "note", text, "each foretells V to the rounding")


def _gate_names(neuron: Neuron) -> list[str]:
    return [f"{c.name}.{g.name}" for c in neuron.channels for g in c.gates]


def _paces(anatomy: Anatomy, neuron: Neuron) -> Iterator[Found]:
    rules, names, said = anatomy.fit.rules, _gate_names(neuron), fitted(anatomy)
    everything = {rules.pace, *rules.paces}
    if len(everything) == 1 and rules.pace != 1.0:
        pace = rules.pace
        if pace == "forgotten" and not names:
            yield finding("dt-forgotten-V", "fault", "dt is left out of the step of V.", said)
        elif pace == "forgotten":
            yield finding("dt-forgotten", "fault", "dt is left out of the steps of V and gates.", said)
        else:
            yield finding("dt-unit", "fault", f"The step taken is {pace:.6g} times dt.", said)
        return
    if rules.pace == "forgotten":
        yield finding("dt-forgotten-V", "fault", "dt is left out of the step of V.", said)
    words = {
        "forgotten": ("dt-forgotten-gates", "dt is left out of the step of {}."),
        "twice": ("gates-twice", "{} advances twice in each step."),
        "instant": ("gate-instant", "{} takes its steady state at once instead of moving towards it."),
        "0.0": ("gate-frozen", "{} never moves."),
    }
    for kind in sorted({str(p) for p in rules.paces} - {"1.0"}):
        which = [name for name, p in zip(names, rules.paces, strict=True) if str(p) == kind]
        key, text = words.get(kind, ("gate-pace", "{} moves at " + kind + " times its pace."))
        yield finding(key, "fault", text.format(" and ".join(which)), said)


def _structure(anatomy: Anatomy, neuron: Neuron) -> Iterator[Found]:
    rules, claim, names = anatomy.fit.rules, claimed_rules(neuron), _gate_names(neuron)
    said = fitted(anatomy)
    swap = _swap(rules.powers, claim.powers) or _swap(rules.kinetics, claim.kinetics)
    if swap:
        one, other = (names[i] for i in swap)
        what = "powers" if rules.powers != claim.powers else "rates"
        yield finding("gates-swapped", "fault", f"The {what} of {one} and {other} are exchanged.", said)
    else:
        for name, power, meant in zip(names, rules.powers, claim.powers, strict=True):
            if power == 0:
                yield finding("gate-missing", "fault", f"{name} is left out of its channel's current.", said)
            elif power != meant:
                text = f"{name} stands at power {power} instead of {meant}."
                yield finding("gate-power", "fault", text, said)
        moved = [(names[i], names[k]) for i, k in enumerate(rules.kinetics) if i != k]
        if moved:
            listed = ", ".join(f"{a} with the rates of {b}" for a, b in moved)
            yield finding("kinetics-shared", "fault", f"Gates move by others' rates: {listed}.", said)
    for tweak in rules.tweaks:
        parts = [f"{tweak.scale:.6g} times as large"] if abs(tweak.scale - 1) > 1e-9 else []
        parts += [f"shifted by {-tweak.shift:.6g} mV"] if abs(tweak.shift) > 1e-9 else []
        if abs(tweak.stretch + 1) < 1e-9:
            parts[abs(tweak.scale - 1) > 1e-9 :] = [
                f"turned about V = {number(neuron.v_rest + tweak.shift / 2)} mV"
            ]
        elif abs(tweak.stretch - 1) > 1e-9:
            parts += [f"{tweak.stretch:.6g} times as steep in V"]
        what = {"inf": "steady state", "tau": "time constant"}.get(tweak.rate, f"rate {tweak.rate}")
        text = f"The {what} of {names[tweak.gate]} is not as claimed: {', '.join(parts)}."
        yield finding("rate-wrong", "fault", text, said)
    if rules.turned:
        listed = " and ".join(names[i] for i in rules.turned)
        yield finding("rates-exchanged", "fault", f"alpha and beta of {listed} are exchanged.", said)
    if rules.whole:
        yield finding("input-truncated", "fault", "The input is cut to a whole number of mV.", said)


def _swap(values: tuple[int, ...], claim: tuple[int, ...]) -> tuple[int, int] | None:
    """Find the two places whose exchange makes the values of the claim."""
    apart = [i for i, (a, b) in enumerate(zip(values, claim, strict=True)) if a != b]
    if len(apart) == 2 and values[apart[0]] == claim[apart[1]] and values[apart[1]] == claim[apart[0]]:
        return apart[0], apart[1]
    return None


def _coefficients(anatomy: Anatomy, neuron: Neuron) -> Iterator[Found]:
    """Say which terms of dV are not what they should be; a factor that most share is tau_m's."""
    c, said = anatomy.fit.coefficients.copy(), fitted(anatomy)
    leak, others = float(c[0]), np.array([c[2], *c[3::2]])
    alike = np.isclose(others, leak, rtol=1e-7).sum() > np.isclose(others, 1.0, rtol=1e-9).sum()
    if alike and abs(leak - 1.0) > 1e-9 and leak > 0.0:
        yield _tempo(anatomy, neuron, leak, said)
        c /= leak
        c[np.isclose(c, 1.0, rtol=1e-7)] = 1.0
        leak = 1.0
    if abs(leak + 1.0) < 1e-7:
        yield finding(
            "leak-sign",
            "fault",
            "The leak has the wrong sign: it drives V away from rest.",
            f"leak coefficient {leak:.6g}; {said}",
        )
    elif abs(leak) < 1e-9:
        yield finding("leak-missing", "fault", "There is no leak.", f"leak coefficient {leak:.2g}; {said}")
    elif abs(leak - 1.0) > 1e-9:
        yield finding("leak-scaled", "fault", f"The leak is {leak:.6g} times what it should be.", said)
    if abs(c[1]) > 1e-9:
        where = f"rest at {number(neuron.v_rest + c[1] / leak)} mV" if abs(leak) > 1e-9 else "a constant"
        text = f"The leak draws V to {where} instead of {number(neuron.v_rest)} mV."
        yield finding("rest-wrong", "fault", text, f"constant term {c[1]:.6g} mV; {said}")
    yield from _gain(float(c[2]), said)
    for index, channel in enumerate(neuron.channels):
        yield from _channel(
            channel.name, channel.reversal, float(c[3 + 2 * index]), float(c[4 + 2 * index]), said
        )


def has_other_dt(anatomy: Anatomy, neuron: Neuron) -> bool:
    """Tell whether the script takes steps of another length than dt, the refractory counter's as well."""
    if anatomy.fit.rules.pace not in (1.0, "forgotten"):
        return True
    return any(one.key == "dt-unit" for one in _coefficients(anatomy, neuron))


def _tempo(anatomy: Anatomy, neuron: Neuron, factor: float, said: str) -> Found:
    """Tell a wrong tau_m from a dt in other units, which would change the refractory period as well."""
    dt, count = anatomy.dt, anatomy.firing.held
    counts = not neuron.channels and count is not None and count != round(neuron.tau_ref / dt)
    if counts and abs((count or 0) - neuron.tau_ref / (dt * factor)) <= 1.0:
        return finding("dt-unit", "fault", f"The step taken is {factor:.6g} times dt.", said)
    if abs(factor * dt - 1.0) < 1e-6:
        text = f"dt is left out of the step of V (or tau_m is {number(neuron.tau_m / factor)} ms)."
        return finding("dt-forgotten-V", "fault", text, f"{said}; a run at one dt cannot tell the two apart")
    text = f"tau_m is {number(neuron.tau_m / factor)} ms instead of {number(neuron.tau_m)} ms."
    return finding("tau-wrong", "fault", text, f"all terms of dV are {factor:.8g} times as large; {said}")


def _gain(gain: float, said: str) -> Iterator[Found]:
    if abs(gain - 1.0) <= 1e-9:
        return
    if abs(gain + 1.0) < 1e-7:
        yield finding("input-sign", "fault", "The input has the wrong sign.", said)
    else:
        text = f"The input acts {gain:.6g} times as strongly as it should."
        yield finding("input-gain", "fault", text, f"input coefficient {gain:.8g}; {said}")


def _channel(name: str, E: float, g: float, e: float, said: str) -> Iterator[Found]:
    evidence = f"coefficient {g:.8g}; {said}"
    if abs(g) < 1e-9:
        if abs(e) > 1e-9:
            text = f"The current of {name} does not depend on the driving force E - V."
            yield finding("driving-force", "fault", text, evidence)
        else:
            yield finding("channel-missing", "fault", f"Channel {name} has no current.", evidence)
        return
    if abs(g - 2.0) < 1e-7:
        yield finding("channel-twice", "fault", f"Channel {name} is counted twice.", evidence)
    elif abs(g + 1.0) < 1e-7:
        yield finding("channel-sign", "fault", f"The current of {name} has the wrong sign.", evidence)
    elif abs(g - 1.0) > 1e-9:
        text = f"The conductance of {name} is {g:.6g} times the claimed one."
        yield finding("conductance-wrong", "fault", text, evidence)
    if abs(e) > 1e-7:
        actual = E + e / g
        key = "reversal-sign" if abs(actual + E) < 1e-6 * (1 + abs(E)) else "reversal-wrong"
        text = f"{name} reverses at {number(round(actual, 8))} mV instead of {number(E)} mV."
        yield finding(key, "fault", text, evidence)
