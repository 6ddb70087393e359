# make demo · make test (each sets up all that it needs, in .venv) · make lint · make bench · make bench-causes · make bench-runs · make format
# make catalog · make schemas · make references: what is built from the sources and kept
# make test PYTHON=python3.12 makes .venv anew, with that Python
PYTHON ?= python3
BIN = .venv/bin
MADE = .venv/.made-by-$(subst /,-,$(PYTHON))
STAMP = .venv/.ready

.PHONY: demo test lint format bench bench-causes bench-runs schemas catalog references

demo: $(STAMP)
	$(BIN)/python samples/demo.py

test: lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

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

bench-causes: $(STAMP)
	$(BIN)/python tests/bench/causes/bench_causes.py

bench-runs: $(STAMP)
	$(BIN)/python tests/bench/runs/bench_runs.py

catalog: $(STAMP)
	$(BIN)/python -m envprint.causes.make_catalog
	$(BIN)/python tests/causes/check_catalog.py --write

schemas: $(STAMP)
	$(BIN)/python tests/test_schemas.py --write

references: $(STAMP)
	$(BIN)/python -m envprint.probes.make_references

# --clear: what an interrupt, or another Python, left there would be mixed with the new
$(MADE):
	$(PYTHON) -c 'import sys; sys.exit("envprint needs Python 3.10 or newer" if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv --clear .venv
	touch $@

# The torch that PyPI has for Linux brings several GB of CUDA packages; README.md says how to have its CPU build instead.
$(STAMP): $(MADE) pyproject.toml tests/constraints.txt
	@echo 'installing torch and the checkers into .venv: a minute or more'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint tests/constraints.txt --editable '.[torch,test]'
	touch $@
