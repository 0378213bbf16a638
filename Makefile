# Every target makes the virtual environment it needs by itself.
# Needed beforehand: make, Python >= 3.11 with venv, and a C++20 compiler (g++ or clang++).

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
SOURCES := setup.py $(shell find csrc)
CPP := $(shell find csrc -type f) tests/support/planted.cpp

# A mark is newer than all that went into it; removing $(VENV) removes every mark.
MADE := $(STAMPS)/made
BASE := $(STAMPS)/base
DEV := $(STAMPS)/dev
PEERS := $(STAMPS)/peers
ENGINE := $(STAMPS)/engine

.PHONY: help tui train test test-long asan tsan fuzz lint format bench clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

tui: $(BASE) $(ENGINE) ## open the screen (RUN=path: on that run or checkpoint)
	@$(BIN)/python -m tui $(RUN)

train: $(BASE) $(ENGINE) ## train on CORPUS=file (default: the text every Python carries)
	@$(BIN)/python -m charlm.train $(if $(CORPUS),--corpus "$(CORPUS)")

test: lint ## lint, types, import directions and the tests
	$(BIN)/python -m pytest -n 2 -m "not long"

test-long: $(DEV) $(ENGINE) ## the tests that take longer
	$(BIN)/python -m pytest -n 2 -m long

asan: $(DEV) ## the engine's tests under AddressSanitizer and UndefinedBehaviorSanitizer (gcc)
	$(BIN)/python tests/support/sanitise.py address

tsan: $(DEV) ## the engine's tests under ThreadSanitizer (gcc)
	$(BIN)/python tests/support/sanitise.py thread

fuzz: $(DEV) ## wrong calls of every kind under AddressSanitizer (CALLS=1000000)
	$(BIN)/python tests/support/sanitise.py address --fuzz $(or $(CALLS),1000000)

lint: $(DEV) $(ENGINE) ## ruff, clang-format, mypy, the native stub and import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CPP)
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest charlm._engine charlm._training \
	  --allowlist tests/support/stubtest.txt --concise
	$(BIN)/lint-imports

format: $(DEV) ## put the sources in ruff's and clang-format's form
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP)

bench: $(PEERS) $(ENGINE) ## how fast it writes, starts and learns, beside others (FULL=1: all)
	@for name in decode kernels startup screen dice cost training ranks; do \
	  $(BIN)/python -m benchmarks.$$name $(if $(FULL),--full) || exit; \
	done

clean: ## remove what was built (the virtual environment too; runs stay)
	rm -rf $(VENV) build *.egg-info charlm/*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

define PROBE
import sys, sysconfig, pathlib, venv, ensurepip
header = pathlib.Path(sysconfig.get_path("include"), "Python.h")
sys.exit(sys.version_info < (3, 11) or not header.exists())
endef
export PROBE

$(MADE):
	@python=; for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if $$name -c "$$PROBE" >/dev/null 2>&1; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "charlm needs Python 3.11 or newer with venv and headers (Debian: python3-venv," \
	    "python3-dev): none found" >&2; exit 1; \
	fi; \
	if ! command -v "$${CXX:-c++}" >/dev/null; then \
	  echo "charlm needs a C++20 compiler (g++ or clang++): none found, or set CXX" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$python --version)" && $$python -m venv $(VENV)
	@mkdir -p $(STAMPS)
	@$(PIP) install -c constraints.txt setuptools pybind11
	@touch $@

# The build tools are in $(VENV) already, pinned: no second, isolated copy is fetched.
$(BASE): pyproject.toml constraints.txt | $(MADE)
	@echo "Installing PyTorch and the rest, compiling the engine: minutes, the first time"
	@rm -f charlm/*.so && touch $(ENGINE)
	@$(PIP) install --no-build-isolation -c constraints.txt -e ".[train]"
	@touch $@

# The packages of an extra by themselves: installing ".[dev]" would compile the engine again.
define EXTRA
import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
print(*project["optional-dependencies"][sys.argv[1]])
endef
export EXTRA

$(DEV): pyproject.toml constraints.txt $(BASE)
	@echo "Installing what the tests need"
	@$(PIP) install -c constraints.txt $$($(BIN)/python -c "$$EXTRA" dev)
	@touch $@

$(PEERS): pyproject.toml constraints.txt $(BASE)
	@echo "Installing what is measured beside charlm"
	@$(PIP) install -c constraints.txt $$($(BIN)/python -c "$$EXTRA" peers)
	@touch $@

# Looked at again when it is reached: the installation above has just built it.
$(ENGINE): $(SOURCES) | $(BASE)
	@if [ ! -e $@ ] || [ -n "$$(find setup.py csrc -newer $@ -print -quit)" ]; then \
	  echo "Building the engine"; \
	  touch $@.new && $(BIN)/python setup.py --quiet build_ext --inplace --force && mv $@.new $@; \
	fi
