# Everything a developer or CI runs. Each target makes what it needs first and makes nothing twice.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo run test check lint types imports format bench soak drill lock docker clean

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
VENV := .venv/.stamp
NODE := tests/node/node_modules/.stamp
ROOMS := contracts sync backend tests

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{ printf "  %-8s %s\n", $$1, $$2 }'

demo: $(VENV) ## live a business day and a month at a made-up bank, and prove that nothing was lost (about a minute)
	$(BIN)/padsync demo $(ARGS)

run: $(VENV) ## serve the demonstration bank on this machine
	$(BIN)/padsync demo --serve $(ARGS)

check: lint types imports test ## all that CI runs

test: $(VENV) $(NODE) ## run the tests; ARGS='-k push' for some
	$(BIN)/python -m pytest -n 2 --dist worksteal tests $(ARGS)

lint: $(VENV) ## find style errors and unformatted files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV) ## check the types
	$(BIN)/mypy

imports: $(VENV) ## check that nothing points the wrong way
	$(BIN)/lint-imports --no-logo

format: $(VENV) ## format the code, and mend what can be mended safely
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV) ## measure this machine against the figures in docs/
	$(BIN)/python -m tests.bench $(ARGS)

soak: $(VENV) ## let a fleet of tablets sync over a bad network for a long time
	$(BIN)/python -m tests.simulation.soak $(ARGS)

drill: $(VENV) $(NODE) ## break the engine on purpose, and see the tests notice
	$(BIN)/python -m tests.drill $(ARGS)

lock: $(VENV) ## pin the dependencies again; ARGS=--upgrade for the newest
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --quiet --output-file requirements.lock $(ARGS)

docker: ## build the container image
	docker build --tag padsync .

clean: ## remove caches and builds; .venv stays
	rm -rf build dist *.egg-info tests/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache
	find $(ROOMS) -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV): requirements.lock pyproject.toml
	@tests/support/install_system.sh venv
	$(PYTHON) -c 'import sys; sys.exit("padsync needs Python 3.11 or newer: make PYTHON=…" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(NODE): tests/node/package-lock.json tests/node/package.json tests/node/.npmrc
	@tests/support/install_system.sh node npm
	cd tests/node && npm ci --silent
	@touch $@
