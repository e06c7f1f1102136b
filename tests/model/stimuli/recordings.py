"""Files as a laboratory has them: NIX by Neo, NWB by PyNWB as other programs write it."""

from datetime import UTC, datetime

import numpy as np

TIMES = np.arange(0.0, 60.0, 0.25)  # ms
PICOAMPERES = 240.0 + 60.0 * np.sin(TIMES / 5.0)
TRAIN = np.array([5.0, 11.25, 30.0])  # ms


def write_nix(path, signals=None, trains=None):
    """Write a block of one segment, "sweep 0": signals by name as Neo's, trains by name (ms)."""
    import neo
    import quantities as pq

    segment = neo.Segment(name="sweep 0")
    if signals is None:
        signals = {"I": neo.AnalogSignal([[1.0], [2.0]] * pq.mV, sampling_period=1.0 * pq.ms)}
    for name, signal in signals.items():
        signal.name = name
        regular = isinstance(signal, neo.AnalogSignal)
        (segment.analogsignals if regular else segment.irregularlysampledsignals).append(signal)
    for name, times in (trains or {}).items():
        segment.spiketrains.append(neo.SpikeTrain(times * pq.ms, t_stop=100.0 * pq.ms, name=name))
    block = neo.Block()
    block.segments.append(segment)
    with neo.NixIO(str(path), "ow") as file:
        file.write_block(block)


def write_nwb(path, *, trains=True):
    """Write a current clamp: the stimulus in steps of 0.5 pA from 200 pA on, a response, sorted units."""
    import pynwb

    file = pynwb.NWBFile("a cell", "x", datetime(2026, 1, 1, tzinfo=UTC))
    device = file.create_device("amplifier")
    electrode = file.create_icephys_electrode(name="e", device=device, description="patch")
    file.add_stimulus(
        pynwb.icephys.CurrentClampStimulusSeries(
            name="pulse", data=(PICOAMPERES - 200.0) / 0.5, conversion=0.5e-12, offset=200e-12,
            starting_time=0.0, rate=4000.0, electrode=electrode, gain=1.0,
        )
    )  # fmt: skip
    file.add_acquisition(
        pynwb.TimeSeries(
            name="V", data=np.array([[-70.0, 1.0], [-60.0, 2.0]]), unit="mV", timestamps=[0.0, 0.5]
        )
    )
    file.add_acquisition(pynwb.TimeSeries(name="empty", data=np.empty(0), unit="mV", rate=1.0))
    if trains:  # without the intervals that were watched
        file.add_unit(spike_times=1e-3 * TRAIN)
        file.add_unit(spike_times=1e-3 * TRAIN[:1])
    with pynwb.NWBHDF5IO(str(path), "w") as out:
        out.write(file)
