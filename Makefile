# Everything that is done to Janus, one line each; `make help` lists it.
SHELL := /bin/bash
PY := .venv/bin/python
READY := .venv/.ready
CODE := libs services tests benchmarks
LONG := $(wildcard tests/integration/*/test_*deaths.py tests/integration/*/test_takeover*.py \
	tests/integration/*/test_fill_storm.py tests/integration/*/test_many_accounts.py \
	tests/integration/*/test_mute_*.py tests/integration/*/test_stops.py \
	tests/integration/registry/test_outage.py tests/e2e/test_demo_interrupted.py)
WEBULL := services/paper_venue/janus_paper_venue/webull
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
unexport PYTHONDONTWRITEBYTECODE # else each process that a test starts compiles all it imports

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test long test-compose unit check format lint types rules properties proto pains conformance crash bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13

setup: $(READY) ## make .venv with everything in it

$(READY): uv.lock pyproject.toml $(wildcard libs/*/pyproject.toml services/*/pyproject.toml services/*/uv.lock)
	@bin/setup
	@touch $@

demo: $(READY) ## start everything, play the story on paper, check it, stop (TICKS=folder: on recorded prices)
	@$(PY) -m janus_cli.demo $(if $(TICKS),--ticks $(TICKS))

up: $(READY) ## start the local stack and leave it running
	@bin/janus up -d

down: $(READY) ## stop the local stack
	@bin/janus down

test: $(READY) ## the tests, with real servers (the long ones apart)
	@$(PY) -m pytest -n 6 --dist loadfile --no-loadscope-reorder -q $(patsubst %,--ignore=%,$(LONG))

long: $(READY) ## the long tests: kill and freeze processes at many places, storms, an interrupted demo, promised times
	@$(PY) -m pytest -n 6 --dist loadfile -q $(LONG)

unit: $(READY) ## the fast tests only
	@$(PY) -m pytest -q tests/unit tests/rules

properties: $(READY) ## long random tests: the venue's books, 20,000 lives of a worker's orders, 1,000 fills in a storm
	@$(PY) -m pytest -q -n 2 --hypothesis-profile=ci \
		tests/unit/paper_venue/test_invariants.py tests/unit/worker/test_life_of_orders.py \
		tests/unit/registry/test_harmonizing.py
	@JANUS_STORM_FILLS=1000 $(PY) -m pytest -q tests/integration/ib_worker/test_fill_storm.py

test-compose: $(READY) ## build and try Janus in containers, with the Docker engine that DOCKER_HOST names
	@$(PY) -m pytest -v -x -s tests/compose/story.py

check: lint types rules ## everything that can be said without running a server

format: $(READY) ## rewrite the code in the common format
	@.venv/bin/ruff format $(CODE) && .venv/bin/ruff check --fix $(CODE)

lint: $(READY) ## ruff
	@.venv/bin/ruff format --check $(CODE) && .venv/bin/ruff check $(CODE)

types: $(READY) ## mypy --strict
	@.venv/bin/mypy

rules: $(READY) ## imports, sizes, generated files, documentation, locks
	@$(PY) -m pytest -q tests/rules && bin/setup --check-lock

proto: $(READY) ## write proto/ and the generated tables again from the code
	@$(PY) -m janus_common.generate
	@$(PY) -m grpc_tools.protoc -Iproto/webull --python_out=$(WEBULL) --pyi_out=$(WEBULL) events.proto

conformance: $(READY) ## drive the paper venue with every client library and write docs/conformance.md
	@$(PY) -m tests.integration.paper_venue_conformance.table
	@$(PY) -m tests.integration.paper_venue_webull_conformance.table

crash: $(READY) ## kill -9 everything at every point of an order's life (KILLS=20 at each, BROKER=webull for the other broker)
	@$(PY) -m tests.crash --kills $(or $(KILLS),20) --broker $(or $(BROKER),ib)

pains: $(READY) ## write docs/pains.md again: what Janus promises, and the test of each
	@$(PY) -m tests.rules.pains && $(PY) -m tests.rules.symbol_sentences

bench: $(READY) ## measure: order path, tick path, pacing, registry, restart, many workers, footprint, venue, harmony, Webull
	@$(PY) -m benchmarks

clean: ## remove what was built and the local stack's state
	@bin/janus down >/dev/null 2>&1 || true
	@rm -rf .venv services/webull_worker/.venv tests/webull3/.venv .janus .pytest_cache .mypy_cache .ruff_cache .hypothesis
