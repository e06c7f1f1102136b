"""What the published neurons of `public` are made of."""

from functools import cached_property

import attrs

import natrium


@attrs.frozen(slots=False)
class System:
    """Equations by name, the input from some times on, and spikes to states; `cell` is the same as channels."""

    family: str
    equations: dict
    initial: dict
    t_end: float
    v_thresh: object
    reset: dict = attrs.field(factory=dict)
    tau_ref: float = 0.0
    free: tuple = ()
    steps: tuple = ((0.0, 0.0),)
    spikes: dict = attrs.field(factory=dict)  # of a state: times, weight
    cell: object = None
    inlets: dict = attrs.field(factory=dict)  # what `cell` calls such a state

    @property
    def forms(self):
        """What its forms are called; to make them takes a while."""
        return ("equations", "channels") if self.cell else ("equations",)

    @cached_property
    def neurons(self):
        """It, in each of natrium's forms."""
        own = natrium.HybridNeuron(
            equations=self.equations,
            initial=self.initial,
            v_thresh=self.v_thresh,
            reset=self.reset,
            tau_ref=self.tau_ref,
            refractory=dict.fromkeys(self.free, "free") or "hold",
        )
        return {"equations": own} | ({"channels": self.cell} if self.cell else {})

    def drive(self, form):
        """Give the input of one of these."""
        names = self.inlets if form == "channels" else {}
        ends = [*(start for start, _ in self.steps[1:]), None]
        pairs = zip(self.steps, ends, strict=True)
        return [
            *(natrium.Step(level, start=start, stop=end) for (start, level), end in pairs),
            *(natrium.Spikes(times, names.get(to, to), by) for to, (times, by) in self.spikes.items()),
        ]


def kinetics(channel, transitions):
    """Write a kinetic scheme as equations: what leaves one state comes to another."""
    flows = {name: "" for source, target, _ in transitions for name in (source, target)}
    for source, target, rate in transitions:
        flows[source] += f" - ({rate})*{channel}{source}"
        flows[target] += f" + ({rate})*{channel}{source}"
    return {channel + name: flow for name, flow in flows.items()}


def pairs(*ways):
    """Give the transitions there and back of (one, other, rate, rate back)."""
    return [way for a, b, rate, back in ways for way in ((a, b, rate), (b, a, back))]


def shares(states, full):
    """Start a scheme with all channels in one state."""
    return {name: float(name == full) for name in states}


def gate(name, alpha, beta):
    """Write a gate as an equation."""
    return {name: f"({alpha})*(1 - {name}) - ({beta})*{name}"}


def line(slope, at, width, V="V"):
    """Write slope (V - at)/(1 - exp(-(V - at)/width))."""
    return f"{slope}*({V} - ({at}))/(1 - exp(-({V} - ({at}))/({width})))"


def rise(at, width, V="V"):
    """Write 1/(1 + exp(-(V - at)/width))."""
    return f"1/(1 + exp(-({V} - ({at}))/({width})))"
