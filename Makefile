# make demo    a look at it: the emulator, a streamed answer, a tool call, a retry; needs no key
# make test    the tests
# make test-aioboto3   those of aioboto3's sessions, beside the older boto3 that it wants, in .venv-aioboto3
# make check   style, types, layers, docs
# make docs    the documentation, into site/
# make replay  every record of a corpus through the public door (CORPUS=folder)
# make bench   what a call costs
# make fuzz    damaged input for everything that reads, for ten minutes (FUZZ_S=60 SEED=7)
# make clean   removes all that these made, the virtual environment included
#
# Each target sets up what it needs in .venv; another interpreter is chosen by PYTHON=python3.13.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-aioboto3 check docs bench fuzz replay clean

PYTHON ?= python3
CORPUS ?= ../shared/corpus
TESTS ?= tests
VENV := .venv
AIOBOTO3_VENV := .venv-aioboto3
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check

help:
	@sed -n 's/^# \{0,1\}//p; /^$$/q' Makefile

# A stamp file stands for what was installed, so that a second run starts at once; a change of pyproject.toml renews it.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "bedrock_llm needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo not there)." \
	       "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml
	@echo "Installing bedrock_llm into $(VENV) ..."
	@$(PIP) --editable '.[cli,testing]'
	@touch $@

# Dependency groups need pip 25.1, which Python 3.11 to 3.13 may not bring.
$(VENV)/.dev: $(VENV)/.made pyproject.toml
	@echo "Installing bedrock_llm and what its tests and checks need into $(VENV) ..."
	@$(PIP) --upgrade 'pip>=25.1'
	@$(PIP) --editable '.[cli,fast,httpx,testing]' --group dev
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	@$(VENV)/bin/bedrock-llm demo

test: $(VENV)/.dev
	$(PY) -m pytest $(TESTS) -q

# aioboto3 holds boto3 back, so it has an environment of its own, which hides itself from git and from ruff.
$(AIOBOTO3_VENV)/.made: pyproject.toml
	@echo "Installing bedrock_llm beside aioboto3 into $(AIOBOTO3_VENV) ..."
	@$(PYTHON) -m venv $(AIOBOTO3_VENV)
	@echo '*' > $(AIOBOTO3_VENV)/.gitignore
	@$(AIOBOTO3_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(AIOBOTO3_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --editable '.[aioboto3,testing]' --group beside-aioboto3
	@touch $@

test-aioboto3: $(AIOBOTO3_VENV)/.made
	$(AIOBOTO3_VENV)/bin/python -m pytest tests/environments tests/providers -q

check: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy bedrock_llm tests/typing
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" pyright
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PY) -m tests.typing.complete
	$(VENV)/bin/lint-imports
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

replay: $(VENV)/.dev
	$(PY) -m tests.replay $(CORPUS)

bench: $(VENV)/.dev
	$(PY) benchmarks/run.py

fuzz: $(VENV)/.dev
	$(PY) -m tests.fuzz --seconds $(or $(FUZZ_S),600) $(if $(SEED),--seed $(SEED))

clean:
	rm -rf $(VENV) $(AIOBOTO3_VENV) site dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
