"""What an import gives: a model, and what was read and assumed."""

from __future__ import annotations

from typing import Any

import attrs

from natrium.analysis.result import Result
from natrium.model import Model
from natrium.model.files.writing import to_dict, to_toml

OPEN = 0.01  # S/cm2: of a channel whose file does not say how many there are, or none
LEAK = 1e-4  # S/cm2: of the cell around an imported channel, with 1 uF/cm2 and so tau_m = 10 ms

AROUND = (
    f"around it: a leak of {LEAK * 1e3:g} mS/cm2 at -70 mV with 1 uF/cm2, a threshold at -55 mV, and a step "
    "of input"
)


@attrs.frozen
class Mechanism:
    """How a file's own names meet those of the model, for holding one against the other.

    Attributes
    ----------
    suffix : str
        The mechanism's name in its simulator.
    currents : mapping of str to bool
        The currents that were read, and whether each is an ion's.
    celsius : float
        The temperature that it was read at.
    ions : mapping of str to float
        The ion's variables that it reads, with the numbers that were taken.
    states : tuple of str
        The states that move, of gates and of schemes.
    gates : mapping of str to (str, str, float)
        Each state's channel and gate, or state of its scheme, and by how much it was divided.
    given : mapping of str to float
        Parameters whose numbers its simulator would not take by itself.
    pairs : mapping of str to str
        For each of two states that react with each other alone, the other.
    stepped : bool
        Whether its states are updated by steps rather than given as derivatives.
    """

    suffix: str
    currents: dict[str, bool]
    celsius: float
    ions: dict[str, float]
    states: tuple[str, ...]
    gates: dict[str, tuple[str, str, float]]
    given: dict[str, float]
    pairs: dict[str, str]
    stepped: bool = False


@attrs.frozen(eq=False, repr=False)
class Imported(Result):
    """A model made of another simulator's file.

    Attributes
    ----------
    source : str
        The file's name.
    language : {"NMODL", "NeuroML", "XPP"}
    title : str
        What the file calls itself.
    model : Model
        The channel in a leak cell with a step of input, or the whole model; `model.save(path)` writes it.
    assumed : tuple of str
        What the file does not say, and what of it was left out.
    mechanism : Mechanism or None
        Of NMODL, how it is held against NEURON.
    """

    source: str
    language: str
    title: str
    model: Model
    assumed: tuple[str, ...]
    mechanism: Mechanism | None = None

    def text(self) -> str:
        """Give the model file, with what was read and assumed in comments at its top."""
        said = [f"# {line}" for line in self.sentences()]
        return "\n".join(
            [*(line.encode("ascii", "replace").decode() for line in said), "", to_toml(self.model)]
        )

    def sentences(self) -> list[str]:
        """Say what was read, then what was assumed."""
        return [
            f"{self.source}, {self.language}{f': {self.title}' if self.title else ''}",
            *self.read,
            *self.assumed,
        ]

    @property
    def read(self) -> list[str]:
        """What was read, a line for each channel or equation."""
        neuron: Any = self.model.neuron
        if not neuron.of_channels:
            equations = ", ".join(f"{name}'" for name, _ in neuron.equations)
            return [f"equations {equations}, {len(neuron.parameters)} parameters"]
        return [_channel(channel) for channel in neuron.channels]

    def table(self) -> list[dict[str, Any]]:
        """Give a row for every gate and transition: channel, name, power and rates."""
        rows: list[dict[str, Any]] = []
        for channel in getattr(self.model.neuron, "channels", ()):
            for gate in channel.gates:
                rates = {key: rate.text for key, rate in gate.rates.items()}
                rows.append({"channel": channel.name, "gate": gate.name, "power": gate.power} | rates)
            rows += [
                {"channel": channel.name, "gate": f"{one.source} to {one.target}", "rate": one.rate.text}
                for one in (channel.scheme.transitions if channel.scheme else ())
            ]
        return rows

    def data(self) -> dict[str, Any]:
        """Give the model as a model file's content, with what was read and assumed."""
        return {
            "source": self.source,
            "language": self.language,
            "title": self.title,
            "model": to_dict(self.model),
            "read": self.read,
            "assumed": list(self.assumed),
        }


def _channel(channel: Any) -> str:
    gates = [f"{gate.name}^{gate.power}" if gate.power > 1 else gate.name for gate in channel.gates]
    if channel.scheme:
        gates.append(f"{'+'.join(channel.scheme.open)} of {len(channel.scheme.states)} states")
    where = f"E = {channel.E:.10g} mV" if channel.E is not None else "the constant field"
    return (
        f"channel {channel.name}: {channel.g * LEAK:.10g} S/cm2 ({channel.g:.10g} times the leak), {where}, "
        f"gates {', '.join(gates) or 'none'}"
    )
