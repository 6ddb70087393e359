# make demo · make test (each sets up all that it needs, in .venv) · make lint · make bench · make format
PYTHON ?= python3
BIN = .venv/bin
STAMP = .venv/.ready

.PHONY: demo test lint format bench schemas

demo: $(STAMP)
	$(BIN)/python samples/demo.py

test: lint
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)
	$(BIN)/python tests/bench/bench.py

schemas: $(STAMP)
	$(BIN)/python tests/test_schemas.py --write

# torch is pinned in the constraints: unpinned, pip brings several GB of CUDA packages under Linux
$(STAMP): pyproject.toml tests/constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("envprint needs Python 3.10 or newer" if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint tests/constraints.txt --editable '.[torch,test]'
	touch $(STAMP)
