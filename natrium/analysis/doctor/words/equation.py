"""What is wrong with the free steps of a script, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.hypotheses.anatomy import Anatomy
from natrium.analysis.doctor.hypotheses.search import claimed_rules
from natrium.analysis.doctor.words.finding import Finding, fitted, number, scheme_rule
from natrium.model import Neuron


def equation_findings(anatomy: Anatomy, neuron: Neuron, used: bool) -> Iterator[Finding]:
    """Say where the rules found depart from the claim, and which scheme they are.

    Parameters
    ----------
    anatomy : Anatomy
        Whose fit vanishes.
    neuron : Neuron
        As claimed.
    used : bool
        A wrong start may come from an earlier run.

    Yields
    ------
    Finding
    """
    fit, claim = anatomy.fit, claimed_rules(neuron)
    yield from _paces(anatomy, neuron)
    yield from _coefficients(anatomy, neuron)
    yield from _structure(anatomy, neuron)
    rules, said = fit.rules, fitted(anatomy)
    wrong = []
    if rules.before != claim.before and not anatomy.lead:
        wrong.append(
            Finding(
                "initial-V",
                "fault",
                f"V starts at {number(rules.before)} mV instead of {number(claim.before)} mV.",
                said,
            )
        )
    if rules.starts != claim.starts and sorted(rules.kinetics) == list(claim.kinetics):
        names = _gate_names(neuron)
        listed = ", ".join(
            f"{name} at {number(x)} instead of {number(y)}"
            for name, x, y in zip(names, rules.starts, claim.starts, strict=True)
            if x != y
        )
        if not _swap(rules.kinetics, claim.kinetics):
            wrong.append(Finding("initial-gates", "fault", f"Gates start elsewhere: {listed}.", said))
    if wrong and used and not anatomy.lead:
        listed = " ".join(one.said for one in wrong)
        yield Finding("used", "note", f"The instance may have been used before. {listed}", said)
    elif not used:
        yield from wrong
    seen = bool(rules.starts) and bool(fit.coefficients[3::2].any())
    if rules.order == "late" and seen:
        yield Finding(
            "gates-after-V",
            "fault",
            "The gates advance after V, with the new V: V uses gates that are a step old, while they see a V "
            "that is a step ahead.",
            said,
        )
    yield scheme_rule(rules.scheme, rules.gates, rules.order, said + ".", seen)


def _gate_names(neuron: Neuron) -> list[str]:
    return [f"{c.name}.{g.name}" for c in neuron.channels for g in c.gates]


def _paces(anatomy: Anatomy, neuron: Neuron) -> Iterator[Finding]:
    rules, names, said = anatomy.fit.rules, _gate_names(neuron), fitted(anatomy)
    everything = {rules.pace, *rules.paces}
    if len(everything) == 1 and rules.pace != 1.0:
        pace = rules.pace
        if pace == "forgotten" and not names:
            yield Finding("dt-forgotten-V", "fault", "dt is left out of the step of V.", said)
        elif pace == "forgotten":
            yield Finding("dt-forgotten", "fault", "dt is left out of the steps of V and gates.", said)
        elif pace == "fixed":
            yield Finding(
                "dt-fixed", "note", "The object steps with a dt of its own and ignores the one given.", said
            )
        else:
            yield Finding("dt-unit", "fault", f"The step taken is {pace:.6g} times dt.", said)
        return
    if rules.pace == "forgotten":
        yield Finding("dt-forgotten-V", "fault", "dt is left out of the step of V.", said)
    elif rules.pace == "fixed":
        yield Finding("dt-fixed", "note", "V steps with a dt of its own and ignores the one given.", said)
    words = {
        "forgotten": ("dt-forgotten-gates", "dt is left out of the step of {}."),
        "fixed": ("dt-fixed", "{} steps with a dt of its own."),
        "twice": ("gates-twice", "{} advances twice in each step."),
        "instant": ("gate-instant", "{} takes its steady state at once instead of moving towards it."),
        "0.0": ("gate-frozen", "{} never moves."),
    }
    for kind in sorted({str(p) for p in rules.paces} - {"1.0"}):
        which = [name for name, p in zip(names, rules.paces, strict=True) if str(p) == kind]
        key, text = words.get(kind, ("gate-pace", "{} moves at " + kind + " times its pace."))
        yield Finding(key, "note" if key == "dt-fixed" else "fault", text.format(" and ".join(which)), said)


def _structure(anatomy: Anatomy, neuron: Neuron) -> Iterator[Finding]:
    rules, claim, names = anatomy.fit.rules, claimed_rules(neuron), _gate_names(neuron)
    said = fitted(anatomy)
    swap = _swap(rules.powers, claim.powers) or _swap(rules.kinetics, claim.kinetics)
    if swap:
        one, other = (names[i] for i in swap)
        what = "powers" if rules.powers != claim.powers else "rates"
        yield Finding("gates-swapped", "fault", f"The {what} of {one} and {other} are exchanged.", said)
    else:
        for name, power, meant in zip(names, rules.powers, claim.powers, strict=True):
            if power == 0:
                yield Finding("gate-missing", "fault", f"{name} is left out of its channel's current.", said)
            elif power != meant:
                text = f"{name} stands at power {power} instead of {meant}."
                yield Finding("gate-power", "fault", text, said)
        moved = [(names[i], names[k]) for i, k in enumerate(rules.kinetics) if i != k]
        if moved:
            listed = ", ".join(f"{a} with the rates of {b}" for a, b in moved)
            yield Finding("kinetics-shared", "fault", f"Gates move by others' rates: {listed}.", said)
    for tweak in rules.tweaks:
        parts = [f"{tweak.scale:.6g} times as large"] if abs(tweak.scale - 1) > 1e-9 else []
        parts += [f"shifted by {-tweak.shift:.6g} mV"] if abs(tweak.shift) > 1e-9 else []
        parts += [f"{tweak.stretch:.6g} times as steep in V"] if abs(tweak.stretch - 1) > 1e-9 else []
        text = f"The rate {tweak.rate} of {names[tweak.gate]} is not as claimed: {', '.join(parts)}."
        yield Finding("rate-wrong", "fault", text, said)
    if rules.whole:
        yield Finding("input-truncated", "fault", "The input is cut to a whole number of mV.", said)


def _swap(values: tuple[int, ...], claim: tuple[int, ...]) -> tuple[int, int] | None:
    """Find the two places whose exchange makes the values of the claim."""
    apart = [i for i, (a, b) in enumerate(zip(values, claim, strict=True)) if a != b]
    if len(apart) == 2 and values[apart[0]] == claim[apart[1]] and values[apart[1]] == claim[apart[0]]:
        return apart[0], apart[1]
    return None


def _coefficients(anatomy: Anatomy, neuron: Neuron) -> Iterator[Finding]:
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
        yield Finding(
            "leak-sign",
            "fault",
            "The leak has the wrong sign: it drives V away from rest.",
            f"leak coefficient {leak:.6g}; {said}",
        )
    elif abs(leak) < 1e-9:
        yield Finding("leak-missing", "fault", "There is no leak.", f"leak coefficient {leak:.2g}; {said}")
    elif abs(leak - 1.0) > 1e-9:
        yield Finding("leak-scaled", "fault", f"The leak is {leak:.6g} times what it should be.", said)
    if abs(c[1]) > 1e-9:
        where = f"rest at {number(neuron.v_rest + c[1] / leak)} mV" if abs(leak) > 1e-9 else "a constant"
        text = f"The leak draws V to {where} instead of {number(neuron.v_rest)} mV."
        yield Finding("rest-wrong", "fault", text, f"constant term {c[1]:.6g} mV; {said}")
    yield from _gain(float(c[2]), anatomy.heeds, said)
    for index, channel in enumerate(neuron.channels):
        yield from _channel(
            channel.name, channel.reversal, float(c[3 + 2 * index]), float(c[4 + 2 * index]), said
        )


def has_other_dt(anatomy: Anatomy, neuron: Neuron) -> bool:
    """Tell whether the object takes steps of another length than dt, the refractory counter's as well."""
    if anatomy.fit.rules.pace not in (1.0, "fixed", "forgotten"):
        return True
    return any(one.key == "dt-unit" for one in _coefficients(anatomy, neuron))


def _tempo(anatomy: Anatomy, neuron: Neuron, factor: float, said: str) -> Finding:
    """Tell a wrong tau_m from a dt in other units, which would change the refractory period as well."""
    dt, count = anatomy.firing.held[0] if anatomy.firing.held else (1.0, 0)
    if not neuron.channels and count != round(neuron.tau_ref / dt):
        expected = neuron.tau_ref / (dt * factor)
        if abs(count - expected) <= 1.0 or (count < 0 and expected > 1000):
            return Finding("dt-unit", "fault", f"The step taken is {factor:.6g} times dt.", said)
    if not anatomy.calls and abs(factor * anatomy.dt - 1.0) < 1e-6:
        text = f"dt is left out of the step of V (or tau_m is {number(neuron.tau_m / factor)} ms)."
        return Finding("dt-forgotten-V", "fault", text, f"{said}; a run at one dt cannot tell the two apart")
    text = f"tau_m is {number(neuron.tau_m / factor)} ms instead of {number(neuron.tau_m)} ms."
    return Finding("tau-wrong", "fault", text, f"all terms of dV are {factor:.8g} times as large; {said}")


def _gain(gain: float, heeds: bool, said: str) -> Iterator[Finding]:
    if abs(gain - 1.0) <= 1e-9 or not heeds:
        return
    if abs(gain + 1.0) < 1e-7:
        yield Finding("input-sign", "fault", "The input has the wrong sign.", said)
    else:
        text = f"The input acts {gain:.6g} times as strongly as it should."
        yield Finding("input-gain", "fault", text, f"input coefficient {gain:.8g}; {said}")


def _channel(name: str, E: float, g: float, e: float, said: str) -> Iterator[Finding]:
    evidence = f"coefficient {g:.8g}; {said}"
    if abs(g) < 1e-9:
        if abs(e) > 1e-9:
            text = f"The current of {name} does not depend on the driving force E - V."
            yield Finding("driving-force", "fault", text, evidence)
        else:
            yield Finding("channel-missing", "fault", f"Channel {name} has no current.", evidence)
        return
    if abs(g - 2.0) < 1e-7:
        yield Finding("channel-twice", "fault", f"Channel {name} is counted twice.", evidence)
    elif abs(g + 1.0) < 1e-7:
        yield Finding("channel-sign", "fault", f"The current of {name} has the wrong sign.", evidence)
    elif abs(g - 1.0) > 1e-9:
        text = f"The conductance of {name} is {g:.6g} times the claimed one."
        yield Finding("conductance-wrong", "fault", text, evidence)
    if abs(e) > 1e-7:
        actual = E + e / g
        key = "reversal-sign" if abs(actual + E) < 1e-6 * (1 + abs(E)) else "reversal-wrong"
        text = f"{name} reverses at {number(round(actual, 8))} mV instead of {number(E)} mV."
        yield Finding(key, "fault", text, evidence)
