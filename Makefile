# `make help` lists what can be made.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# TORCH=cpu: PyTorch without CUDA, from PyTorch's own index, for machines without a GPU.
TORCH ?=
# What `make test` measures, line by line.
COVERAGE := .pytest_cache/coverage.json
STORE ?= sqlite:///mlflow.db
PORT ?= 5000
# The id of the experiment that `make ui` shows; that of a new store's first is 1.
EXPERIMENT ?= 1
# Its runs, the best first: not the UI's home, which is about language models.
RUNS := http://127.0.0.1:$(PORT)/\#/experiments/$(EXPERIMENT)/runs?workflowType=machine_learning&viewStateShareKey=best

.DEFAULT_GOAL := help
.PHONY: help setup train test test-all lint bench ui sweep clean lock

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

setup: $(READY) ## make .venv with the locked dependencies

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "error: $(PYTHON) is older than 3.11: name a newer one by make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	@# Its version and hashes are those of the lock too.
	@sed -n '/^uv==/,/^    #/p' requirements.lock > .venv/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
ifeq ($(TORCH),cpu)
	@# PyPI has no PyTorch without CUDA: the lock holds no hashes of that one.
	@awk '/^[a-z]/ {skip = /^(torch|torchvision|triton|cuda-[a-z]+|nvidia-(cu|nc|nv)[a-z0-9-]*)==/} !skip' requirements.lock > .venv/cpu.lock
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python .venv/cpu.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --torch-backend cpu \
		$$(sed -n 's/^\(torch\(vision\)\{0,1\}==[0-9.]*\).*/\1/p' requirements.lock)
else
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock
endif
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@# Wheels of different indexes can be installed together and then fail at the first import.
	@$(BIN)/python -c 'import torchvision' || { \
		echo "error: torch and torchvision are no matching pair: remove .venv and make it again" >&2; exit 2; }
	@touch $(READY)

train: $(READY) ## draw the embedded data set, train on it, say where the run is
	$(BIN)/python -m resistor_cls.train experiment=quickstart

test: $(READY) ## the tests that CI runs; shows how much of the package they cover
	@mkdir -p $(dir $(COVERAGE))
	$(BIN)/python -m slipcover --source resistor_cls --json --out $(COVERAGE) -m pytest
	@$(BIN)/python -c 'import json; print("coverage: {percent_covered:.1f} % of the lines of resistor_cls" \
		.format(**json.load(open("$(COVERAGE)"))["summary"]))'

test-all: $(READY) ## the slow tests too
	$(BIN)/python -m pytest -m ""

lint: $(READY) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY) ## the speed of each path against bare references
	$(BIN)/python experiments/speed/run.py

ui: $(READY) ## the runs of the local store in MLflow's UI, the best first
	@printf '\nThe runs, the best first, once the server is up:\n\n  %s\n\n' '$(RUNS)'
	@# In a browser too, where there is a desktop, once the server answers.
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
		(for second in $$(seq 60); do sleep 1; curl -sf http://127.0.0.1:$(PORT)/health && \
			exec $(BIN)/python -m webbrowser -t '$(RUNS)'; done > /dev/null 2>&1) & fi
	$(BIN)/mlflow ui --backend-store-uri $(STORE) --port $(PORT)

sweep: $(READY) ## an example sweep: two nets at two learning rates
	$(BIN)/python -m resistor_cls.train -m experiment=quickstart sweep=example \
		data.per_category=20 trainer.max_epochs=2

clean: ## remove what was made, never data or runs
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: $(READY) ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --output-file requirements.lock
