"""The page's own code in Node.js: what it solves, what file it gives."""

import json
import re
import shutil
import subprocess
from typing import Any

import natrium
from natrium.explore import Explorer

NODE = shutil.which("node")
LOOK = """
const told = [];
for (const change of CHANGES) {
  const settings = settingsOf();
  Object.assign(settings.values, change.values ?? {});
  for (const [part, values] of Object.entries(change.parts ?? {})) Object.assign(settings.parts[part].values, values);
  for (const [part, kind] of Object.entries(change.kinds ?? {})) settings.parts[part] = structuredClone(DATA.kinds[kind]);
  Object.assign(settings, change.settings ?? {});
  try {
    const setup = setupOf(settings), run = solve(setup);
    told.push({ broken: brokenRule(settings), toml: tomlOf(settings), spikes: run.spikes.map((one) => one.t), end: Array.from(run.end),
      calls: run.calls, implicit: run.implicitSteps, script: script(setup, settings.dt).spikes });
  } catch (error) { told.push({ broken: brokenRule(settings) || error.message, toml: tomlOf(settings) }); }
}
console.log(JSON.stringify(told));
"""


def core_of(model: natrium.Model) -> str:
    return re.search(r'<script id="core">(.*?)</script>', Explorer(model).html(), re.DOTALL)[1]


def run_node(code: str) -> Any:
    done = subprocess.run([NODE, "-"], input=code, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def solve_in_node(model: natrium.Model, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return run_node(f"{core_of(model)}\nconst CHANGES = {json.dumps(changes)};{LOOK}")


def facts_of(model: natrium.Model) -> dict[str, Any]:
    return run_node(f"{core_of(model)}\nconsole.log(JSON.stringify(DATA));")
