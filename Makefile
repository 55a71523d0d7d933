# SPDX-License-Identifier: AGPL-3.0-or-later
#
# Needs GNU make 3.81 or newer, a POSIX shell and Python 3.11 or newer. Everything else goes into .venv, from
# requirements.lock, every file checked against its hash.
#
#   make test PYTHON=python3.13                   another interpreter
#   make test PYTHON=python3.13 VENV=.venv-3.13   another interpreter beside the first

PYTHON ?=
VENV ?= .venv
JOBS ?= 2
ARGS ?=

PY := $(VENV)/bin/python
LOCKED := $(VENV)/locked
READY := $(VENV)/ready
CODE := src $(wildcard tests scripts bench examples)
COVERED := scalars protocol registry v2_1_1 v2_2_1 v2_3_0 store security server client
COVERAGE := 95

comma := ,
empty :=
space := $(empty) $(empty)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format docs bench crash fuzz lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## make .venv ready; does nothing when it is
	@:

demo: $(READY) ## run the main job end to end between two gateways; options in ARGS="--feed FILE --keep"
	@$(VENV)/bin/wwcp-ocpi demo $(ARGS)

test: $(READY) ## run the tests and hold the coverage; with ARGS="tests/store -k name" only those tests
	@$(PY) -m pytest -n $(JOBS) $(if $(ARGS),$(ARGS),--cov --cov-report=)
	@$(if $(ARGS),:,$(PY) -m coverage report --fail-under=$(COVERAGE) \
		--include='$(subst $(space),$(comma),$(COVERED:%=*/wwcp_ocpi/%/*))')

check: $(READY) ## format, lint, types, import contracts, docs
	@$(PY) -m ruff format --check $(CODE)
	@$(PY) -m ruff check $(CODE)
	@$(PY) -m mypy $(CODE)
	@$(VENV)/bin/lint-imports --no-logo
	@$(PY) -m scripts.check_docs

format: $(READY) ## format the code and mend what the linter can mend
	@$(PY) -m ruff check --fix-only --quiet $(CODE)
	@$(PY) -m ruff format $(CODE)

docs: $(READY) ## write the generated pages: docs/cli.md and docs/configuration.md
	@$(PY) -m scripts.generate_docs

bench: $(READY) ## measure speed and memory
	@$(PY) -m bench $(ARGS)

crash: $(READY) ## the long crash test: kill the store while it writes, many times
	@$(PY) -m pytest -m crash_long tests/store $(ARGS)

fuzz: $(READY) ## the long fuzz test: every operation with bad input, far more often than in `make test`
	@$(PY) -m pytest -n $(JOBS) -m fuzz_long tests/fuzz $(ARGS)

lock: $(LOCKED) ## write requirements.lock anew from pyproject.toml; newest of everything with ARGS=--upgrade
	@$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --group dev --output-file requirements.lock $(ARGS) pyproject.toml >/dev/null

clean: ## remove .venv, caches and build results
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* \
		htmlcov build dist
	@find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# ------------------------------------------------------------------------------------------------------------- setup
#
# `locked` tells that the packages of requirements.lock are installed, `ready` that this checkout is installed on top.
# The environment is made anew when the lock or the interpreter changes or when the checkout has moved.

VERSION := import sys; print(sys.version)
STATE := $(shell test -x $(PY) && test "`cat $(READY) 2>/dev/null`" = '$(CURDIR)' \
	&& { test -z '$(PYTHON)' || test "`$(PYTHON) -c '$(VERSION)'`" = "`$(PY) -c '$(VERSION)'`"; } && echo good)
ifneq ($(STATE),good)
.PHONY: $(LOCKED)
endif

# An interpreter that can make an environment with pip in it comes first, then any that is new enough. Where none has
# pip to give (Debian without python3-venv), pip, uv or virtualenv from outside puts it in. Either way the first thing
# installed is the pip of requirements.lock, and that one installs the rest.
$(LOCKED): requirements.lock
	@set -eu; \
	old='import sys; sys.exit(sys.version_info < (3, 11))'; \
	python='$(PYTHON)'; \
	for need in 'import ensurepip, venv' 'import venv'; do \
		for try in python3.14 python3.13 python3.12 python3.11 python3 python; do \
			test -z "$$python" || break; \
			if $$try -c "$$old" 2>/dev/null && $$try -c "$$need" 2>/dev/null; then python=$$try; fi; \
		done; \
	done; \
	if test -z "$$python"; then \
		echo 'setup: no Python 3.11 or newer found; name one: make setup PYTHON=/path/to/python3' >&2; exit 1; \
	fi; \
	$$python -c "$$old" || { echo "setup: not Python 3.11 or newer: $$python" >&2; exit 1; }; \
	echo "setup: installing into $(VENV) with `$$python -V` (once, about a minute)" >&2; \
	rm -rf '$(VENV)'; \
	install='install -qq --no-compile --disable-pip-version-check --require-hashes -r'; \
	pip='$(VENV)/pip.lock'; \
	if $$python -c 'import ensurepip' 2>/dev/null && $$python -m venv '$(VENV)' 2>/dev/null; then \
		installer='$(PY) -m pip'; \
	else \
		rm -rf '$(VENV)'; \
		$$python -m venv --without-pip '$(VENV)'; \
		installer=''; \
		for try in "$$python -m pip" pip3 pip; do \
			if test -z "$$installer" && $$try --python '$(PY)' --version >/dev/null 2>&1; then \
				installer="$$try --python $(PY)"; \
			fi; \
		done; \
		if test -z "$$installer" && uv --version >/dev/null 2>&1; then \
			install='pip install --quiet --python $(PY) --require-hashes -r'; installer=uv; \
		fi; \
		if test -z "$$installer" && virtualenv --quiet --python "$$python" '$(VENV)' 2>/dev/null; then \
			installer='$(PY) -m pip'; \
		fi; \
		if test -z "$$installer"; then \
			rm -rf '$(VENV)'; \
			echo "setup: `$$python -V` has no ensurepip, and there is no pip, uv or virtualenv to take its place." >&2; \
			echo 'setup: install one (Debian, Ubuntu: python3-venv) or name another Python: make setup PYTHON=...' >&2; \
			exit 1; \
		fi; \
	fi; \
	sed -n '/^pip==/,/^    # via/p' requirements.lock > "$$pip"; \
	$$installer $$install "$$pip"; \
	$(PY) -m pip install -qq --no-compile --disable-pip-version-check --require-hashes -r requirements.lock; \
	touch $(LOCKED)

$(READY): $(LOCKED) pyproject.toml
	@$(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@printf '%s' '$(CURDIR)' > $(READY)
