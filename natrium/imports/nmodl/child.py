"""NEURON's parser in a process of its own: texts in by standard input, trees out, nothing else.

Run by its path, without natrium: the parser is C++ and may die of what it is given, and only it.
"""

import json
import os
import sys


def _parse(text: str) -> dict[str, object]:
    from neuron.nmodl import NmodlDriver, to_json

    try:
        return {"tree": json.loads(to_json(NmodlDriver().parse_string(text), True))}
    except RecursionError:
        return {"error": "nested too deeply"}
    except (RuntimeError, ValueError) as error:
        return {"error": str(error)}


def main() -> None:
    """Answer each line, a text in JSON, by a line: its tree, or the parser's error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # the parser has warnings of its own to tell
    try:
        import neuron.nmodl  # noqa: F401 - whether it is there is the question
    except (ImportError, OSError, RuntimeError) as error:  # the last where it finds no library of Python's
        why = "" if isinstance(error, ModuleNotFoundError) else " ".join(str(error).split())[:300]
        print(json.dumps({"missing": True, "why": why}), file=answers, flush=True)
        return
    for line in sys.stdin:
        print(json.dumps(_parse(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
