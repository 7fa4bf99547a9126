# One command each; `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PYTEST := TEST_DATABASE_TEMPLATE=test_template $(PY) -m pytest
PACKAGES := channels_platform projects brokers leads commissions
.DEFAULT_GOAL := help
# compiled modules make every start faster
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup run test lint format demo-reset bench messages stop clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Say which with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "No virtual environment could be made. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.runtime: requirements.txt | $(VENV)/.python
	@echo "Installing what the product runs on (once, about a minute) ..."
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(VENV)/.runtime
	@echo "Installing what tests and checks need (once) ..."
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)/.messages: $(wildcard locale/*/LC_MESSAGES/*.po) | $(VENV)/.runtime
	@$(PY) -m channels_platform.messages
	@touch $@

setup: $(VENV)/.runtime $(VENV)/.dev $(VENV)/.messages ## install everything, start nothing

run: $(VENV)/.runtime $(VENV)/.messages ## run the product (HOST, PORT); Ctrl-C stops it
	@exec $(PY) -m channels_platform.supervisor

test: setup ## run every test, browser tests included
	@$(PY) -m tests.browser_setup
	@$(PY) -m tests.database_setup
	@$(PYTEST) -n 3 --dist worksteal -m "not browser and not processes and not serial"
	@$(PYTEST) -n 3 --dist worksteal -m browser tests/browser
	@$(PYTEST) -n 2 --dist worksteal -m processes
	@$(PYTEST) -p no:xdist -m serial

lint: setup ## every check that runs nothing
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@CHANNELS_EMBEDDED=off $(VENV)/bin/mypy $(PACKAGES)
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/djlint templates --check --lint --quiet
	@$(PY) manage.py makemigrations --check --dry-run

format: setup ## put code and templates in shape
	@$(VENV)/bin/ruff check --fix --quiet . || true
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/djlint templates --reformat --quiet || true

demo-reset: $(VENV)/.runtime $(VENV)/.messages ## empty the database and make the demo data anew
	@$(PY) manage.py reset_database
	@$(PY) manage.py demo

bench: setup ## measure, print a table, write benchmarks/latest.json
	@$(PY) -m benchmarks

messages: setup ## collect texts to translate (needs GNU gettext)
	@$(PY) manage.py makemessages --locale zh_Hans --no-location --no-obsolete

stop: ## end the embedded services if nobody uses them
	@$(PY) -m channels_platform.embedded stop

clean: stop ## remove what was installed; local data in .run stays
	@rm -rf $(VENV) staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
