"""Synapses: conductances, or currents, that incoming spikes open and that close by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import sympy

from natrium.model.checks import Name, Number, Numbers, Optional, Text, as_float
from natrium.model.equations import alpha_rise, decay
from natrium.model.errors import ModelError
from natrium.model.expressions.exprel import exprel
from natrium.model.expressions.expression import Expression, as_expression
from natrium.model.rates import check_rate


def _as_number(value: Any) -> Any:
    return None if value is None else as_float(value)


def _as_numbers(value: Any) -> Any:
    return tuple(map(as_float, value)) if isinstance(value, (list, tuple)) else value


def _as_block(value: Any) -> Expression | None:
    return None if value is None else as_expression(value)


def _check_block(instance: Any, attribute: Any, value: Expression | None) -> None:
    if value is None:
        return
    if value.reads_calcium:
        raise ModelError(f"block must be of V alone, got {value}")
    check_rate("block", value, at_most=1.0)


@attrs.frozen
class Synapse:
    r"""A synapse: g s (E - V), where s jumps or rises at every spike that comes in, and decays.

    Without `rise` it jumps: s' = -s/decay, and a spike of weight w adds w. With it

    .. math:: s' = -s/\tau_{decay} + k x, \qquad x' = -x/\tau_{rise},

    a spike adds w to x, and k is such that s alone peaks at w: the difference of two exponentials, or, where
    the two times are equal, the alpha function. Spikes come in by a `Spikes` or `Poisson` whose target is the
    synapse's name. It goes on while the neuron is refractory, whatever the rule says of gates.

    Parameters
    ----------
    name : str
        Unique among channels and synapses.
    g : float
        Conductance relative to the leak's when s = 1; without `E` a current, mV, of either sign.
    E : float, optional
        Reversal potential, mV; None: a current g s.
    decay : float
        Time constant of decay, ms.
    rise : float, optional
        Time constant of rise, ms.
    block : str, sympy.Expr or Expression, optional
        The share that conducts at V, such as magnesium leaves of an NMDA receptor's.
    initial : sequence of float, optional
        s, and x where there is a rise, at the start; closed by default.
    source : str
        Where its numbers come from.

    Raises
    ------
    ModelError
        When a value is out of range.

    References
    ----------
    .. [1] A. Roth, M. C. W. van Rossum, "Modeling synapses", in E. De Schutter (ed.), Computational Modeling
       Methods for Neuroscientists (2009). https://doi.org/10.7551/mitpress/9780262013277.003.0007

    Examples
    --------
    >>> import natrium
    >>> cell = natrium.Neuron(synapses=[natrium.Synapse("exc", 2.0, 0.0, decay=5.0, rise=0.5)])
    >>> cell.system.labels
    ('V', 'exc.s', 'exc.x')
    >>> natrium.simulate(cell, natrium.Spikes([5.0, 8.0], "exc", 0.8), t_end=50.0).n_spikes
    3
    """

    name: str = attrs.field(validator=Name())
    g: float = attrs.field(
        converter=as_float, validator=Number(short="g", meaning="conductance over the leak's, or current")
    )
    E: float | None = attrs.field(
        default=None,
        converter=_as_number,
        validator=Optional(Number("mV", short="E", meaning="reversal")),
    )
    decay: float = attrs.field(
        kw_only=True,
        converter=as_float,
        validator=Number("ms", 0.0, open_low=True, short="decay", meaning="time constant of decay"),
    )
    rise: float | None = attrs.field(
        default=None,
        kw_only=True,
        converter=_as_number,
        validator=Optional(Number("ms", 0.0, open_low=True, short="rise", meaning="time constant of rise")),
    )
    block: Expression | None = attrs.field(
        default=None, kw_only=True, converter=_as_block, validator=_check_block
    )
    initial: tuple[float, ...] = attrs.field(
        default=(), kw_only=True, converter=_as_numbers, validator=Numbers()
    )
    source: str = attrs.field(default="", kw_only=True, eq=False, validator=Text())

    def __attrs_post_init__(self) -> None:
        """Check that a conductance is none below zero, and that every state has its start."""
        if self.E is not None and self.g < 0.0:
            raise ModelError(f"g of synapse {self.name} must be zero or positive, got {self.g!r}")
        if self.initial and len(self.initial) != len(self.states):
            raise ModelError(
                f"initial of synapse {self.name} must give {' and '.join(self.states)}, got {self.initial!r}"
            )

    @property
    def states(self) -> tuple[str, ...]:
        """Names of its states, the open share first."""
        return ("s",) if self.rise is None else ("s", "x")

    def changed(self, values: Mapping[str, float]) -> Synapse:
        """Give the same synapse with other numbers for some constants of its block."""
        return attrs.evolve(self, block=self.block.changed(values)) if self.block is not None else self

    def start(self) -> tuple[float, ...]:
        """Give its states at the start."""
        return self.initial or (0.0,) * len(self.states)

    def flows(self, states: dict[str, Any], fall: Any, rise: Any) -> dict[str, sympy.Expr]:
        """Give the time derivative of each state as SymPy, of the two time constants; per ms."""
        if self.rise is None:
            return {"s": decay(states["s"], fall)}
        k = alpha_rise(fall, rise, sympy.log, sympy.exp, exprel)
        return {"s": decay(states["s"], fall) + k * states["x"], "x": decay(states["x"], rise)}
