# Three commands matter: `make demo`, `make test` for every change, and `make test-all`, which is what CI runs.
# Each makes the virtual environment and installs what it needs.
PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?= -n 3 --dist loadfile --no-loadscope-reorder -q
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.test-installed
TOOLS_STAMP := $(VENV)/.tools-installed
OLDEST_STAMP := $(VENV)/.oldest-installed
# Where the environment forbids to keep compiled modules, each of hundreds of processes would compile all of them anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-slow test-looks test-all chaos soak test-cluster test-store test-stores-briefly lint format screens texts language client bench fuzz fuzz-keep oracle release-check audit docs clean bench-gate locks licences sbom dist

# On other ports: make demo PORT_BASE=18080; with an account of another kind: make demo KIND=unverified_subscription
demo: $(STAMP)
	$(BIN)/codesvc demo$(if $(PORT_BASE), --port-base $(PORT_BASE))$(if $(KIND), --kind $(KIND))

# Real browsers, real processes that are killed, clusters that fail, commands one by one, and tests that wait for real
# pauses: most of the time, and seldom the first to go red.
SLOW_TESTS := tests/browser tests/sandbox_page tests/chaos tests/process tests/cluster tests/integrations tests/commands tests/oidc \
  tests/contract/test_schemathesis.py tests/delivery/test_errcodes.py tests/delivery/test_recovery.py \
  tests/doctor/test_account_kind.py tests/doctor/test_command.py tests/people/test_account_move.py tests/people/test_transfer.py \
  tests/people/test_transfer_files.py tests/registry/test_commands.py tests/service/test_bursts.py \
  tests/sandbox/test_sandbox_endpoints.py tests/sandbox/test_sandbox_field_reports.py tests/sandbox/test_sandbox_probe.py \
  tests/service/test_account_kinds.py tests/service/test_tap_replies.py tests/service/test_wechat_server.py \
  tests/service/test_fuzz_values.py tests/service/test_whole_lists.py tests/service/test_operator_lanes.py tests/service/test_other_incidents.py \
  tests/delivery/test_token_storm.py tests/relay tests/people/test_demo_relay.py tests/people/test_demo_kinds.py tests/webhooks/test_webhook_reading.py \
  tests/contract/test_typescript.py tests/ops/test_prometheus.py tests/people/test_binding_machine.py tests/people/test_lost_bindings.py

# Everything that a change needs: all tests but the slow ones.
test: $(TEST_STAMP)
	$(BIN)/python -m pytest $(PYTEST_ARGS) $(SLOW_TESTS:%=--ignore=%)

# What `make test` leaves out. Its tests wait for processes and browsers half of their time, so two cores take four at once.
test-slow: PYTEST_ARGS = -n 4 --dist loadfile --no-loadscope-reorder -q
test-slow: $(TEST_STAMP)
	$(BIN)/python -m pytest $(PYTEST_ARGS) $(SLOW_TESTS)

# All tests, a part of them on other store servers, and five minutes of fuzzing. CI runs the same four, one by one, and
# fuzzes for one minute.
test-all: test test-slow test-stores-briefly fuzz

# The long forms of what `make test-slow` tries briefly (docs/decisions/proof.md): an hour of crashes and faults, half an hour of steady load.
chaos: $(STAMP)
	CHAOS=long $(BIN)/python -m pytest -q -n 0 -s --ignore=tests/chaos/test_soak.py tests/chaos tests/contract/test_schemathesis.py

soak: $(STAMP)
	SOAK_SECONDS=$(or $(SOAK_SECONDS),1800) $(BIN)/python -m pytest -q -n 0 -s tests/chaos/test_soak.py

# Every page in every look; `make test-slow` reads each in some of them (tests/browser/stage.py).
test-looks: $(TEST_STAMP)
	CODESVC_ALL_LOOKS=1 $(BIN)/python -m pytest $(PYTEST_ARGS) tests/browser/test_browser_scenes.py \
		tests/browser/test_browser_site.py tests/browser/test_browser_admin.py tests/browser/test_browser_incidents.py \
		tests/browser/test_browser_access.py tests/browser/test_browser_intents.py tests/browser/test_browser_kinds.py

# What talks to a store, and a part of it that says most in a minute.
STORE_TESTS := tests/scripts tests/service tests/delivery tests/people tests/beside tests/contract tests/attacks \
	tests/webhooks tests/registry tests/chaos/test_model.py tests/cluster/test_states.py \
	tests/store/test_pipelined_connection.py tests/store/test_versions.py
STORE_TESTS_BRIEFLY := tests/scripts/test_store_calls.py tests/scripts/test_races.py tests/service/test_story.py \
	tests/service/test_taking_over.py tests/people/test_bind_by_scan.py tests/delivery/test_quota.py \
	tests/cluster/test_states.py

# On a cluster of three, and every way in which a cluster or its Sentinels can fail.
test-cluster: $(TEST_STAMP)
	$(BIN)/python -m pytest $(PYTEST_ARGS) --store=cluster $(STORE_TESTS)
	$(BIN)/python -m pytest $(PYTEST_ARGS) --thorough tests/cluster

# On another server: make test-store STORE=/usr/bin/redis-server, or STORE=oldest for the oldest that is supported.
test-store: $(TEST_STAMP) $(OLDEST_STAMP)
	$(BIN)/python -m pytest $(PYTEST_ARGS) --store=$(STORE) $(STORE_TESTS)

# As CI does: a cluster, Debian's Redis where it is installed, the oldest Redis, each in one process, all at once.
test-stores-briefly: $(TEST_STAMP) $(OLDEST_STAMP)
	trap 'rm -rf $$logs' EXIT; logs=$$(mktemp -d) runs="" red=0; \
	for store in cluster $$(command -v redis-server) oldest; do \
		$(BIN)/python -m pytest -q -n 0 --store=$$store $(STORE_TESTS_BRIEFLY) >$$logs/$${store##*/} 2>&1 & runs="$$runs $$!"; \
	done; \
	for run in $$runs; do wait $$run || red=1; done; \
	for log in $$logs/*; do echo "On $${log##*/}:"; cat $$log; done; exit $$red

lint: $(TEST_STAMP) $(TOOLS_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell README.md CODE_OF_CONDUCT.md CONTRIBUTING.md docs/en docs/decisions

format: $(TEST_STAMP) $(TOOLS_STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Pictures of every state of every page, into screens/; and those of the READMEs, into docs/images/.
screens: $(TEST_STAMP)
	$(BIN)/python -m tests.browser.screens
	$(BIN)/python -m tests.browser.gallery

# After a change of templates/texts/en.po or of who asks for which text: every other catalogue.
texts: $(TEST_STAMP)
	$(BIN)/python -m tests.languages.collect

# A catalogue for a further language: make language LANGUAGE=fr
language: $(TEST_STAMP)
	$(BIN)/python -m tests.languages.collect $(LANGUAGE)

# After a change in codesvc/client/asynchronous: generates codesvc/client/blocking from it.
client: $(TEST_STAMP)
	$(BIN)/python -m tests.contract.blocking_client

# In an environment of its own, with what a customer has: redis-py and structlog load what tests bring (OpenTelemetry, rich).
bench:
	@$(MAKE) --no-print-directory VENV=.venv-bench .venv-bench/.installed
	.venv-bench/bin/python -m bench

# Whether a start and a check still cost about what docs/decisions/performance.md says, beside a floor of the same run, and whether
# no request without a key costs more than ten refusals (docs/decisions/threat-model.md); two minutes.
bench-gate: $(TEST_STAMP)
	$(BIN)/python -m bench.gate

# uv makes the environment and installs in a tenth of pip's time. `make UV= …` goes without it.
UV ?= $(shell command -v uv 2>/dev/null)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("codesvc needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@echo "1/3 Python environment in $(VENV)$(if $(UV), by uv,: some seconds)"
	@$(if $(UV),$(UV) venv --quiet --seed --python "$$(command -v $(PYTHON))" $(VENV),$(PYTHON) -m venv $(VENV))

# Everything comes from lock files with hashes (ops/locks); `make locks` writes them anew.
PIP := $(if $(UV),$(UV) pip install --python $(BIN)/python,$(BIN)/python -m pip install --disable-pip-version-check)
LOCKED := $(PIP) --quiet --require-hashes

$(STAMP): pyproject.toml ops/locks/build.txt ops/locks/runtime.txt | $(BIN)/python
	@echo "2/3 packages, from ops/locks: $(words $(shell grep -hE '^[a-z].*==' ops/locks/build.txt ops/locks/runtime.txt)) of them$(if $(UV),, up to a minute the first time)"
	@$(PIP) --require-hashes -r ops/locks/build.txt -r ops/locks/runtime.txt
	@echo "3/3 codesvc itself, as $(BIN)/codesvc"
	@$(PIP) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(TEST_STAMP): ops/locks/test.txt $(STAMP)
	@$(LOCKED) -r ops/locks/test.txt
	@touch $@

$(TOOLS_STAMP): ops/locks/tools.txt $(STAMP)
	@$(LOCKED) -r ops/locks/tools.txt
	@touch $@

$(OLDEST_STAMP): ops/locks/oldest.txt $(STAMP)
	@$(LOCKED) -r ops/locks/oldest.txt
	@touch $@

# Coverage-guided, in an environment of its own (CI has one for all): FUZZ_SECONDS (300) of one core for all targets, and
# only some of them:
# make fuzz TARGETS="head token".
# What breaks a promise goes into tests/fuzz/corpus, which `make test` replays (docs/en/contributing/fuzzing.md).
FUZZ_SECONDS ?= 300
FUZZ_VENV ?= .venv-fuzz
FUZZ_STAMP := $(FUZZ_VENV)/.fuzz-installed
fuzz:
	@$(MAKE) --no-print-directory VENV=$(FUZZ_VENV) $(FUZZ_STAMP)
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(FUZZ_VENV)/bin/python -m tests.fuzz $(TARGETS)

# Of what `make fuzz` has found, the inputs that reach most, into tests/fuzz/corpus.
fuzz-keep:
	@$(MAKE) --no-print-directory VENV=$(FUZZ_VENV) $(FUZZ_STAMP)
	$(FUZZ_VENV)/bin/python -m tests.fuzz --keep $(TARGETS)

$(FUZZ_STAMP): ops/locks/fuzz.txt $(STAMP)
	@$(LOCKED) -r ops/locks/fuzz.txt
	@touch $@

# Whether time tells who is bound, where the answers do not.
oracle: $(TEST_STAMP)
	$(BIN)/python -m bench.oracle

# What would be published: built twice, compared, installed into a new environment, tried there.
release-check: $(STAMP) $(TOOLS_STAMP)
	$(BIN)/python ops/release/check.py $(RELEASE_CHECK_ARGS)

# Known weaknesses of what is installed. Red (3 of the script) where they cannot be looked up, too.
audit: $(STAMP) $(TOOLS_STAMP)
	$(BIN)/python ops/release/audit.py $(AUDIT_ARGS)

# The documentation as a site, into site/; every link is checked.
docs: $(STAMP) $(TOOLS_STAMP)
	$(BIN)/python docs/diagrams.py
	$(BIN)/python docs/sketches.py
	$(BIN)/python -m docs.house
	$(BIN)/python -m docs.reference
	NO_MKDOCS_2_WARNING=1 $(BIN)/python docs/site/build.py

# After a change of dependencies in pyproject.toml; make locks UPGRADE=--upgrade takes newer versions.
locks: $(STAMP) $(TOOLS_STAMP)
	$(BIN)/python ops/release/locks.py $(UPGRADE)

# docs/en/contributing/licences.md, from the lock file and the packages' own metadata; red for a licence that is not in its list.
licences: $(STAMP)
	$(BIN)/python ops/release/licences.py

# The SBOM that the wheel carries, from the lock file; after `make locks`.
sbom: $(STAMP) $(TOOLS_STAMP)
	$(BIN)/python ops/release/sbom.py

# What is published, with its SBOM, provenance and hashes, in dist/ (docs/en/contributing/releasing.md).
dist: $(STAMP) $(TOOLS_STAMP)
	$(BIN)/python ops/release/dist.py

clean:
	rm -rf $(VENV) .venv-fuzz dist site build .pytest_cache .mypy_cache .ruff_cache .hypothesis
