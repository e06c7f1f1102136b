"""Blocks of C inside NMODL that only work numbers out, written as NMODL: read, never run."""

from __future__ import annotations

import re

_COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_HEADERS = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<[\w./]+>[ \t]*$", re.MULTILINE)
_TOKEN = re.compile(
    r"\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|<=|>=|==|!=|&&|\|\||[-+*/]=|[-+*/()<>=!{}\[\];:,])"
)
_FUNCTIONS = ("exp", "fabs", "log", "log10", "pow", "sin", "cos", "sqrt", "tan", "tanh")
_STEPS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/"))  # loosest first
_WORDS = ("if", "else", "switch", "case", "default", "break", "return", "int", "double", "while", "for")


class Unread(Exception):
    """A block is more than arithmetic; it is refused where it stands."""


def as_nmodl(c: str, local: frozenset[str], counters: frozenset[str], last: bool) -> str | None:
    """Write a block of C as NMODL; None where it is more than assignments, IF and switch.

    Parameters
    ----------
    c : str
        What stands between VERBATIM and ENDVERBATIM.
    local : frozenset of str
        Arguments and LOCAL names of the file: C calls them ``_l`` and the name, and may mean others by the
        name alone.
    counters : frozenset of str
        Names that loops count by, which are whole numbers in C.
    last : bool
        Whether the block ends its routine, and so may return.
    """
    bare = _HEADERS.sub(" ", _COMMENTS.sub(" ", c)).rstrip()
    tokens: list[str] = []
    at = 0
    while at < len(bare):
        if (found := _TOKEN.match(bare, at)) is None:
            return None
        tokens.append(found[1])
        at = found.end()
    if "return" in tokens and not last:
        return None
    try:
        return _Block(tokens, local, counters).whole()
    except (Unread, RecursionError):
        return None


class _Block:
    """Tokens of C, gone through from left to right; a value is its text and whether it is a whole number."""

    def __init__(self, tokens: list[str], local: frozenset[str], counters: frozenset[str]) -> None:
        self.tokens, self.local, self.counters = tokens, local, counters
        self.at = 0
        self.before: list[str] = []  # assignments inside of the expression that is read

    def peek(self) -> str:
        """Give the next token, or nothing at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if not token or (wanted and token not in wanted):
            raise Unread
        self.at += 1
        return token

    def whole(self) -> str:
        said = []
        while self.peek() and self.peek() != "return":
            said.append(self.statement())
        if self.peek():
            self.take()
            while self.peek():  # return 0; ends many
                self.take("0", "0.", "0.0", ";")
        return "\n".join(said)

    def statement(self) -> str:
        match self.peek():
            case ";":
                self.take()
                return ""
            case "{":
                self.take()
                inner = []
                while self.peek() != "}":
                    inner.append(self.statement())
                self.take()
                return "\n".join(inner)
            case "if":
                self.take()
                before, test = self.condition()
                then = self.statement()
                other = ""
                if self.peek() == "else":
                    self.take()
                    other = f" else {{\n{self.statement()}\n}}"
                return f"{before}if ({test}) {{\n{then}\n}}{other}"
            case "switch":
                return self.switch()
        said = self.assignment()
        self.take(";")
        return said

    def condition(self) -> tuple[str, str]:
        self.take("(")
        test, _ = self.value()
        self.take(")")
        before, self.before = self.before, []
        return "".join(f"{one}\n" for one in before), test

    def switch(self) -> str:
        """Write a switch as IF after IF; each of its cases must end in a break."""
        self.take("switch")
        before, chosen = self.condition()
        self.take("{")
        said, end = "", ""
        while self.peek() != "}":
            if end:
                raise Unread  # something after the default
            if self.take("case", "default") == "case":
                test, whole = self.value()
                if not whole:
                    raise Unread
                said += f"if ({chosen} == {test}) {{\n"
                end_here = "\n} else {\n"
            else:
                end_here, end = "", " "
            self.take(":")
            inner = []
            while self.peek() not in ("break", "}"):
                inner.append(self.statement())
            if self.peek() == "break":
                self.take()
                self.take(";")
            elif self.peek() != "}":
                raise Unread
            said += "\n".join(inner) + end_here
        self.take()
        return before + said + "\n}" * said.count("} else {")

    def assignment(self) -> str:
        target = self.name()
        operator = self.take("=", "+=", "-=", "*=", "/=")
        value, _ = self.value()
        before, self.before = self.before, []
        text = value if operator == "=" else f"{target} {operator[0]} ({value})"
        return "\n".join([*before, f"{target} = {text}"])

    def value(self, step: int = 0) -> tuple[str, bool]:
        if step == len(_STEPS):
            return self.operand()
        text, whole = self.value(step + 1)
        while self.peek() in _STEPS[step]:
            operator = self.take()
            held = len(self.before)
            other, also = self.value(step + 1)
            if len(self.before) > held or (operator == "/" and whole and also):
                raise Unread  # assigned out of turn, or a quotient of whole numbers, which C cuts off
            text, whole = f"{text} {operator} {other}", whole and also
        return text, whole

    def operand(self) -> tuple[str, bool]:
        token = self.peek()
        if token in ("-", "+", "!"):
            self.take()
            text, whole = self.operand()
            return f"({token}{text})" if token != "+" else text, whole
        if token == "(":
            self.take()
            if self.assigns():
                said = self.assignment()
                self.before.append(said)
                text, whole = said.rpartition("\n")[2].partition(" = ")[0], False
            else:
                text, whole = self.value()
            self.take(")")
            return f"({text})", whole
        if token[:1].isdigit() or token[:1] == ".":
            self.take()
            return token, token.isdigit()
        if token in _FUNCTIONS and self.tokens[self.at + 1 : self.at + 2] == ["("]:
            self.take()
            self.take("(")
            given = [self.value()[0]]
            while self.peek() == ",":
                self.take()
                given.append(self.value()[0])
            self.take(")")
            return f"{token}({', '.join(given)})", False
        name = self.name()
        return name, name in self.counters

    def assigns(self) -> bool:
        """Tell whether a name and an equals sign come next."""
        here, held = self.at, self.before
        try:
            self.name()
            return self.peek() == "="
        except Unread:
            return False
        finally:
            self.at, self.before = here, held

    def name(self) -> str:
        token = self.take()
        if not re.fullmatch(r"[A-Za-z_]\w*", token) or token in _WORDS:
            raise Unread
        if token.startswith("_l") and token[2:] in self.local | self.counters:
            token = token[2:]
        elif token.startswith("_") or token in self.local:
            raise Unread
        if self.peek() != "[":
            return token
        self.take("[")
        index, _ = self.value()
        self.take("]")
        return f"{token}[{index}]"
