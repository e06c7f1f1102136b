"""The modules as the script sees them: NumPy and math that remember, SciPy's solvers watched, stand-ins."""

from __future__ import annotations

import builtins
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from natrium.analysis.doctor.trace.elements import unwrapped
from natrium.analysis.doctor.trace.foreign import Clock, Foreign, loaded
from natrium.analysis.doctor.trace.matrices import LINEAR, LinearAlgebra
from natrium.analysis.doctor.trace.numba_layer import Compiling, Uncompiled
from natrium.analysis.doctor.trace.numpy_layer import MathLayer, NumPyLayer, SafeNumPy
from natrium.analysis.doctor.trace.scipy_layer import Call, Watched
from natrium.analysis.doctor.trace.standins import Anything, Outputs

DRAWING = frozenset((
    "matplotlib", "pylab", "mpl_toolkits", "seaborn", "plotly", "bokeh", "tqdm", "IPython", "ipywidgets",
    "tkinter", "PIL", "cv2", "imageio", "pyqtgraph", "turtle", "pygame", "altair", "holoviews", "streamlit",
    "dash",
))  # fmt: skip


def _as_is(value: Any) -> Any:
    return value


class Layers:
    """Gives modules to a rewritten script.

    Parameters
    ----------
    tracing : bool
    outputs : Outputs
    uncompiled : bool
        Whether Numba leaves functions as they are; so it does in traced runs.
    sibling : callable
        Loads a module beside the script; None where there is none of that name.
    solved : sequence of Call
        What SciPy's solvers gave the plain run.
    """

    def __init__(
        self, tracing: bool, outputs: Outputs, sibling: Callable[[str], Any], uncompiled: bool = False,
        solved: Sequence[Call] = (),
    ) -> None:  # fmt: skip
        self.uncompiled = tracing or uncompiled
        self.tracing, self.outputs, self.sibling = tracing, outputs, sibling
        self.solver_calls: list[Call] = []
        self._solved = solved
        self.compiled = False
        self._numpy = NumPyLayer(outputs) if tracing else SafeNumPy(outputs)
        self._math = MathLayer()

    def module(self, name: str, whole: str) -> Any:
        """Give a module; a dotted name under its first part is loaded with it."""
        top = name.split(".")[0]
        found = self.sibling(whole)
        if found is not None:
            return found if name == whole else self.sibling(name)
        if top in DRAWING:
            return Anything(name, self.outputs, unwrapped if self.tracing else _as_is)
        if top == "numpy":
            return self._numpy if name == "numpy" else getattr(self._numpy, name.split(".")[1])
        if top == "math":
            return self._math if self.tracing else math
        if top == "time":
            return Clock()
        if top == "numba":
            self.compiled = True
            numba: Any = Uncompiled() if self.uncompiled else Compiling()
            return numba if name == "numba" else getattr(numba, name.split(".")[1])
        if top in ("sys", "os"):
            return loaded(name)
        module = loaded(whole)
        module = module if name == whole else sys.modules[name]
        if module.__name__ == LINEAR and self.tracing:
            return LinearAlgebra(module)
        if top == "scipy":
            return Watched(module, self.solver_calls, self.tracing, self._solved)
        if not self.tracing:
            return module
        return Foreign(module)

    def member(self, module: str, name: str) -> Any:
        """Give what ``from module import name`` gives."""
        owner = self.module(module, module)
        try:
            return getattr(owner, name)
        except AttributeError:
            return self.module(f"{module}.{name}", f"{module}.{name}")

    def star(self, module: str, names: tuple[str, ...], bound: Mapping[str, Any]) -> dict[str, Any]:
        """Give what ``from module import *`` gives, of the names that the script uses.

        A stand-in takes any name, so it gives none that is bound: the module itself need not have it.
        """
        found = self.sibling(module)
        if found is not None:
            return {name: getattr(found, name) for name in names if hasattr(found, name)}
        known = frozenset(dir(builtins))
        made_: dict[str, Any] = {}
        top = module.split(".")[0]
        drawn = top in DRAWING  # gives whatever it is asked for
        owners: list[Any] = [] if top == "numpy" or drawn else [self.module(module, module)]
        if drawn or top in ("numpy", "scipy"):
            owners.append(self._numpy)
        if drawn:
            owners.append(self.module("matplotlib.pyplot", "matplotlib.pyplot"))
        for name in names:
            if name in known and not (top in ("numpy", "pylab") and name in ("abs", "min", "max", "sum")):
                continue
            for owner in owners:
                if isinstance(owner, Anything) and name in bound:
                    continue
                value = self._numpy if drawn and name == "np" else getattr(owner, name, None)
                if value is not None:
                    made_[name] = value
                    break
        return made_
