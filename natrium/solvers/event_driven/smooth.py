"""One smooth piece by SciPy's explicit steps, its crossings nobody's concern."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from natrium.model.arrays import Array


def solve_smooth(fun: Callable[..., Any], span: tuple[float, float], y: Array, **options: Any) -> Any:
    """Integrate with SciPy's `solve_ivp`, by `QuickDOP853` unless another method is asked for."""
    # SciPy's solvers are a large import, for runs only.
    from scipy.integrate import solve_ivp

    from natrium.solvers.event_driven.runge_kutta import QuickDOP853

    solve: Any = solve_ivp  # its stubs know SciPy's own options only
    return solve(fun, span, y, **({"method": QuickDOP853} | options))
