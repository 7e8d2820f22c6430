# Everything starts here. Each target sets itself up in .venv and needs nothing but make and Python 3.11 or newer.
# `make` alone lists the targets. ARGS go to the command: make demo ARGS="--for 30s --json"

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
READY := $(VENV)/.ready
PHYSICS := .venv-physics

.DEFAULT_GOAL := help
.PHONY: help demo test chaos fuzz physics check bench curves screenshots clean lock

help:  ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)$$/make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "%-12s %s\n", $$1, $$2}'

demo: $(READY)  ## a simulated city, a broker, the gateway and a database on this machine, with a live view
	@$(VENV)/bin/cityloom demo $(ARGS)

test: $(READY)  ## all tests; what can't run here is skipped with its reason
	@$(VENV)/bin/python -m pytest -n auto --maxprocesses 4 --dist loadgroup $(ARGS)

chaos: $(READY)  ## the simulated city while everything breaks, judged by the truth; a table of it in chaos-report.md
	@$(VENV)/bin/python -m pytest tests/chaos --chaos --deselect tests/chaos/test_soak.py --deselect tests/chaos/test_days.py -n 0 -s --chaos-report chaos-report.md $(ARGS)

fuzz: $(READY)  ## look for inputs that break a promise: make fuzz ARGS="json_codec --minutes 5"
	@$(VENV)/bin/python -c 'import atheris' 2>/dev/null || $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'atheris>=3,<4'
	@$(VENV)/bin/python -m tests.fuzz $(ARGS)

physics: $(PHYSICS)/.ready  ## tests of the simulators that reckon hydraulics and power flow, in an environment of their own
	@$(PHYSICS)/bin/python -m pytest -n auto --maxprocesses 4 --dist loadgroup -m physics $(ARGS)

check: $(READY)  ## lint, format and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

bench: $(READY)  ## what a message costs on the real path
	@$(VENV)/bin/cityloom bench ingest $(ARGS)

curves: $(READY)  ## the same over devices, rates, brokers, connections and more, with pictures
	@$(VENV)/bin/cityloom bench scale $(ARGS)

screenshots: $(READY)  ## the README's pictures, from a demo in which much goes wrong (needs chromium)
	@$(VENV)/bin/python -m tests.screenshots $(ARGS)

clean:  ## take away environments, caches and builds; data folders stay
	rm -rf $(VENV) $(PHYSICS) .venv-oldest .bin build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock:  ## resolve requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --extra plots --no-emit-index-url --no-header --upgrade --output-file requirements.lock
	cp requirements.lock requirements-physics.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --all-extras --no-emit-index-url --no-header --output-file requirements-physics.lock

# The stamp is written last, so a set-up that failed starts again. A venv without a working pip is one that failed.
$(READY): requirements.lock pyproject.toml
$(PHYSICS)/.ready: requirements-physics.lock pyproject.toml
$(READY) $(PHYSICS)/.ready:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "CityLoom needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) -V 2>&1`. Name a newer one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) comes without its venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@rm -f $@
	@$(@D)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(@D)
	@echo "Setting up $(@D) (once; takes a minute)" >&2
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< >&2
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . >&2
	@touch $@
