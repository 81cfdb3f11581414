# Every target works as the first command on a fresh clone with Python 3.11+ and a C++20 compiler:
# the virtual environment is made once, and everything else comes into it from PyPI.

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
WORKERS ?= 2
ARGS ?=

# Tools of the environment (cmake, ninja, ruff) come before those of the machine.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

VENV_STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.installed-docs
NATIVE_STAMP := build/native/.built
NATIVE_SOURCES := CMakeLists.txt $(shell find src/native -type f)

# scikit-build-core puts an import hook beside the path of an editable install. We need only the
# path: the hook slows every start of Python, and goes before PYTHONPATH.
PLAIN_PATH = echo '$(CURDIR)/src' > "$$($(PY) -c \
	'import sysconfig; print(sysconfig.get_path("purelib"))')/_editable_skbc_renkei.pth"

.DEFAULT_GOAL := help
.PHONY: help venv native demo test test-quick test-all lint format bench docs wheel check-wheel \
	sanitize mutation clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

venv: $(VENV_STAMP) $(NATIVE_STAMP)  ## the virtual environment, with the package installed in place

$(PY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed; name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV_STAMP): pyproject.toml | $(PY)
	$(PY) -m pip install --quiet --editable '.[dev]'
	@$(PLAIN_PATH)
	@touch $@

$(DOCS_STAMP): $(VENV_STAMP)
	$(PY) -m pip install --quiet --editable '.[docs]'
	@$(PLAIN_PATH)
	@touch $@

native: $(NATIVE_STAMP)  ## build the native module into src/renkei, if its sources changed

# Without a compiler the package still works, more slowly: say so and go on.
$(NATIVE_STAMP): $(NATIVE_SOURCES) $(VENV_STAMP)
	@mkdir -p $(@D)
	@if cmake -S . -B build/native -G Ninja -DPython_EXECUTABLE=$(CURDIR)/$(PY) \
		-DRENKEI_INPLACE=ON -DCMAKE_BUILD_TYPE=Release >build/native/configure.log 2>&1; \
	then cmake --build build/native; \
	else tail -20 build/native/configure.log; \
		echo "The native module was NOT built (see above); renkei runs on NumPy alone."; fi
	@touch $@

demo: venv  ## train a small network on real handwritten digits
	$(BIN)/renkei train digits

lint: venv  ## style, types, layers, names, sizes, exports
	ruff check .
	ruff format --check .
	pyright
	$(PY) tools/check_layers.py
	$(PY) tools/check_names.py
	$(PY) tools/sizes.py
	$(PY) tools/check_exports.py

format: venv  ## let ruff fix what it can
	ruff check --fix .
	ruff format .

test: lint check-wheel test-quick  ## everything a change must pass

# The workers share the cores: BLAS threads that spin would take them from each other.
test-quick test-all: export OPENBLAS_NUM_THREADS = 1

test-quick: venv  ## tests, doctests and the code in the documentation
	$(PY) -m pytest -n $(WORKERS) -m "not slow and not network" --doctest-modules src/renkei tests $(ARGS)

check-wheel: venv  ## build the wheel; install it, and the sources, where no compiler is
	$(PY) tools/check_wheel.py

test-all: test sanitize docs  ## with the slow tests, thresholds and sanitizers
	$(PY) -m pytest -n $(WORKERS) -m "slow" tests $(ARGS)

sanitize: venv  ## the native tests under the address and undefined-behaviour sanitizers
	cmake -S . -B build/sanitize -G Ninja -DPython_EXECUTABLE=$(CURDIR)/$(PY) \
		-DRENKEI_SANITIZE=ON -DCMAKE_BUILD_TYPE=Debug
	cmake --build build/sanitize
	$(PY) tools/run_sanitized.py build/sanitize/src/native tests/native $(ARGS)

bench: venv  ## run every script of bench/
	@for script in bench/[a-z]*.py; do echo "== $$script"; $(PY) $$script $(ARGS) || exit 1; done

docs: $(DOCS_STAMP) $(NATIVE_STAMP)  ## the HTML documentation, warnings being errors
	$(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

wheel: venv  ## dist/renkei-*.whl for this platform
	$(PY) -m pip wheel --quiet --no-deps --wheel-dir dist .
	@ls dist

mutation: venv  ## mutmut over core and functions: which changes does no test notice?
	$(PY) -m pip install --quiet 'mutmut>=3'
	$(PY) -m mutmut run $(ARGS)

clean:  ## remove everything built, the environment too
	rm -rf build dist docs/_build docs/*/generated mutants $(VENV) src/renkei/_native*.so
