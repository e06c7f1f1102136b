# Everything runs in .venv, which is made on first use. `make` alone lists the targets.
# Another interpreter: make PYTHON=python3.12 test (it is used when .venv is made).

PYTHON ?= python3
OUT ?= reproduction
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --quiet --disable-pip-version-check

# Bytecode is kept, whatever this shell says: the tests start hundreds of processes. `make clean` takes it away.
export PYTHONDONTWRITEBYTECODE :=

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two targets at once would install into the same environment.
.NOTPARALLEL:
.PHONY: help reproduce explore test test-all coverage lint wheel-test docs bench peers connect mutants clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

reproduce: $(VENV)/.base ## replay the notebook's scripts, solve the models truly, write reproduction/report.html
	@$(VENV)/bin/natrium reproduce --out $(OUT)

explore: $(VENV)/.base ## write a page with a slider for every number of a neuron, build/lif-na.html
	@mkdir -p build
	@$(VENV)/bin/natrium explore lif-na --out build/lif-na.html

test: $(VENV)/.dev ## run the fast tests
	@$(PY) -m pytest -n auto

test-all: $(VENV)/.dev ## run the fast and the slow tests
	@$(PY) -m pytest -n auto -m "slow or not slow"

# Apart from `test`: tracing makes the numerical tests two and a half times slower.
coverage: $(VENV)/.dev ## run the fast tests and hold the coverage
	@$(PY) -m pytest -n auto --cov=natrium --cov-report=term-missing:skip-covered

lint: $(VENV)/.dev ## ruff check, ruff format --check, mypy --strict
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

wheel-test: $(VENV)/.dev ## build, install the wheel outside the checkout, use it there
	@PYTHON=$(PY) scripts/wheel_test.sh

docs: $(VENV)/.docs ## build the documentation site, build/docs/index.html: every page is run, a warning is an error
	@$(PY) -m sphinx -j auto -W --keep-going -q -b html docs build/docs
	@echo "build/docs/index.html"

bench: $(VENV)/.base ## measure the costs, as ratios
	@$(PY) benchmarks/run.py

# What is not installed is left out, with a word on what to install; heyoka is what all is measured by.
peers: $(VENV)/.base ## time natrium beside its peers (heyoka, numba, ...); PEERS="--quick" and the like
	@$(PIP) install numba heyoka
	@$(PY) -m benchmarks.peers --out build/peers $(PEERS)

# Each has an environment of its own, build/connect/NAME: their needs differ. XPPAUT is Debian's.
connect: $(VENV)/.dev ## install the simulators that natrium exports to, run every file there, and hold imports against NEURON
	@for name in brian2 neuron nest neuroml; do \
	    test -x build/connect/$$name/bin/python || $(PYTHON) -m venv build/connect/$$name; \
	done
	@build/connect/brian2/bin/pip install --quiet brian2 "numpy<2.3"
	@build/connect/neuron/bin/pip install --quiet neuron
	@build/connect/nest/bin/pip install --quiet nest-simulator
	@build/connect/neuroml/bin/pip install --quiet pyneuroml
	@NATRIUM_PYNML=$(CURDIR)/build/connect/neuroml/bin/pynml \
	    NATRIUM_NEST=$(CURDIR)/build/connect/nest/bin/python \
	    NATRIUM_BRIAN2=$(CURDIR)/build/connect/brian2/bin/python \
	    NATRIUM_NEURON=$(CURDIR)/build/connect/neuron/bin/python \
	    $(PY) -m pytest -n auto -m slow tests/export/test_simulators.py
	@$(PY) -m pytest -m corpus tests/imports

# Resumes what build/mutants.jsonl holds; MUTANTS="--n 20" and the like.
mutants: $(VENV)/.dev ## try small changes to model and solvers, and list those that no test notices
	@$(PIP) install "cosmic-ray>=8.3"
	@$(PY) scripts/mutants.py $(MUTANTS)

clean: ## remove .venv, results and caches
	rm -rf $(VENV) reproduction build dist htmlcov coverage.xml .coverage .coverage.*
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find natrium tests examples benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The stamps say what the environment holds; a change of pyproject.toml installs again.
# The environment itself is made (or, if it was made by other means, looked at) before each installation.
define prepare_environment
	@if [ ! -x $(PY) ]; then \
	    command -v $(PYTHON) >/dev/null 2>&1 \
	        || { echo "make: there is no '$(PYTHON)'; name a Python >= 3.11, e.g. make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }; \
	    $(PYTHON) -c '$(NEW_ENOUGH)' \
	        || { echo "make: natrium needs Python >= 3.11, '$(PYTHON)' is $$($(PYTHON) --version 2>&1); name another, e.g. make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }; \
	    echo "Making $(VENV) with $$($(PYTHON) --version)"; \
	    $(PYTHON) -m venv $(VENV) \
	        || { rm -rf $(VENV); echo "make: '$(PYTHON) -m venv' failed; on Debian and Ubuntu install python3-venv" >&2; exit 1; }; \
	fi
	@$(PY) -c '$(NEW_ENOUGH)' \
	    || { echo "make: natrium needs Python >= 3.11, $(VENV) has $$($(PY) --version 2>&1); run 'make clean' first" >&2; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip --upgrade
endef

$(VENV)/.base: pyproject.toml
	$(prepare_environment)
	@echo "Installing natrium into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.docs: pyproject.toml
	$(prepare_environment)
	@echo "Installing natrium and what builds its documentation into $(VENV)"
	@$(PIP) install --editable ".[docs]"
	@touch $(VENV)/.base $@

$(VENV)/.dev: pyproject.toml
	$(prepare_environment)
	@echo "Installing natrium and its development tools into $(VENV)"
	@$(PIP) install --editable ".[dev]"
	@touch $(VENV)/.base $@
