"""Results as plain data: what JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(data: Any) -> Any:
    """Give data as dicts, lists, text, numbers and None.

    Arrays become lists, complex numbers pairs of real and imaginary part; NaN and infinity, which JSON
    has no numbers for, become None.
    """
    if isinstance(data, Mapping):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, np.ndarray):
        return plain(data.tolist())
    if isinstance(data, (list, tuple)):
        return [plain(value) for value in data]
    if isinstance(data, np.generic):
        return plain(data.item())
    if isinstance(data, complex):
        return [plain(data.real), plain(data.imag)]
    return None if isinstance(data, float) and not math.isfinite(data) else data
