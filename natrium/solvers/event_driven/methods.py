"""What is known of the methods before SciPy is loaded."""

from __future__ import annotations

import math

# How far the stability region reaches along the negative real axis; infinite for an implicit one.
STABILITY = {"RK45": 3.3, "DOP853": 6.0, "Radau": math.inf, "Radau13": math.inf}


def is_implicit(method: str) -> bool:
    """Tell whether a method of this name is one of these, and its steps are as long as accuracy lets them."""
    return math.isinf(STABILITY.get(method, 0.0))
