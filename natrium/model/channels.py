"""Channels with their sources.

Conductances are relative to the leak conductance, g/g_L, without unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from natrium.model.channel import Channel, Gate
from natrium.model.checks import unknown_name
from natrium.model.errors import ModelError

# Hodgkin & Huxley (1952), in today's sign and with rest at -65 mV: V = -65 mV - V_1952. Conductances
# 120 and 36 mS/cm^2 over the leak's 0.3; reversal at +115 and -12 mV from rest.
_HH = (
    "A. L. Hodgkin, A. F. Huxley, J. Physiol. 117 (1952) 500-544, "
    "https://doi.org/10.1113/jphysiol.1952.sp004764"
)


def _squid_sodium_gates(m: float | str, h: float | str) -> tuple[Gate, Gate]:
    """Give the kinetics of the squid axon's sodium channel."""
    return (
        Gate("m", 3, alpha="0.1*(V + 40)/(1 - exp(-(V + 40)/10))", beta="4*exp(-(V + 65)/18)", initial=m),
        Gate("h", 1, alpha="0.07*exp(-(V + 65)/20)", beta="1/(1 + exp(-(V + 35)/10))", initial=h),
    )


def _notebook_sodium_1() -> Channel:
    # The notebook calls g = 120 a conductance in mS/cm^2, but divides by nothing: against a leak of 1 it
    # is g/g_L. Gates start at m = 0, h = 1.
    return Channel(
        "Na",
        g=120.0,
        E=50.0,
        gates=_squid_sodium_gates(0.0, 1.0),
        source="class notebook, scripts 2 and 3: the kinetics of the squid axon's sodium channel (Hodgkin & "
        "Huxley 1952, rest at -65 mV), with g = 120 relative to the leak where the paper's is 400",
    )


def _notebook_sodium_2() -> Channel:
    m = Gate("m", 3, alpha="0.05*(V + 45)/(1 - exp(-(V + 45)/10))", beta="2*exp(-(V + 70)/20)", initial=0.0)
    h = Gate("h", 1, alpha="0.06*exp(-(V + 70)/10)", beta="1/(1 + exp(-(V + 30)/10))", initial=1.0)
    return Channel(
        "Na2",
        g=100.0,
        E=55.0,
        gates=(m, h),
        source="class notebook, script 3: a variation of the squid axon's sodium channel; no publication is "
        "known to us for these numbers",
    )


def _hh_sodium() -> Channel:
    return Channel(
        "Na",
        g=400.0,
        E=50.0,
        gates=_squid_sodium_gates("steady-state", "steady-state"),
        source=f"{_HH}, eqs. 20, 21, 23, 24 and table 3",
    )


def _hh_potassium() -> Channel:
    n = Gate("n", 4, alpha="0.01*(V + 55)/(1 - exp(-(V + 55)/10))", beta="0.125*exp(-(V + 65)/80)")
    return Channel("K", g=120.0, E=-77.0, gates=(n,), source=f"{_HH}, eqs. 12, 13 and table 3")


class UnknownChannel(ModelError, KeyError):
    """A name that is none of the catalogue's."""

    def __str__(self) -> str:
        """Say it in words, where a KeyError shows the text's repr."""
        return str(self.args[0])


class _Catalogue(Mapping[str, Channel]):
    """Channels by name, each made and checked when it is first asked for."""

    def __init__(self, **makers: Callable[[], Channel]) -> None:
        self._makers = {name: cache(make) for name, make in makers.items()}

    def __getitem__(self, name: str) -> Channel:
        if name not in self:
            raise UnknownChannel(unknown_name("a channel of the catalogue", name, self))
        return self._makers[name]()

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __repr__(self) -> str:
        return f"<natrium.CHANNELS: {', '.join(self)}>"


CHANNELS: Mapping[str, Channel] = _Catalogue(
    notebook_sodium_1=_notebook_sodium_1,
    notebook_sodium_2=_notebook_sodium_2,
    hh_sodium=_hh_sodium,
    hh_potassium=_hh_potassium,
)
"""All channels of the catalogue by name; a new one is a function above and a line here."""
