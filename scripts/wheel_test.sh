#!/usr/bin/env bash
# Build the sdist and from it the wheel, look at what the wheel holds, then install it
# outside the checkout and use it there. Run it as `make wheel-test`.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
python=${PYTHON:-.venv/bin/python}
if ! "$python" -m build --version >/dev/null 2>&1; then
    echo "wheel_test: '$python' has no 'build'; run 'make wheel-test', which installs it" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset PYTHONPATH PYTHONHOME # nothing but the wheel may be importable below

echo "-- Building the sdist, and the wheel from the sdist"
"$python" -m build --outdir "$work/dist" . >"$work/build.log" 2>&1 || {
    cat "$work/build.log" >&2
    exit 1
}

echo "-- Looking into the archives"
"$python" - "$work/dist" <<'PYTHON_CODE'
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

version = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
wheel = Path(sys.argv[1], f"natrium-{version}-py3-none-any.whl")
sdist = Path(sys.argv[1], f"natrium-{version}.tar.gz")

names = zipfile.ZipFile(wheel).namelist()
tops = {name.split("/")[0] for name in names}
expected = {"natrium", f"natrium-{version}.dist-info"}
if tops != expected:
    sys.exit(f"the wheel must hold {sorted(expected)} alone, got {sorted(tops)}")
if "natrium/py.typed" not in names:
    sys.exit("the wheel must hold natrium/py.typed")

with tarfile.open(sdist) as archive:
    tops = {member.split("/")[1] for member in archive.getnames() if "/" in member}
unwanted = tops & {".venv", ".git", "model", "solvers", "analysis", "reproduction"}
if unwanted:
    sys.exit(f"the sdist must not hold {sorted(unwanted)}")
print(f"   {wheel.name}: {len(names)} files, natrium alone")
PYTHON_CODE

echo "-- Installing the wheel in a fresh environment"
"$python" -m venv "$work/venv"
bin=$work/venv/bin
"$bin/python" -m pip install --quiet --disable-pip-version-check "$work"/dist/natrium-*.whl
"$bin/python" -m pip check --disable-pip-version-check

mkdir "$work/run"
cd "$work/run"

echo "-- natrium --help"
"$bin/natrium" --help >help.txt
grep -q reproduce help.txt || {
    echo "wheel_test: 'natrium --help' must name the verb reproduce" >&2
    exit 1
}

echo "-- natrium channels"
"$bin/natrium" channels

echo "-- natrium explore"
"$bin/natrium" new lif-na --out cell.toml
"$bin/natrium" explore cell.toml
grep -q "DOP853" cell.html || {
    echo "wheel_test: 'natrium explore cell.toml' must write cell.html, its code within" >&2
    exit 1
}

echo "-- natrium reproduce --out out"
"$bin/natrium" reproduce --out out
test -s out/report.html || {
    echo "wheel_test: 'natrium reproduce --out out' must write out/report.html" >&2
    exit 1
}

echo "-- Smoke test: the spike times of the second script's model"
cat >smoke.py <<'PYTHON_CODE'
import sys
from pathlib import Path

import natrium

home = Path(natrium.__file__).resolve()
if not home.is_relative_to(Path(sys.argv[1]).resolve()):
    sys.exit(f"natrium must come from the wheel, got {home}")

case = natrium.notebook.lif_na()
trajectory = natrium.simulate(case.neuron, case.stimulus, t_end=100.0)
found = [float(t) for t in trajectory.spike_times]
expected = [40.948476902, 65.587194137, 90.386461710]  # ms
if len(found) != len(expected) or any(
    abs(a - b) > 1e-6 for a, b in zip(found, expected, strict=True)
):
    sys.exit(f"spike times must be {expected} within 1e-6 ms, got {found}")
print("   spike times (ms):", *(f"{t:.9f}" for t in found))
PYTHON_CODE
"$bin/python" -W error smoke.py "$work/venv"

echo "-- The same with the lowest versions that are allowed"
"$bin/python" -m pip install --quiet --disable-pip-version-check uv
low=$work/low
"$bin/uv" venv --quiet --python "$bin/python" "$low"
"$bin/uv" pip install --quiet --python "$low/bin/python" --resolution lowest-direct -r "$root/pyproject.toml"
"$bin/uv" pip install --quiet --python "$low/bin/python" --no-deps "$work"/dist/natrium-*.whl
"$low/bin/natrium" new adex >adex.toml
"$low/bin/natrium" run adex.toml >adex.txt
"$low/bin/python" -W error smoke.py "$low"

echo "-- The wheel works"
