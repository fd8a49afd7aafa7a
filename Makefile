# Everything sets up what it needs: uv (from PyPI, into .uv/) where none is installed, then the locked environment.
# Each target's plain form is in README.md.

PRD  ?= examples/prds/order-service.md
ARGS ?=
SEED ?= 1
COUNT ?= 200
UV   := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN  := $(UV) run --no-sync --quiet
ENV  := .venv/synced

.PHONY: run test check engine bench faults format requirements docs templates package clean audit sbom fuzz

run: $(ENV)  ## Design a backend from PRD=path
	@$(RUN) design-backend run --prd "$(PRD)" $(ARGS)

test: check  ## All checks and all tests
	@$(RUN) pytest -n auto --dist loadfile

check: $(ENV)  ## Lint, types, architecture, templates and pipelines
	@$(RUN) ruff check
	@$(RUN) ruff format --check --quiet
	@$(RUN) pyright
	@$(RUN) lint-imports --no-cache
	@$(RUN) python -m infra.lint
	@$(RUN) pytest tests/infra/test_agreement.py tests/infra/test_pipelines.py tests/infra/test_queries.py tests/infra/test_templates.py

engine: $(ENV)  ## End-to-end tests that depend on the durable engine, on Microsoft's (needs the .NET SDK)
	@$(RUN) pytest tests/e2e --engine=azure -m "engine and not long" -n 2 --dist loadfile -o faulthandler_timeout=900

bench: $(ENV)  ## Measure
	@$(RUN) python -m benchmarks.figures
	@$(RUN) python -m benchmarks.checks
	@$(RUN) python -m benchmarks.claude

faults: $(ENV)  ## Kill, cut and flood, an hour or two: SEED chooses the faults, COUNT how many, SECONDS how long each at most
	@$(RUN) env SEED=$(SEED) COUNT=$(COUNT) $(if $(SECONDS),SECONDS=$(SECONDS)) pytest tests/faults -m "" -o faulthandler_timeout=0

format: $(ENV)  ## Format the code
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

requirements: $(UV)  ## Write requirements.txt, what is deployed, and the pipeline template's, from the lock
	@$(UV) export --frozen --quiet --no-default-groups --no-emit-project --no-header -o requirements.txt
	@$(UV) export --frozen --quiet --only-group cli --no-header -o infra/pipelines/requirements.txt

docs: $(ENV)  ## Write the generated documents
	@$(RUN) python -m shared.settings > docs/settings.md
	@$(RUN) python -m shared.checks docs
	@$(RUN) python -m infra.app_settings > infra/modules/settings.bicep
	@$(RUN) python -m cli.docs > docs/cli.md

templates: $(ENV)  ## Compile infra/*.bicep into infra/compiled, which is committed; needs a Bicep compiler
	@$(RUN) python -m infra.compile

package: $(ENV)  ## Build what is deployed: dist/app.zip
	@$(RUN) python -m infra.package

audit: $(UV)  ## Look up what is deployed among known weaknesses (OSV)
	@$(UV) audit --frozen --no-default-groups

sbom: $(UV)  ## Write dist/sbom.json, what is deployed, as CycloneDX 1.5
	@mkdir -p dist
	@$(UV) export --frozen --quiet --no-default-groups --no-emit-project --format cyclonedx1.5 -o dist/sbom.json

fuzz: $(ENV)  ## Feed all that reads untrusted text what coverage leads to, for SECONDS; FUZZ_SEED repeats
	@$(RUN) python -m tests.fuzz $(or $(SECONDS),300)

clean:  ## Remove local state, caches and environments
	rm -rf .local .uv .venv .pytest_cache .ruff_cache

# Bytecode is compiled here, once: Python compiles at import and may not be allowed to keep what it compiled.
$(ENV): pyproject.toml uv.lock | $(UV)
	@$(UV) sync --frozen --quiet --compile-bytecode
	@touch $@

.uv/bin/uv:
	@echo "Installing uv into .uv/ (once)"
	@python3 -m venv .uv
	@.uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
