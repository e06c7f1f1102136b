"""What names tell: steps, inputs, noise, thresholds, rests and waits are called as the field calls them."""

from __future__ import annotations

import re

STEP_NAMES = (
    "dt", "deltat", "delta_t", "step", "timestep", "time_step", "step_size", "stepsize", "tstep", "d_t",
    "sim_dt", "t_step", "h", "H", "Dt", "dT", "DT", "ts", "delta", "res", "resolution",
    "paso_tiempo", "paso_de_tiempo", "paso_t", "delta_tiempo", "pas_temps", "pas_de_temps", "pas_t",
    "zeitschritt", "schrittweite", "passo_temporale", "passo_tempo", "passo_de_tempo", "passo_t",
)  # fmt: skip
"""What a step is called, the surest first."""


_THRESHOLD = re.compile(r"thr|theta|(^|_)[uve]?_?th$")
_VOLTAGE = re.compile(
    r"^(v|u|v_?m|u_?m|v_?mem|mem|membrane_(potential|voltage)s?|potentials?|voltages?)_?(new|next)?$"
)
_TIMES = re.compile(r"^(t|ts|times?|t_?list|times?_?list|t_?axis|time_?points|t_?vec|t_?arr(ay)?|tt)$")
_SPIKES = re.compile(r"spike|spk|fired?_|^(t_?)?sp(ikes)?$")
_TIMED = re.compile(r"(^|_)(ts?|times?|temps|zeit(en)?|tiempos?|tempi)(_|$)|^tspi?k|times?$|_ms$")
_SLOPE = re.compile(r"d_?(?P<name>\w+?)(?:_?dt)?|(?P<dotted>\w+?)_?dot")
_INPUT_WORDS = ("cur", "inp", "stim", "inj", "ext", "app", "drive", "syn")


def bracketless(name: str) -> str:
    """Leave out which element it is."""
    return name.partition("[")[0] if name.endswith("]") else name


def plain(name: str) -> str:
    """Give the last part of a name, without index: ``self.neuron.v[i]`` is ``v``, and so is ``cell['v']``."""
    key = re.search(r"\[['\"]([A-Za-z_]\w*)['\"]\]$", name)
    if key:
        return key[1]
    bare = name
    while bare.endswith("]") and "[" in bare:
        bare = bare[: bare.rindex("[")]
    return bare.rsplit(".", 1)[-1].strip("'\"_ ")


def bare(name: str) -> str:
    """Give the last part of a name as all would write it: ``p.E_L`` and ``El`` are ``el``."""
    return plain(name).replace("_", "").lower()


def is_refractory(name: str) -> bool:
    """Tell whether a name is one that refractory times have."""
    return bool(re.search(r"ref|arp|dead|absolute", plain(name).lower()))


def is_rest(name: str) -> bool:
    """Tell whether a name is one that the potential has to which a leak goes."""
    return bool(re.search(r"rest|leak|^(e|v|u)_?l$|^e_?[m0]?$", plain(name).lower()))


def is_voltage(name: str) -> bool:
    """Tell whether a name is one that a membrane's voltage has, or its next value."""
    return bool(_VOLTAGE.match(plain(name).lower()))


def is_times(name: str) -> bool:
    """Tell whether a name is one that the times of samples have."""
    return bool(_TIMES.match(plain(name).lower()))


def is_of_spikes(name: str) -> bool:
    """Tell whether a name is one that the times of spikes have."""
    return bool(_SPIKES.search(plain(name)))


def is_times_of_spikes(name: str) -> bool:
    """Tell whether a name says of spikes when they were, in time."""
    own = plain(name).lower()
    return is_of_spikes(own) and bool(_TIMED.search(own))


def state_of_slope(name: str) -> str:
    """Give the state of which a slope is called so (dx, dx_dt, dxdt, x_dot, xdot); empty: it is none."""
    found = _SLOPE.fullmatch(name)
    return (found["name"] or found["dotted"]) if found else ""


def reversal_of(name: str) -> str:
    """Give of what a name is the reversal, such as ``"k"``, ``"na"``, ``"leak"``; empty: it is of nothing."""
    found = re.fullmatch(r"[ev]_?(?:rev_?)?([a-z]\w*)", plain(name).lower())
    return found[1] if found else ""


def step_rank(name: str) -> int | None:
    """Tell how surely a name is a step's, 0 the surest; None: it is none."""
    if any(f"['{one}']" in name for one in ("dt", "h")):
        return 0
    short = name.rpartition(".")[2].strip("_").partition("'")[0]
    return STEP_NAMES.index(short) if short in STEP_NAMES else None


def is_step(name: str) -> bool:
    """Tell whether something without which nothing moves is called as steps are."""
    return re.search(r"dt|^d(el)?_?t|step", name.rpartition(".")[2], re.IGNORECASE) is not None


def may_be_step(name: str) -> bool:
    """Tell whether a name is a step's where its value is, too: AdEx's slope is called so as well."""
    return re.search(r"^(d|delta_?)t$|step", name.rpartition(".")[2].strip("_").lower()) is not None


_NOISE = frozenset((
    "xi", "eta", "dw", "zeta", "normal", "randn", "random", "rand", "standard_normal", "gauss",
))  # fmt: skip


def is_noise(name: str) -> bool:
    """Whether a name is one that random numbers have."""
    short = name.rpartition(".")[2].partition("[")[0].partition(" ")[0].lower()
    return short in _NOISE or "noise" in short


def is_threshold(name: str) -> bool:
    """Tell whether something is called a threshold."""
    return _THRESHOLD.search(bracketless(name).lower()) is not None


def is_input(name: str) -> bool:
    """Whether a name is one that inputs have."""
    short = name.rpartition(".")[2].partition("[")[0]
    low = short.lower()
    short = short.partition(" ")[0]
    index = short in ("i", "idx", "ii", "index")
    return (short[:1] in ("I", "i") and not index) or any(word in low for word in _INPUT_WORDS)
