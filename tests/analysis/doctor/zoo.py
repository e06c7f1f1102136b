"""Scripts with planted faults: each as somebody might write it, one thing wrong in each.

The clean ones keep the notebook's interface, `update(dt, current) -> V`. A planted fault is a small class that
overrides one method; `MEMBRANE` and `CHANNEL` say what each is to be named, and the line in which; `RULES` the
scheme of the honest variations.
"""

import math

import numpy as np


def linexp(v, middle, width, factor):
    return factor * (v - middle) / (1 - math.exp(-(v - middle) / width))


class Gated:
    """A current with an activation a and an inactivation b, like the sodium channels of the claim."""

    strength, battery = 120.0, 50.0
    exponent = 3

    def __init__(self):
        self.a, self.b = 0.0, 1.0

    def rates(self, v):
        return (
            linexp(v, -40, 10, 0.1),
            4 * math.exp(-(v + 65) / 18),
            0.07 * math.exp(-(v + 65) / 20),
            1 / (1 + math.exp(-(v + 35) / 10)),
        )

    def move(self, v, dt):
        up_a, down_a, up_b, down_b = self.rates(v)
        self.a += dt * (up_a * (1 - self.a) - down_a * self.a)
        self.b += dt * (up_b * (1 - self.b) - down_b * self.b)

    def open(self):
        return self.strength * self.a**self.exponent * self.b

    def current(self, v):
        return self.open() * (self.battery - v)


class Second(Gated):
    strength, battery = 100.0, 55.0

    def rates(self, v):
        return (
            linexp(v, -45, 10, 0.05),
            2 * math.exp(-(v + 70) / 20),
            0.06 * math.exp(-(v + 70) / 10),
            1 / (1 + math.exp(-(v + 30) / 10)),
        )


class Cell:
    """The clean one; without channels as it stands."""

    tau, pause, rest, limit, back = 10.0, 2.0, -70.0, -55.0, -70.0
    kinds = ()

    def __init__(self):
        self.v = self.rest
        self.left = 0
        self.channels = [kind() for kind in self.kinds]

    def update(self, dt, current):
        if self.waits():
            self.wait(dt)
        else:
            self.step(dt, current)
            if self.crossed():
                self.fire(dt)
        return self.v

    def waits(self):
        return self.left > 0

    def wait(self, dt):
        self.left -= 1
        self.v = self.back

    def step(self, dt, current):
        self.move_gates(dt)
        self.v += self.slope(current) * dt

    def move_gates(self, dt):
        for channel in self.channels:
            channel.move(self.v, dt)

    def slope(self, current):
        return (self.leak() + current + self.ionic()) / self.tau

    def leak(self):
        return self.rest - self.v

    def ionic(self):
        return sum(channel.current(self.v) for channel in self.channels)

    def crossed(self):
        return self.v >= self.limit

    def fire(self, dt):
        self.v = self.back
        self.left = round(self.pause / dt)


class Cell1(Cell):
    kinds = (Gated,)


class Cell2(Cell):
    kinds = (Gated, Second)


BASES = {"lif": Cell, "lif_na": Cell1, "lif_na2": Cell2}

# Faults of the membrane: planted into all three ---------------------------------------------------------


class LeakSign:
    def leak(self):
        return self.v - self.rest


class NoLeak:
    def leak(self):
        return 0.0


class HalfLeak:
    def leak(self):
        return 0.5 * (self.rest - self.v)


class LeakToZero:
    def leak(self):
        return -self.v


class ResetElsewhere:
    back = -65.0


class ForgottenDt:
    def step(self, dt, current):
        self.move_gates(dt)
        self.v += self.slope(current)


class WrongTau:
    tau = 20.0


class WrongThreshold:
    limit = -50.0


class GainByTen:
    def slope(self, current):
        return super().slope(current / 10)


class TauNotOverInput:
    def slope(self, current):
        return super().slope(0.0) + current


class NoInput:
    def slope(self, current):
        return super().slope(0.0)


class InputSign:
    def slope(self, current):
        return super().slope(-current)


class WholeInput:
    def slope(self, current):
        return super().slope(int(current))


class StrictThreshold:
    def crossed(self):
        return self.v > self.limit


class OneStepLong:
    def fire(self, dt):
        super().fire(dt)
        self.left += 1


class OneStepShort:
    def fire(self, dt):
        super().fire(dt)
        self.left -= 1


class NoRefractory:
    def fire(self, dt):
        self.v = self.back


class WholeMilliseconds:
    def fire(self, dt):
        super().fire(dt)
        self.left = int(self.pause)


class LooseCounter:
    """Time left, tested with >= 0: held at the start, and a step more after each spike."""

    def waits(self):
        return self.left >= 0

    def wait(self, dt):
        self.left = round(self.left - dt, 9)
        self.v = self.back

    def fire(self, dt):
        self.v = self.back
        self.left = self.pause


class FreeWhileRefractory:
    def wait(self, dt):
        self.left -= 1
        self.step(dt, self.last)

    def update(self, dt, current):
        self.last = current
        return super().update(dt, current)


class HeldElsewhere:
    def wait(self, dt):
        super().wait(dt)
        self.v = self.back - 5.0


class Seconds:
    def update(self, dt, current):
        return super().update(dt / 1000, current)


class StartsElsewhere:
    def __init__(self):
        super().__init__()
        self.v = -65.0


class NeverFires:
    def crossed(self):
        return False


# What each is named, and the line that is quoted.
MEMBRANE = {
    LeakSign: ("leak-sign", "return self.v - self.rest"),
    NoLeak: ("term", "return 0.0"),
    HalfLeak: ("number-differs", "return 0.5 * (self.rest - self.v)"),
    LeakToZero: ("offset", "return -self.v"),
    ResetElsewhere: ("reset-value", "back = -65.0"),
    ForgottenDt: ("dt-missing", "self.v += self.slope(current)"),
    WrongTau: ("number-differs", "tau = 20.0"),
    WrongThreshold: ("threshold-level", "limit = -50.0"),
    GainByTen: ("number-differs", "return super().slope(current / 10)"),
    TauNotOverInput: ("factor", "return super().slope(0.0) + current"),
    NoInput: ("input-missing", "return super().slope(0.0)"),
    InputSign: ("input-sign", "return super().slope(-current)"),
    WholeInput: ("too-much", "return super().slope(int(current))"),
    OneStepLong: ("refractory-length", "self.left += 1"),
    OneStepShort: ("refractory-length", "self.left -= 1"),
    NoRefractory: ("refractory-length", "self.v = self.back"),
    WholeMilliseconds: ("refractory-length", "self.left = int(self.pause)"),
    LooseCounter: ("starts-refractory", "return self.left >= 0"),
    FreeWhileRefractory: ("refractory-not-held", "return self.left > 0"),
    HeldElsewhere: ("hold-value", "self.v = self.back - 5.0"),
    Seconds: ("dt-unit", "return super().update(dt / 1000, current)"),
    StartsElsewhere: ("initial-V", "self.v = -65.0"),
    NeverFires: ("never-fires", "self.v += self.slope(current) * dt"),
}

# Faults of the channels: planted into those that have one ------------------------------------------------


class GatesAfterV:
    def step(self, dt, current):
        self.v += self.slope(current) * dt
        self.move_gates(dt)


class GatesTwice:
    def move_gates(self, dt):
        super().move_gates(dt)
        super().move_gates(dt)


class GatesForgotDt:
    def move_gates(self, dt):
        super().move_gates(1.0)


class InactivationForgotDt:
    def move_gates(self, dt):
        for channel in self.channels:
            old = channel.b
            _, _, up, down = channel.rates(self.v)
            channel.move(self.v, dt)
            channel.b = old + up * (1 - old) - down * old


class GatesMoving:
    def wait(self, dt):
        self.move_gates(dt)
        super().wait(dt)


class Twice:
    def ionic(self):
        return 2 * super().ionic()


class LastTwice:
    def ionic(self):
        return super().ionic() + self.channels[-1].current(self.v)


class LastMissing:
    def ionic(self):
        return sum(channel.current(self.v) for channel in self.channels[:-1])


class WrongSign:
    def ionic(self):
        return -super().ionic()


class NoDrivingForce:
    def ionic(self):
        return sum(channel.open() * channel.battery for channel in self.channels)


class Changed:
    """Plants a fault into the first channel by an attribute."""

    changes = ()

    def __init__(self):
        super().__init__()
        for name, value in self.changes:
            setattr(self.channels[0], name, value)


class Squared(Changed):
    changes = (("exponent", 2),)


class BatterySign(Changed):
    changes = (("battery", -50.0),)


class BatteryWrong(Changed):
    changes = (("battery", 60.0),)


class WeakChannel(Changed):
    changes = (("strength", 36.0),)


class StartsClosed(Changed):
    changes = (("a", 0.0), ("b", 0.0))


class StartsAtRest(Changed):
    def __init__(self):
        super().__init__()
        one = self.channels[0]
        up_a, down_a, up_b, down_b = one.rates(self.v)
        one.a, one.b = up_a / (up_a + down_a), up_b / (up_b + down_b)


class StartsHalfway(Changed):
    changes = (("a", 0.3), ("b", 0.6))


class Exchanged(Changed):
    """The activation's and the inactivation's powers are mixed up."""

    def __init__(self):
        super().__init__()
        one = self.channels[0]
        one.open = lambda: one.strength * one.a * one.b**3


class NoInactivation:
    def ionic(self):
        for channel in self.channels:
            channel.b = 1.0
        return super().ionic()


class RateWrong(Changed):
    """beta of the activation is 2 exp(...) where it should be 4 exp(...)."""

    def __init__(self):
        super().__init__()
        self.channels[0].__class__ = SlowClosing


class SlowClosing(Gated):
    def rates(self, v):
        one, two, three, four = super().rates(v)
        return one, 0.5 * two, three, four


class RateShifted(Changed):
    def __init__(self):
        super().__init__()
        self.channels[0].__class__ = Shifted


class Shifted(Gated):
    def rates(self, v):
        _, two, three, four = super().rates(v)
        return linexp(v, -35, 10, 0.1), two, three, four


class Instant:
    def move_gates(self, dt):
        for channel in self.channels:
            up_a, down_a, up_b, down_b = channel.rates(self.v)
            channel.a += dt * (up_a * (1 - channel.a) - down_a * channel.a)
            channel.b = up_b / (up_b + down_b)


CHANNEL = {
    GatesForgotDt: (
        "dt-missing",
        "self.a += dt * (up_a * (1 - self.a) - down_a * self.a)",
        "self.b += dt * (up_b * (1 - self.b) - down_b * self.b)",
    ),
    InactivationForgotDt: ("dt-missing", "channel.b = old + up * (1 - old) - down * old"),
    GatesMoving: ("gates-while-refractory", "self.a += dt * (up_a * (1 - self.a) - down_a * self.a)"),
    LastMissing: ("term", "return self.rest - self.v"),
    NoDrivingForce: ("offset", "return sum(channel.open() * channel.battery for channel in self.channels)"),
    Squared: ("number-differs", "setattr(self.channels[0], name, value)"),
    BatterySign: ("number-differs", "for name, value in self.changes:"),
    BatteryWrong: ("number-differs", "for name, value in self.changes:"),
    WeakChannel: ("number-differs", "for name, value in self.changes:"),
    StartsClosed: ("initial-gates", "self.a, self.b = 0.0, 1.0"),
    StartsAtRest: ("initial-gates", "self.a, self.b = 0.0, 1.0"),
    StartsHalfway: ("initial-gates", 'changes = (("a", 0.3), ("b", 0.6))'),
    Exchanged: ("exchanged", "one.open = lambda: one.strength * one.a * one.b**3"),
    RateWrong: ("number-differs", "return one, 0.5 * two, three, four"),
    RateShifted: ("number-differs", "return linexp(v, -35, 10, 0.1), two, three, four"),
    Instant: ("gate-instant", "channel.b = up_b / (up_b + down_b)"),
}
ONE_CHANNEL = {
    GatesTwice: (
        "number-differs",
        "self.a += dt * (up_a * (1 - self.a) - down_a * self.a)",
        "self.b += dt * (up_b * (1 - self.b) - down_b * self.b)",
    ),
    LastTwice: ("number-differs", "return super().ionic() + self.channels[-1].current(self.v)"),
    NoInactivation: ("gate-missing", "return self.strength * self.a**self.exponent * self.b"),
    Twice: ("number-differs", "return 2 * super().ionic()"),
    WrongSign: ("channel-sign", "return (self.leak() + current + self.ionic()) / self.tau"),
}
# In the second of two channels, or in both.
TWO_CHANNELS = {
    LastTwice: ("too-much", "return super().ionic() + self.channels[-1].current(self.v)"),
    NoInactivation: ("gate-missing", "self.v += self.slope(current) * dt"),
}
# What is a rule: V at the threshold itself, and the order of the states.
ORDERED = {
    StrictThreshold: ("threshold-strict", "return self.v > self.limit"),
    GatesAfterV: ("sequential-euler", "self.v += self.slope(current) * dt"),
}

# Honest variations ---------------------------------------------------------------------------------------


class Parallel:
    def step(self, dt, current):
        slope = self.slope(current)
        self.move_gates(dt)
        self.v += slope * dt


class Whole(Cell1):
    """State as a vector, one right-hand side: for the schemes of textbooks."""

    def rhs(self, y, current):
        one = self.channels[0]
        one.a, one.b = y[1], y[2]
        kept, self.v = self.v, y[0]
        slope = self.slope(current)
        self.v = kept
        up_a, down_a, up_b, down_b = one.rates(y[0])
        return np.array([slope, up_a * (1 - y[1]) - down_a * y[1], up_b * (1 - y[2]) - down_b * y[2]])

    def step(self, dt, current):
        one = self.channels[0]
        y = self.advance(np.array([self.v, one.a, one.b]), dt, current)
        self.v, one.a, one.b = y.tolist()


class WithHeun(Whole):
    def advance(self, y, dt, current):
        first = self.rhs(y, current)
        return y + dt / 2 * (first + self.rhs(y + dt * first, current))


class WithRungeKutta(Whole):
    def advance(self, y, dt, current):
        one = self.rhs(y, current)
        two = self.rhs(y + dt / 2 * one, current)
        three = self.rhs(y + dt / 2 * two, current)
        four = self.rhs(y + dt * three, current)
        return y + dt / 6 * (one + 2 * two + 2 * three + four)


class ExponentialGates(Cell1):
    def move_gates(self, dt):
        for channel in self.channels:
            up_a, down_a, up_b, down_b = channel.rates(self.v)
            for name, up, down in (("a", up_a, down_a), ("b", up_b, down_b)):
                goal = up / (up + down)
                old = getattr(channel, name)
                setattr(channel, name, goal + (old - goal) * math.exp(-(up + down) * dt))


class Exponential(ExponentialGates):
    def step(self, dt, current):
        total = 1 + sum(channel.open() for channel in self.channels)
        drawn = sum(channel.open() * channel.battery for channel in self.channels)
        goal = (self.rest + current + drawn) / total
        old = self.v
        self.move_gates(dt)
        self.v = goal + (old - goal) * math.exp(-total * dt / self.tau)


class ExactMembrane(Cell):
    def step(self, dt, current):
        goal = self.rest + current
        self.v = goal + (self.v - goal) * math.exp(-dt / self.tau)


class TimeCounter:
    """The notebook's way: a time that dt is subtracted from."""

    def wait(self, dt):
        self.left -= dt
        self.v = self.back

    def fire(self, dt):
        self.v = self.back
        self.left = self.pause


RULES = {
    Cell: ("lif", "euler"),
    Cell1: ("lif_na", "sequential-euler"),
    Cell2: ("lif_na2", "sequential-euler"),
    type("Parallel1", (Parallel, Cell1), {}): ("lif_na", "euler"),
    type("Parallel2", (Parallel, Cell2), {}): ("lif_na2", "euler"),
    WithHeun: ("lif_na", "heun"),
    WithRungeKutta: ("lif_na", "rk4"),
    ExponentialGates: ("lif_na", "rush-larsen"),
    Exponential: ("lif_na", "exponential-euler"),
    ExactMembrane: ("lif", "exponential-euler"),
    type("TimeCounter1", (TimeCounter, Cell1), {}): ("lif_na", "sequential-euler"),
}


def planted(fault, base, *more):
    """Make a class with one fault or several."""
    return type(f"{fault.__name__}In{BASES[base].__name__}", (fault, *more, BASES[base]), {})


def written(neuron, order="new"):
    """Write any neuron as its claim has it, as a class would be typed: its own rates, by Euler's steps."""
    gates = [gate for channel in neuron.channels for gate in channel.gates]
    names = [f"x{k}" for k in range(len(gates))]
    flows = []
    for name, gate in zip(names, gates, strict=True):
        if gate.alpha is None:
            flows.append(f"(({gate.inf}) - self.{name}) / ({gate.tau})")
        else:
            flows.append(f"({gate.alpha}) * (1 - self.{name}) - ({gate.beta}) * self.{name}")
    move = [f"n{name} = self.{name} + dt * ({flow})" for name, flow in zip(names, flows, strict=True)]
    keep = [f"self.{name} = n{name}" for name in names]
    used = iter(f"n{name}" if order == "new" else f"self.{name}" for name in names)
    currents = [
        " * ".join([str(channel.g), *(f"{next(used)}**{gate.power}" for gate in channel.gates)])
        + f" * ({channel.E} - V)"
        for channel in neuron.channels
    ]
    held = [*move, *keep] if neuron.refractory == "clamp" else []
    start, *starts = neuron.initial_state()
    return "\n".join([
        "from numpy import exp",
        "class Written:",
        "    def __init__(self):",
        f"        self.v, self.left = {start}, 0",
        *(f"        self.{name} = {value}" for name, value in zip(names, starts, strict=True)),
        "    def update(self, dt, current):",
        "        V = self.v",
        "        if self.left > 0:",
        "            self.left -= 1",
        *(f"            {line}" for line in held),
        f"            self.v = {neuron.v_reset}",
        "            return self.v",
        *(f"        {line}" for line in move),
        f"        total = {neuron.v_rest} - V + current" + "".join(f" + {one}" for one in currents),
        *(f"        {line}" for line in keep),
        f"        self.v = V + dt * total / {neuron.tau_m}",
        f"        if self.v >= {neuron.v_thresh}:",
        f"            self.v, self.left = {neuron.v_reset}, round({neuron.tau_ref} / dt)",
        "        return self.v",
    ])  # fmt: skip


# Whole scripts: the loop around an object, and what it leaves behind ---------------------------------------


def loop(cell, model, *, label="end", edges="half-open", stored="after", offset=0.0, stretch=1.0, delay=0.0):
    """Drive an object under the claimed stimulus; give labels and samples."""
    dt, t_end = model.simulation.dt, model.simulation.t_end
    labels, samples = [], []
    for k in range(round(t_end / dt)):
        t = k * dt
        current = sum(part_of(part, round(t - delay, 9), edges) for part in model.stimulus.parts)
        if stored == "before":
            samples.append(cell.v)
        cell.update(dt, current)
        if stored == "after":
            samples.append(cell.v)
        labels.append(stretch * (t + (dt if label == "end" and stored == "after" else 0.0) + offset))
    return np.array(labels), np.array(samples)


def part_of(part, t, edges):
    after = part.start is None or (part.start < t if edges == "strict" else part.start <= t)
    before = part.stop is None or (t <= part.stop if edges == "loose" else t < part.stop)
    return part.drive(t)(0.0) if after and before else 0.0


# (options of the loop, findings)
LOOPS = {
    "clean": ({}, set()),
    "stored before the step": ({"stored": "before"}, set()),
    "label early": ({"label": "start"}, {"label-early"}),
    "label offset": ({"offset": 5.0}, {"label-offset"}),
    "label in seconds": ({"stretch": 1e-3}, {"label-step"}),
    "on late": ({"edges": "strict"}, {"input-on-late"}),
    "off late": ({"edges": "loose"}, {"input-off-late"}),
    "the notebook's": ({"label": "start", "edges": "strict"}, {"label-early", "input-on-late"}),
    "all late": ({"delay": 0.2}, {"input-on-late", "input-off-late"}),
}
