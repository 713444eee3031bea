# Trimtab's verbs. `make` alone lists them; each makes its own environment first, on a fresh machine too.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# Somebody else's environment must not leak in: everything below runs out of .venv by path.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

BIN := .venv/bin
PYTHON := $(BIN)/python
CODE := layers/trimtab/trimtab cli lab functions tests tools
# pytest's worker count; one is enough on the smallest machines.
WORKERS ?= 2
SAM := PATH="$(CURDIR)/.venv-sam/bin:$$PATH" SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam

.PHONY: help
help: ## list the verbs
	@awk 'BEGIN {FS = ":.*## "; print "make VERB, where VERB is one of"} \
	  /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Options: make demo SEED=7 TRACE=FILE ARGS='...'; make test ARGS='-k words'; WORKERS=2"

## --- use it

.PHONY: setup
setup: ## make .venv from uv.lock (quick when nothing has changed)
	@sh tools/setup

.PHONY: demo
demo: setup ## a bad day on the embedded AWS, with and without Trimtab: SEED=7 TRACE=FILE ARGS=...
	@$(BIN)/trimtab demo $(if $(SEED),--seed '$(SEED)') $(if $(TRACE),--trace '$(TRACE)') $(ARGS)

## --- prove it

.PHONY: test
test: setup ## every test that needs nothing built: ARGS='-k words'
	@$(PYTHON) -m pytest -n $(WORKERS) --dist worksteal -m "not built and not e2e and not slow" $(ARGS)

.PHONY: test-slow
test-slow: setup ## minutes: thousands of ticks replayed, hundreds of tamperings with a large log
	@$(PYTHON) -m pytest -n $(WORKERS) -m slow $(ARGS)

.PHONY: test-built
test-built: setup ## the tests of what `make build` made
	@$(PYTHON) -m pytest -m built $(ARGS)

.PHONY: e2e
e2e: setup setup-runtime build ## sam build, sam deploy and a life on the local cloud, in real time: ARGS='-v'
	@$(PYTHON) -m pytest -m e2e -p no:cacheprovider $(ARGS) tests/e2e

.PHONY: local-cloud
local-cloud: setup setup-runtime ## a local AWS to deploy to and play with, until Ctrl-C: PORT=4566
	@$(PYTHON) -m trimtab_lab.cloud --port $(or $(PORT),4566)

.PHONY: ci-demo
ci-demo: setup ## the demo on three seeds, two at a time: fewer requests must fail than without Trimtab
	@out=$$(mktemp -d) && trap 'rm -rf "$$out"' EXIT && printf '%s\n' $(or $(SEEDS),7 11 23) | xargs -P 2 -I SEED sh -c \
	  'echo "demo: seed SEED"; $(BIN)/trimtab demo --seed SEED --out "$$1/SEED" --check > "$$1/SEED.txt" 2>&1; \
	   code=$$?; echo "demo: seed SEED: exit $$code"; grep -E "failed requests|day took" "$$1/SEED.txt"; \
	   [ $$code -eq 0 ] || { tail -n 40 "$$1/SEED.txt"; exit 1; }' sh "$$out"

.PHONY: chaos
chaos: setup ## seeds in which everything goes wrong at once, every law checked: SEEDS=1-200 ARGS='--seed N --trace'
	@$(PYTHON) -m trimtab_lab.chaos --scenarios --workers $(WORKERS)
	@$(PYTHON) -m trimtab_lab.chaos --seeds $(or $(SEEDS),1-200) --workers $(WORKERS) $(ARGS)

.PHONY: chaos-long
chaos-long: setup ## the same for ten thousand seeds: hours
	@$(PYTHON) -m trimtab_lab.chaos --seeds $(or $(SEEDS),1-10000) --workers $(WORKERS) $(ARGS)

.PHONY: chaos-mutants
chaos-mutants: setup ## take out each guard and condition: the campaign must find every one
	@$(PYTHON) -m trimtab_lab.chaos --mutants --seeds $(or $(SEEDS),1-100) --workers $(WORKERS) $(ARGS)

.PHONY: fuzz
fuzz: setup ## forged events, damaged state, odd answers of AWS, thousands of each: minutes: EXAMPLES=3000
	@TRIMTAB_FUZZ=$(or $(EXAMPLES),1500) $(PYTHON) -m pytest -n $(WORKERS) tests/fuzz $(ARGS)

.PHONY: campaign-health
campaign-health: setup ## every story of docs/campaign.md with many seeds, beside three peers: SEEDS=50 ARGS='--story zone'
	@$(PYTHON) -m trimtab_lab.campaign --seeds $(or $(SEEDS),50) --workers $(WORKERS) $(ARGS)

.PHONY: check
check: format-check lint types imports ## format, lint, types and the direction of imports

.PHONY: format-check
format-check: setup
	@echo "check: format"; $(BIN)/ruff format --check --quiet . || \
	  { echo "the files above are not formatted; run: make format" >&2; $(BIN)/ruff format --check .; }

.PHONY: lint
lint: setup
	@echo "check: lint"; $(BIN)/ruff check --quiet .

.PHONY: types
types: setup
	@echo "check: types"; $(BIN)/mypy

.PHONY: imports
imports: setup
	@echo "check: imports"; $(BIN)/lint-imports

.PHONY: format
format: setup ## put the code into its format and mend what ruff can mend
	@$(BIN)/ruff check --fix --quiet --exit-zero .
	@$(BIN)/ruff format .

.PHONY: bench
bench: setup ## decision time, AWS calls, cost, import time and layer size, side by side
	@$(BIN)/trimtab bench $(ARGS)

## --- build it

.PHONY: setup-sam
setup-sam:
	@sh tools/setup sam

.PHONY: setup-runtime
setup-runtime:
	@sh tools/setup runtime

.PHONY: build
build: setup-sam ## sam validate --lint and sam build (Python 3.13, no docker needed)
	@$(SAM) validate --lint
	@$(SAM) build

.PHONY: lint-template
lint-template: setup ## cfn-lint on the template as written and as CloudFormation sees it; cfn-lint-serverless
	@echo "template: cfn-lint"; $(BIN)/cfn-lint template.yaml
	@echo "template: cfn-lint-serverless"; $(BIN)/cfn-lint -a cfn_lint_serverless.rules -- template.yaml
	@echo "template: cfn-lint, transformed"; mkdir -p .aws-sam && \
	  $(PYTHON) tools/transform_template.py template.yaml >.aws-sam/transformed.json && \
	  $(BIN)/cfn-lint .aws-sam/transformed.json

## --- keep it

.PHONY: docs
docs: setup ## write the generated pages of docs/ anew
	@$(PYTHON) -m trimtab_cli.policy.publish

.PHONY: clean
clean: ## remove what was built and cached, but not the environments
	@rm -rf .aws-sam .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov out
	@find layers cli lab functions tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.PHONY: pr
pr: check test lint-template build test-built e2e ## everything a change must pass, as CI does
