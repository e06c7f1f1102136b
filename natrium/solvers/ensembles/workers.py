"""Workers: pools of processes, which not every platform has, and no workers at all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class InTurn(Executor):
    """An executor without threads: it does at once what it is given."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function, and give what is done already."""
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


def is_pool_of_processes(executor: Any) -> bool:
    """Tell whether an executor is a `ProcessPoolExecutor`; where none was made, none is imported."""
    processes = sys.modules.get("concurrent.futures.process")
    return processes is not None and isinstance(executor, processes.ProcessPoolExecutor)


def another_pool(broken: Any, width: int) -> Executor:
    """Make a pool of processes as a broken one was."""
    from concurrent.futures import ProcessPoolExecutor  # browsers have none

    return ProcessPoolExecutor(
        width,
        mp_context=getattr(broken, "_mp_context", None),
        initializer=getattr(broken, "_initializer", None),
        initargs=getattr(broken, "_initargs", ()),
    )
