"""Steps by small matrices: products, exponentials and solutions, read as the equations that they mean."""

from pathlib import Path

import numpy as np
import pytest

from natrium.analysis.doctor.reading.expressions.trees import DOUBLES, EXTENDED
from natrium.analysis.doctor.trace.record import element_of_exponential
from tests.analysis.doctor.written import equations, taken

SYNAPSE = """
    import numpy as np
    from scipy.linalg import expm

    tau, tau_s, C, E_L, theta = 10.0, 2.0, 250.0, -70.0, -55.0
    dt = 0.1
    A = np.array([[-1 / tau_s, 0.0], [1 / C, -1 / tau]])
    P = expm(A * dt)
    y, V = np.zeros(2), np.zeros(900)
    for k in range(900):
        y = {step}
        if k % 40 == 7:
            y[0] += 2500.0
        if y[1] + E_L >= theta:
            y[1] = 0.0
        V[k] = y[1] + E_L
"""


@pytest.mark.parametrize("step", ["P @ y", "P.dot(y)", "np.dot(P, y)", "np.matmul(P, y)"])
def test_a_propagator_is_the_exact_update(tmp_path: Path, step: str) -> None:
    found = taken(tmp_path, SYNAPSE.format(step=step))
    assert equations(found) == {"dy[1]/dt": "y[0]/C - y[1]/tau", "dy[0]/dt": "-(y[0]/tau_s)"}
    assert found.scheme.key == "exact"
    assert found.faults == ()
    assert found.maps.V == "y[1]"
    assert found.maps.spikes.size > 3


@pytest.mark.parametrize(
    ("step", "key"),
    [
        ("y + dt * A @ y", "euler"),
        # Of states that follow each other, one by one is all at once.
        ("np.linalg.solve(np.eye(2) - dt * A, y)", "semi-implicit"),
        ("np.linalg.inv(np.eye(2) - dt / 2 * A) @ (np.eye(2) + dt / 2 * A) @ y", "crank-nicolson"),
    ],
)
def test_schemes_by_matrices_are_proven(tmp_path: Path, step: str, key: str) -> None:
    found = taken(tmp_path, SYNAPSE.format(step=step))
    assert found.scheme.key == key
    assert found.faults == ()


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_alpha_synapse_of_three_states(tmp_path: Path, sign: str) -> None:
    found = taken(tmp_path, f"""
        import numpy as np
        import scipy.linalg as la

        class Cell:
            def __init__(self, tau=10.0, tau_syn=2.0, C=250.0, dt=0.1):
                self.y = np.zeros(3)
                A = np.array([[-1 / tau_syn, 0, 0], [1, {sign}-1 / tau_syn, 0], [0, 1 / C, -1 / tau]])
                self.P = la.expm(dt * A)

            def step(self, weight):
                self.y = self.P.dot(self.y)
                self.y[0] += weight
                fired = self.y[2] >= 15.0
                if fired:
                    self.y[2] = 0.0
                return fired

        cell = Cell()
        times = [k for k in range(300) if cell.step(2000.0 if k % 60 == 10 else 0.0)]
        """)  # fmt: skip
    assert equations(found)["dy[2]/dt"] == "self.y[1]/C - self.y[2]/tau"
    assert found.scheme.key == "exact"


def test_elements_of_exponentials_are_the_same_in_doubles_and_digits() -> None:
    matrix = np.array([[-0.5, 0.1, 0.0], [1.0, -0.3, 0.2], [0.0, 0.7, -0.1]])
    for row, column in np.ndindex(3, 3):
        op = element_of_exponential(3, row, column)
        double = DOUBLES["numpy"][op](*matrix.ravel().tolist())
        assert float(EXTENDED[op](*matrix.ravel().tolist())) == pytest.approx(double, rel=1e-14)
