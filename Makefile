# Needs Python 3.11 to 3.14, make and git. Everything is installed into .venv, from requirements.lock.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
TOOLS := build/tools

# Without its byte code every start of the program costs seconds.
unexport PYTHONDONTWRITEBYTECODE

PEER := build/bench/peer

.PHONY: demo test check bench format lock clean

demo: $(READY)
	@$(BIN)/syncline demo

# What needs a Prefect server runs alone, after the others. Before there is such a test the second call is left out,
# for pytest calls it a failure to find none.
test: $(READY)
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not prefect"
	@if grep -rqs "mark\.prefect" tests --include="*.py" --exclude-dir=architecture; then \
		set -x; $(BIN)/python -m pytest -q -m prefect --timeout 240 tests; fi

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The figures of bench/README.md: `make bench ROWS=100000 TIMES=1` for a quick look, BIG=1 for five times the rows too.
ROWS ?= 1000000
TIMES ?= 3
bench: $(READY) $(PEER)/.ready
	$(BIN)/python -m bench.postgresql --rows $(ROWS) --times $(TIMES) $(if $(BIG),--big)

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	for file in connection workspace; do $(BIN)/python -m syncline schema $$file > docs/schema/$$file.json; done

lock:
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(TOOLS)/bin/uv pip compile pyproject.toml --extra demo --extra dev --universal --python-version 3.11 \
		--fork-strategy fewest --annotation-style line --custom-compile-command "make lock" --quiet \
		--output-file requirements.lock

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))" 2>/dev/null || { \
		echo "Syncline needs Python 3.11 to 3.14, and '$(PYTHON)' is not one. Name one: make PYTHON=python3.12"; exit 1; }
	@echo "Installing into .venv (about a minute, once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(PEER)/.ready: bench/requirements.txt
	@echo "Installing what is measured beside into $(PEER) ..."
	@$(PYTHON) -m venv $(PEER)
	@$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	@touch $@
