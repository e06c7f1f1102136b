"""A scalar DOP853 loop in numba over one run after the other; the loop is in `dop853_loop`."""

from benchmarks.peers.numba_loop import NumbaLoop


class NumbaDop853(NumbaLoop):
    name = "numba DOP853"
    needs = ("numba",)
    install = "numba"
    note = "a scalar loop, crossings looked for at step ends only"
    loop = "dop853_loop"


PEER = NumbaDop853()
