"""Scripts walked again without their rules."""

import attrs

from natrium.analysis.doctor.script import read_script


def test_a_spike_too_many_that_comes_of_the_step_is_explained(tmp_path):
    """Just over its threshold a coarse step fires early; what is early adds up to a spike."""
    path = tmp_path / "script.py"
    path.write_text(
        "tau, rest, level, dt, RI = 10.0, -70.0, -40.0, 1.0, 31.0\nV, fired = rest, []\n"
        "for k in range(100):\n"
        "    V = V + dt * (rest - V + RI) / tau\n"
        "    if V > level:\n        V = rest\n        fired.append((k + 1) * dt)\n"
    )
    found = read_script(path)[0]
    assert (found.spike_times.size, found.truth.spike_times.size) == (3, 2)
    assert found.is_explained
    assert "spikes-uneven" in {one.key for one in found.findings if one.kind == "note"}
    other = attrs.evolve(found, uneven=False)
    assert other.unexplained == "1 of its spikes and 0 of its model's have no partner"
    assert any(f"is explained: {other.unexplained}." in sentence for sentence in other.summary())
