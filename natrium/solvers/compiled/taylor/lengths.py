"""How long a step of some series may be, and what bounds them over it."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from natrium.solvers.compiled.taylor.nodes import Node
from natrium.solvers.compiled.taylor.recurrences import Recurrences
from natrium.solvers.compiled.taylor.vectors import F64, I64, ROUGH_EXP_TERMS

SIGHT = 3.0  # e-foldings: more, and a rate may rise from nothing within a step
SHORTENING = 0.9  # of the step that the last terms allow
SHORTENING_BY_LAST = 0.8  # where the last one alone tells it: the next is not much smaller


class Lengths(Recurrences):
    """Coefficients of a program, and the lengths that they allow."""

    tolerance: Any  # pointer to the inverse tolerance of each state, then the margin of u
    order: Any  # of the series
    n: int  # states

    def _weight(self, index: int) -> Any:
        """Give the inverse tolerance of a state."""
        return self.v.spread(self.b.load(self.b.gep(self.tolerance, [ir.Constant(I64, index)])))

    def _length(self, by_last: Any = None) -> Any:
        """Give the length at which the last two terms of each state come down to its tolerance.

        Where `by_last` holds the last one alone is looked at: no term of a layer vanishes by chance.
        """
        v, b = self.v, self.b
        logs = []
        for back in (0, 1):
            k = b.sub(self.order, ir.Constant(I64, back))
            size = v.number(0.0)
            for index in range(self.n):
                term = v.mul(v.intrinsic("fabs", v.load(self._base_of_state(index), k)), self._weight(index))
                size = v.greatest(term, size)
            inverse = v.spread(b.fdiv(ir.Constant(F64, 1.0), b.sitofp(k, F64)))
            logs.append(v.mul(v.rough_log2(size), inverse))
        worst, shortening = v.greatest(logs[0], logs[1]), v.number(SHORTENING)
        if by_last is not None:
            worst = b.select(by_last, logs[0], worst)
            shortening = b.select(by_last, v.number(SHORTENING_BY_LAST), shortening)
        grown = v.exp(v.mul(worst, v.number(-0.6931471805599453)), ROUGH_EXP_TERMS)
        return v.mul(shortening, grown)

    def _within_sight(self, h: Any) -> Any:
        """Shorten the step so that no exponential passes more than `SIGHT` e-foldings in it.

        Where 1/(1 + exp(-w)) is next to nothing its series shows nothing of where it is not. The sum of
        |w_k| h^k bounds how far w goes, and grows faster than h.
        """
        v, b = self.v, self.b
        one = ir.Constant(I64, 1)
        for row, weights in self.layout.growths().items():
            base, is_slope = self._base(row), not isinstance(row, Node)

            def passes(k: Any, values: list[Any], base: Any = base, is_slope: bool = is_slope) -> list[Any]:
                height = v.mul(values[0], h)  # noqa: B023 - written at once, in this turn
                size = v.intrinsic("fabs", v.load(base, k))
                if is_slope:
                    size = v.mul(size, v.spread(b.fdiv(ir.Constant(F64, 1.0), b.sitofp(k, F64))))
                return [height, v.fma(size, height, values[1])]

            end = self.order if is_slope else self.stride
            _, total = v.loop(one, end, [v.number(1.0), v.number(0.0)], passes)
            steepest = v.number(0.0)
            for weight in weights:
                steepest = v.greatest(v.intrinsic("fabs", self.constant(weight)), steepest)
            folds = v.mul(v.mul(steepest, total), v.number(1.0 / SIGHT))
            h = v.least(v.div(h, folds), h)
        return h

    def _bound(self, base: Any, sign: Any, h: Any) -> Any:
        """Bound a series over the step from above, multiplied by a sign where one is given."""
        v = self.v

        def part(k: Any) -> Any:
            found = v.load(base, k)
            return found if sign is None else v.mul(found, sign)

        a, power = [part(0)], v.number(1.0)
        for k in range(1, 4):
            power = v.mul(power, h)
            a.append(v.mul(part(k), power))

        def rises(k: Any, values: list[Any]) -> list[Any]:
            height = v.mul(values[0], h)
            return [height, v.add(values[1], v.greatest(v.mul(part(k), height), v.number(0.0)))]

        _, tail = v.loop(ir.Constant(I64, 4), self.stride, [power, v.number(0.0)], rises)
        # A cubic lies below the largest of its Bernstein coefficients.
        third = v.number(1.0 / 3.0)
        middle = v.fma(third, a[1], a[0])
        later = v.fma(third, a[2], v.fma(v.number(2.0 / 3.0), a[1], a[0]))
        end = v.add(v.add(a[0], a[1]), v.add(a[2], a[3]))
        top = v.greatest(v.greatest(a[0], middle), v.greatest(later, end))
        return v.add(top, tail)
