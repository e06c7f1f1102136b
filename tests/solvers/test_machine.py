"""Machine code that is kept: it calls nothing that a new process may not have."""

import pytest

from natrium.model import UnsupportedModel
from natrium.solvers.machine import link


def test_code_that_calls_what_a_new_process_may_not_have_is_not_kept():
    call = "declare void @{0}()\ndefine void @f() {{\n  call void @{0}()\n  ret void\n}}"
    assert link(call.format("exp"), "f")
    with pytest.raises(UnsupportedModel, match="numba_unpickle"):
        link(call.format("numba_unpickle"), "f")
