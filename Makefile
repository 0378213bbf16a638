# Every target makes the virtual environment it needs by itself.
# Needed beforehand: make, Python >= 3.11 with venv, and a C++20 compiler (g++ or clang++).

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # two pips in one environment

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL = $(PIP) install -c constraints.txt
SOURCES := setup.py $(shell find csrc)
CPP := $(shell find csrc -type f) $(wildcard tests/support/*.cpp)

# A mark is newer than all that went into it; removing $(VENV) removes every mark.
MADE := $(STAMPS)/made
BASE := $(STAMPS)/base
ENGINE := $(STAMPS)/engine
READY := $(STAMPS)/ready
TORCH := $(STAMPS)/torch
DEV := $(STAMPS)/dev
PEERS := $(STAMPS)/peers
DIST := $(STAMPS)/dist
FUZZ := $(STAMPS)/fuzz

.PHONY: help tui train test test-long soak asan tsan fuzz arm lint format bench dist clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

tui: $(READY) ## open the screen (RUN=path: on that run or checkpoint)
	@$(BIN)/python -m tui $(RUN)

train: $(READY) $(TORCH) ## train on CORPUS=file (default: the text every Python carries)
	@$(BIN)/python -m charlm.train $(if $(CORPUS),--corpus "$(CORPUS)")

test: lint ## lint, types, import directions and the tests
	$(BIN)/python -m pytest -n 2 -m "not long"

test-long: $(DEV) ## the tests that take longer
	$(BIN)/python -m pytest -n 2 -m long

soak: $(DEV) $(FUZZ) ## every fault in full, hours (SHARE=20: a twentieth; PARTS="kills mutants"; JOBS=2)
	$(BIN)/python tests/support/soak.py --share $(or $(SHARE),1) --jobs $(or $(JOBS),1) \
	  $(if $(PARTS),--only $(PARTS))

asan: $(DEV) ## the engine's tests under AddressSanitizer and UndefinedBehaviorSanitizer (gcc)
	$(BIN)/python tests/support/sanitise.py address

tsan: $(DEV) ## the engine's tests under ThreadSanitizer (gcc)
	$(BIN)/python tests/support/sanitise.py thread

fuzz: $(DEV) ## wrong calls of every kind under AddressSanitizer (CALLS=1000000)
	$(BIN)/python tests/support/sanitise.py address --fuzz $(or $(CALLS),1000000)

arm: $(DEV) ## the golden texts and trainings on an emulated ARM (Debian, as root)
	tests/support/arm.sh

lint: $(DEV) ## ruff, clang-format, mypy, the native stub and import directions
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

bench: $(PEERS) ## how fast it writes, starts and learns, beside others (FULL=1: all)
	@for name in decode kernels startup screen dice cost training ranks; do \
	  $(BIN)/python -m benchmarks.$$name $(if $(FULL),--full) || exit; \
	done

dist: ## sdist and wheel, in dist/, of what is committed
	@if [ -n "$$(git status --porcelain)" ]; then echo "make dist: commit first" >&2; exit 1; fi
	@$(MAKE) --no-print-directory $(DIST)
	rm -rf build dist
	$(BIN)/python -m build --no-isolation
	@export PATH="$(CURDIR)/$(BIN):$$PATH"; for wheel in dist/*-linux_*.whl; do \
	  [ ! -e "$$wheel" ] || { auditwheel repair --wheel-dir dist "$$wheel" && rm "$$wheel"; }; \
	done
	$(BIN)/twine check --strict dist/*

clean: ## remove what was built (the virtual environment too; runs stay)
	rm -rf $(VENV) build dist *.egg-info charlm/*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis \
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
	@$(INSTALL) -qq setuptools pybind11
	@touch $@

# What pyproject.toml names: the dependencies, or those of an extra. Installing "." would compile.
define NEEDED
import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extra = sys.argv[1:]
print(*project["optional-dependencies"][extra[0]] if extra else project["dependencies"])
endef
export NEEDED
NEEDS = $$($(BIN)/python -c "$$NEEDED" $(1))

$(BASE): pyproject.toml constraints.txt | $(MADE)
	@echo "Installing what the screen needs"
	@$(INSTALL) $(call NEEDS)
	@touch $@

# Looked at again whenever it is reached.
$(ENGINE): $(SOURCES) | $(BASE)
	@if [ ! -e $@ ] || [ -n "$$(find setup.py csrc -newer $@ -print -quit)" ]; then \
	  echo "Compiling the engine: minutes, the first time"; \
	  touch $@.new && $(BIN)/python setup.py --quiet build_ext --inplace --force && mv $@.new $@; \
	fi

# The build tools are in $(VENV) already, pinned: no second, isolated copy is fetched.
$(READY): pyproject.toml | $(BASE) $(ENGINE)
	@$(PIP) install -qq --no-deps --no-build-isolation -e .
	@touch $@

$(TORCH): pyproject.toml constraints.txt | $(MADE)
	@echo "Installing PyTorch: some 200 MB, or 3 GB with CUDA (README.md)"
	@$(INSTALL) $(call NEEDS,train)
	@touch $@

$(DEV): pyproject.toml constraints.txt $(READY) $(TORCH)
	@echo "Installing what the tests need"
	@$(INSTALL) $(call NEEDS,dev)
	@touch $@

$(PEERS): pyproject.toml constraints.txt $(READY) $(TORCH)
	@echo "Installing what is measured beside charlm"
	@$(INSTALL) $(call NEEDS,peers)
	@touch $@

# Not everywhere is a wheel of it, and to build one takes a clang with libFuzzer.
$(FUZZ): pyproject.toml constraints.txt | $(DEV)
	@if $(INSTALL) --only-binary :all: $(call NEEDS,fuzz); then touch $@; else \
	  echo "atheris was not installed: the part fuzz-files of make soak is skipped, this time"; \
	fi

$(DIST): pyproject.toml constraints.txt | $(MADE)
	@echo "Installing what makes a wheel"
	@$(INSTALL) $(call NEEDS,dist)
	@touch $@
