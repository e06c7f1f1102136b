"""The main job's data."""

import json

from natrium.analysis import reproduce


def test_reproduction_covers_the_three_scripts_and_tells_its_progress():
    told = []
    done = reproduce(steps=(0.1, 0.07), progress=told.append)
    assert [item.name for item in done] == ["lif", "lif_na", "lif_na2"]
    assert [len(item.ladder) for item in done] == [0, 2, 2]
    assert len(told) == 3 + 4 + 3
    data = json.loads(json.dumps({item.name: item.data() for item in done}, allow_nan=False))
    assert data["lif"]["script_spikes_ms"] == []
    assert data["lif_na"]["script_spikes_ms"] == [40.7, 65.2, 89.9] or [
        round(time, 9) for time in data["lif_na"]["script_spikes_ms"]
    ] == [40.7, 65.2, 89.9]
    assert data["lif_na2"]["ladder"][0]["held_steps"] == 20
    assert all(data[name]["findings"] for name in data)
