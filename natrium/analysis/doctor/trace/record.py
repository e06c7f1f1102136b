"""What a traced run leaves behind: the exact maps of its steps, over the script's own names."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping

import attrs
import numpy as np
import numpy.typing as npt

from natrium.model.arrays import Array

# How an operation begins that SciPy's solver made in a step: of a state, its derivative there, and how long.
SOLVED = "solved by "
# The operation by which an array of whole numbers cuts what is put into it.
CUT = "cut"
# How the operation begins that takes an element of the exponential of a matrix, which its operands are.
EXPONENTIAL = "expm "


def element_of_exponential(size: int, row: int, column: int) -> str:
    """Name the operation that takes an element of a matrix's exponential."""
    return f"{EXPONENTIAL}{size} {row} {column}"


@attrs.frozen(eq=False)
class Node:
    """One value and the operation that made it.

    Attributes
    ----------
    op : str
        ``"leaf"`` (a named value: state, parameter, input, time), ``"number"`` (a literal of the script), or
        an operation: ``+ - * / // % ** neg abs min max int round floor exp log sin ...``.
    args : tuple of Node
        Operands, in the order in which the script has them.
    value : float
        What it was in the run.
    line : int
        Line of the script, from 1; 0 where there is none.
    name : str
        Of a leaf: as the script calls it (``"V"``, ``"self.v"``, ``"tau_m"``).
    numpy : bool
        Whether NumPy's routine made it, not Python's: the last bit may tell.
    """

    op: str
    args: tuple[Node, ...]
    value: float
    line: int = 0
    name: str = ""
    numpy: bool = False


@attrs.frozen(eq=False)
class Choice:
    """A comparison that the script made, and how it came out.

    Attributes
    ----------
    left, right : Node
    relation : str
        ``< <= > >= == !=``.
    held : bool
    line : int
    timed : bool
        Whether no state is in it: it hangs on time and input alone.
    """

    left: Node
    relation: str
    right: Node
    held: bool
    line: int
    timed: bool = False


@attrs.frozen(eq=False)
class Step:
    """One map that steps of the script have in common.

    Attributes
    ----------
    updates : mapping of str to Node
        By state: its new value, over leaves that are the states before the step, parameters, input, time.
    choices : tuple of Choice
        Comparisons on the way, in their order. Those of time and input alone (``timed``) are kept only where
        they came out alike in all of these steps, and otherwise in others; they divide no steps.
    first : int
        The first step that took it, from 0.
    count : int
        How many steps did.
    """

    updates: Mapping[str, Node]
    choices: tuple[Choice, ...]
    first: int
    count: int

    @property
    def trees(self) -> list[Node]:
        """What it makes and what it compares."""
        return [*self.updates.values(), *(side for one in self.choices for side in (one.left, one.right))]

    def with_trees(self, of: Callable[[Node], Node]) -> Step:
        """Give the step with other trees for what it makes and compares."""
        return attrs.evolve(
            self,
            updates={name: of(node) for name, node in self.updates.items()},
            choices=tuple(attrs.evolve(one, left=of(one.left), right=of(one.right)) for one in self.choices),
        )


@attrs.frozen(eq=False)
class Record:
    """A traced run.

    Attributes
    ----------
    source : tuple of str
        The script's lines.
    states : tuple of str
        What one step writes and the next reads, as the script calls it.
    samples : numpy.ndarray, shape (n_steps + 1, n_states)
        The states before each step and after the last.
    parameters : mapping of str to Node
        Named numbers that steps read and none writes, each with its line and value (derived ones, such as
        ``decay = exp(-dt/tau)``, as the tree over other leaves that makes them).
    input : str
        Leaf that the input goes by; empty where there is none, or it is a parameter.
    inputs : numpy.ndarray, shape (n_steps,)
        The input that each step read.
    time : str
        Leaf of the step's own time, or of the step's number; empty where steps do not read it.
    times : numpy.ndarray, shape (n_steps,)
        Its values.
    dt : str
        Leaf of the step; empty where it is not known.
    steps : tuple of Step
        The different maps.
    order : numpy.ndarray of int, shape (n_steps,)
        Which of `steps` each step was.
    lists : mapping of str to Array
        Lists and arrays that the script kept, by name: voltages drawn for the plot, spike times, ...
    solver : str
        SciPy's solver that the script called, empty where it steps by itself; `steps` then holds its
        right-hand side as ``d<state>/dt`` updates.
    restarts : tuple of (float, float, Array)
        Of a solver that events end: when each did, when the script went on, and from which states; the last
        of `steps` is then what an event compares and does.
    resumed : tuple of Node
        When the script last went on after an event, and from which states, each with the line that set it;
        empty where no event ended the solver.
    solution : mapping of str to Array
        Of a solver: all that it gave, by state, of which `samples` are some; the times by an empty name.
    again : callable or None
        Of a right-hand side ``f(t, y)``: what SciPy makes of it as it did of the script's own, in the place
        of `samples`; None where that cannot be had.
    asked : int
        How often SciPy asked the script's own for derivatives; 0 where it does not tell.
    exogenous : mapping of str to Array
        What else steps read that no state reaches (noise, incoming spikes, the input between two times, the
        step's number): its values, by leaf.
    origins : mapping of str to tuple of Node
        Of the input, the time and `exogenous`: the different expressions that gave it, as far as known.
    law : Node or None
        How a step makes the next input of its own: of noise with a memory, which a claim has as its input.
    whole : bool
        Whether all steps of the run were traced; otherwise as many as the budget allowed, from the first on.
    turns : int
        How many turns the loop makes in the script's own run, at most; 0 where that is not told.
    side : str
        Of neurons that go side by side, which one this is; empty where there is one.
    cell : str
        Of neurons that drive each other, the voltage of the one that this is; empty where there is one.
    swept : frozenset of str
        Parameters that are others in other runs, as loops outside of it have them.
    runs : tuple of int
        Which run of the loop this is, counted from 1, and how many there are.
    left : tuple of str
        States with which each run of the loop goes on from where the one before left them.
    fused : bool
        Whether NumPy multiplied matrices, or solved them, in an order of its own: last digits are open.
    ended : tuple of str and int
        The name of the error that ended the run, and its line; empty and 0 where it came to its end.
    loop : int
        Number of the loop that steps, as the rewritten script counts them; -1: none does.
    fallback : str
        Why the run could not be traced; empty where it was, and equals the plain run in every double.
    """

    source: tuple[str, ...]
    states: tuple[str, ...]
    samples: Array
    parameters: Mapping[str, Node]
    input: str
    inputs: Array
    time: str
    times: Array
    dt: str
    steps: tuple[Step, ...]
    order: npt.NDArray[np.int64]
    lists: Mapping[str, Array]
    solver: str = ""
    restarts: tuple[tuple[float, float, Array], ...] = ()
    resumed: tuple[Node, ...] = ()
    solution: Mapping[str, Array] = attrs.field(factory=dict)
    again: Callable[[Callable[..., list[float]]], Array | None] | None = None
    asked: int = 0
    exogenous: Mapping[str, Array] = attrs.field(factory=dict)
    origins: Mapping[str, tuple[Node, ...]] = attrs.field(factory=dict)
    law: Node | None = None
    whole: bool = True
    turns: int = 0
    side: str = ""
    cell: str = ""
    swept: frozenset[str] = frozenset()
    runs: tuple[int, int] = (1, 1)
    left: tuple[str, ...] = ()
    fused: bool = False
    ended: tuple[str, int] = ("", 0)
    loop: int = -1
    fallback: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether the script's run goes on beyond the steps that were traced."""
        return not self.whole and self.order.size + 1 < self.turns

    @property
    def parameter_values(self) -> dict[str, float]:
        """The parameters' values in the run, by name."""
        return {name: node.value for name, node in self.parameters.items()}

    def without(self, states: Container[str]) -> Record:
        """Give the record without some states: no step sets them, though its trees may read them."""
        kept = [at for at, name in enumerate(self.states) if name not in states]
        updates = ({to: one for to, one in step.updates.items() if to not in states} for step in self.steps)
        steps = (attrs.evolve(step, updates=own) for step, own in zip(self.steps, updates, strict=True))
        return attrs.evolve(
            self,
            states=tuple(self.states[at] for at in kept),
            samples=self.samples[:, kept],
            steps=tuple(steps),
        )
