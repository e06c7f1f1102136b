"""Numbers of a claim."""

import numpy as np

from natrium.analysis.doctor.reading.expressions.numbers import is_one_of, numbers_of
from natrium.model import Custom, Model, Neuron, Samples, Simulation, Step


def test_a_claim_says_the_numbers_of_its_file():
    claim = Model(
        neuron=Neuron(tau_m=12.5), stimulus=Step(21.0, start=5.0), simulation=Simulation(t_end=40.0)
    )
    said = numbers_of(claim)
    assert {12.5, 21.0, 5.0, 40.0, 70.0} <= said
    assert is_one_of(-70.0, said)
    assert is_one_of(0.07, said)  # in volts
    assert not is_one_of(71.0, said)


def test_a_record_says_none_that_stand_for_themselves():
    t = np.arange(0.0, 40.0, 0.1)
    claim = Model(neuron=Neuron(), stimulus=Samples(t, np.sin(t)), simulation=Simulation(t_end=40.0))
    assert len(numbers_of(claim)) < 30


def test_a_claim_that_no_file_can_say_says_none():
    claim = Model(neuron=Neuron(), stimulus=Custom(np.sin, max_step=0.5), simulation=Simulation(t_end=40.0))
    assert numbers_of(claim) == frozenset()
