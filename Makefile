# Sluis: alle opdrachten. `make` zonder meer laat ze zien.
# Nodig: git, make en python3 (3.11 of nieuwer, met venv). De rest komt met hash-controle in .venv/.

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Everything that makes the environment stale: the interpreter, this folder, the locks, the project.
KEY := $(shell { $(PYTHON) -V; pwd; cat requirements*.lock pyproject.toml; } 2>&1 | cksum | tr ' ' -)
RUN := .venv/klaar-$(KEY)
DEV := .venv/ontwikkel-$(KEY)
ADR ?= ../shared/vectors/adr/linter.yaml

export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/.tools/node_modules/.bin:$(PATH)
export PYTHONUNBUFFERED := 1
export HYPOTHESIS_STORAGE_DIRECTORY := .cache/hypothesis
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test lint types imports policies golden openapi pytest dekking fmt bench lock wet clean

help: ## Laat deze lijst zien
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(RUN) ## Maak .venv met alles om Sluis te draaien
	@echo "== omgeving: klaar, in .venv"

demo: $(RUN) ## Speel het verhaal: vragen, weigeringen, het logboek en de controle
	@echo "== demo: broker en partners starten op dit apparaat"
	@$(BIN)/sluis demo

serve: $(RUN) ## Start broker en partners, en laat ze draaien
	@$(BIN)/sluis serve

test: $(DEV) ## Draai alle controles en tests, van snel naar langzaam
	@rm -f .cache/overgeslagen
	@$(MAKE) lint types imports policies openapi pytest
	@echo "== klaar: opmaak, types, imports en tests zijn in orde"
	@{ cat .cache/overgeslagen; grep '^SKIPPED' .cache/pytest.log; } 2>/dev/null || true
	@tail -n 1 .cache/pytest.log

lint: $(DEV) ## Controleer stijl en opmaak
	@echo "== lint: stijl en opmaak (ruff)"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

types: $(DEV) ## Controleer de types
	@echo "== types: mypy, streng"
	@$(BIN)/mypy --no-error-summary

imports: $(DEV) ## Controleer wie wie mag importeren
	@echo "== imports: de richting van de lagen (import-linter)"
	@$(BIN)/lint-imports --no-cache --no-logo

# $(call need,TOOL,STEP): run STEP only when TOOL is there; say it when not; in CI that is a failure.
need = command -v $(1) >/dev/null || { \
	echo "   overgeslagen: $(2) ($(1) staat niet op deze machine)" | tee -a .cache/overgeslagen; \
	test "$(CI)" != true; exit $$?; }

PYTEST := -o cache_dir=.cache/pytest -n auto --dist loadfile
REGO := policies docker/opa broker/decision/opa
policies: $(DEV) .cache ## Controleer en test de regels met OPA zelf
	@echo "== regels: opa check, opa fmt en opa test, met dekking"
	@$(call need,opa,controle van de regels); \
	opa check --strict $(REGO) && opa fmt --fail --list $(REGO) && $(BIN)/python -m tests.opa.rego

golden: $(DEV) ## Laat OPA de gouden besluiten opnieuw nemen, na een wijziging van de regels
	@$(BIN)/python -m tests.opa.golden

openapi: $(DEV) .cache ## Controleer de API-beschrijvingen met de ADR-regels
	@echo "== openapi: NL API Design Rules (spectral)"
	@$(call need,spectral,controle van de API-beschrijvingen); \
	test -f $(ADR) || { echo "   overgeslagen: controle van de API-beschrijvingen (geen $(ADR))" \
		| tee -a .cache/overgeslagen; test "$(CI)" != true; exit $$?; }; \
	spectral lint --quiet --fail-severity warn --ruleset $(ADR) docs/*.openapi.json

pytest: $(DEV) .cache ## Draai de tests
	@echo "== tests: pytest, in zo veel processen als er processors zijn"
	@{ $(BIN)/pytest $(PYTEST); echo $$? > .cache/pytest.rc; } | tee .cache/pytest.log
	@exit $$(cat .cache/pytest.rc)

# Apart: following every line makes the tests take more than twice as long.
dekking: $(DEV) .cache ## Draai de tests en meet welke code zij raken
	@echo "== dekking: dezelfde tests, regel voor regel gevolgd"
	@rm -f .cache/dekking*
	@$(BIN)/pytest $(PYTEST) --cov

fmt: $(DEV) ## Maak de code op
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format .

bench: $(DEV) ## Meet snelheid; de uitkomst komt in bench/results/
	@$(BIN)/python -m bench

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header
lock: $(RUN) ## Maak de lock-bestanden opnieuw, met de nieuwste versies
	@$(LOCK) --upgrade pyproject.toml --group dev --output-file requirements-dev.lock
	@$(LOCK) --upgrade pyproject.toml -c requirements-dev.lock --output-file requirements.lock
	@$(LOCK) --upgrade --group bootstrap -c requirements-dev.lock \
		--output-file requirements-bootstrap.lock

wet: $(DEV) ## Schrijf docs/wet-en-regel.md: wat de wet vraagt, en wat ervan terechtkwam
	@$(BIN)/python -m broker.decision.eisen > docs/wet-en-regel.md

clean: ## Ruim alles op wat make heeft gemaakt
	@rm -rf .venv .tools .cache dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.cache:
	@mkdir -p .cache

# --- the environment -----------------------------------------------------------------------------
# uv is quick but does not read the settings of pip (a mirror, a certificate); pip is the way back.
$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Sluis heeft Python 3.11 of nieuwer nodig. Installeer die en draai: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python mist venv. Installeer die en probeer het opnieuw: apt install python3-venv"; exit 1; }
	@echo "== omgeving 1/3: .venv maken"
	@$(PYTHON) -m venv --clear .venv
	@echo "== omgeving 2/3: pakketten installeren, vaste versies met hash-controle"
	@$(PIP) --require-hashes --only-binary :all: -r requirements-bootstrap.lock || { \
		echo "De pakketten zijn niet op te halen. Werkt de verbinding met uw pakketbron?"; exit 1; }
	@$(UV) --require-hashes --only-binary :all: -r requirements.lock || { \
		echo "   uv lukt niet op deze machine; nu met pip (duurt langer)"; \
		$(PIP) --require-hashes --only-binary :all: -r requirements.lock; }
	@echo "== omgeving 3/3: sluis zelf"
	@$(BIN)/python -m pip install --quiet --no-deps --no-index --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUN)
	@echo "== omgeving: gereedschap voor de tests"
	@$(UV) --require-hashes --only-binary :all: -r requirements-dev.lock || { \
		echo "   uv lukt niet op deze machine; nu met pip (duurt langer)"; \
		$(PIP) --require-hashes --only-binary :all: -r requirements-dev.lock; }
	@touch $@
