# GRNULar: `make book` and `make test` are all that a reader needs. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help book article test test-slow coverage lint verify paper lock audit clean distclean environment

# The first Python >= 3.11 that can make virtual environments; name another one with PYTHON=...
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && { echo "$$python"; break; }; done)
# More arguments for the command behind a target: make test ARGS="-k metrics"
ARGS ?=
RUN := .venv/bin/python
LOCK := notebooks/recorded/requirements.lock

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

book: environment  ## Run the notebooks with their quick parameters, build _build/html/index.html
	@$(RUN) book/build.py $(ARGS)

article: environment  ## Build _build/article.pdf, the reproduction as one article, from the record
	@$(RUN) book/article.py

test: environment  ## Run the quick tests, on all cores
	@$(RUN) -m pytest -n auto --dist loadfile -m "not slow" $(ARGS)

test-slow: environment  ## Run the slow tests, and those of properties with more examples
	@GRNULAR_HYPOTHESIS=slow $(RUN) -m pytest -n auto --dist loadfile -m "slow or hypothesis" $(ARGS)

coverage: environment  ## Run the quick tests in one process, say which lines none of them runs
	@$(RUN) -m coverage run --data-file=_build/.coverage -m pytest -m "not slow" $(ARGS)
	@$(RUN) -m coverage report --data-file=_build/.coverage

lint: environment  ## Check the code's style, its docstrings and who imports whom
	@$(RUN) -m ruff check . $(ARGS)
	@.venv/bin/lint-imports --no-logo

verify: environment  ## Recompute a sample of the recorded results and compare
	@$(RUN) -m grnular_paper verify $(ARGS)

paper: environment  ## Run the notebooks at the paper's size (hours; resumes where it stopped)
	@$(RUN) book/build.py --paper $(ARGS)

# Versions and hashes by pip-tools. torch keeps its version alone: its builds for CPU and CUDA share it.
lock: environment  ## Bring the recorded packages up to requirements.txt; ARGS=--upgrade: the newest
	@cp $(LOCK) _build/packages.txt
	@grep -v '^-e' requirements.txt | $(RUN) -m piptools compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links $(ARGS) --output-file _build/packages.txt -
	@awk '/^#|^$$/ { next } /^[a-z]/ { bare = /^torch==/ } bare && /--hash/ { next } \
	bare { sub(/(\+[a-z0-9]+)? *\\$$/, "") } { print }' _build/packages.txt > $(LOCK)

audit: environment  ## Look up known vulnerabilities of what is in .venv (asks api.osv.dev)
	@$(RUN) -m pip_audit --skip-editable --vulnerability-service osv $(ARGS)

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
