# Two commands matter: `make run` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON := .venv/bin/python
# Tests wait as much as they compute: one more than there are cores keeps those busy. Work is stolen and not dealt out,
# so that most tests of a module meet in one process, and what it shares is made once. Tests are compiled once, by
# whichever process comes first, also where Python is told to keep nothing.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
UV_COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header

.PHONY: help run setup test chaos lint format bench lock vendor clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

run:  ## prepare everything and serve on 127.0.0.1:8000
	@tools/prepare.sh run local
	@exec $(PYTHON) -m app serve

setup:  ## build .venv with all that development needs
	@tools/prepare.sh run local test lint

test:  ## install what the tests need and run them all
	@tools/prepare.sh run local test browser
	@$(PYTHON) -m compileall -q -j 0 app lib bench tests/support
	@PYTHONDONTWRITEBYTECODE= exec $(PYTHON) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

chaos:  ## the tests that break things, for as long as it takes (CHAOS_SEED=n repeats)
	@tools/prepare.sh run local test
	@CHAOS=long exec $(PYTHON) -m pytest tests/integration/chaos -p no:randomly -rP --show-capture=stdout $(ARGS)

lint:  ## ruff, mypy, import contracts; our ES modules and vendored ones; Dockerfile, compose file and manifests
	@tools/prepare.sh run local test lint bench web
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports --no-cache
	@$(PYTHON) tools/vendor.py --check
	@tools/web/node_modules/@typescript/typescript-*/lib/tsc -p app/web/jsconfig.json
	@.venv/bin/hadolint Dockerfile
	@.venv/bin/yamllint --strict compose.yaml deploy .yamllint
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	@.venv/bin/kubernetes-validate --strict --quiet $(filter-out %/kustomization.yaml,$(wildcard deploy/kubernetes/*.yaml))

format:  ## let ruff put the code in order
	@tools/prepare.sh lint
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

bench:  ## measure against the plain alternatives and write docs/performance.md
	@tools/prepare.sh run bench
	@exec $(PYTHON) -m bench.run $(ARGS)

lock:  ## resolve requirements/*.lock anew (needs uv)
	@$(UV_COMPILE) pyproject.toml -o requirements/run.lock
	@$(UV_COMPILE) --no-deps requirements/local.in -o requirements/local.lock
	@$(UV_COMPILE) -c requirements/run.lock --group test -o requirements/test.lock
	@$(UV_COMPILE) -c requirements/run.lock --group lint -o requirements/lint.lock
	@$(UV_COMPILE) --group node -o requirements/node.lock
	@$(UV_COMPILE) --group build -o requirements/build.lock
	@$(UV_COMPILE) -c requirements/run.lock --group bench -o requirements/bench.lock

vendor:  ## copy what the pages take from npm into the tree, as tools/web/package-lock.json says
	@tools/prepare.sh lint web
	@$(PYTHON) tools/vendor.py

clean:  ## remove what was built; var/ stays
	rm -rf .venv tools/web/node_modules build dist .mypy_cache .ruff_cache .pytest_cache bench/out
