"""The verbs about one neuron: ``phase-plane``, ``excitability``, ``cycle``, ``fit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import FOLDER, EndOption, JsonFlag, ModelFile, app, loaded, printed, told

InputOption = Annotated[
    float | None,
    typer.Option("--input", help="Constant input, mV; by default the largest value of the file's own."),
]
SWEEP = 10_000  # values at most


def _sweep(text: str) -> list[float]:
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


@app.command("phase-plane")
@told
def phase_plane_command(
    model: ModelFile,
    I: InputOption = None,
    x: Annotated[str | None, typer.Option(help="The plane's other variable, such as Na.h.")] = None,
    reduction: Annotated[
        str, typer.Option(help="steady: all other gates at steady state; common: one x for gates of a name.")
    ] = "steady",
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("phase_plane"),
    as_json: JsonFlag = False,
) -> None:
    """Draw the phase plane: nullclines, equilibria, separatrix, threshold, certain spikes."""
    from natrium.figures import phase_plane_into
    from natrium.model import ModelError

    if reduction not in ("steady", "common"):
        raise ModelError(f"reduction must be steady or common, got {reduction!r}")
    read = loaded(model)
    done = phase_plane_into(
        read,
        out,
        name=model.name,
        I=I,
        x=x,
        reduction="steady" if reduction == "steady" else "common",
        quiet=as_json,
    )
    printed(done, as_json)


@app.command("excitability")
@told
def excitability_command(
    model: ModelFile,
    inputs: Annotated[
        str | None, typer.Option(help="Inputs of the f-I curve, mV.", metavar="LOW:HIGH:COUNT")
    ] = None,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("excitability"),
    as_json: JsonFlag = False,
) -> None:
    """Say what kind of neuron this is: equilibria, rheobase, rate against input, least pulses."""
    from natrium.figures import excitability_into

    chosen = None if inputs is None else _sweep(inputs)
    printed(excitability_into(loaded(model), out, name=model.name, inputs=chosen, quiet=as_json), as_json)


@app.command("cycle")
@told
def cycle_command(
    model: ModelFile,
    I: InputOption = None,
    period: Annotated[int, typer.Option(help="Spikes per cycle.")] = 1,
    vary: Annotated[
        str | None,
        typer.Option(help="A parameter of the reset and its values.", metavar="NAME=LOW:HIGH:COUNT"),
    ] = None,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("cycle"),
    as_json: JsonFlag = False,
) -> None:
    """Find periodic firing: return map, multipliers, phase response, the reset's bifurcations."""
    from natrium.figures import cycle_into

    varied = None
    if vary is not None:
        name, _, values = vary.partition("=")
        varied = (name, _sweep(values))
    done = cycle_into(loaded(model), out, name=model.name, I=I, period=period, vary=varied, quiet=as_json)
    printed(done, as_json)


@app.command("fit")
@told
def fit_command(
    model: ModelFile,
    spikes: Annotated[Path, typer.Argument(help="Spike times, ms: a column of CSV.", metavar="SPIKES.csv")],
    parameter: Annotated[
        list[str],
        typer.Option(
            "--parameter", "-p", help="To be fitted, such as g_Na, tau_m or I_0.", metavar="NAME[=LOW:HIGH]"
        ),
    ],
    t_end: EndOption = None,
    out: Annotated[Path, typer.Option(help="Folder for the fitted model and its tables.")] = Path("fit"),
    as_json: JsonFlag = False,
) -> None:
    """Fit parameters of a model to spike times, by gradients of the spike times."""
    from natrium.figures import fit_into, read_spikes
    from natrium.model import ModelError

    names, bounds = [], {}
    for item in parameter:
        name, _, limits = item.partition("=")
        names.append(name)
        if limits:
            low, _, high = limits.partition(":")
            try:
                bounds[name] = (float(low), float(high))
            except ValueError:
                raise ModelError(f"bounds must be NAME=LOW:HIGH, got {item!r}") from None
    given = read_spikes(spikes)
    done = fit_into(
        loaded(model, t_end=t_end), given, names, out, name=model.name, bounds=bounds, quiet=as_json
    )
    printed(done, as_json)
