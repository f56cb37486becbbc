# `make run` opens the explorer, `make test` runs every test; both set up what they need in .venv first.
# Windows has no make: README shows the plain commands.
PYTHON ?= python3
BIN := .venv/bin

# What `make ship` uses, which trains, judges, compresses and packs imagenet20 and tiny200. To see it work on a CPU in minutes:
# make ship RECIPES="smoke smoke200" MODELS=runs/shipped LIMIT=512
DATA ?= ../shared/data
RECIPES ?= imagenet20 tiny200_long
MODELS ?= assets/models
RUNS ?= runs/ship
DEVICE ?= auto
SHIP = $(BIN)/python -m training.ship $(1) --device $(DEVICE) --runs $(RUNS) --models $(MODELS) $(if $(LIMIT),--limit $(LIMIT))

.PHONY: run setup test bench ship clean

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

ship: setup
	$(if $(word 2,$(RECIPES)),,$(error RECIPES needs two, for imagenet20 and for tiny200))
	$(call SHIP,$(word 1,$(RECIPES)) imagenet20 --data $(DATA)/imagenet-20)
	$(call SHIP,$(word 2,$(RECIPES)) tiny200 --data $(DATA)/tiny-imagenet-200 --from $(MODELS)/imagenet20/model.onnx)

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
