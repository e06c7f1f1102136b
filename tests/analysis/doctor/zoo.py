"""Scripts with planted faults: each as somebody might write it, one thing wrong in each.

A planted fault is a small class that overrides one method of a sound cell; `MEMBRANE` and `CHANNEL` say what each
is to be named, and the line in which.
"""

from tests.analysis.doctor.cells import BASES, Gated, linexp

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


def planted(fault, base, *more):
    """Make a class with one fault or several."""
    return type(f"{fault.__name__}In{BASES[base].__name__}", (fault, *more, BASES[base]), {})
