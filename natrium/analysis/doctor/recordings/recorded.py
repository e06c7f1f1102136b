"""The arrays that a whole script leaves behind, and what else a user's file holds.

`load_subject` is the one place where natrium runs a user's file, and only the file it is told to.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np

from natrium.model import AnyNeuron, ModelError, Neuron, StimulusError, UnsupportedModel
from natrium.model.arrays import Array
from natrium.model.checks import check_path
from natrium.model.stimuli.recorded import read_samples

# What the notebook's scripts call their labels and their samples.
LABELS, SAMPLES = "time_points", "membrane_potentials"


@attrs.frozen(eq=False)
class Recording:
    """What a whole script left behind.

    Attributes
    ----------
    labels : ndarray, shape (n_samples,)
        ms.
    V : ndarray, shape (n_samples,)
        mV.
    grain : float
        To what V was rounded, mV; 0 where it was not.
    noise : float
        Standard deviation of what is added to each sample, mV.
    left_out : int
        How many zeros at the end were left out.
    in_si : bool
        Whether it was in s and V.
    """

    labels: Array
    V: Array
    grain: float = 0.0
    noise: float = 0.0
    left_out: int = 0
    in_si: bool = False


def is_table(spec: str | os.PathLike[str]) -> bool:
    """Tell whether a file is named as a table is, and not as a script."""
    return os.fspath(spec).lower().endswith((".csv", ".tsv", ".txt", ".dat"))


def load_subject(spec: str | os.PathLike[str]) -> Any:
    """Import a user's file, because told to, and give what it holds.

    Parameters
    ----------
    spec : str
        ``"path/script.py:Name"``: what has that name; or ``"path/script.py"``: its ``time_points`` and
        ``membrane_potentials``, failing these the one class with an update method. Of a table
        (``"run.csv"``) the first two columns.

    Returns
    -------
    object or Recording
        To be given to `diagnose`.

    Raises
    ------
    ModelError
        When the file cannot be found or run, or holds no such thing.
    """
    check_path(spec)
    if is_table(spec):
        return recording_of_csv(spec)
    path, _, name = os.fspath(spec).partition(".py:")
    file = Path(f"{path}.py" if name else path)
    module = _imported(file)
    if not name:
        if hasattr(module, LABELS) and hasattr(module, SAMPLES):
            return recording_of((getattr(module, LABELS), getattr(module, SAMPLES)), file.name)
        name = _only_class(module, file)
    if not hasattr(module, name):
        raise ModelError(f"a name must be in the file, got {name!r}; {file.name} holds {_listed(module)}")
    return getattr(module, name)


def check_readable(neuron: AnyNeuron) -> None:
    """Refuse a claim that scripts are not read against: equations of one's own, gates that do not move.

    Raises
    ------
    UnsupportedModel
        Naming what it is.
    """
    if not isinstance(neuron, Neuron):
        raise UnsupportedModel(
            "a recording is read against a neuron of channels, got a model of equations: leave "
            "it out for the faults of the model's own fixed-step form"
        )
    if any(channel.moving != channel.gates for channel in neuron.channels):
        raise UnsupportedModel(
            "a recording is read against gates that move, got an instantaneous one: give it a tau"
        )
    if any(channel.scheme is not None for channel in neuron.channels):
        raise UnsupportedModel("a recording is read against gates, got a kinetic scheme")
    if neuron.passes:
        raise UnsupportedModel(
            "a recording is read against a cell that is reset, got v_reset = 'none': give the script itself"
        )
    if not neuron.is_plain:
        raise UnsupportedModel(
            "a recording is read against ohmic channels with gates of V, got calcium, ions or synapses"
        )


def _imported(file: Path) -> ModuleType:
    """Run a file as a module of its own, its prints on standard error, its figures on no screen."""
    if not file.is_file():
        raise ModelError(f"a subject's file must exist, got {str(file)!r}; give path/script.py:Name")
    # Not "__main__": what stands under that guard is for the script's own runs.
    name = f"natrium_subject_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ModelError(f"a subject's file must be Python, got {file.name!r}; give path/script.py:Name")
    module = importlib.util.module_from_spec(spec)
    with _quietly(file):
        sys.modules[name] = module  # so that the file's own classes can be copied
        spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _quietly(file: Path) -> Iterator[None]:
    before = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "Agg"
    sys.path.insert(0, str(file.resolve().parent))
    try:
        with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    except ModelError:
        raise
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"a subject's file must run to its end, got {_told(error, file)}; mend it or give another"
        ) from None
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(file.resolve().parent))
        if before is None:
            os.environ.pop("MPLBACKEND", None)
        else:
            os.environ["MPLBACKEND"] = before


def _told(error: BaseException, file: Path) -> str:
    """Say which error came from where in the user's file."""
    line: int | None = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).name == file.name:
            line = trace.tb_lineno
        trace = trace.tb_next
    place = f" in {file.name}" + (f", line {line}" if line else "")
    text = str(error).splitlines()[0][:120] if str(error) else ""
    return f"{type(error).__name__}{place}" + (f": {text}" if text else "")


def _has_update(value: Any) -> bool:
    return callable(getattr(value, "update", None))


def _own(module: ModuleType) -> dict[str, Any]:
    """List what a file defines itself."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }


def _listed(module: ModuleType) -> str:
    return ", ".join(list(_own(module))[:12]) or "nothing"


def _only_class(module: ModuleType, file: Path) -> str:
    classes = [
        name
        for name, value in _own(module).items()
        if inspect.isclass(value) and _has_update(value) and value.__module__ == module.__name__
    ]
    # A channel's update(dt, V) looks the same: what is built with a channel's own rates is none.
    neurons = [
        name for name in classes if "alpha_m" not in inspect.signature(getattr(module, name)).parameters
    ]
    if len(neurons) != 1:
        raise ModelError(
            f"a file must leave {LABELS} and {SAMPLES}, or hold one class with update(dt, current), got "
            f"{', '.join(neurons) or 'none'} in {file.name}; name one: {file.name}:Name"
        )
    return neurons[0]


def recording_of(value: Any, name: str = "the subject") -> Recording:
    """Take a pair of arrays.

    Raises
    ------
    ModelError
        When it is none.
    """
    if isinstance(value, Recording):
        return value
    rule = "a recorded run must be two arrays of finite numbers of one length, labels (ms) and V (mV)"
    try:
        labels, V = (np.asarray(part, dtype=float).ravel() for part in value)
    except (TypeError, ValueError):
        raise ModelError(
            f"{rule}, got a {type(value).__name__} from {name}; or give the object or class that makes them"
        ) from None
    if labels.size != V.size or labels.size < 3:
        raise ModelError(f"{rule}, at least three, got {labels.size} labels and {V.size} samples")
    if not (np.all(np.isfinite(labels)) and np.all(np.isfinite(V))):
        bad = int(np.argmin(np.isfinite(labels) & np.isfinite(V)))
        raise ModelError(
            f"{rule}, got {labels[bad]!r} and {V[bad]!r} at sample {bad}; mend what made them first"
        )
    return Recording(labels, V)


def recording_of_csv(file: str | os.PathLike[str]) -> Recording:
    """Read labels (ms) and V (mV): the first two columns of a CSV file, headings or none.

    Raises
    ------
    ModelError
        When it cannot be read, or its columns are no recording.
    """
    check_path(file)
    try:
        return recording_of(read_samples(Path(file), "", ""), os.fspath(file))
    except StimulusError as error:
        raise ModelError(str(error)) from None
