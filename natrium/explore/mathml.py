"""The model's equations as MathML, from the LaTeX that natrium writes of them."""

from __future__ import annotations

import re
from html import escape

TOKEN = re.compile(
    r"\\(?:mathrm|operatorname|text)\{(?:\\.|[^{}])*\}"  # words, whole
    r"|\\(?:begin|end)\{\w+\}|\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|\S"
)
SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "Delta": "Δ", "epsilon": "ε", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "omega": "ω", "Omega": "Ω", "phi": "φ", "pi": "π",
    "psi": "ψ", "rho": "ρ", "sigma": "σ", "tau": "τ", "xi": "ξ", "zeta": "ζ", "eta": "η", "chi": "χ",
    "infty": "∞", "Theta": "Θ",
}  # fmt: skip
OPERATORS = {
    "ge": "≥", "geq": "≥", "le": "≤", "leq": "≤", "cdot": "·", "leftarrow": "←", "to": "→", "lnot": "¬",
    "land": "∧", "lor": "or", "neq": "≠", "ne": "≠", "lfloor": "⌊", "rfloor": "⌋", "bmod": "mod",
}  # fmt: skip
SPACES = {",": "0.17em", ";": "0.28em", ":": "0.22em", "quad": "1em", "qquad": "2em", " ": "0.25em"}


def mathml(latex: str) -> str:
    r"""Write an ``align`` environment of `natrium.latex` as one MathML table.

    Parameters
    ----------
    latex : str

    Examples
    --------
    >>> mathml(r"\begin{align} x &= \frac{a}{2} \end{align}").count("<mfrac>")
    1
    """
    body = re.sub(r"\\(begin|end)\{align\}", "", latex)
    lines = _rows(_Reader(TOKEN.findall(body)), None)
    cells = "".join(f"<mtr>{''.join(f'<mtd>{cell}</mtd>' for cell in line)}</mtr>" for line in lines)
    return f'<math displaystyle="true"><mtable>{cells}</mtable></math>'


class _Reader:
    """Tokens, from the first on."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.place = tokens, 0

    @property
    def next(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]


def _rows(reader: _Reader, end: str | None) -> list[list[str]]:
    """Read lines of cells up to an end."""
    rows = [[""]]
    while reader.next not in (None, end):
        if reader.next == "&":
            reader.take()
            rows[-1].append("")
        elif reader.next == r"\\":
            reader.take()
            rows.append([""])
        else:
            rows[-1][-1] += _scripted(reader)
    if reader.next is not None:
        reader.take()
    return [[f"<mrow>{cell}</mrow>" for cell in row] for row in rows if row != [""]]


def _scripted(reader: _Reader) -> str:
    """Read one piece with what stands below and above it."""
    base, below, above = _piece(reader), "", ""
    while reader.next in ("_", "^"):
        mark, script = reader.take(), _piece(reader)
        below, above = (script, above) if mark == "_" else (below, script)
    if below and above:
        return f"<msubsup>{base}{below}{above}</msubsup>"
    if below or above:
        tag = "msub" if below else "msup"
        return f"<{tag}>{base}{below or above}</{tag}>"
    return base


def _group(reader: _Reader) -> str:
    """Read what stands in braces."""
    reader.take()
    inner = ""
    while reader.next not in (None, "}"):
        inner += _scripted(reader)
    reader.take()
    return f"<mrow>{inner}</mrow>"


def _operator(token: str) -> str:
    return f'<mo stretchy="false">{"−" if token == "-" else escape(token)}</mo>'


def _piece(reader: _Reader) -> str:
    token = reader.take()
    if token == "{":
        reader.place -= 1
        return _group(reader)
    name = token.removeprefix("\\")
    if not token.startswith("\\"):
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        return f"<mi>{token}</mi>" if token.isalpha() else _operator(token)
    if name == "frac":
        return f"<mfrac>{_piece(reader)}{_piece(reader)}</mfrac>"
    if name == "sqrt":
        return f"<msqrt>{_piece(reader)}</msqrt>"
    kind, _, words = name.partition("{")
    if kind in ("mathrm", "operatorname", "text"):
        text = escape(words[:-1].replace("\\", ""))
        return f"<mtext>&#160;{text.strip()}&#160;</mtext>" if kind == "text" else f"<mi>{text}</mi>"
    if name in ("left", "right"):
        mark = reader.take().removeprefix("\\")
        return "" if mark == "." else _operator(mark)
    if name.startswith("begin"):
        rows = _rows(reader, "\\end" + name.removeprefix("begin"))
        cells = "".join(f"<mtr>{''.join(f'<mtd>{cell}</mtd>' for cell in row)}</mtr>" for row in rows)
        brace = '<mo stretchy="true">{</mo>' if "cases" in name else ""
        return f"<mrow>{brace}<mtable>{cells}</mtable></mrow>"
    if name in SPACES:
        return f'<mspace width="{SPACES[name]}"/>'
    if name in OPERATORS:
        return f"<mo>{escape(OPERATORS[name])}</mo>"
    return f"<mi>{SYMBOLS.get(name, escape(name))}</mi>"
