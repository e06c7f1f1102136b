"""A pool of calcium: filled by the current of channels, emptied at its own pace."""

from __future__ import annotations

import math
from typing import Any

import attrs
import sympy

from natrium.model.checks import Name, Number, as_float, show
from natrium.model.errors import ModelError
from natrium.model.expressions.expression import CALCIUM

CA = sympy.Symbol(CALCIUM, real=True)
DECADES = 6  # below the most there can be: where rates are looked at


def _as_names(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _check_names(instance: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, tuple) or not value:
        raise ModelError(f"channels of the calcium pool must be a list of names, got {show(value)}")
    for name in value:
        Name().check("a name in channels", name)
    if len(set(value)) < len(value):
        raise ModelError(f"channels of the calcium pool must differ, got {', '.join(value)}")


@attrs.frozen
class Calcium:
    r"""A first-order pool of calcium, which rates read as ``Ca``.

    .. math:: \frac{d\mathrm{Ca}}{dt} = \phi \sum_k I_k - \frac{\mathrm{Ca} - \mathrm{Ca}_{rest}}{\tau}

    with I_k the currents in mV, inward positive, of the channels that carry calcium. (Where a paper takes
    currents as outward, this is its -phi I.) The unit of Ca is what the rates that read it take.

    Parameters
    ----------
    rest : float
        Concentration that it decays to.
    tau : float
        Its time constant, ms.
    factor : float
        phi, concentration per mV and ms.
    channels : sequence of str
        Names of the channels, or synapses, whose current is of calcium.
    initial : float, optional
        Concentration at the start; `rest` by default.

    Raises
    ------
    ModelError
        When a value is out of range.

    References
    ----------
    .. [1] R. D. Traub, "Simulation of intrinsic bursting in CA3 hippocampal neurons", Neuroscience 7 (1982)
       1233-1242. https://doi.org/10.1016/0306-4522(82)91130-7

    Examples
    --------
    >>> import natrium
    >>> pool = natrium.Calcium(rest=0.05, tau=80.0, factor=1e-3, channels=["L"])
    >>> cell = natrium.Neuron(channels=[natrium.CHANNELS["l_type"]], calcium=pool)
    >>> cell.system.labels
    ('V', 'L.q', 'L.h', 'Ca')
    """

    rest: float = attrs.field(
        converter=as_float, validator=Number(low=0.0, short="rest", meaning="calcium at rest")
    )
    tau: float = attrs.field(
        converter=as_float,
        validator=Number("ms", 0.0, open_low=True, short="tau", meaning="time constant of calcium"),
    )
    factor: float = attrs.field(
        converter=as_float, validator=Number(low=0.0, short="factor", meaning="calcium per current and time")
    )
    channels: tuple[str, ...] = attrs.field(converter=_as_names, validator=_check_names)
    initial: float = attrs.field(
        kw_only=True,
        converter=as_float,
        validator=Number(low=0.0, short="initial", meaning="calcium at the start"),
    )

    @initial.default
    def _initial(self) -> float:
        return self.rest

    @property
    def least(self) -> float:
        """The lowest concentration there is, as long as the current flows inwards."""
        return min(self.rest, self.initial)

    def most(self, inward: float) -> float:
        """Give the highest there can be while the current is at most `inward` mV."""
        return max(self.rest, self.initial) + self.factor * self.tau * max(inward, 0.0)

    def levels(self, inward: float) -> tuple[float, ...]:
        """Give the concentrations at which rates are checked, from the least to near the most.

        That at rest and decades, twice and five times the last: where a run starts asks for no others, and
        another factor rarely does.
        """
        most, found = self.most(inward), {self.rest}
        if most > 0.0:
            top = math.floor(math.log10(most))
            low = max(self.least, 10.0 ** (top - DECADES))
            scales = [10.0**power for power in range(top - DECADES, top + 1)]
            found |= {level for level in (*scales, 2 * scales[-1], 5 * scales[-1]) if low <= level <= most}
        return tuple(sorted(found))
