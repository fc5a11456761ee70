# Every command of the project. Plain make and sh: no GNU extensions.
#
#   make demo    set everything up and open the console on the runbook provision-environment
#   make test    set everything up and pass the tests
#   make check   format, lint, types, import rules and the fast tests: before every commit

BIN = .venv/bin
PYTEST = $(BIN)/python -m pytest

.PHONY: help demo setup test check format lock upgrade bench screenshots clean

help:
	@sed -n 's/^#   //p' Makefile
	@echo 'setup, format, lock, upgrade, bench, screenshots, clean: see CONTRIBUTING.md'

demo:
	@tools/setup.sh run
	@tools/system_tools.sh run
	@$(BIN)/console open provision-environment

setup:
	@tools/setup.sh dev
	@tools/system_tools.sh dev

# What fails while two workers share the machine is tried once more by itself; a real fault fails both times.
test: setup
	$(PYTEST) -n 2 || { echo "Once more, alone, what failed side by side:"; \
		$(PYTEST) --last-failed --last-failed-no-failures none; }

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(PYTEST) -q -n 2 -m 'not (slow or real_tools or terminal or crash)'

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup
	tools/lock.sh
	@tools/setup.sh dev
	$(BIN)/python -m tools.licences

upgrade: setup
	tools/lock.sh --upgrade
	@tools/setup.sh dev
	$(BIN)/python -m tools.licences

bench: setup
	$(BIN)/python -m benchmarks

screenshots: setup
	$(BIN)/python -m screenshots

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
