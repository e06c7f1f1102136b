"""numbalsoda: DOP853 in C++ with a terminal event, called from numba; `numbalsoda_loop` has the loop."""

from benchmarks.peers.numba_loop import NumbaLoop


class Numbalsoda(NumbaLoop):
    name = "numbalsoda"
    needs = ("numbalsoda", "numba")
    install = "numbalsoda  (built from source: needs cmake, C++ and Fortran)"
    note = "DOP853 in C++ with its own events"
    loop = "numbalsoda_loop"


PEER = Numbalsoda()
