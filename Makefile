# Every path is relative, so that the checkout may live in a folder with spaces in its name.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORT ?= 8000
BENCH_ARGS ?=
# UPGRADE=1 lets `make lock` move to newer versions; without it only what pyproject.toml changed moves.
UPGRADE ?=

BIN := .venv/bin
PIP := -m pip --disable-pip-version-check --quiet
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
QUICK_TESTS = $(wildcard tests/unit tests/contract tests/property)
SDKS := 0.7.0 0.7.35

.PHONY: help setup run test test-long check lint fmt sdk-envs bench peers reference lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: .venv/.project .venv/.dev ## Make .venv with everything for running, testing and checking

run: .venv/.project ## Serve on 127.0.0.1:$(PORT) (PORT=, EVERLOOP_*)
	@exec $(BIN)/everloop serve --host 127.0.0.1 --port $(PORT)

test: setup sdk-envs ## Run all tests, the official clients included (those marked long left out)
	@$(BIN)/python -m pytest -n 2 --dist worksteal

test-long: setup sdk-envs ## Run the tests marked long (soak and kill tests; takes an hour or more)
	@$(BIN)/python -m pytest -m long --timeout 7200

check: lint ## Check format, lint, types, imports, and run the quick tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(QUICK_TESTS)

lint: setup ## The checks of `make check` that run no tests
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fmt: setup ## Format the code and apply the safe fixes
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format --quiet .

bench: setup ## Run the benchmark (BENCH_ARGS=, for example --quick or --peers)
	@$(BIN)/python -m bench $(BENCH_ARGS)

peers: .venv-litellm/.done bench/peers/portkey/node_modules/.done ## Install the gateways to measure beside it

sdk-envs: $(SDKS:%=.venv-sdk-%/.done) tests/sdk/typescript/node_modules/.done ## Install the official clients

reference: setup ## Write docs/reference anew from what the code says of itself
	@$(BIN)/python -m reference

lock: setup ## Rebuild the locks from pyproject.toml (UPGRADE=1 for newer versions)
	@$(LOCK) pyproject.toml -o requirements/runtime.txt
	@$(LOCK) --group build -c requirements/runtime.txt -o requirements/build.txt
	@$(LOCK) pyproject.toml --group dev -c requirements/runtime.txt -c requirements/build.txt -o requirements/dev.txt
	@for sdk in $(SDKS); do \
		echo "humanloop==$$sdk" | $(LOCK) - -o "tests/sdk/requirements-$$sdk.txt" || exit 1; \
	done
	@$(LOCK) bench/peers/litellm/requirements.in -o bench/peers/litellm/requirements.txt

clean: ## Remove what the other targets made (data stays)
	rm -rf .venv .venv-sdk-* .venv-litellm bench/peers/portkey/node_modules tests/sdk/typescript/node_modules .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find src tests bench reference -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ------------------------------------------------------------------------------------------- virtual environments
# A stamp file per step: a second run is instant, and a changed lock installs again. The runtime is a step of its own,
# so that `make run` waits for nothing that only developers need.

.venv/.made:
	@sh .ci/venv .venv
	@touch $@

.venv/.runtime: requirements/runtime.txt requirements/build.txt | .venv/.made
	@echo "Installing what Everloop runs on ..."
	@$(BIN)/python $(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@touch $@

.venv/.project: pyproject.toml .venv/.runtime
	@$(BIN)/python $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.runtime
	@echo "Installing what tests and checks need ..."
	@$(BIN)/python $(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

.venv-sdk-%/.done: tests/sdk/requirements-%.txt
	@echo "Installing the official client $* ..."
	@sh .ci/venv .venv-sdk-$*
	@.venv-sdk-$*/bin/python $(PIP) install --require-hashes -r $<
	@touch $@

tests/sdk/typescript/node_modules/.done: tests/sdk/typescript/package-lock.json
	@echo "Installing the official TypeScript client ..."
	@cd tests/sdk/typescript && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# Never part of what Everloop runs on. Scripts of npm packages stay unrun; the lock holds every hash, and all there is:
# older versions of pip stumble over what depends on an extra of a locked package.
.venv-litellm/.done: bench/peers/litellm/requirements.txt
	@echo "Installing LiteLLM, to be measured beside Everloop ..."
	@sh .ci/venv .venv-litellm
	@.venv-litellm/bin/python $(PIP) install --require-hashes --no-deps -r $<
	@touch $@

bench/peers/portkey/node_modules/.done: bench/peers/portkey/package-lock.json
	@echo "Installing Portkey's gateway, to be measured beside Everloop ..."
	@cd bench/peers/portkey && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@
