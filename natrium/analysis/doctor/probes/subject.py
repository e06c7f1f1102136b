"""What is to be diagnosed: an object with `update`, or the arrays that a whole script leaves behind.

`load_subject` is the one place where natrium runs a user's file, and only the file it is told to.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.probes.kinetics import kinetics_of
from natrium.model import AnyNeuron, Channel, Model, ModelError, Neuron, UnsupportedModel
from natrium.model.arrays import Array
from natrium.model.checks import check_path

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
    """

    labels: Array
    V: Array


def load_subject(spec: str | os.PathLike[str], model: Model) -> Any:
    """Import a user's file, because told to, and give what it holds.

    Parameters
    ----------
    spec : str
        ``"path/script.py:Name"``, a class, an instance, a function or a pair of arrays; or
        ``"path/script.py"``: its ``time_points`` and ``membrane_potentials``, failing these the one class
        with an update method.
    model : Model
        The claim; a class gets its parameters from it, by name.

    Returns
    -------
    object or Recording
        To be given to `diagnose`.

    Raises
    ------
    ModelError
        When the file cannot be found or run, or holds no such thing.
    UnsupportedModel
        When the claim is one that no script is read against.
    """
    check_readable(model.neuron)
    check_path(spec)
    path, _, name = os.fspath(spec).partition(".py:")
    file = Path(f"{path}.py" if name else path)
    module = _imported(file)
    if not name:
        if hasattr(module, LABELS) and hasattr(module, SAMPLES):
            return _recording((getattr(module, LABELS), getattr(module, SAMPLES)), file.name)
        name = _only_class(module, file)
    if not hasattr(module, name):
        raise ModelError(f"a name must be in the file, got {name!r}; {file.name} holds {_listed(module)}")
    return as_subject(getattr(module, name), model, module)


def check_readable(neuron: AnyNeuron) -> None:
    """Refuse a claim that scripts are not read against: equations of one's own, gates that do not move.

    Raises
    ------
    UnsupportedModel
        Naming what it is.
    """
    if not isinstance(neuron, Neuron):
        raise UnsupportedModel(
            "a script of one's own is read against a neuron of channels, got a model of equations: leave "
            "--script out for the faults of the model's own fixed-step form"
        )
    if any(channel.moving != channel.gates for channel in neuron.channels):
        raise UnsupportedModel(
            "a script of one's own is read against gates that move, got an instantaneous one: give it a tau"
        )
    if any(channel.scheme is not None for channel in neuron.channels):
        raise UnsupportedModel("a script of one's own is read against gates, got a kinetic scheme")
    if not neuron.is_plain:
        raise UnsupportedModel(
            "a script of one's own is read against ohmic channels with gates of V, got calcium, ions or "
            "synapses"
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


def as_subject(value: Any, model: Model, module: ModuleType | None = None) -> Any:
    """Make an object or a recording of a class, a factory, an instance or a pair of arrays.

    Raises
    ------
    ModelError
        When it is none of these, or cannot be made.
    """
    if isinstance(value, Recording):
        return value
    if inspect.isclass(value):
        if not _has_update(value):
            raise ModelError(
                f"a class must have update(dt, current), got {value.__name__} without; give another"
            )
        return _made(value, model, module or sys.modules.get(value.__module__))
    if _has_update(value):
        return value
    if callable(value):
        made = _called(value, getattr(value, "__name__", "the function"))
        if callable(made) and not _has_update(made):
            raise ModelError(
                "a factory must give an object or two arrays, got another function; call it first"
            )
        return as_subject(made, model, module)
    return _recording(value, "the subject")


def _called(make: Callable[..., Any], name: str, **given: Any) -> Any:
    try:
        with contextlib.redirect_stdout(sys.stderr), np.errstate(all="ignore"):
            return make(**given)
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"a subject must be one that can be made, got {type(error).__name__} from {name}: "
            f"{str(error)[:120]}; give an instance or a factory without arguments"
        ) from None


def _made(kind: type, model: Model, module: Any) -> Any:
    """Make an instance, its arguments taken by name from the model."""
    neuron = model.neuron
    known: dict[str, Any] = {
        name: getattr(neuron, name)
        for name in ("tau_m", "tau_ref", "v_rest", "v_thresh", "v_reset", "v_init")
    }
    known["dt"] = model.simulation.dt
    given: dict[str, Any] = {}
    try:
        parameters = inspect.signature(kind).parameters
    except (TypeError, ValueError):
        parameters = {}  # type: ignore[assignment]  # a class without a signature takes none
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name == "sodium_channel_params" and len(neuron.channels) == 1:
            given[name] = _sodium_parameters(neuron.channels[0])
        elif name == "sodium_channels" and hasattr(module, "SodiumChannel"):
            given[name] = [
                _called(module.SodiumChannel, "SodiumChannel", **_sodium_parameters(channel))
                for channel in neuron.channels
            ]
        elif name in known:
            given[name] = known[name]
        elif parameter.default is parameter.empty:
            raise ModelError(
                f"a class's arguments must be known by name from the model, got {name!r} of {kind.__name__}; "
                "give an instance or a factory without arguments"
            )
    return _called(kind, kind.__name__, **given)


def _sodium_parameters(channel: Channel) -> dict[str, Any]:
    """Give a channel as the notebook's scripts take theirs."""
    gates = {gate.name: gate for gate in channel.gates}
    if set(gates) != {"m", "h"}:
        raise ModelError(
            f"a sodium channel of the notebook has gates m and h, got {', '.join(gates) or 'none'} in "
            f"{channel.name}; give an instance or a factory without arguments"
        )
    rates: Mapping[str, Any] = {name: kinetics_of(gate) for name, gate in gates.items()}
    made = {f"{rate}_{name}": rates[name][i] for name in "mh" for i, rate in enumerate(("alpha", "beta"))}
    return {**made, "g_Na": channel.g, "E_Na": channel.reversal}


def _recording(value: Any, name: str) -> Recording:
    """Take a pair of arrays."""
    rule = "a recorded run must be two arrays of finite numbers of one length, labels (ms) and V (mV)"
    try:
        labels, V = (np.asarray(part, dtype=float).ravel() for part in value)
    except (TypeError, ValueError):
        raise ModelError(
            f"{rule}, got a {type(value).__name__} from {name}; or give an object with update(dt, current)"
        ) from None
    if labels.size != V.size or labels.size < 3:
        raise ModelError(f"{rule}, at least three, got {labels.size} labels and {V.size} samples")
    if not (np.all(np.isfinite(labels)) and np.all(np.isfinite(V))):
        bad = int(np.argmin(np.isfinite(labels) & np.isfinite(V)))
        raise ModelError(
            f"{rule}, got {labels[bad]!r} and {V[bad]!r} at sample {bad}; mend what made them first"
        )
    return Recording(labels, V)
