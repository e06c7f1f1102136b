"""What the verbs of the command line share: options, exit codes, the reading of a model file."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from natrium.model import Model
    from natrium.solvers import Solver

BAD_INPUT, FAILED_RUN, INTERRUPTED = 2, 1, 130
FOLDER = "Folder for figures, tables and the report."
DEFAULT_DT = 0.1  # ms, or of the scale of time: the notebook's
PARTS = (1.0, 2.0, 4.0, 10.0, 20.0, 40.0)  # parts of it that are tried
SWEEP = 10_000  # values at most

NUMBERS: dict[type, tuple[str, str]] = {
    float: ("a number, such as 0.5", "<float>"),
    int: ("a whole number, such as 10", "<int>"),
}


def number_option(kind: type[float], **asked: Any) -> Any:
    """Make an option that takes a number; what is none is shown in the message."""
    what, metavar = NUMBERS[kind]

    def read(text: str) -> float:
        try:
            return kind(text)
        except ValueError:
            raise typer.BadParameter(f"it must be {what}, got {text!r}") from None

    return typer.Option(parser=read, metavar=metavar, **asked)


ModelFile = Annotated[Path, typer.Argument(help="Model file (TOML, version 1).", metavar="MODEL.toml")]
StepOption = Annotated[float | None, number_option(float, help="Step of the script's scheme, ms.")]
EndOption = Annotated[float | None, number_option(float, help="End of the run, ms.")]
InputOption = Annotated[
    str | None,
    typer.Option(
        "--input",
        help='Constant input, mV, or with a unit, "300 pA"; by default the largest value of the file\'s own.',
    ),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def with_messages(verb: Callable[..., None]) -> Callable[..., None]:
    """Turn natrium's own errors into a plain message and an exit code."""

    @wraps(verb)
    def wrapped(*args: Any, **options: Any) -> None:
        from natrium.model import NatriumError, SolverError, UnsupportedModel

        try:
            verb(*args, **options)
        except NatriumError as error:
            typer.echo(f"natrium: {error}", err=True)
            failed = isinstance(error, SolverError) and not isinstance(error, UnsupportedModel)
            raise typer.Exit(FAILED_RUN if failed else BAD_INPUT) from None
        except KeyboardInterrupt:
            typer.echo("natrium: interrupted; nothing was written", err=True)
            raise typer.Exit(INTERRUPTED) from None

    return wrapped


def read_model(path: Path, **asked: Any) -> Model:
    """Read a model file, its simulation changed by the options that are given."""
    from natrium.model import load

    return with_options(load(path), **asked)


def with_options(model: Model, **asked: Any) -> Model:
    """Give a model with its simulation changed by the options that are given."""
    import attrs

    given = {key: value for key, value in asked.items() if value is not None}
    return attrs.evolve(model, simulation=attrs.evolve(model.simulation, **given))


def read_script(path: Path, *, dt: float | None, t_end: float | None, tried: bool = True) -> Model:
    """Read a model file as a script's: with a step, the file's own or the notebook's where none is given.

    A spike that no reset cuts off is too steep for the notebook's step: there half of it serves, or
    less, which is `tried`.
    """
    from natrium.model.scales import scales_of

    model = read_model(path, dt=dt, t_end=t_end)
    if model.simulation.dt is not None:
        return model
    usual, *shorter = (with_options(model, dt=DEFAULT_DT / k * scales_of(model.neuron).time) for k in PARTS)
    if not tried or (model.neuron.fires and not model.neuron.system.passes):
        return usual
    return next(filter(_stays_finite, [usual, *shorter]), usual)


def _stays_finite(model: Model) -> bool:
    """Tell whether the model's own script does not run away, as far as that can be told."""
    from natrium.model import SolverError, StepLimit
    from natrium.solvers import run

    try:
        run(with_options(model, solver="script"))
    except SolverError as error:
        return isinstance(error, StepLimit)
    return True


def check_options(solver: Solver, name: str, **given: Any) -> None:
    """Refuse options that a solver does not know, rather than let them pass as if they had done something."""
    from natrium.model import ModelError
    from natrium.solvers.simulate import SOLVERS

    for option in (key for key, value in given.items() if value is not None and not hasattr(solver, key)):
        others = [other for other, kind in SOLVERS.items() if option in inspect.signature(kind).parameters]
        raise ModelError(
            f"--{option} is not for solver {name!r}: leave it out, or give --solver {' or '.join(others)}"
        )


def read_input(model: Model, text: str | None) -> float | None:
    """Read a constant input, a plain number or one with a unit."""
    from natrium.model.absolute import as_input

    return None if text is None else as_input(model.neuron, "--input", text)


def read_inputs(model: Model, text: str) -> list[float]:
    """Read ``LOW:HIGH:COUNT`` of inputs, plain numbers or with units."""
    from natrium.model.absolute import as_input

    *ends, count = text.split(":")
    if any(is_quantity_like(end) for end in ends):
        ends = [repr(as_input(model.neuron, "--inputs", end)) for end in ends]
    return read_values(":".join([*ends, count]))


def read_range(model: Model, option: str, text: str) -> tuple[str, tuple[float, float]]:
    """Read ``NAME=LOW:HIGH``: plain numbers, of the input also with units."""
    from natrium.model import ModelError
    from natrium.model.absolute import as_input

    name, equals, ends = text.partition("=")
    parts = [end.strip() for end in ends.split(":")]
    refusal = ModelError(f"{option} must be NAME=LOW:HIGH, such as I=0:30 or g_Na=50:150, got {text!r}")
    if not (name.strip() and equals and len(parts) == 2):
        raise refusal
    if name.strip() == "I" and any(is_quantity_like(end) for end in parts):
        low, high = (as_input(model.neuron, option, end) for end in parts)
        return "I", (low, high)
    try:
        low, high = map(float, parts)
    except ValueError:
        raise refusal from None
    return name.strip(), (low, high)


def is_quantity_like(text: str) -> bool:
    """Tell whether a text is a number with a unit."""
    from natrium.model.quantities import is_quantity

    return is_quantity(text)


def read_values(text: str) -> list[float]:
    """Read ``LOW:HIGH:COUNT``."""
    from natrium.model import ModelError

    try:
        low, high, count = text.split(":")
        first, last, number = float(low), float(high), int(count)
    except ValueError:
        raise ModelError(f"values must be LOW:HIGH:COUNT, such as 0:30:31, got {text!r}") from None
    if not 1 <= number <= SWEEP or not abs(first) < 1e300 or not abs(last) < 1e300:
        raise ModelError(f"LOW and HIGH must be finite and COUNT from 1 to {SWEEP}, got {text!r}")
    step = (last - first) / max(number - 1, 1)
    return [first + step * k for k in range(number)]


def print_json(result: dict[str, Any], as_json: bool) -> None:
    """Print a verb's result where JSON is asked for."""
    if as_json:
        typer.echo(json.dumps(result))
