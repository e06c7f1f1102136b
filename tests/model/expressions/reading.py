"""Read texts one after the other in a process of its own, watched: a text that hangs it hurts nobody.

It says "ready" when it is. Each line of standard input then is a job in JSON,
``{"text": ..., "ways": [...]}``; each line of standard output the outcome of every way: the error's class,
its message and how long that is, the seconds of processor time taken, and what was run meanwhile.
"""

import builtins
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import scipy.special  # noqa: F401 - loaded when first used: that is no running of text

import natrium

# Parsing text into a syntax tree is announced as "compile"; that alone is not running it.
HARMLESS = {"compile"}
MEMORY = 4 << 30  # bytes: a tower of powers is stopped before it eats the machine

seen: list[str] = []
watching = False


def watch(event: str, _arguments: object) -> None:
    if watching and event not in HARMLESS:
        seen.append(event)


def canary(*_: object, **__: object) -> float:
    seen.append("canary")
    return 1.0


def model_file(table: str, key: str, text: str) -> str:
    return f"natrium = 1\n[neuron]\n{table}\n{key} = {json.dumps(text)}\n"


GATE = '[[channels]]\nname = "Na"\ng = 1\nE = 50\n[[channels.gates]]\nname = "m"\nbeta = "1"'
STIMULUS = '[[stimuli]]\nkind = "expression"'

WAYS: dict[str, Callable[[str], Any]] = {
    "expression": natrium.Expression,
    "expression of t": lambda text: natrium.Expression(text, "t"),
    "gate": lambda text: natrium.Gate("m", alpha=text, beta="1"),
    "inf": lambda text: natrium.Gate("m", inf=text, tau="1"),
    "stimulus": natrium.Formula,
    "input": lambda text: natrium.Formula(text)(1.0),
    "file": lambda text: natrium.loads(model_file(GATE, "alpha", text)),
    "file of t": lambda text: natrium.loads(model_file(STIMULUS, "value", text)),
    "toml": natrium.loads,
    "path": natrium.load,
}


def outcome(way: str, text: str) -> dict[str, Any]:
    """Read one text in one way."""
    global watching
    seen.clear()
    error = message = ""
    begin = time.process_time()  # of this process alone, however busy the machine
    watching = True
    try:
        WAYS[way](text)
    except BaseException as raised:
        watching = False
        error = "ModelError" if isinstance(raised, natrium.ModelError) else type(raised).__name__
        message = str(raised)
    watching = False
    seconds = time.process_time() - begin
    return {
        "way": way,
        "error": error,
        "message": message[:500],
        "length": len(message),
        "seconds": seconds,
        "ran": sorted(set(seen)),
    }


def main() -> None:
    """Warm up, so that imports and caches are not counted, then serve."""
    for name in ("canary", "Ｖ"):
        setattr(builtins, name, canary)
    for way in ("gate", "file"):
        WAYS[way]("1/(1 + exp(-V/10))")
    for way in ("input", "file of t"):
        WAYS[way]("sin(t)")
    for way in WAYS:
        outcome(way, "(")
    try:
        import resource  # not on Windows
    except ImportError:
        pass
    else:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.addaudithook(watch)
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps([outcome(way, job["text"]) for way in job["ways"]]), flush=True)


if __name__ == "__main__":
    main()
