# Nothing is needed but Python >= 3.11, make and PyPI: every target makes .venv when it is missing.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet
FRAME  := setup.cfg pyproject.toml

.DELETE_ON_ERROR:
.PHONY: help verify test docs notebooks bench lint clean

help:
	@echo "make verify     check the theorems; writes report/index.html and report/claims.json"
	@echo "make test       run the test suite and the doctests (ARGS='-k NAME' for a part of it)"
	@echo "make docs       build the documentation into docs/_build/html"
	@echo "make notebooks  execute every notebook; the executed copies go into docs/notebooks"
	@echo "make bench      run the benchmarks; the tables go into docs/benchmarks (QUICK=--quick for a short run)"
	@echo "make lint       ruff and mypy"
	@echo "make clean      remove what the targets wrote, but not .venv"

verify: $(VENV)/.runtime
	$(BIN)/optlab verify --budget quick --html report/index.html --json report/claims.json

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

docs: $(VENV)/.dev
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

notebooks: $(VENV)/.dev
	$(BIN)/python docs/_scripts/execute_notebooks.py

bench: $(VENV)/.bench
	$(BIN)/python docs/_scripts/run_benchmarks.py $(QUICK)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf report docs/_build docs/generated docs/notebooks .mypy_cache .pytest_cache .ruff_cache

# One environment, three depths: what a user installs, what the benchmarks meet, what a developer needs.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "optlab needs Python 3.11 or newer, and '$(PYTHON)' is not one: say which, as in" \
	         "'make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)'" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(FRAME) | $(BIN)/python
	@echo "installing optlab into $(VENV) (a minute or so)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.bench: $(FRAME) | $(BIN)/python
	@echo "installing optlab and the benchmarks' peers into $(VENV) (a minute or so)"
	@$(PIP) --editable '.[bench]'
	@touch $@ $(VENV)/.runtime

$(VENV)/.dev: $(FRAME) | $(BIN)/python
	@echo "installing optlab and the developers' tools into $(VENV) (a minute or two)"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.runtime
