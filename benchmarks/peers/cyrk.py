"""CyRK: DOP853 in C++, called from numba; `cyrk_loop` has the loop around it."""

from benchmarks.peers.numba_loop import NumbaLoop


class CyRK(NumbaLoop):
    name = "CyRK"
    needs = ("CyRK", "numba")
    install = "cyrk numba"
    note = "DOP853; its numba interface has no events: crossings are sought in its dense output"
    loop = "cyrk_loop"


PEER = CyRK()
