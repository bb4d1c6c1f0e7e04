# Two commands do everything: `make run` serves the demo, `make test` installs what tests need and runs them all.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup setup-test system run demo test judges lint check fix bench lock clean

help:
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.run ## make .venv with all that `make run` needs
setup-test: .venv/.test
	
.venv/.run: requirements/setup.txt package-lock.json tools/assets.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/setup.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python tools/assets.py
	@touch $@

.venv/.test: .venv/.run requirements/test.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

system: ## install the Debian packages that the tests need (asks for sudo where it must)
	@sh tools/system.sh

run: setup ## serve the demo on http://127.0.0.1:8000
	$(BIN)/vermilion serve --demo

test: system setup-test ## everything the test suite needs, then the suite
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term
	$(BIN)/python tools/coverage_floor.py

lint: setup-test ## format, lint, types, import rule
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

judges: ## build the PDFBox and EU DSS judges (needs Java 17 and Maven); their tests are skipped without
	mvn -q -B -f tests/judges/pdfbox/pom.xml clean package
	mvn -q -B -f tests/judges/dss/pom.xml clean package

check: lint ## what CI runs: `make lint`, then `make test`
	$(MAKE) test

fix: setup-test ## format and repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup-test ## all benchmarks, quick form
	@for name in seal issue ocsp verify qr; do $(BIN)/python -m benchmarks.$$name --quick || exit 1; done

lock: ## recompile the pinned requirements after a change of pyproject.toml (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra setup --extra test pyproject.toml -o requirements/test.txt
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra setup pyproject.toml -c requirements/test.txt -o requirements/setup.txt

clean: ## remove all that was made, the virtual environment too
	rm -rf .venv node_modules api/assets var dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis htmlcov .coverage .coverage.*
