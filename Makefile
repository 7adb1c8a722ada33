# The chores, one command each. CONTRIBUTING.md explains them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST_WORKERS ?= 2

.PHONY: up private login cluster test check fmt golden docs bench envoy-api lock clean
.DEFAULT_GOAL := test

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Gateline needs Python 3.11 or newer; say which: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

up: $(STAMP)  ## run the example system
	$(BIN)/python examples/storefront/run.py

private: $(STAMP)  ## run the ways to shut services off
	$(BIN)/python examples/private/run.py

login: $(STAMP)  ## run a balancer with a login, a site behind it and a demo provider
	$(BIN)/python examples/login/run.py

cluster: $(STAMP)  ## run rolling deployments to watch, a broken one among them
	$(BIN)/python examples/cluster/run.py

test: $(STAMP) check  ## everything CI does
	$(BIN)/python -m pytest -q -n $(PYTEST_WORKERS) --dist loadgroup

check: $(STAMP)  ## style, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(STAMP)  ## rewrite to the house's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden: $(STAMP)  ## rewrite every expected file of the golden cases, remove orphans, show the difference
	$(BIN)/python -m pytest -q tests/golden --update-golden
	git --no-pager diff --stat -- tests/golden

docs: $(STAMP)  ## rewrite the generated tables of the reference
	$(BIN)/python -m pytest -q tests/docs --update-golden

bench: $(STAMP)  ## figures, as ratios to bare Envoy of the same run (needs wrk)
	$(BIN)/python -m bench

envoy-api: $(STAMP)  ## store the descriptors of the installed Envoy's API
	$(BIN)/python tools/envoy_api.py

lock: $(STAMP)  ## pin every dependency with its hashes, without addresses
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --group dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --constraints requirements.lock pyproject.toml -o deploy/requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --constraints requirements.lock --group build -o deploy/build.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
