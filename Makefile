# Everything happens in .venv, made from any Python from 3.10 on: make demo PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check bench clean

help:  ## say what the targets do
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/ /' | awk '{ printf "make %-8s", $$1; $$1 = ""; print }'

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "ganlab needs Python 3.10 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: .venv/installed  ## install, train on the embedded digits and say where the pictures are
	$(BIN)/python train.py experiment=quickstart hydra.run.dir=runs/demo
	@ls runs/demo/samples | tail -n 1 | sed 's|^|Generated digits: runs/demo/samples/|'
	@echo 'Curves:           runs/demo/curves.png'

test: .venv/installed  ## install and run the tests
	$(BIN)/python -m pytest

check: .venv/installed  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed  ## measure speed and memory against hand-written loops
	$(BIN)/python -m benchmarks

clean:  ## remove the environment and caches; runs and data stay
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
