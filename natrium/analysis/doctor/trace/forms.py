"""Forms of values, places that keep them, steps of the loop: what the tracer works with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# A form's dependence: on nothing that changes, on the step's own time and input, on states.
FIXED, TIMED, MOVED = 0, 1, 2


RELATIONS = frozenset(("<", "<=", ">", ">=", "==", "!="))


# Reads of one container, or of one element that stands still, that are looked at to learn where it is read.
READS = 400


FORMS = 60


# Offsets from a step's own number at which a container is read, if steps go along it one by one.
STRIDES = 6


class OverBudget(Exception):
    """More turns of loops than were allowed."""


class Enough(BaseException):
    """As many steps as are to be traced; no error, and none that a script may catch."""


class Form:
    """What made a value, once for all values that were made alike.

    Attributes
    ----------
    op : str
        As `Node.op`; ``"leaf"`` is a place, ``"each"`` what a loop goes through.
    args : tuple of Form
    line : int
    value : number
        The first that was made so.
    varies : int
        What it depends on.
    key : tuple
        Of a leaf: its place.
    name : str
    numpy : bool
        Whether NumPy's routine made it.
    truth : bool
        Whether it is a truth, as such or made a number.
    """

    __slots__ = ("args", "key", "line", "name", "numpy", "op", "truth", "value", "varies")

    def __init__(
        self, op: str, args: tuple[Form, ...], line: int, value: Any, varies: int,
        key: tuple[Any, ...] = (), name: str = "", numpy: bool = False,
    ) -> None:  # fmt: skip
        self.op, self.args, self.line, self.value, self.varies = op, args, line, value, varies
        self.key, self.name, self.numpy = key, name, numpy
        told = args[0].op if args and op in ("int", "float") else op
        self.truth = told == "not" or told in RELATIONS


class Place:
    """Where the script keeps a value: a variable, an attribute, an element.

    Attributes
    ----------
    key : tuple
        The same in every run of the script.
    name : str
        As the script calls it.
    coords : tuple of int or str
        Of an element: which; empty otherwise.
    nth : int
        Which store of this step it was.
    line : int
        Of the script's own assignment that put it there; 0: another way.
    """

    __slots__ = ("coords", "key", "line", "name", "nth")

    def __init__(
        self, key: tuple[Any, ...], name: str, coords: tuple[Any, ...] = (), nth: int = 0, line: int = 0
    ) -> None:
        self.key, self.name, self.coords, self.nth, self.line = key, name, coords, nth, line


class Known:
    """What a first traced run learns for the second.

    Attributes
    ----------
    series : dict of tuple to int
        Containers with one element a step, and the axis that steps go along.
    grown : set of tuple
        Of these, the lists that are appended to: read from their ends.
    states : dict of tuple to str
        Leaves that are states, ``(key, coords, offset)``, and what they are called.
    cuts : set of tuple
        Variables that no state reaches and that change: input, time, noise.
    clocks : set of tuple
        Carried variables that every step moves on alike.
    strides : set of tuple
        Containers of which steps read other elements than one after the other.
    speaker : int
        Which element speaks for those of a large array: 0, the first, or -1, the last.
    pointer : tuple or None
        The index that the loop goes along its arrays by, where it jumps ahead in some turns.
    jump_line : int
        In which it does.
    several : set of tuple
        Arguments that each step gives several numbers, one a call.
    learned : int
        Steps that the first traced run was ended after; 0: it went to its end.
    stores : set of tuple
        Where its steps stored what: the key and the line.
    """

    def __init__(self) -> None:
        self.series: dict[tuple[Any, ...], int] = {}
        self.grown: set[tuple[Any, ...]] = set()
        self.states: dict[tuple[Any, ...], str] = {}
        self.cuts: set[tuple[Any, ...]] = set()
        self.clocks: set[tuple[Any, ...]] = set()
        self.strides: set[tuple[Any, ...]] = set()
        # Class-level numbers, and the attributes that instances put over them.
        self.classes: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        self.final = False
        self.speaker, self.learned = 0, 0
        self.stores: set[tuple[tuple[Any, ...], int]] = set()
        self.several: set[tuple[Any, ...]] = set()
        self.pointer: tuple[Any, ...] | None = None
        self.jump_line = 0

    @property
    def timer(self) -> tuple[Any, ...]:
        """The state that counts what the pointer has jumped over."""
        return (("ahead", self.pointer), (), None)


class StepTrace:
    """One step, as it is kept: interned forms, plain values."""

    __slots__ = ("choices", "exogenous", "updates", "values")

    def __init__(self) -> None:
        self.choices: list[tuple[Form, str, Form, bool, int]] = []
        self.updates: dict[tuple[Any, ...], Form] = {}
        self.values: dict[tuple[Any, ...], Any] = {}
        self.exogenous: dict[Form, Any] = {}


class Segment:
    """One entry of the stepping loop."""

    def __init__(self, loop: int, start: int) -> None:
        self.loop, self.start = loop, start
        self.steps: list[StepTrace] = []
        self.initial: dict[tuple[Any, ...], Any] = {}
        self.made: dict[Form, dict[Form, Any]] = {}
        # Of the first traced run: what steps read of earlier ones, and what they stored.
        self.carried: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {}
        self.stored: dict[tuple[Any, ...], dict[Form, Any]] = {}
        self.stores: set[tuple[tuple[Any, ...], int]] = set()
        self.counts: dict[tuple[Any, ...], int] = {}
        self.varied: set[tuple[Any, ...]] = set()
        self.given: dict[tuple[Any, ...], Any] = {}
        self.offsets: dict[tuple[Any, ...], set[int]] = {}
        self.along: set[tuple[Any, ...]] = set()  # containers that its steps go along
        self.pointers: dict[tuple[Any, ...], list[int]] = {}  # by what, and where that was at each turn
        self.left_out = 0  # turns of a sweep that were left out before it


def contains(form: Form, leaf: Form, limit: int = 400) -> bool:
    """Whether a form holds a leaf, looked for in so many forms at most."""
    ahead, seen = [form], set[int]()
    while ahead and len(seen) < limit:
        one = ahead.pop()
        if one is leaf:
            return True
        if id(one) not in seen:
            seen.add(id(one))
            ahead += one.args
    return False


def leaves_of(forms: Iterable[Form]) -> set[tuple[Any, ...]]:
    """Give the places that forms read."""
    found: set[tuple[Any, ...]] = set()
    ahead, seen = list(forms), set()
    while ahead:
        one = ahead.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.op == "leaf":
            found.add(one.key)
        ahead += one.args
    return found


def counts(form: Form) -> bool:
    """Whether a form comes from the step's number alone: what changes in it are whole numbers."""
    ahead, seen, found = [form], set[int](), False
    while ahead:
        one = ahead.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.op in ("each", "leaf") and one.varies:
            if not isinstance(one.value, int):
                return False
            found = True
        ahead += one.args
    return found
