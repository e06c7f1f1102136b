"""The solver of analyses: compiled where that can be, event-driven else; one meaning of the tolerance."""

import sys

import numpy as np
import pytest
import sympy

from natrium.model import CHANNELS, Channel, Constant, Gate, HybridNeuron, Neuron, notebook
from natrium.solvers import Compiled, EventDriven, accurate
from natrium.solvers.accurate import _compiles
from natrium.solvers.compiled.parts import check_numba

SODIUM = notebook.lif_na().neuron
CLAMPED = Neuron(
    channels=(CHANNELS["hh_sodium"], CHANNELS["hh_potassium"]), refractory="clamp", v_thresh=-50.0
)


@pytest.fixture
def without_numba(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    check_numba.cache_clear()
    _compiles.cache_clear()
    yield
    check_numba.cache_clear()
    _compiles.cache_clear()


def test_the_compiled_solver_is_taken_where_it_can_be():
    pytest.importorskip("numba")
    assert accurate(SODIUM, 1e-11) == Compiled(rtol=1e-11)
    assert accurate(Neuron(), 1e-9) == Compiled(rtol=1e-9)


@pytest.mark.parametrize(
    ("reset", "solver"), [("min(V/2, -x)", Compiled), (sympy.atan(sympy.Symbol("V", real=True)), EventDriven)]
)
def test_equations_of_ones_own_are_compiled_where_they_can_be(reset, solver):
    pytest.importorskip("numba")
    V, I, x = sympy.symbols("V I x", real=True)
    neuron = HybridNeuron(
        equations={"V": I - V, "x": V - x}, initial={"V": 0.0, "x": 0.0}, v_thresh=1.0, reset={"V": reset}
    )
    assert accurate(neuron, 1e-8) == solver(rtol=1e-8)


def test_rates_without_a_rule_are_solved_by_scipy():
    pytest.importorskip("numba")
    V, I = sympy.symbols("V I", real=True)
    odd = HybridNeuron(equations={"V": I - sympy.atan(V)}, initial={"V": 0.0}, v_thresh=1.0, reset={"V": 0.0})
    assert accurate(odd, 1e-8) == EventDriven(rtol=1e-8)


@pytest.mark.parametrize(("tau", "solver"), [("1e-3", Compiled), ("1e-5", EventDriven)])
def test_stiff_models_are_solved_by_implicit_steps(tau, solver):
    pytest.importorskip("numba")
    gate = Gate("x", 1, inf="1/(1 + exp(-(V + 50)/5))", tau=tau)
    assert isinstance(accurate(Neuron(channels=[Channel("fast", 0.3, 0.0, [gate])]), 1e-9), solver)


@pytest.mark.usefixtures("without_numba")
def test_without_numba_scipy_solves_all():
    assert accurate(SODIUM, 1e-9) == EventDriven(rtol=1e-9)


@pytest.mark.parametrize("neuron", [SODIUM, CLAMPED], ids=["hold", "clamp"])
@pytest.mark.parametrize("rtol", [1e-7, 1e-9, 1e-11])
def test_the_tolerance_means_the_same(neuron, rtol):
    """Spike times under a constant input are right to a few hundred tolerances with either solver."""
    pytest.importorskip("numba")
    truth = EventDriven(rtol=1e-13).solve(neuron, Constant(40.0), t_end=100.0).spike_times
    assert truth.size > 1
    for solver in (accurate(neuron, rtol), EventDriven(rtol=rtol)):
        found = solver.solve(neuron, Constant(40.0), t_end=100.0).spike_times
        np.testing.assert_allclose(found, truth, rtol=0.0, atol=100.0 * rtol, err_msg=repr(solver))
