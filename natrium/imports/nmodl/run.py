"""NMODL gone through with formulas for numbers: what each name is in the end, of V, states and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from natrium.imports.guards import is_of_temperature, joined, settled, told
from natrium.imports.nmodl.calls import built_in
from natrium.imports.nmodl.known import OUTSIDE, STALE, check_known, stale
from natrium.imports.nmodl.program import CELSIUS, Program
from natrium.imports.nmodl.source import Tree
from natrium.imports.nodes import ONE, ZERO, Node, make, name, num, text_of, value_of
from natrium.model.errors import CannotImport

MAX_STEPS = 20_000  # statements
MAX_CALLS = 20  # one within the other
MAX_TURNS = 1_000  # of a loop
OF_THE_CELL = ("diam", "area")  # what NEURON gives a mechanism of the compartment that it is in
MOVING = ("v", "t", "dt", "cai")

_OPERATORS = {"^": "**", "&&": "and", "||": "or", "!=": "!=", "==": "=="}
_COMPARES = ("<", "<=", ">", ">=", "==", "!=", "&&", "||")
_PASSED = ("UnitState", "ConductanceHint", "LocalListStatement", "MutexLock", "MutexUnlock")


class Run:
    """One way through a file: names and their formulas, derivatives, reactions, and what was assumed.

    Parameters
    ----------
    program : Program
    values : dict of str to float
        The number of every parameter and of every ion's variable.
    """

    def __init__(self, program: Program, values: dict[str, float]) -> None:
        self.program, self.values = program, values
        self.names: dict[str, Node] = {}
        self.frames: list[dict[str, Node]] = []
        self.derivatives: dict[str, Node] = {}
        self.updates: dict[str, Node] = {}
        self.reactions: list[tuple[Tree, Node, Node]] = []
        self.volumes: dict[str, None] = {}  # states that a COMPARTMENT gives one
        self.flows_in: dict[str, None] = {}  # states that come from nowhere, by <<
        self.conserved: list[tuple[Node, Node]] = []
        self.started: dict[str, Node] = {}
        self.notes: dict[str, None] = {}
        self.guards: dict[str, None] = {}
        self.frozen: set[str] = set()
        self.settled = False  # whether INITIAL solves for where states start
        self._starting = True
        self._steps = 0
        self._states = frozenset(program.states)

    def go(self) -> None:
        """Go through INITIAL once, and twice through BREAKPOINT with what it solves."""
        for one in self.program.states:
            self.names[one] = ZERO
        self._each(self.program.initial)
        self._starting = False
        self._keep_ions()
        self.started = {one: self.names[one] for one in self.program.states}
        self._free()
        for key, node in self.names.items():
            if key not in self._states and not node.names.isdisjoint({"v", "cai", *self._states}):
                self.names[key] = name(STALE + key)
        for _ in range(2):
            self.derivatives, self.updates, self.reactions, self.conserved = {}, {}, [], []
            self._each(self.program.breakpoint)

    def _keep_ions(self) -> None:
        """Take an ion's variable that is set at the start as what its ion has: each block reads it anew."""
        for variable in (one for ion in self.program.ions.values() for one in ion.reads if one in self.names):
            value = float(value_of(self.names.pop(variable), dict(self.values)))
            self.note(
                f"{variable} = {value:g} is set at the start; NEURON goes by the ion's own all the same"
            )
            self.values[variable] = value

    def _each(self, blocks: Iterable[Tree]) -> None:
        for block in blocks:
            self.frames = [{}]
            self.block(block.parts[-1])
            if (left := self.names.pop("v", None)) not in (None, name("v")):
                raise CannotImport("sets v", f"a channel must leave V as it is, got v = {text_of(left)[:60]}")

    def assumed(self) -> list[str]:
        """Say what was assumed on the way."""
        return [*self.notes, *told(self.guards)]

    def note(self, text: str) -> None:
        """Keep what was assumed, each once."""
        self.notes[text] = None

    def _free(self) -> None:
        for one in self.program.states:
            self.names[one] = name(one)

    # Statements

    def block(self, tree: Tree) -> None:
        """Go through the statements of a block."""
        for one in tree.parts:
            self.statement(one)

    def statement(self, tree: Tree) -> None:
        """Go through one statement."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise CannotImport("too large", f"a file may take at most {MAX_STEPS} statements to go through")
        match tree.kind:
            case "ExpressionStatement":
                self.expression_statement(tree.parts[0])
            case "LocalListStatement" if self.frames:
                self.frames[-1].update({one.word: ZERO for one in tree.all("LocalVar")})
            case "IfStatement":
                self.branch(tree.parts)
            case "FromStatement":
                self.loop(tree)
            case "WhileStatement":
                self.repeat(tree)
            case "TableStatement":
                self.note(
                    "a TABLE, by which NEURON interpolates rates unless usetable is 0, is left out: "
                    "rates are exact"
                )
            case "ReactionStatement":
                self.reaction(tree)
            case "Conserve":
                self.conserved.append((self.value(tree.parts[0]), self.value(tree.parts[1])))
            case "Compartment":
                self.volumes |= dict.fromkeys(one.word for one in tree.all("Name"))
            case "StatementBlock":
                self.block(tree)
            case "ProtectStatement":
                self.expression_statement(tree.parts[0])
            case kind if kind not in _PASSED and not kind.endswith("Comment"):
                raise CannotImport(kind, f"a statement must be one of a channel's, got {kind} {tree.word}")

    def expression_statement(self, tree: Tree) -> None:
        """Go through an assignment, a call, a derivative or a SOLVE."""
        match tree.kind:
            case "BinaryExpression" if tree.parts[1].text == "=":
                self.assign(tree.parts[0], self.value(tree.parts[2]))
            case "DiffEqExpression":
                self.derivative(tree.parts[0])
            case "SolveBlock":
                self.solve(tree)
            case "LinEquation" | "NonLinEquation":
                raise CannotImport("LINEAR", "a LINEAR or NONLINEAR block cannot be a channel's dynamics")
            case "ReactionStatement" | "Conserve" | "TableStatement" | "ConductanceHint" | "UnitState":
                self.statement(tree)
            case _:
                self.value(tree)

    def derivative(self, tree: Tree) -> None:
        """Keep the derivative of a state."""
        target, _, right = tree.parts
        prime = next((one for one in target.walk() if one.kind == "PrimeName"), None)
        if prime is None or prime.parts[1].word != "1":
            raise CannotImport("no ODE", f"a derivative must be x' of a state, got {target.word}")
        self.derivatives[prime.word] = self.value(right)

    def solve(self, tree: Tree) -> None:
        """Go through the block that is solved."""
        words = [one.word for one in tree.parts]
        if self._starting or "STEADYSTATE" in words:
            self.settled = True
            return  # only where states start, which is at the steady state here
        block = words[0]
        for kind in (self.program.derivatives, self.program.kinetics):
            if block in kind:
                self.frames.append({})
                self.block(kind[block].parts[-1])
                self.frames.pop()
                self._free()
                return
        if block in self.program.systems:
            raise CannotImport(
                "LINEAR", f"a LINEAR or NONLINEAR block cannot be a channel's dynamics, got {block}"
            )
        if block not in self.program.routines:
            raise CannotImport("no block", f"SOLVE must name a block of the file, got {block}")
        self.call(block, [])
        for one in self.program.states:
            if self.names[one] != name(one):
                self.updates[one] = self.names[one]
        self._free()

    def reaction(self, tree: Tree) -> None:
        """Keep a reaction with its rates as they stand there."""
        at = next(k for k, one in enumerate(tree.parts) if one.kind == "ReactionOperator")
        operator = tree.parts[at].text
        if operator == "<<":
            self.flows_in |= dict.fromkeys(one.text for part in tree.parts[:at] for one in part.walk())
            return
        rates = [self.value(one) for one in tree.parts[at + (2 if operator == "<->" else 1) :]]
        if operator == "->" and len(rates) == 1:
            rates.append(ZERO)
        elif operator != "<->" or len(rates) != 2:
            raise CannotImport(
                "open KINETIC",
                f"a reaction must lead from a state to another by <-> or ->, got {tree.word} {operator}",
            )
        self.reactions.append((tree, rates[0], rates[1]))

    def assign(self, target: Tree, value: Node) -> None:
        """Give a name its formula."""
        key = self.key(target)
        frame = self.frames[-1] if self.frames and key in self.frames[-1] else self.names
        frame[key] = value

    def key(self, target: Tree) -> str:
        """Give the name of a variable, with its index where it is one of an array."""
        indexed = next((one for one in target.walk() if one.kind == "IndexedName"), None)
        if indexed is None:
            return target.word
        return f"{indexed.word}[{int(self.constant(self.value(indexed.parts[1]), 'an index'))}]"

    # Branches and loops

    def branch(self, parts: Sequence[Tree]) -> None:
        """Go through both branches of an IF, and choose by its condition wherever they differ."""
        condition, then, *others = parts
        test = self.condition(condition)
        chosen = None if is_of_temperature(test, self.values) else self.known(test)
        before = dict(self.names), [dict(one) for one in self.frames], dict(self.derivatives)
        if chosen is None:
            try:
                return self._both(test, then, others)
            except CannotImport:
                self.names, self.frames, self.derivatives = before
                if (chosen := self.known(test)) is None:
                    raise
        return self.block(then) if chosen else self._else(others)

    def _both(self, test: Node, then: Tree, others: Sequence[Tree]) -> None:
        before, derivatives = (dict(self.names), [dict(one) for one in self.frames]), dict(self.derivatives)
        self.block(then)
        one = self.names, self.frames
        self.names, self.frames = before
        self._else(others)
        if self.derivatives != derivatives:
            raise CannotImport(
                "branches", "a derivative must not stand in an IF: put the choice into its rates"
            )
        self.names = self._merged(test, one[0], self.names)
        self.frames = [self._merged(test, *both) for both in zip(one[1], self.frames, strict=True)]

    def _merged(self, test: Node, one: dict[str, Node], other: dict[str, Node]) -> dict[str, Node]:
        return {
            key: joined(test, one.get(key, ZERO), other.get(key, ZERO), self.values, self.guards)
            for key in one.keys() | other.keys()
        }

    def _else(self, others: Sequence[Tree]) -> None:
        if others and others[0].kind == "ElseIfStatement":
            self.branch([*others[0].parts, *others[1:]])
        elif others:
            self.block(others[0].parts[-1])

    def known(self, test: Node) -> bool | None:
        """Tell how a condition comes out, where V does not matter, or only at single values of it."""
        moving = test.names & {*MOVING, *self._states}
        if stale(test):
            return None  # refused where what it chooses is used
        given: dict[str, Any] = dict(self.values)
        if not moving:
            if test.names:
                self.frozen |= test.names
                held = value_of(test, given)
                self.note(
                    f"{text_of(test)} is {'true' if held else 'false'} here, and stays so: the other "
                    "branch is left out"
                )
            return bool(value_of(test, given))
        if moving == {"v"}:
            chosen = settled(test, given)
            if chosen is not None:
                self.guards[text_of(test, {"v": "V"})] = None
            return chosen
        return None

    def loop(self, tree: Tree) -> None:
        """Go through a FROM loop, turn by turn."""
        variable = tree.word
        body = tree.parts[-1]
        ends = [int(self.constant(self.value(one), "a loop's end")) for one in tree.parts[1:-1]]
        step = ends[2] if len(ends) > 2 else 1
        if step == 0 or abs(ends[1] - ends[0]) > MAX_TURNS:
            raise CannotImport("too large", f"a loop may have at most {MAX_TURNS} turns, got {ends}")
        for k in range(ends[0], ends[1] + (1 if step > 0 else -1), step):
            (self.frames[-1] if self.frames else self.names)[variable] = num(float(k))
            self.block(body)

    def repeat(self, tree: Tree) -> None:
        """Go through a WHILE loop whose condition is of numbers."""
        for _ in range(MAX_TURNS):
            if self.known(self.condition(tree.parts[0])) is not True:
                return
            self.block(tree.parts[1])
        raise CannotImport("too large", f"a WHILE loop may have at most {MAX_TURNS} turns")

    def constant(self, node: Node, what: str) -> float:
        """Work out what must be a number."""
        check_known(node)
        if node.names & {*MOVING, *self._states}:
            raise CannotImport("arrays", f"{what} must be a number, got {text_of(node)[:60]}")
        self.frozen |= node.names
        return float(value_of(node, dict(self.values)))

    # Values

    def condition(self, tree: Tree) -> Node:
        """Give a condition; a number is true where it is not zero."""
        node = self.value(tree, logical=True)
        return (
            node
            if node.op in ("<", "<=", ">", ">=", "==", "!=", "and", "or", "not")
            else make("!=", node, ZERO)
        )

    def value(self, tree: Tree, logical: bool = False) -> Node:
        """Give the formula of an expression."""
        match tree.kind:
            case "WrappedExpression" | "ParenExpression" | "Expression":
                return self.value(tree.parts[0], logical)
            case "Double" | "Float" | "DoubleUnit" | "Integer":
                word = tree.word
                return num(float(word)) if word[0] in "0123456789.-+" else self.look_up(word)
            case "ReactVarName" if len(tree.parts) > 1:
                return make("*", *(self.value(one) for one in tree.parts))
            case "VarName" | "Name" | "IndexedName" | "String" | "ReactVarName":
                return self.look_up(self.key(tree))
            case "UnaryExpression":
                inner = tree.parts[1]
                if tree.parts[0].text == "-":
                    return make("neg", self.value(inner))
                return self._truth(make("not", self.condition(inner)), logical)
            case "BinaryExpression":
                return self.binary(tree, logical)
            case "FunctionCall":
                return self.call(tree.parts[0].word, tree.parts[1:])
        raise CannotImport(tree.kind, f"an expression must be arithmetic, got {tree.kind} {tree.word}")

    def binary(self, tree: Tree, logical: bool) -> Node:
        """Give the formula of two operands."""
        left, operator, right = tree.parts
        op = _OPERATORS.get(operator.text, operator.text)
        read = self.condition if operator.text in ("&&", "||") else self.value
        if operator.text in ("&&", "||", *_COMPARES):
            return self._truth(make(op, read(left), read(right)), logical)
        return self._joined(op, read(left), read(right))

    def _joined(self, op: str, base: Node, other: Node) -> Node:
        """Give the formula of two others; a gate's power is a number."""
        if op == "**" and other.names and base.names & self._states:
            other = num(self.constant(other, "a gate's power"))
        return make(op, base, other)

    def _truth(self, test: Node, logical: bool) -> Node:
        return test if logical else make("where", test, ONE, ZERO)

    def look_up(self, key: str) -> Node:
        """Give what a name stands for now."""
        if self.frames and key in self.frames[-1]:
            return self.frames[-1][key]
        if key in self.names:
            return self.names[key]
        if key in self.program.numbers:
            return num(self.program.numbers[key])
        if key in OF_THE_CELL or any(
            key in ion.reads and key not in self.values for ion in self.program.ions.values()
        ):
            return name(OUTSIDE + key)
        if key in ("v", "t", "dt", "celsius") or key in self.values or key in self._states:
            return name(key)
        if key.partition("[")[0] in self.program.assigned or key == "usetable":
            return ZERO  # as NEURON starts it; its tables are not used
        raise CannotImport("no such name", f"every name must be declared in the file, got {key}")

    def call(self, called: str, arguments: Iterable[Tree]) -> Node:
        """Go through a procedure or a function, or give what a built-in one is."""
        given = [self.value(one) for one in arguments if one.kind != "String" or one.text in self.names]
        routine = self.program.routines.get(called)
        if routine is None:
            if called == "pow" and len(given) == 2:
                return self._joined("**", *given)
            return built_in(called, given, self.values.get("celsius", CELSIUS))
        if len(self.frames) >= MAX_CALLS:
            raise CannotImport("recursion", f"at most {MAX_CALLS} routines may call each other, got {called}")
        names = [one.word for one in routine.all("Argument")]
        if len(names) != len(given):
            many = "s" * (len(names) != 1)
            raise CannotImport("arguments", f"{called} takes {len(names)} argument{many}, got {len(given)}")
        self.frames.append({called: ZERO, **dict(zip(names, given, strict=True))})
        self.block(routine.parts[-1])
        return self.frames.pop()[called]
