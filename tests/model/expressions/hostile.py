"""Text that the expression reader must refuse: V stands for the variable, whatever it is called."""

LONG = 10_000_000

ATTRIBUTES = """
V.real | V.__class__ | V.__class__.__mro__ | V.__class__.__base__.__subclasses__() | V.__init__.__globals__
().__class__.__bases__[0].__subclasses__() | (1).__class__ | 1.0.__class__ | 1 .real | (1).real | [].__class__
{}.__class__ | "".__class__ | "".format(V) | "{0.__class__}".format(V) | exp.__globals__ | exp.__call__(V)
exp.__self__ | exp.__name__ | exp(V).real | exp(V).__class__ | pi.func | pi.real | V.evalf() | V.subs(V, 1)
V.diff() | (V + 1).__add__(1) | (lambda: 0).__code__ | V.x.y.z.w | math.exp(V) | np.exp(V) | numpy.exp(V)
numpy.ctypeslib | sympy.exp(V) | sympy.sympify('V') | scipy.special.exprel(V) | os.system('touch canary')
sys.exit() | self.text | os.path | builtins.eval | __builtins__.eval | __builtins__['eval']('1')
"""

CALLS = """
__import__('os').system('touch canary') | __import__('os') | __import__("subprocess").run("touch canary")
eval('1') | eval("__import__('os').mkdir('canary')") | exec('import os') | compile('1', '', 'eval')
open('canary', 'w') | open('canary', 'w').write('V') | open('/dev/zero').read() | getattr(V, 'real')
setattr(V, 'x', 1) | delattr(V, 'x') | hasattr(V, 'x') | globals() | locals() | vars() | dir() | id(V)
hash(V)
breakpoint() | input() | print(1) | exit() | quit() | help() | type(V) | type('X', (), {}) | object() | int(V)
float('nan') | float(V) | str(V) | repr(V) | bytes(8) | bytearray(10**9) | range(9) | list(V) | tuple(V)
set()
dict() | sum([V]) | max(V) | min() | pow(V, 2) | pow(9, 9**9) | round(V) | complex(V) | divmod(V, 2)
isinstance(V, int) | super() | memoryview(V) | iter(V) | next(V) | map(exp, V) | zip(V) | filter(V, V)
all(V)
any(V) | sorted(V) | callable(V) | chr(65) | ord('a') | format(V) | canary() | canary(V) | Symbol('V')
sympify('V') | parse_expr('V') | Integer(1) | Float(1) | Rational(1, 2) | lambdify(V, V) | Piecewise((1, V))
sec(V) | csc(V) | tan(V) | atan(V) | asin(V) | gamma(V) | floor(V, 1) | ceil(V) | sgn(V) | Heaviside(V)
ln(V)
log1p(V) | log2(V) | exp2(V) | power(V, 2) | where(V, V, V) | Exp(V) | EXP(V) | Abs(V) | exit(0)
fma(V, V, V)
"""

CALL_SHAPES = """
exp() | exp(V, V) | exp(V, 1) | exp(x=V) | exp(V, x=V) | exp(*V) | exp(*[V]) | exp(**V) | exp(**{})
exp(V)(V)
exp(exp) | exp | exp + V | -exp | abs(V, 1) | exprel(V, 1) | exprel(V, n=1) | log(V, 10) | V(V) | V(1) | pi(1)
2(V) | 2V | V V | 2 V | V 2 | exp V | exp[V] | exp{V} | sqrt(V; 1) | (V)(V) | (V + 1)(V) | exp(V | exp V)
exp(
V) | ()() | sqrt() | tanh(()) | sin([V]) | cos({V}) | exp(V for V in V) | exp(lambda: V)
"""

SHAPES = """
[V for V in [1]] | (V for V in [1]) | {V for V in [1]} | {V: V for V in [1]} | [V] | (V,) | V, V | V,
{V} | {V: 1}
{} | [] | () | sum(V for V in [1]) | [*V] | *V | **V | lambda: V | lambda V: V | (lambda: V)()
(lambda V: V)(1)
lambda V=1: V | lambda *V: V | f'{V}' | f"{__import__('os')}" | f'{V!r}' | f'{V:9}' | rf'{V}' | f'' | 'V'
"V"
b'V' | r'V' | u'V' | 'V' + 'V' | 'V' * 9 | 'V' 'V' | '%s' % V | exp('V') | '1' + V | '''V''' | \"""V\"""
(V := 1) | (x := V) | V := 1 | exp(V := 1) | V[0] | V[:] | V[::2] | V[V] | V[...] | exp[0] | [V][0]
(V, V)[0]
"""

LITERALS = """
1j | 1 + 2j | 0j | 1e3j | V + 1j | True | False | None | Ellipsis | ... | V + ... | NotImplemented | nan | inf
infinity | NaN | -inf | 1e999 | -1e999 | 1e400*V | V - 1e309 | 0777 | 1__0 | 1_ | 0b | 0b2 | 0xg | 0o8
1e | 1e+
.e1 | . | 1.2.3 | 1..real | 1e1e1 | 0x1p3 | 1f | 1L | 1_000_ | $1 | 1,5 | 1'000 | --1e999
1e99999999999999999999
"""

OPERATORS = """
V @ V | V // 2 | V @ 2 | V|1 | V & 1 | V ^ 2 | V << 1 | V >> 1 | 1 << 99999999999 | ~V | not V | V and 1
V or 1
V if V else 1 | 1 if 1 else V | V < 1 | 1 < V < 2 | V == V | V != V | V <> V | V is V | V is not 1 | V in V
V not in V | V = 1 | V += 1 | V -> V | V++ | ++ | + | * | V + | * V | V ** | ** V | / V | V * / V
V *** V | V ! V
V!1 | !V | V? | V ? 1 : 2 | V: int | `V` | $V | V$ | \\V | V\\ | @V | V => V | V || V | V && V | (V|V)
(V] | [V)
) | ( | )( | ][ | (V)) | ((V)
"""

STATEMENTS = """
V; V | V; | ; V | ; | import os | import os; V | from os import system | del V | pass | return V | return
yield V
(yield) | (yield V) | yield from V | await V | (await V) | async lambda: V | assert V | raise V | global V
nonlocal V | while 1: V | for V in V: V | if V: V | def f(): V | class C: V | with V: V | try: V | print V
exec V | V # comment | # V | #
"""

POWERS = """
9**9**9**9 | 9**9**9 | 2**1000 | V**1e9 | V**101 | V**-101 | V**100.5 | exp(9**9**9) | 10**400 | 1e10**1e10
2**2**2**2**2**2 | (V + 1)**(10**3) | V**(9**9) | 9**-9**9 | (9**99)**99 | 9.9**99**9 | 1**9**9
"""

CONSTANTS = """
1/0 | 0/0 | V + 1/0 | 1/(1 - 1) | 1/(3 - 3)*V | sqrt(-1) | V*sqrt(-2) | log(0) | log(-1) | V*log(0) | 0**-1
0.0**-0.5 | (-8)**(1/3) | (-1)**0.5 | exp(1000) | exp(exp(exp(9))) | expm1(1e9) | exprel(800) | 1e308*10
1e308 + 1e308 | -1e308 - 1e308 | 1e200*1e200*V | 1/1e-320 | abs(1/0) | sqrt(log(0.5)) | tanh(1/0) | sin(1/0)
cos(log(0)) | exp(-1/0) | V**(0/0) | 0*(1/0) | pi/0 | pi**(1/0)
"""

NAMES = """
x | v | tt | m | h | I | E | e | i | j | oo | zoo | S | Q | N | O | V1 | _V | V_ | _ | VV | Pi | PI | tau
inf_ | __V__
__import__ | __builtins__ | __name__ | __file__ | __debug__ | __class__ | eval | exec | open | print
type | object
abs | sqrt | Exception | copyright | license | credits | numpy | sympy | math | os | sys | builtins
lambda | None
"""

UNICODE = (
    "Ｖ", "V + Ｖ", "ｅｘｐ(V)", "（V）", "V＋1", "１", "V + １", "В", "ехр(V)", "е**V", "сos(V)", "α", "π",
    "V*π",
    "V−1", "V×2", "V÷2", "V·2", "V²", "½", "V + ½", "Ⅴ", "𝐕", "𝑒𝑥𝑝(V)", "𝟏", "١", "൩", "①", "ⅇ**V", "∞",
    "√V", "V\u0301",
    "éxp(V)", "ex\u0440(V)", "V\u200b", "ex\u200bp(V)", "V\u200d+1", "\u200b", "\ufeffV", "V\u202e",
    "\u202eV+1",
    "V\u2066+1\u2069", "V\u200f+1", "V\u00a0+\u00a01", "V\u2003+1", "V\u2028+1", "V\u00ad", "V\u3000", "🧠",
    "V*🧠",
    "\ud800", "V\udfff", "\uffff", "V\U000e0001", "__ｉｍｐｏｒｔ__('os')", "Ｖ.__class__", "ﬁ(V)", "K", "Å",
)  # fmt: skip

CONTROLS = (
    "", " ", "   ", "\n", "\t", "\0", "V\0", "V + \0", "\0V", "V\n", "\nV", "V\n+1", "(V\n+1)", "V\r",
    "V\r+1", "V\t+1",
    "V\x0b", "V\x0c+1", "V\\\n+1", "V\x1b[0m", "V\x7f", "V\x85", "V\b", "\x00" * 100, "V\nimport os",
    "V #\n+1", "\x1a",
)  # fmt: skip

SIZES = {
    "10^5 nested brackets": "(" * 100_000 + "V" + ")" * 100_000,
    "10^5 open brackets": "(" * 100_000,
    "10^5 closing brackets": ")" * 100_000,
    "10^5 nested lists": "[" * 100_000 + "]" * 100_000,
    "10^5 nested calls": "exp(" * 100_000 + "V" + ")" * 100_000,
    "10^5 unary minuses": "-" * 100_000 + "V",
    "10^5 unary pluses": "+" * 100_000 + "V",
    "1900 unary minuses": "-" * 1900 + "V",
    "1900 inversions": "~" * 1900 + "V",
    "480 negations": "not " * 480 + "V",
    "51 brackets": "(" * 51 + "V" + ")" * 51,
    "51 calls": "exp(" * 51 + "V" + ")" * 51,
    "400 powers": "V**" * 400 + "V",
    "600 terms": "+".join("V" * 600),
    "600 numbers": "+".join("1" * 600),
    "600 factors": "*".join("V" * 600),
    "300 attributes": "V." * 300 + "V",
    "300 calls in a row": "exp" + "(V)" * 300,
    "300 subscripts": "V" + "[0]" * 300,
    "300 lambdas": "lambda:" * 280 + "V",
    "300 conditions": "V if V else " * 160 + "V",
    "300 comparisons": "V<" * 300 + "V",
    "2001 characters": "V + " * 500 + "V",
    "2001 spaces": "V" + " " * 2000,
    "41 digits": "9" * 41,
    "41 decimals": "0." + "1" * 40,
    "4301 digits": "9" * 4301,
    "60 hexadecimal digits": "0x" + "f" * 60,
    "10^6 digits": "1" * 1_000_000,
    "10^6 quotes": "'" * 1_000_000,
    "10 MB of a name": "V" * LONG,
    "10 MB of a sum": "1+" * (LONG // 2) + "1",
    "10 MB of spaces": " " * LONG,
    "10^5 nulls": "\0" * 100_000,
    "10 MB of text": "'" + "V" * LONG + "'",
    "10 MB of a comment": "V #" + "V" * LONG,
}


def _lines(block: str) -> list[str]:
    return [text.strip() for line in block.strip().split("\n") for text in line.split(" | ")]


REFUSED: dict[str, str] = {
    ascii(text): text
    for text in (
        *(text for block in (ATTRIBUTES, CALLS, CALL_SHAPES, SHAPES, LITERALS) for text in _lines(block)),
        *(text for block in (OPERATORS, STATEMENTS, POWERS, CONSTANTS, NAMES) for text in _lines(block)),
        *UNICODE,
        *CONTROLS,
    )
} | SIZES
"""Every text by a short name; none is an expression."""

NOWHERE_FINITE = (
    "V/0", "1/(V - V)", "V/(V - V)", "abs(V)/(V - V)", "(V - V)/(V - V)", "log(V - V)", "log(V - V - 1)",
    "sqrt(V - V - 1)",
    "V + 1/(2*V - V - V)", "1/(1 - exp(V - V))", "sin(abs(log(V - V)))", "cos(abs(1/(V - V)))",
    "sin(1/(V - V))",
    "exp(1/(V - V))", "tanh(V/(V - V))", "exprel(V/(V - V))", "exprel(abs(log(V - V)))", "V**(1/(V - V))",
    "expm1(log(V - V) + 1/(V - V))", "abs(log(V - V)) - abs(log(V - V))", "(V - V)**(V - V - 1)",
    "(V - V - 8)**(1/3)",
    "0**V", "V**V", "(1e15*V)**30", "((2.5*V)**100)**100", "(((2*V)**100)**100)**100",
    "((((2*V)**100)**100)**100)**100", "(((((2*V)**100)**100)**100)**100)**100", "9**(9**(9**(9 + V - V)))",
    "2**(1e8 + V - V)", "2**(1e12 + V - V)", "(V + V)**(1e10 + V - V)", "(3*V)**(1e15 + V - V)",
    "9**(9**(V + 200))",
    "1e300*1e-300*(1e300 + V)**2", "1/(1e-300*V - 1e-300*V)", "(1e300**(V*0 + 1))**2 + V",
)  # fmt: skip
"""Well-formed, but without a finite value on the physiological range: no rate of a gate."""

LABYRINTHS = {
    "30 hyperbolic tangents": "/".join(["1", *(f"tanh(V + {200 + k})" for k in range(30))]),
    "20 sums of two": "*".join(f"(2 + tanh(V + {k})**-1)" for k in range(20)),
    "polynomial of degree 10^4": "(((V + 1)**100)**100 + 1)/(1 - exp(V))",
    "polynomial of degree 10^6": "((((V + 1)**100 + 1)**100 + 1)**100 + 1)/(1 - exp(V))",
    "quotient of degree 10^4": "1/(((V*V + V + 1)**50 + 1)**100 - V)",
    "continued fraction": "1/(1 + " * 49 + "V" + ")" * 49,
    "continued fraction of sines": "1/(3 + " * 45 + "sin(V)" + ")" * 45,
    "continued exponentials": "1/(1 - exp(" * 24 + "V" + "))" * 24,
    "tower of powers": "V**" * 150 + "V",
    "tower of exponentials": "exp(" * 49 + "V" + ")" * 49,
    "powers of a tower": "exp(exp(exp(exp(V*V))))**99",
    "tower of logarithms": "log(" * 49 + "V" + ")" * 49,
    "tower of roots": "sqrt(" * 49 + "V" + ")" * 49,
    "tower of sines": "sin(" * 49 + "V" + ")" * 49,
    "tower of exprels": "exprel(" * 49 + "V" + ")" * 49,
    "tower of sizes": "abs(1 - " * 49 + "V" + ")" * 49,
    "sum of 60 poles": " + ".join(f"1/(1 - exp(V + {k}))" for k in range(200, 260)),
    "product of 60 sums": "*".join(f"(V + {k})" for k in range(200, 260)),
    "60 removable ones": " + ".join(f"(V+{k})/(exp(V+{k})-1)" for k in range(60)),
    "unequal roots": "/".join(f"sqrt(V + {k})" for k in range(1, 100)),
    "199 minuses": "-" * 198 + "V",
    "power within a tangent": "tanh(tanh(((V + 1)/10)**99))",
    "complex power": "abs(tanh((sin(0.001**V) + sqrt(((V + 1)/10)**0.5))**100))",
    "complex power of a quotient": "expm1(tanh(V*V + exp(log(((1e3*(V + 1) + V/(V + 40)*V*V)/(V + 2))**99))))",
    "large complex argument": "cos(tanh(40*abs((V*0.5 - 1e300/V)*V*sqrt(V)/(cos(pi + V*V) + (V**3 - V*1e-3 - (V*V + V)**2)))))",
}
"""Well-formed and hard to work on: read or refused, but soon."""

ODDITIES = (
    "(V*V + 1)/(V + 1e300)", "(V*V + 1)*V/(1e148 + V)", "V/tanh(V - 1e300)", "V/(exp(V - 1e300) - 1)",
    "1/log(-(2**V))", "cos(V)/log(-1*pi**V)", "exprel(log(V/V - 2))", "exprel(sqrt(V - V - 1))",
    "abs(exp(-18/(sqrt(1 - V)**pi + 2)))", "abs(exp(1/(sqrt(1 - V)**pi + 2)))",
    "abs(0.5**(sqrt(V) + log(V)**-10))",
    "(65 + V)/sin(pi) + V - (0.7*(V/0) - 2/(V + 1e-300))", "sin(abs(V/V/expm1(0)))",
    "expm1(log((1e-300**V)**(0.1 - V)) + exprel(1e297 - V/V))/log(expm1(cos(V))*0.07)",
    "(V - 1)/(V*V - V*V + 1e-320)", "1/(V - V*(1 + 1e-16))", "V/(exp(V/1e-300) - 1)", "V/(exp(V*1e-300) - 1)",
    "(V + 40)/(1e300 - 1e300*exp(-V))", "(V + 40)/(exp(V) - exp(V*(1 + 1e-15)))",
    "(V + 40)/(exp(V) + 0*exp(-V) - 1)",
    "(1e154*V)**2/(1 - exp(V))", "V**99/(exp(V) - 1)**99", "(V**0.5)**2/V", "V**-0.5*V**0.5", "V**1e-300",
    "V**-1e-300",
)  # fmt: skip
"""Well-formed, found by chance or meant to confuse the algebra: a gate, or refused by name."""
