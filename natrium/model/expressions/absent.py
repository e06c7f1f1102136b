"""Names that equations elsewhere hold and expressions of states do not: units, noise, time, other inputs."""

from __future__ import annotations

import re
from collections.abc import Collection

# fmt: off
UNITS = (
    "ms", "mV", "pA", "nA", "uA", "nS", "uS", "mS", "pF", "nF", "uF", "MOhm", "kOhm", "Mohm", "ohm", "Hz",
)
# fmt: on
_INPUT = re.compile(r"(?i)i_?(e|ext|app|inj|stim|in|dc|input|applied|injected|external)")


def say_instead(name: str, variables: Collection[str]) -> str:
    """Say what is written instead of a name that an expression of some variables does not know.

    Parameters
    ----------
    name : str
    variables : collection of str
        What the expression may name.

    Returns
    -------
    str
        The end of a message; empty where nothing is known.
    """
    if name in UNITS:
        return ': a unit stands with a number alone, as tau = "10 ms" among parameters'
    if "I" not in variables:
        return ""
    if name == "xi":
        return ": noise is a stimulus, of kind noise, and comes in as I"
    if name == "t":
        return ": what depends on time is a stimulus, of kind expression, and comes in as I"
    return ": the input is called I" if _INPUT.fullmatch(name) else ""
