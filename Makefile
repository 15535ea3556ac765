# The tasks of a newcomer. `make demo` and `make test` do all their set-up; a second run installs nothing.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Tests are run by so many processes, file by file; `make test TESTERS=8` on a larger machine. In their
# own order: files of few tests are the slow ones, and one of them last keeps one process waiting.
TESTERS ?= 2
PYTEST := -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo setup serve test test-postgis test-browser test-qgis lint lint-web format docs notebook bench bench-serve bench-scale bench-place bench-match bench-clock clean

help:
	@echo "make demo         process the sample drive, results in out/demo"
	@echo "make serve        serve the demo as a town; prints the address"
	@echo "make test         run the tests"
	@echo "make setup        install what all tests and checks need, in one pip run"
	@echo "make lint         run ruff, ruff format, mypy and import-linter"
	@echo "make lint-web     type-check the modules of the web pages (needs Node)"
	@echo "make test-postgis run the database tests on PostGIS (installs it if run as root)"
	@echo "make test-browser test the web pages in Chromium (installs it if run as root)"
	@echo "make test-qgis    test layers and styles in QGIS (installs it if run as root)"
	@echo "make format       let ruff fix what it can"
	@echo "make docs         regenerate the tables that the program writes into the documents"
	@echo "make notebook     run the notebook and store its outputs"
	@echo "make bench        speed: real-time factor, time per stage, memory, against ultralytics"
	@echo "make bench-serve  speed of the layers on SQLite and PostGIS, beside pygeoapi"
	@echo "make bench-place  how wrong a score gets, and from what, on made-up streets"
	@echo "make bench-clock  how often the clock is confirmed on tracks of other drives"
	@echo "make bench-match  map matching on real maps, beside Valhalla (needs ROADSCAN_REAL_DATA)"
	@echo "make bench-scale  drives per minute through PostgreSQL while workers are killed"
	@echo "make clean        remove .venv and out"

demo: .venv/.base
	$(BIN)/roadscan demo --out out/demo

# The demo's town in a browser; uploads go into a copy, so that out/demo stays what the demo made.
serve: .venv/.serve
	test -f out/demo/roadscan.db || $(MAKE) demo
	mkdir -p out/town && test -f out/town/roadscan.db || cp out/demo/roadscan.db out/town/
	$(BIN)/roadscan serve --data out/town

test: .venv/.test
	$(BIN)/python $(PYTEST)

lint: .venv/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

lint-web: node_modules/.typescript
	node_modules/.bin/tsc --project .

test-browser: .venv/.playwright .venv/.chromium
	$(BIN)/python -m pytest tests/browser -m browser

# PyQGIS belongs to the system's Python, so the tests run it in a process of its own.
test-qgis: .venv/.test
	/usr/bin/python3 -c "import qgis.core" 2>/dev/null || { apt-get update -qq && apt-get install -qq -y python3-qgis; }
	$(BIN)/python -m pytest tests/qgis -m qgis

# On a server of its own, in a temporary folder, which goes with the run.
test-postgis: .venv/.test .venv/.postgis
	$(BIN)/python -m tests.throwaway_postgres $(BIN)/python $(PYTEST) -m postgis

.venv/.postgis: .venv/.base
	ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1 || \
		{ apt-get update -qq && apt-get install -qq -y postgresql-postgis; }
	@touch $@

format: .venv/.lint
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/.base
	$(BIN)/python docs/reference.py

# The notebook's outputs, from a run of its own.
notebook: .venv/.base
	$(PIP) nbclient ipykernel
	$(BIN)/python docs/notebook.py

bench: .venv/.bench
	$(BIN)/python -m benchmarks.drive

# pygeoapi's GeoPackage provider wants SpatiaLite (Debian: libsqlite3-mod-spatialite) and a Python
# whose sqlite3 loads extensions: Debian's own, of the same version as this one.
bench-serve: .venv/.test .venv/.postgis .venv/pygeoapi
	$(PIP) psutil
	$(BIN)/python -m benchmarks.serve --pygeoapi .venv/pygeoapi

bench-place: .venv/.base
	$(BIN)/python -m benchmarks.place

bench-clock: .venv/.base
	$(BIN)/python -m benchmarks.clock

# Valhalla's wheels want Python 3.12 or later: it runs in one of its own where there is one.
PYTHON_VALHALLA ?= $(shell command -v python3.13 || command -v python3.12)
bench-match: .venv/.base $(if $(PYTHON_VALHALLA),.venv/valhalla/.installed)
	$(BIN)/python -m benchmarks.matching $(if $(PYTHON_VALHALLA),--valhalla .venv/valhalla/bin/python)

.venv/valhalla/.installed:
	$(PYTHON_VALHALLA) -m venv .venv/valhalla
	.venv/valhalla/bin/python -m pip install --quiet --disable-pip-version-check "pyvalhalla>=3.9,<4"
	@touch $@

bench-scale: .venv/.test .venv/.postgis
	$(BIN)/python -m benchmarks.scale

.venv/pygeoapi: .venv/.base
	$(PIP) --target $@ pygeoapi uvicorn starlette

.venv/.base: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) -e .
	@touch $@

# Everything for linting and all tests by one pip run: what the single targets need is then there.
setup: .venv/.setup

.venv/.setup: .venv/.base
	$(PIP) -e ".[test,lint,browser]"
	@touch .venv/.serve .venv/.test .venv/.lint .venv/.playwright $@

.venv/.serve: .venv/.base
	$(PIP) -e ".[serve]"
	@touch $@

.venv/.test: .venv/.base
	$(PIP) -e ".[test]"
	@touch $@

.venv/.playwright: .venv/.test
	$(PIP) -e ".[browser]"
	@touch $@

.venv/.chromium: .venv/.base
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -qq -y chromium; }
	@touch $@

node_modules/.typescript: package.json
	npm install --no-package-lock --no-audit --no-fund --silent
	@touch $@

.venv/.lint: .venv/.base
	$(PIP) -e ".[lint]"
	@touch $@

# The peer needs torch; the pin keeps pip from replacing a CPU build by one with CUDA.
.venv/.bench: .venv/.base
	$(PIP) -e ".[bench]" "torch==2.13.0"
	@touch $@

clean:
	rm -rf .venv node_modules out
