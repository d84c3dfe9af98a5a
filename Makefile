# Every command a developer or CI needs. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NATIVE := $(shell find native -name '*.rs' -o -name Cargo.toml 2>/dev/null)
FUZZ_SECONDS ?= 15
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo test longrun fuzz lint fmt types imports proto wheel ci clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(STAMP) ## make .venv with everything installed and the native module built

$(STAMP): pyproject.toml Cargo.toml Cargo.lock $(NATIVE)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --quiet --locked --profile dev-opt --extras servers,grpc
	@touch $@

demo: setup ## run the whole line on real servers under faults, and judge it
	$(BIN)/trueorder demo

test: setup ## run every test, on real servers
	$(BIN)/python -m pytest
	cargo test --quiet --locked --workspace

longrun: setup ## judge a million generated histories in every way, and by trying everything
	$(BIN)/python -m tests.longrun

fuzz: ## fuzz every reader of histories, FUZZ_SECONDS each
	.ci/fuzz $(FUZZ_SECONDS)

fmt: setup ## format Python and Rust
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .
	cargo fmt --all

lint: setup ## check style of Python and Rust
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

types: setup ## check types strictly
	$(BIN)/mypy

imports: setup ## check that imports go one way
	$(BIN)/lint-imports

proto: setup ## generate Python from the gRPC contract, after a change of it
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. eventstore/grpc/eventstore.proto

wheel: setup ## build the wheel, install it in a clean environment, run it outside the checkout
	rm -rf dist
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin build --quiet --release --locked --out dist
	.ci/wheel dist/*.whl

ci: lint types imports test fuzz wheel ## what CI runs

clean: ## remove what was built
	rm -rf $(VENV) target dist
