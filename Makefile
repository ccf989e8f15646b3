PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := src tests tools examples

.PHONY: demo test check static clean

demo: $(VENV)/.installed  ## animate the example clip
	@sh tools/install_opengl.sh
	$(BIN)/bodydouble animate examples/street.mp4 -o out/demo

test: $(VENV)/.dev static  ## everything CI runs
	@sh tools/install_opengl.sh
	$(BIN)/pytest --numprocesses 2

check: $(VENV)/.dev static  ## formatter, linter, types, import contracts, quick tests
	@sh tools/install_opengl.sh
	$(BIN)/pytest --numprocesses 2 -m "not slow"

static: $(VENV)/.dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed tests/node/package.json
	$(BIN)/pip install --quiet --editable '.[dev]'
	npm install --prefix tests/node --silent --no-audit --no-fund
	@touch $@

clean:
	rm -rf $(VENV) out tests/node/node_modules
