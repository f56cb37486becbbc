# `make run` opens the explorer, `make test` runs every test; both set up what they need in .venv first.
# Windows has no make: README shows the plain commands.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run setup test bench clean

run: setup
	$(BIN)/streamlit run app/main.py

setup: .venv/installed

test: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_WAIT_POLICY=passive $(BIN)/python -m pytest -n 2 --dist loadfile

bench: .venv/installed-test
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; name one with make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -r requirements.txt
	touch $@

.venv/installed-test: requirements-test.txt .venv/installed
	$(BIN)/pip install -r requirements-test.txt
	touch $@
