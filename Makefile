# Everything here starts from a fresh clone and needs Python 3.11 or later, git and make. `make` lists the targets.

BIN := .venv/bin
# Processes that run tests at the same time. More than there are cores: tests of kills and leases wait most of the time.
JOBS ?= 6
# More options for pytest: make test TESTS="tests/store -x"
TESTS ?=
# What `make check test` has run before its tests begin, and they leave out.
CHECKED := $(if $(TESTS),,$(if $(filter check,$(MAKECMDGOALS)),tests/structure))
# Environments of the programs that headrace is tested and measured against, one for each lock of that name.
PEERS := $(patsubst requirements/%.txt,%,$(wildcard requirements/peer-*.txt))
RIVALS := $(patsubst requirements/%.txt,%,$(wildcard requirements/bench-*.txt))
GENERATORS := $(wildcard tools/*.py)

# Tests start a thousand processes of Python: what they import is compiled once, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
# The targets share one environment, and the last line of `make check test` is pytest's.
.NOTPARALLEL:
.PHONY: help dev ui demo test test-integrations check bench coverage format lock clean \
	check-lint check-format check-types check-imports check-structure check-generated check-ui

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: ## make or refresh .venv from the locks
	@scripts/bootstrap

ui: dev ## build the web pages, if ui/ has changed

demo: dev ## train real models, log them to a running server, read them back
	@$(BIN)/headrace demo

test: dev ## run all tests (JOBS=6 processes, TESTS="options for pytest")
	@scripts/bootstrap $(PEERS)
	@scripts/ui vitest run
	@$(if $(CHECKED),echo 'tests without $(CHECKED): `make check` has run it')
	@$(BIN)/pytest --ignore=tests/integrations $(CHECKED:%=--ignore=%) --numprocesses=$(JOBS) --dist=worksteal -rs $(TESTS)

test-integrations: dev ## run the guide's programs with PyTorch, Lightning, transformers, Keras, Optuna
	@scripts/bootstrap integrations
	@$(BIN)/pytest -rs tests/integrations

check: ## everything that can be said without running the product
check: check-lint check-format check-types check-imports check-structure check-generated check-ui

check-lint: dev ## ruff, all rules
	@$(BIN)/ruff check

check-format: dev ## ruff format
	@$(BIN)/ruff format --check --output-format=concise

check-types: dev ## mypy, strict
	@$(BIN)/mypy $(wildcard src tools)

check-imports: dev ## layers and the other import contracts
	@$(BIN)/lint-imports --cache-dir .cache/import-linter

check-structure: dev ## sizes, docstrings, names, locks, import budget
	@$(BIN)/pytest --quiet --numprocesses=$(JOBS) tests/structure

check-generated: dev ## generated files are what their generators write
	@set -e; for generator in $(GENERATORS); do $(BIN)/python $$generator --check; done

check-ui: dev ## tsc, strict, and biome
	@scripts/ui tsc --project . --noEmit
	@scripts/ui biome check src

bench: dev ## headrace beside MLflow and FastTrackML, ratios printed
	@scripts/bootstrap $(RIVALS)
	@$(BIN)/python bench/run.py

coverage: dev ## all tests, with branch coverage
	@scripts/bootstrap $(PEERS)
	@$(BIN)/pytest --ignore=tests/integrations --numprocesses=$(JOBS) --dist=worksteal --cov --cov-report=term-missing:skip-covered $(TESTS)

format: dev ## let ruff format and fix
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

lock: dev ## write requirements/*.txt again (scripts/lock --upgrade for newer versions)
	@scripts/lock

clean: ## remove environments, caches and build outputs
	rm -rf .venv .env-* .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* build dist \
		src/headrace/static ui/node_modules
	find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
