"""Any file and any option ends in a result or in a named error: exit 0, 1 or 2, no traceback, within seconds."""

import copy
import random
import time
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from natrium.model.files.writing import _lines, to_toml
from natrium.reports import cycle_into

NOISY = natrium.Model(
    neuron=natrium.Neuron(),
    stimulus=natrium.Sum(
        [
            natrium.Noise(mean=15.0, sigma=3.0, tau=5.0, step=0.5, seed=1),
            natrium.Pulses(4.0, width=1.0, period=5.0),
        ]
    ),
    simulation=natrium.Simulation(t_end=30.0),
)
BASES = [
    tomllib.loads(to_toml(one)) for one in (*(make() for make in natrium.notebook.SCRIPTS.values()), NOISY)
]
VALUES = [
    0, -1, 3, 1e6, 1e308, -1e308, 1e-308, float("nan"), float("inf"), True, 10**30, "", "x", "V", "☃" * 5, "a" * 500,
    "1/(V + 70)", "exp(V)", "0.1*(V + 40)/(1 - exp(-(V + 40)/10))", [], {}, [1, 2], {"a": 1},
]  # fmt: skip
KEYS = ["foo", "g", "E", "t_end", "dt", "kind", "tau_m", "v_thresh", "refractory", "start"]
OPTIONS = [
    [],
    ["--json"],
    *(["--solver", one] for one in ("script", "compiled", "closed-form", "event", "foo", "")),
    *(["--dt", one] for one in ("0", "-1", "nan", "0.1", "x", "1e-9")),
    *(["--t-end", one] for one in ("0", "-5", "inf", "nan", "20", "x")),
    *(["--rtol", one] for one in ("0", "-1", "1", "nan", "1e-6")),
    *(["--atol", one] for one in ("0", "-1", "1e-6")),
    ["--method", "Euler"],
    ["--nothing"],
]
SECONDS = 20.0  # of processor time, for one case on a slow machine


def mutate(rng, table):
    """Change one or two places of a model's table."""
    table = copy.deepcopy(table)
    for _ in range(rng.choice([1, 1, 2])):
        node = table
        while keys := list(node) if isinstance(node, dict) else list(range(len(node))):
            key = rng.choice(keys)
            inner = node[key]
            if isinstance(inner, (dict, list)) and inner and rng.random() < 0.85:
                node = inner
                continue
            chance = rng.random()
            if chance < 0.5 and isinstance(inner, (int, float)) and not isinstance(inner, bool):
                node[key] = inner * rng.choice([10.0 ** rng.uniform(-4, 4), -1, 0.5, 0.0]) + rng.choice(
                    [0.0, 1.0]
                )
            elif chance < 0.7:
                node[key] = rng.choice(VALUES)
            elif chance < 0.8:
                del node[key]
            elif chance < 0.9 and isinstance(node, dict):
                node[rng.choice(KEYS)] = rng.choice(VALUES)
            else:
                node[key] = str(inner) + rng.choice(["\x00", "é", "-", "+1", " ** V"])
            break
    return table


def text_of(rng, table):
    try:
        text = "\n".join(_lines(table, "")) + "\n"
    except Exception:  # a mixture that TOML cannot say
        text = repr(table)
    if rng.random() < 0.1:
        place = rng.randrange(len(text) + 1)
        text = text[:place] + rng.choice(["[", "=", '"', "\n", "\x00", "ÿ", "'''", "#"]) + text[place + 1 :]
    return text.encode(rng.choice(["utf-8"] * 15 + ["utf-16", "latin-1"]), errors="replace")


def check(seed, folder):
    rng = random.Random(seed)
    path = folder / "model.toml"
    path.write_bytes(text_of(rng, mutate(rng, rng.choice(BASES))))
    arguments = [rng.choice(["run"] * 5 + ["parameters"]), str(path)]
    if arguments[0] == "run":
        arguments += rng.choice(OPTIONS)
        if "--t-end" not in arguments:
            arguments += ["--t-end", "30"]
    ends_well(arguments)


def ends_well(arguments):
    begin = time.process_time()
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code in (0, 1, 2), arguments
    assert result.exception is None or isinstance(result.exception, SystemExit), arguments
    assert "Traceback" not in result.output
    assert result.exit_code == 0 or result.stderr.strip()
    assert time.process_time() - begin < SECONDS


@given(seed=st.integers(0, 2**32 - 1))
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@pytest.mark.filterwarnings("ignore")
def test_mutated_files_end_well(tmp_path, seed):
    check(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_thousand_mutated_files_end_well(tmp_path):
    for seed in range(2000):
        check(seed, tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"spike_ms\n",
        b"a,b\n1,2\n",
        b"1\n2\n\n3",
        b"1e999\n",
        b"nan\n",
        b'"1\n2',
        b"1;2;3\n",
        b"\x00",
    ],
)
def test_any_file_of_spikes_ends_well(tmp_path, content):
    natrium.notebook.lif_na().save(tmp_path / "second.toml")
    (tmp_path / "spikes.csv").write_bytes(content)
    ends_well(
        ["fit", str(tmp_path / "second.toml"), str(tmp_path / "spikes.csv"), "-p", "g_Na", "--max-evaluations", "2",
         "--out", str(tmp_path / "out")]
    )  # fmt: skip


def test_reports_escape_what_they_are_given(tmp_path, monkeypatch, undrawn):
    undrawn(monkeypatch)
    name = '<script>alert(1)</script>"&\n☃.toml'
    cycle_into(natrium.notebook.lif(), tmp_path, name=name, I=20.0, quiet=True)
    page = (tmp_path / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
