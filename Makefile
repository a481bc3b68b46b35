# GRNULar: `make book` and `make test` are all that a reader needs. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help book test coverage lock lint paper verify audit clean distclean environment

# The first Python >= 3.11 that can make virtual environments; name another one with PYTHON=...
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && { echo "$$python"; break; }; done)
# More arguments for the command behind a target: make test ARGS="-k metrics"
ARGS ?=
RUN := .venv/bin/python

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

book: environment  ## Run the notebooks with their quick parameters, build _build/html/index.html
	@$(RUN) book/build.py $(ARGS)

test: environment  ## Run the tests
	@$(RUN) -m pytest $(ARGS)

coverage: environment  ## Run the tests in one process, say which lines of the package none of them runs
	@$(RUN) -m coverage run --data-file=_build/.coverage -m pytest -n 0 -m "not slow" $(ARGS)
	@$(RUN) -m coverage report --data-file=_build/.coverage

lock: environment  ## Write notebooks/recorded/requirements.lock again from what is in .venv
	@$(RUN) book/lock.py

lint: environment  ## Check the code's style
	@$(RUN) -m ruff check . $(ARGS)
	@$(RUN) -m importlinter.cli >/dev/null 2>&1 || .venv/bin/lint-imports --no-logo

paper: environment  ## Run the notebooks at the paper's size (hours; resumes where it stopped)
	@$(RUN) book/build.py --paper $(ARGS)

verify: environment  ## Recompute a sample of the recorded results and compare
	@$(RUN) -m grnular_paper verify $(ARGS)

audit: environment  ## Look up known vulnerabilities of the recorded packages (asks api.osv.dev)
	@$(RUN) book/audit.py $(ARGS)

clean:  ## Remove what `make book` and the tests wrote
	@rm -rf _build .pytest_cache .ruff_cache .hypothesis
	@find book grnular_core notebooks tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean  ## Remove .venv as well
	@rm -rf .venv grnular_core.egg-info

environment:
	@test -n "$(PYTHON)" || { echo "GRNULar needs Python 3.11 or newer with its venv module," \
	"and found none. Install one (Debian, Ubuntu: apt install python3-venv) or name it:" \
	"make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@"$(PYTHON)" book/environment.py
