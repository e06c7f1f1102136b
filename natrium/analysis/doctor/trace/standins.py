"""Stand-ins for what draws, asks and shows: it takes anything, and keeps the numbers that it was given."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_KEPT = 20_000
_MANY = 64


class Outputs:
    """The numbers that a script gave away: printed, drawn, written."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, tuple[str, ...]]] = []

    def note(self, what: str, values: tuple[Any, ...]) -> None:
        """Keep what a call was given."""
        if len(self.seen) < _KEPT:
            self.seen.append((what, tuple(digest(one) for one in values)))


def digest(value: Any) -> str:
    """Give a value's doubles, as a short text that differs where they do."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (bool, int, float, np.number, np.bool_)):
        return float(value).hex() if not isinstance(value, np.complexfloating) else repr(value)
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        try:
            value = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            return "(" + ",".join(digest(one) for one in value) + ")"
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        array = np.where(np.isnan(value), np.nan, value).astype(float)  # one NaN is as good as another
        return f"{value.shape}" + hashlib.sha256(array.tobytes()).hexdigest()[:16]
    return type(value).__name__


class Anything:
    """Whatever a module that draws may be asked for.

    Parameters
    ----------
    name : str
    outputs : Outputs
    plain : callable
        Takes out of a value what remembers.
    """

    def __init__(self, name: str, outputs: Outputs, plain: Callable[[Any], Any]) -> None:
        self.__dict__.update(_name=name, _outputs=outputs, _plain=plain)

    def _another(self, name: str) -> Anything:
        return Anything(name, self._outputs, self._plain)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._another(f"{self._name}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        pass

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Take anything."""
        given = self._plain(args)
        short = self._name.rpartition(".")[2]
        self._outputs.note(short, tuple(given))
        if short == "subplots":
            return self._another("figure"), self._axes(given, self._plain(options))
        if short in ("tqdm", "tqdm_notebook", "notebook_tqdm"):
            return args[0] if args else self._another("bar")
        if short == "trange":
            return range(*given)
        if short.startswith("interact"):
            return self._interact(args, options)
        made = self._another(f"{short}()")
        made.__dict__["_value"] = options.get("value")
        if made._value is not None:
            return made
        return self._another(f"{short}()")

    def _interact(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Call a function as its sliders stand."""
        known = {**self.__dict__.get("_sliders", {}), **options}
        if not args or not callable(args[0]):
            made = self._another("interact")
            made.__dict__["_sliders"] = known
            return made
        names = inspect.signature(args[0]).parameters
        args[0](**{name: _slid(one) for name, one in known.items() if name in names})
        return args[0]

    def _axes(self, given: tuple[Any, ...], options: dict[str, Any]) -> Any:
        rows = given[0] if given else options.get("nrows", 1)
        columns = given[1] if len(given) > 1 else options.get("ncols", 1)
        axes = np.empty((int(rows), int(columns)), dtype=object)
        for at in np.ndindex(axes.shape):
            axes[at] = self._another("axes")
        if options.get("squeeze", True):
            axes = axes.squeeze()
        return axes if axes.ndim else axes[()]

    def __iter__(self) -> Iterator[Any]:
        # So many colours or axes that a loop over them and something else runs to the other's end.
        return (self._another(self._name) for _ in range(_MANY))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.zeros(0)

    def __getitem__(self, index: Any) -> Any:
        return self._another(self._name)

    def __setitem__(self, index: Any, value: Any) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *args: Any) -> None:
        pass

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return 0

    def __int__(self) -> int:
        return 0

    def __index__(self) -> int:
        return 0

    def __float__(self) -> float:
        return 0.0

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def _itself(self, *args: Any) -> Any:
        return self

    def _no(self, other: Any) -> bool:
        return False

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _itself
    __neg__ = __pow__ = __floordiv__ = __mod__ = __or__ = __and__ = _itself
    __lt__ = __le__ = __gt__ = __ge__ = _no


def _slid(value: Any) -> Any:
    """Give where a slider stands."""
    if isinstance(value, Anything):
        return value.__dict__.get("_value", 1.0)
    if isinstance(value, tuple) and len(value) >= 2:
        return (value[0] + value[1]) / 2
    if isinstance(value, list) and value:
        return value[0]
    return value


def spread(value: Any, shape: Any) -> Any:
    """Let a stand-in be taken apart into as many as are wanted."""
    if isinstance(value, Anything) and isinstance(shape, tuple):
        return tuple(spread(value[0], one) for one in shape if one != -1) + tuple(
            () for one in shape if one == -1
        )
    return value
