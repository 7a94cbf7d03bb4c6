# The README's two commands: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= higgs
# What the branch coverage of is printed, from the tests beside it: a tracer costs half as much again, so that it is the
# evidence of studies alone here; `make coverage-by-module` has every module.
COVERED := study/evidence
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test torture coverage coverage-by-module studies picture check browser golden format clean

# What is installed is stamped, so that a second `make` installs nothing.
$(VENV)/.core: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.core
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,collider,boost]'
	@touch $@

# Where the environment forbids Python to keep what it compiles, every command would compile the whole package again.
COMPILE := $(BIN)/python -m compileall -q src

demo: $(VENV)/.core
	@$(COMPILE)
	$(BIN)/fivesigma run $(DEMO)

# Debian's chromium, where it can be installed; without it the browser tests skip loudly.
browser:
	@command -v chromium >/dev/null 2>&1 || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && apt-get update -qq >/dev/null 2>&1 && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -yqq chromium >/dev/null 2>&1; } || \
	  echo "chromium is not here and cannot be installed: the browser tests will skip"

check: $(VENV)/.test
	@$(COMPILE)
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/lint-imports
	@# mypy has one core: the examples of docstrings take the other meanwhile
	$(BIN)/mypy & typed=$$!; \
	  $(BIN)/python -m pytest --doctest-modules src/fivesigma -n 2 --dist loadfile -p no:cacheprovider; tested=$$?; \
	  wait $$typed && exit $$tested

test: $(VENV)/.test browser check
	$(BIN)/python -m pytest $(COVERED:%=tests/%) -n 2 --dist loadfile -p no:cacheprovider \
	  $(subst /,.,$(COVERED:%=--cov=fivesigma/%)) --cov-branch --cov-report=term:skip-covered
	$(BIN)/python -m pytest tests $(COVERED:%=--ignore=tests/%) -n 2 --dist loadfile -p no:cacheprovider

# Does this code find the same, byte by byte, as that of another checkout? make golden PARENT=../parent
golden: $(VENV)/.test
	$(BIN)/python tests/golden/compare.py $(PARENT)/src src

# Kills, mutants, races and scenes of coverage in full; `make test` has a tenth of them, of studies of scenes a twentieth.
torture: $(VENV)/.test
	$(BIN)/python -m pytest tests -m torture --torture -n 2 --dist loadfile -p no:cacheprovider

# How often intervals hold the truth, and evidence is claimed where there is none: the tables of docs/evidence.md.
# Goes on where it was stopped; ends with 1 where a promise fails.
coverage: $(VENV)/.test
	$(BIN)/python -m benchmarks.interval_coverage --into docs/evidence.md
	$(BIN)/python -m benchmarks.null_claims --into docs/evidence.md

# Do the built-in studies find what their READMEs say? make studies TABLES=folder: of what users bring; goes on where it
# was stopped, ends with 1 where a README is wrong.
studies: $(VENV)/.test
	$(BIN)/python -m benchmarks.studies $(TABLES:%=--tables %)

# The picture of a page in README.md, from a run that this makes.
picture: $(VENV)/.test browser
	$(BIN)/python -m benchmarks.picture docs/pictures/page.png

# The modules whose own test file covers less than 70 % of their branches.
coverage-by-module: $(VENV)/.test
	$(BIN)/python tests/coverage_by_module.py

format: $(VENV)/.test
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

clean:
	rm -rf $(VENV) build dist .coverage
