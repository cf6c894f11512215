# The project's chores. `./dev check` prepares a machine and then calls `make check`.

PYTHON ?= .venv/bin/python
NPM ?= npm
TESTS ?= tests
# Three at a time on two cores: a test often waits.
PYTEST_ARGS ?= -n 3 --dist loadfile
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: check format lint types imports wire web web-check test soak fuzz claude-facts bench pictures clean

check: format lint types imports wire web-check web test

format:
	$(PYTHON) -m ruff format --check

lint:
	$(PYTHON) -m ruff check

types:
	$(PYTHON) -m mypy
	$(PYTHON) -m mypy tests/support tests/e2e tests/tools tests/test_wheel.py tools hatch_build.py docs/make_pictures.py bench --exclude '^bench/servers/'

imports:
	.venv/bin/lint-imports

# The TypeScript types are generated from the Python declarations, the engine's from its library's, and must not drift.
wire:
	$(PYTHON) protocol/generate_typescript.py --check
	$(PYTHON) -m tools.declare_engine --check

web:
	$(PYTHON) tools/build_web.py

web-check:
	$(PYTHON) tools/build_web.py --dependencies
	cd clients/web && $(NPM) run check && $(NPM) run lint && $(NPM) test

test: web
	$(PYTHON) tools/run_tests.py $(PYTEST_ARGS) $(TESTS)

# What depends on timing and faults, again and again.
SOAK_ROUNDS ?= 20
SOAK_TESTS ?= $(wildcard tests/faults) tests/keeper tests/e2e
# First the long runs (1,000 cuts and 100 kills of the daemon; 10,000 questions), then everything in rounds.
SOAK_LONG_TESTS ?= tests/faults/test_nothing_lost.py tests/e2e/test_answers.py
# Before that an hour of everything at once: 200 sessions, 50 clients, floods, faults, fuzzing, shut doors.
SOAK_SECONDS ?= 3600
soak: web
	$(PYTHON) -m bench.soak --seconds $(SOAK_SECONDS) --judge-lag
	PTYD_SOAK=1 $(PYTHON) -m pytest -q -s $(SOAK_LONG_TESTS)
	for round in $$(seq $(SOAK_ROUNDS)); do \
	    echo "round $$round of $(SOAK_ROUNDS)"; \
	    $(PYTHON) -m pytest -q $(SOAK_TESTS) || exit 1; \
	done

# Wire, HTTP, keeper link and recovery, by turns; what is found is kept in tests/fuzz/corpus.
FUZZ_SECONDS ?= 600
fuzz:
	$(PYTHON) -m tools.fuzz --seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# Whether a newer Claude Code still is what docs/claude.md says; CLAUDE=VERSION for a certain one.
CLAUDE ?= latest
claude-facts:
	export PTYD_TEST_CLAUDE_VERSION=$$($(NPM) view @anthropic-ai/claude-code@$(CLAUDE) version) && \
	echo "Claude Code $$PTYD_TEST_CLAUDE_VERSION" && $(PYTHON) -m tests.support.claude_install && \
	$(PYTHON) -m pytest -q tests/e2e/test_claude_alone.py tests/e2e/test_claude_facts.py tests/e2e/test_claude_state.py

bench:
	$(PYTHON) -m bench

pictures: web
	$(PYTHON) -m docs.make_pictures

clean:
	rm -rf ptyd/static dist clients/web/dist .mypy_cache .ruff_cache .pytest_cache
