# Each target sets up everything it needs and says in one line what it is doing.
# A fresh machine needs make, Python 3.11 or newer and pip; nothing outside this folder
# is changed, but for a browser, a mail server, a Prometheus and an nginx (none is started)
# that Debian's root may get for the tests.

SHELL := /bin/bash
BIN := .venv/bin
UV := .tools/bin/uv

# The first of these that is new enough and has pip; `make PYTHON=...` names another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys, pip; assert sys.version_info >= (3, 11); print(sys.executable)' \
	2>/dev/null && break; done)

# uv does not read pip's settings: hand it the index, the proxy and the certificates
# that pip uses on this machine, for the length of one command.
as_pip_does = \
	settings="$$($(PYTHON) -m pip config list)"; \
	setting() { sed -En "s/^(:env:|install|global)\.$$1='(.*)'$$/\2/p" <<<"$$settings" | head -n 1; }; \
	index="$${UV_DEFAULT_INDEX:-$$(setting index-url)}"; \
	proxy="$${ALL_PROXY:-$$(setting proxy)}"; \
	certificates="$${SSL_CERT_FILE:-$$(setting cert)}"; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	if [ -n "$$proxy" ]; then export ALL_PROXY="$$proxy"; fi; \
	if [ -n "$$certificates" ]; then export SSL_CERT_FILE="$$certificates"; fi; \
	export UV_NO_CONFIG=1

# The locked packages, from pip itself where its settings are beyond uv; then this
# checkout, by the build tool that is among them.
install = \
	( $(as_pip_does); $(UV) pip $(1) $(2) --quiet --python $(BIN)/python --require-hashes ) \
	|| $(PYTHON) -m pip --python $(BIN)/python install --quiet --require-hashes -r $(2)
install_checkout = \
	$(UV) pip install --quiet --offline --no-config --python $(BIN)/python \
	--no-deps --no-build-isolation --editable .

lock = $(as_pip_does); $(UV) pip compile --quiet --universal --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: help setup demo test chaos clocks failover check docs lock format peers

help: ## Says what the others do.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
	|| grep '##' Makefile

setup: .venv/app ## Makes .venv, with the command .venv/bin/eventide.
	@echo "Ready: $(BIN)/eventide"

demo: .venv/app ## Runs the whole of it here: the form, the mails, an inbox.
	@echo "Starting the demo; Ctrl-C stops it."
	@exec $(BIN)/eventide demo

test: .venv/dev .venv/browser .venv/mailservers .venv/monitoring .venv/nginx ## Runs all tests and measures what they reach.
	@echo "Testing, with every branch counted."
	@$(BIN)/coverage erase
	@PYTHONPATH="$(CURDIR)" $(BIN)/coverage run -m pytest --quiet --numprocesses logical --ignore=tests/clocks
	@$(BIN)/coverage combine --quiet
	@omitted="$$(cat .venv/mailservers .venv/monitoring .venv/nginx | paste -sd,)"; \
	if ! tests/compose/docker.sh look >/dev/null 2>&1; then \
		echo "Tested without a Docker engine: tests/compose was left out."; \
		omitted="$${omitted:+$$omitted,}tests/compose/*"; \
	fi; \
	$(BIN)/coverage report $${omitted:+"--omit=$$omitted"}

chaos: .venv/dev ## Kills workers and PostgreSQL 500 times; writes docs/reliability.md.
	@echo "Killing whoever delivers, 500 times, and counting the mails; up to 40 minutes."
	@$(BIN)/python -m tests.chaos
	@$(MAKE) --no-print-directory clocks

failover: .venv/dev ## Loses the primary database 60 times; writes docs/reliability.md.
	@echo "Promoting a standby under load, 60 times, and counting the mails; up to 25 minutes."
	@$(BIN)/python -m tests.failover

clocks: .venv/dev .venv/faketime ## Sets the clocks of workers and of PostgreSQL wrong, and looks at every evening.
	@if [ -s .venv/faketime ]; then exit 0; fi; \
	echo "Setting clocks wrong while an evening is mailed; some five minutes."; \
	$(BIN)/pytest --quiet --numprocesses 6 tests/clocks

check: .venv/dev ## Looks at format, lint, types, import contracts, tips and schema.
	@echo "Checking the format." && $(BIN)/ruff format --quiet --check .
	@echo "Checking with the linter." && $(BIN)/ruff check --quiet .
	@echo "Checking types." && $(BIN)/mypy --no-error-summary
	@echo "Checking import contracts." && $(BIN)/lint-imports --no-logo
	@echo "Checking the tips." && $(BIN)/eventide tips check
	@echo "Checking that the migrations make the schema." && $(BIN)/eventide migrate --check
	@$(MAKE) --no-print-directory docs

docs: .venv/dev ## Builds the operators' handbook into site/; a link that leads nowhere is a fault.
	@echo "Building the handbook."
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

lock: $(UV) ## Locks what pyproject.toml asks for; delete a lock to renew it.
	@echo "Locking packages with their hashes."
	@$(lock) pyproject.toml --group build -o requirements/app.txt
	@$(lock) pyproject.toml --group dev -c requirements/app.txt -o requirements/dev.txt
	@$(lock) requirements/tools.in -o requirements/tools.txt
	@$(lock) benchmarks/peers/requirements.in -o benchmarks/peers/requirements.txt

format: .venv/dev ## Formats the code and mends what the linter can.
	@echo "Formatting."
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

peers: .peers/ready ## Installs what benchmarks/peers compares with, into .peers.

$(UV): requirements/tools.txt
	@test -n "$(PYTHON)" || { echo "Eventide needs Python 3.11 or newer with pip:" \
		"install it, or name it with make PYTHON=/path/to/python3." >&2; exit 1; }
	@echo "Fetching uv, the package installer, into .tools."
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check \
		--root-user-action ignore --upgrade --target .tools --require-hashes -r $<
	@touch $@

$(BIN)/python: | $(UV)
	@echo "Making a virtual environment in .venv."
	@$(UV) venv --quiet --no-config --allow-existing --no-python-downloads \
		--python "$(PYTHON)" .venv

.venv/app: requirements/app.txt pyproject.toml $(BIN)/python $(UV)
	@echo "Installing the locked packages into .venv."
	@$(call install,install -r,requirements/app.txt)
	@$(install_checkout)
	@touch $@

.venv/dev: requirements/dev.txt pyproject.toml $(BIN)/python $(UV)
	@echo "Installing the locked packages, with those for development, into .venv."
	@$(call install,sync,requirements/dev.txt)
	@$(install_checkout)
	@touch .venv/app $@

.venv/browser: | .venv/dev
	@for name in chromium chromium-browser google-chrome; do \
		if command -v $$name >/dev/null; then \
			echo "Testing in this machine's $$name."; touch $@; exit 0; \
		fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then \
		echo "Installing Debian's chromium for the tests."; \
		( apt-get update && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends chromium ) \
		</dev/null >.venv/browser.log 2>&1; \
	else \
		echo "Fetching Playwright's chromium for the tests."; \
		$(BIN)/playwright install chromium >.venv/browser.log 2>&1; \
	fi || { cat .venv/browser.log >&2; exit 1; }
	@touch $@

# What is not run, and not counted, where there are none.
with_mailservers := composed relayed mailserver test_composed_relay test_real_bounces

# What a package would start is kept from starting, now and when the machine starts.
unstarted = \
	policy=/usr/sbin/policy-rc.d; \
	if [ ! -e $$policy ]; then \
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT; \
		printf '\#!/bin/sh\nexit 101\n' >$$policy && chmod 755 $$policy; \
	fi

.venv/mailservers: | .venv/dev
	@if command -v postfix >/dev/null && command -v dovecot >/dev/null \
		&& command -v opendkim >/dev/null; then \
		echo "Testing with this machine's postfix, dovecot and opendkim."; >$@; exit 0; \
	fi; \
	if [ "$$(id -u)" != 0 ] || [ ! -f /etc/debian_version ]; then \
		echo "Testing without a real mail server: postfix, dovecot or opendkim is not here."; \
		printf 'tests/e2e/%s.py\n' $(with_mailservers) >$@; exit 0; \
	fi; \
	echo "Installing Debian's postfix, dovecot and opendkim for the tests, without starting them."; \
	$(unstarted); \
	( apt-get update && \
	echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections && \
	DEBIAN_FRONTEND=noninteractive \
	apt-get install -y --no-install-recommends postfix dovecot-imapd opendkim && \
	if command -v systemctl; then systemctl disable postfix dovecot opendkim; fi ) \
	</dev/null >.venv/mailservers.log 2>&1 || { cat .venv/mailservers.log >&2; exit 1; }
	@>>$@

.venv/faketime: | .venv/dev
	@if ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then \
		echo "Testing with this machine's libfaketime."; >$@; exit 0; \
	fi; \
	if [ "$$(id -u)" != 0 ] || [ ! -f /etc/debian_version ]; then \
		echo "Not testing with faked clocks: libfaketime is not here."; \
		echo "left out" >$@; exit 0; \
	fi; \
	echo "Installing Debian's libfaketime for the tests."; \
	( apt-get update && DEBIAN_FRONTEND=noninteractive \
	apt-get install -y --no-install-recommends faketime ) \
	</dev/null >.venv/faketime.log 2>&1 || { cat .venv/faketime.log >&2; exit 1; }
	@>>$@

.venv/monitoring: | .venv/mailservers
	@if command -v promtool >/dev/null && command -v amtool >/dev/null; then \
		echo "Testing with this machine's prometheus and alertmanager."; >$@; exit 0; \
	fi; \
	if [ "$$(id -u)" != 0 ] || [ ! -f /etc/debian_version ]; then \
		echo "Testing without a real Prometheus: promtool and amtool are not here."; \
		echo "tests/monitoring/*" >$@; exit 0; \
	fi; \
	echo "Installing Debian's prometheus and alertmanager for the tests, without starting them."; \
	$(unstarted); \
	( apt-get update && DEBIAN_FRONTEND=noninteractive \
	apt-get install -y --no-install-recommends prometheus prometheus-alertmanager && \
	if command -v systemctl; then systemctl disable prometheus prometheus-alertmanager; fi ) \
	</dev/null >.venv/monitoring.log 2>&1 || { cat .venv/monitoring.log >&2; exit 1; }
	@>>$@

.venv/nginx: | .venv/monitoring
	@if command -v nginx >/dev/null; then \
		echo "Testing with this machine's nginx."; >$@; exit 0; \
	fi; \
	if [ "$$(id -u)" != 0 ] || [ ! -f /etc/debian_version ]; then \
		echo "Testing without a real proxy: nginx is not here."; \
		printf 'tests/e2e/%s.py\n' nginx test_below_a_path >$@; exit 0; \
	fi; \
	echo "Installing Debian's nginx for the tests, without starting it."; \
	$(unstarted); \
	( apt-get update && DEBIAN_FRONTEND=noninteractive \
	apt-get install -y --no-install-recommends nginx && \
	if command -v systemctl; then systemctl disable nginx; fi ) \
	</dev/null >.venv/nginx.log 2>&1 || { cat .venv/nginx.log >&2; exit 1; }
	@>>$@

.peers/ready: benchmarks/peers/requirements.txt benchmarks/peers/package.json | $(UV)
	@echo "Installing the peers to compare with into .peers."
	@$(UV) venv --quiet --no-config --allow-existing --no-python-downloads \
		--python "$(PYTHON)" .peers
	@$(as_pip_does); $(UV) pip install --quiet --python .peers/bin/python \
		--require-hashes -r $<
	@cp benchmarks/peers/package.json .peers
	@npm install --prefix .peers --silent --no-package-lock --no-audit --no-fund \
		--ignore-scripts
	@touch $@
