"""Rates, steady states and time constants that a recording has otherwise are told by what differs."""

import numpy as np
import pytest

import natrium
from natrium.analysis.doctor import diagnose
from tests.analysis.doctor import zoo
from tests.analysis.doctor.recordings.test_samples import DT, recorded, told

RATES = zoo.Gated().rates


def gated(change, names=("alpha m", "beta m", "alpha h", "beta h")):
    """Give a cell whose rates are changed: a function of V and the four of them."""

    class Other(zoo.Gated):
        def rates(self, v):
            return change(v, dict(zip(names, RATES(v), strict=True)))

    class Cell(zoo.Cell):
        kinds = (Other,)

    return Cell


def exchanged(v, own):
    return own["alpha m"], own["beta m"], own["beta h"], own["alpha h"]


def shifted(v, own):
    return zoo.linexp(v, -45, 10, 0.1), own["beta m"], own["alpha h"], own["beta h"]


def turned(v, own):
    return own["alpha m"], own["beta m"], 0.07 * np.exp((v + 65) / 20), own["beta h"]


def warmed(v, own):
    return own["alpha m"], own["beta m"], 3.0 * own["alpha h"], 3.0 * own["beta h"]


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        (exchanged, "rates-exchanged", "alpha and beta of Na.h are exchanged"),
        (shifted, "rate-wrong", "alpha of Na.m is not as claimed: shifted by -5 mV."),
        (turned, "rate-wrong", "alpha of Na.h is not as claimed: turned about V = -65 mV."),
        (warmed, "gate-pace", "Na.h moves at 3.0 times its pace."),
    ],
    ids=["exchanged", "shifted", "turned", "warmed"],
)
def test_rates_that_differ_are_told(change, key, words):
    faults, _, diagnosis = told(recorded(gated(change), "lif_na"), "lif_na")
    assert faults == [key]
    assert words in diagnosis.faults[0].said


BLOCKED = natrium.Model(
    neuron=natrium.Neuron(
        channels=(
            natrium.Channel(
                "Na",
                g=60.0,
                E=50.0,
                gates=(
                    natrium.Gate("m", 3, inf="1/(1 + exp(-(V + 38)/7))", tau="0.4", initial="steady-state"),
                    natrium.Gate("h", inf="1/(1 + exp((V + 66)/6))", tau="3", initial="steady-state"),
                ),
            ),
        )
    ),
    stimulus=natrium.Step(20.0, start=10.0),
    simulation=natrium.Simulation(t_end=60.0, dt=DT),
)


class Blocked(zoo.Cell):
    """A cell with that channel, its gates at rest."""

    middle = -66.0

    def __init__(self):
        super().__init__()
        self.m, self.h = self.targets()

    def targets(self):
        return 1 / (1 + np.exp(-(self.v + 38) / 7)), 1 / (1 + np.exp((self.v - self.middle) / 6))

    def move_gates(self, dt):
        m, h = self.targets()
        self.m, self.h = self.m + dt * (m - self.m) / 0.4, self.h + dt * (h - self.h) / 3.0

    def ionic(self):
        return 60.0 * self.m**3 * self.h * (50.0 - self.v)


def test_a_steady_state_that_is_shifted_is_told_and_its_start_is_no_other_fault():
    class Shifted(Blocked):
        middle = -60.0

    assert diagnose(zoo.loop(Blocked(), BLOCKED), BLOCKED).faults == ()
    (fault,) = diagnose(zoo.loop(Shifted(), BLOCKED), BLOCKED).faults
    assert fault.said == "The steady state of Na.h is not as claimed: shifted by 6 mV."
