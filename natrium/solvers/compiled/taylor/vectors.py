"""LLVM instructions on lanes: vectors of doubles, one run each, and loops around them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from natrium.model.expressions.exprel import EXP_LIMIT

I64, F64 = ir.IntType(64), ir.DoubleType()
# Adding this brings the nearest whole number of a double into its last bits.
ROUNDER = 1.5 * 2.0**52
# ln 2 in two parts, the first with zeros at its end so that whole multiples of it are exact (Cody & Waite).
LN2_HIGH = float(np.float64(np.frombuffer(np.int64(0x3FE62E42FEFA3800).tobytes(), dtype=np.float64)[0]))
LN2_LOW = 5.497923018708371e-14
EXP_TERMS = 13  # of exp on |r| <= ln(2)/2: the next would be 4e-18
ROUGH_EXP_TERMS = 5  # the same of a step's length: 2e-6
LOWEST = -708.0  # exp beyond is taken as there: 3e-308
EXPONENT_BITS, BIAS = 52, 1023
# log2(1 + x) - x on [0, 1) as x (1 - x) times these: good to 4e-5, for step lengths only.
LOG2_FIT = (0.44225, -0.26889, 0.15027, -0.04530)


class Lanes:
    """Writes instructions into one function.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
    module : llvmlite.ir.Module
    width : int
        Lanes.
    fused : bool
        Whether the machine multiplies and adds in one rounding.
    """

    def __init__(self, builder: Any, module: Any, width: int, fused: bool) -> None:
        self.b, self.module, self.width, self.fused = builder, module, width, fused
        self.type = ir.VectorType(F64, width) if width > 1 else F64
        self.whole = ir.VectorType(I64, width) if width > 1 else I64

    def number(self, value: float) -> Any:
        """Give a constant in all lanes."""
        return ir.Constant(self.type, [value] * self.width if self.width > 1 else value)

    def bits(self, value: int) -> Any:
        """Give a constant whole number in all lanes."""
        return ir.Constant(self.whole, [value] * self.width if self.width > 1 else value)

    def spread(self, scalar: Any) -> Any:
        """Put a scalar into all lanes."""
        if self.width == 1:
            return scalar
        vector = self.b.insert_element(ir.Constant(self.type, ir.Undefined), scalar, ir.Constant(I64, 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return self.b.shuffle_vector(vector, ir.Constant(self.type, ir.Undefined), mask)

    def spread_bit(self, bit: Any) -> Any:
        """Put one condition into all lanes."""
        everywhere = self.spread(self.b.uitofp(bit, F64))
        return self.b.fcmp_ordered(">", everywhere, self.number(0.0))

    def row(self, base: Any, index: Any) -> Any:
        """Give a pointer to the row `index` (an I64 value or an int) after `base` (pointer to rows)."""
        return self.b.gep(base, [ir.Constant(I64, index) if isinstance(index, int) else index])

    def load(self, base: Any, index: Any = 0) -> Any:
        """Load a row; rows are aligned to doubles only."""
        value = self.b.load(self.row(base, index))
        value.align = 8
        return value

    def store(self, value: Any, base: Any, index: Any = 0) -> None:
        """Store a row."""
        self.b.store(value, self.row(base, index)).align = 8

    def intrinsic(self, name: str, *args: Any) -> Any:
        """Call one of LLVM's functions on doubles."""
        full = f"llvm.{name}.{'f64' if self.width == 1 else f'v{self.width}f64'}"
        function = self.module.globals.get(full)
        if function is None:
            kind = ir.FunctionType(self.type, [self.type] * len(args))
            function = ir.Function(self.module, kind, name=full)
        return self.b.call(function, args)

    def add(self, a: Any, b: Any) -> Any:
        """Add."""
        return self.b.fadd(a, b)

    def sub(self, a: Any, b: Any) -> Any:
        """Subtract."""
        return self.b.fsub(a, b)

    def mul(self, a: Any, b: Any) -> Any:
        """Multiply."""
        return self.b.fmul(a, b)

    def div(self, a: Any, b: Any) -> Any:
        """Divide."""
        return self.b.fdiv(a, b)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """Give a b + c."""
        return self.intrinsic("fma", a, b, c) if self.fused else self.b.fadd(self.b.fmul(a, b), c)

    def least(self, a: Any, b: Any) -> Any:
        """Give the smaller of two; b where either is not a number."""
        return self.b.select(self.b.fcmp_ordered("<", a, b), a, b)

    def greatest(self, a: Any, b: Any) -> Any:
        """Give the larger of two; b where either is not a number."""
        return self.b.select(self.b.fcmp_ordered(">", a, b), a, b)

    def polynomial(self, x: Any, coefficients: Sequence[float]) -> Any:
        """Evaluate c_0 + c_1 x + ... (Horner)."""
        value = self.number(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            value = self.fma(value, x, self.number(coefficient))
        return value

    def exp(self, x: Any, terms: int = EXP_TERMS) -> Any:
        """Evaluate exp(x), held at `EXP_LIMIT` above and at 3e-308 below.

        2^n exp(r), |r| <= ln(2)/2, exp(r) by its Taylor polynomial: 2.3e-16 relative.
        """
        x = self.least(x, self.number(EXP_LIMIT))
        safe = self.greatest(x, self.number(LOWEST))
        shifted = self.fma(safe, self.number(1.0 / math.log(2.0)), self.number(ROUNDER))
        n = self.sub(shifted, self.number(ROUNDER))
        r = self.fma(n, self.number(-LN2_HIGH), safe)
        r = self.fma(n, self.number(-LN2_LOW), r)
        value = self.polynomial(r, [1.0 / math.factorial(k) for k in range(terms + 1)])
        power = self.b.shl(self.b.bitcast(shifted, self.whole), self.bits(EXPONENT_BITS))
        return self.b.bitcast(self.b.add(self.b.bitcast(value, self.whole), power), self.type)

    def erf(self, x: Any) -> Any:
        """Evaluate the error function, lane by lane as C does."""
        function = self.module.globals.get("erf")
        if function is None:
            function = ir.Function(self.module, ir.FunctionType(F64, [F64]), name="erf")
        if self.width == 1:
            return self.b.call(function, [x])
        value = ir.Constant(self.type, ir.Undefined)
        for lane in range(self.width):
            place = ir.Constant(I64, lane)
            found = self.b.call(function, [self.b.extract_element(x, place)])
            value = self.b.insert_element(value, found, place)
        return value

    def rough_log2(self, x: Any) -> Any:
        """Evaluate log2 of a positive number to three digits."""
        bits = self.b.bitcast(x, self.whole)
        exponent = self.b.lshr(bits, self.bits(EXPONENT_BITS))
        # A whole number below 2^52 put into the last bits of 2^52 is that double plus 2^52.
        high = self.b.bitcast(self.b.or_(exponent, self.bits(0x4330000000000000)), self.type)
        whole = self.sub(high, self.number(2.0**52 + BIAS))
        mantissa = self.b.or_(self.b.and_(bits, self.bits(0xFFFFFFFFFFFFF)), self.bits(BIAS << EXPONENT_BITS))
        f = self.sub(self.b.bitcast(mantissa, self.type), self.number(1.0))
        bulge = self.mul(self.mul(f, self.sub(self.number(1.0), f)), self.polynomial(f, LOG2_FIT))
        return self.add(self.add(whole, f), bulge)

    def any(self, condition: Any) -> Any:
        """Tell whether a condition holds in any lane."""
        return self.b.icmp_unsigned("!=", self.word(condition), ir.Constant(I64, 0))

    def word(self, condition: Any) -> Any:
        """Give a condition as a whole number, one bit for each lane."""
        if self.width > 1:
            condition = self.b.bitcast(condition, ir.IntType(self.width))
        return self.b.zext(condition, I64)

    def loop(
        self, begin: Any, end: Any, carried: Sequence[Any], body: Callable[[Any, list[Any]], list[Any]]
    ) -> list[Any]:
        """Write a loop from `begin` up to before `end` that carries values; give the last."""
        before = self.b.block
        head = self.b.append_basic_block("head")
        inside = self.b.append_basic_block("body")
        after = self.b.append_basic_block("after")
        self.b.branch(head)
        self.b.position_at_end(head)
        index = self.b.phi(I64)
        index.add_incoming(begin, before)
        values = []
        for value in carried:
            phi = self.b.phi(value.type)
            phi.add_incoming(value, before)
            values.append(phi)
        self.b.cbranch(self.b.icmp_signed("<", index, end), inside, after)
        self.b.position_at_end(inside)
        results = body(index, values)
        following = self.b.add(index, ir.Constant(I64, 1))
        index.add_incoming(following, self.b.block)
        for phi, value in zip(values, results, strict=True):
            phi.add_incoming(value, self.b.block)
        self.b.branch(head)
        self.b.position_at_end(after)
        return values
