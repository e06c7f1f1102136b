"""One door for all languages: which a file is in, its name tells."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from natrium.imports.files import read_text
from natrium.imports.neuroml.reader import read_neuroml
from natrium.imports.nmodl.reader import read_mod
from natrium.imports.result import Imported
from natrium.imports.xpp import read_ode
from natrium.model.checks import show
from natrium.model.errors import CannotImport, ModelError

Reader = Callable[[str, str, float | None, str | None], Imported]
READERS: dict[str, Reader] = {".mod": read_mod, ".nml": read_neuroml, ".xml": read_neuroml, ".ode": read_ode}
"""Each ending with what reads it."""


def import_model(
    path: str | os.PathLike[str], *, celsius: float | None = None, current: str | None = None
) -> Imported:
    """Read a file of another simulator, and make a model of it.

    Nothing of the file is run, and it is not written to.

    Parameters
    ----------
    path : str or path
        NEURON's NMODL, ``.mod``; a channel in NeuroML 2, ``.nml`` or ``.xml``; XPP's
        equations, ``.ode``.
    celsius : float, optional
        Temperature, degrees Celsius; by default the file's own, or its simulator's.
    current : str, optional
        Which of several currents, ``"ina"``, ``"ina,ik"`` or ``"all"``; or of several channels.

    Returns
    -------
    Imported
        The model, with what was read and assumed.

    Raises
    ------
    ModelError
        When the file cannot be read; when it holds what no model here can be, a
        `natrium.model.errors.CannotImport` with its reason.
    """
    text = read_text(path)
    name = Path(path).name
    reader = next((one for ending, one in READERS.items() if name.lower().endswith(ending)), None)
    if reader is None:
        raise ModelError(f"a file to import must end in {', '.join(READERS)}, got {show(name)}")
    try:
        if reader is read_mod:
            return read_mod(text, name, celsius, current, Path(path).parent)
        return reader(text, name, celsius, current)
    except CannotImport as error:
        raise CannotImport(error.reason, f"{name}: {error.reason}: {error}") from error
    except RecursionError:
        raise CannotImport("too large", f"{name}: too large: nested too deeply") from None
