PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BLENDER := .venv-blender
SOURCES := src tests tools examples blender_addon

.PHONY: demo test check static blender addon clean

demo: $(VENV)/.installed  ## animate the example clip
	@sh tools/install_opengl.sh
	$(BIN)/bodydouble animate examples/street.mp4 -o out/demo

test: $(VENV)/.dev blender static  ## everything CI runs
	@sh tools/install_opengl.sh
	$(BIN)/pytest --numprocesses 2

check: $(VENV)/.dev blender static  ## formatter, linter, types, import contracts, quick tests
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

addon:  ## the add-on for Blender as a zip file in dist
	$(PYTHON) tools/build_addon.py

blender: $(BLENDER)/.installed  ## Blender for the tests, in an environment of its own

$(BLENDER)/.installed: tests/blender/requirements.txt
	$(PYTHON) -m venv $(BLENDER)
	$(BLENDER)/bin/pip install --quiet --requirement $<
	@touch $@

clean:
	rm -rf $(VENV) $(BLENDER) out dist tests/node/node_modules
