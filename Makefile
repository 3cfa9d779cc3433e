# `make lab` and `make test` do all their set-up from a bare clone; a second run starts at once.
#
#   make lab LAB_FLAGS="--port 8890 --no-browser"     flags for JupyterLab
#   make test PYTEST_FLAGS="-k tasks"                 flags for pytest
#   make bench BENCH_FLAGS="--workloads ragged,tiny"  flags for the benchmark
#   make bench BENCH_FLAGS="--device cuda"            the same on a GPU
#   make classroom CLASSROOM_FLAGS="--kernels 1,4"    flags for the class of kernels
#   make large-graph GRAPH_FLAGS="--channels 32"      flags for the large graph
#   make scaling SCALING_FLAGS="--repeats 3"          flags for the page on scaling
#   make gpu-check GPU_FLAGS="--output FILE"          flags for the check of a GPU machine
#   make fuzz-tables FUZZ_FLAGS="--files 500"         flags for the damaged tables
#   make progress FOLDER=build/student                the progress in another folder
#   make lab PYTHON=python3.12                        another Python (3.11 or newer)

# Threads that wait let others run; see lcm_core/threads.py. OMP_WAIT_POLICY=ACTIVE lets them spin.
ifeq ($(origin OMP_WAIT_POLICY),undefined)
export OMP_WAIT_POLICY := PASSIVE
export GOMP_SPINCOUNT := 1000
export OPENBLAS_THREAD_TIMEOUT := 4
endif

PYTHON ?= python3
VENV ?= .venv
LAB_FLAGS ?=
PYTEST_FLAGS ?=
BENCH_FLAGS ?=
CLASSROOM_FLAGS ?=
GRAPH_FLAGS ?=
SCALING_FLAGS ?=
GPU_FLAGS ?=
FUZZ_FLAGS ?=
FOLDER = notebooks

BIN := $(VENV)/bin
OLDEST := $(VENV)-oldest
NEWEST := $(VENV)-newest
PIP_INSTALL := -m pip install --disable-pip-version-check
INSTALL := $(BIN)/python $(PIP_INSTALL) --constraint constraints.txt
FAST := not slow and not browser
BOOK_TESTS := tests/browser/test_book.py tests/browser/test_slides.py
SIDE_BY_SIDE := -n auto --maxprocesses 4
NONE_CHOSEN = [ $$? -eq 5 ]  # the flags of pytest left none of these tests: no failure
ROOT_FLAG := $(if $(filter 0,$(shell id -u)),--allow-root)

.DEFAULT_GOAL := help
.PHONY: help lab test test-slow test-oldest test-newest test-wheel check-all fuzz-tables lint format bench classroom notebook-times gpu-check results clean large-graph scaling student teacher assignment minutes progress html pictures book slides check-book check-panels

help:  ## say what each target does
	@grep -E '^[a-z-]+:.*  ## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*  ## /\t/' | expand -t 14

lab: $(VENV)/.notebooks-installed  ## set up, then open JupyterLab at the first notebook
	$(BIN)/jupyter lab $(ROOT_FLAG) $(LAB_FLAGS) notebooks/00_start_here.ipynb

# Bytecode is kept: tests start some 40 processes, and each would compile the library anew.
test test-slow test-oldest test-newest: export PYTHONDONTWRITEBYTECODE :=

test: lint  ## set up, then check format, lint and types, and run the tests
	$(BIN)/python -m pytest -m "$(FAST)" $(SIDE_BY_SIDE) $(PYTEST_FLAGS) || $(NONE_CHOSEN)
	$(BIN)/python -m pytest -m "not slow and browser" tests/browser $(PYTEST_FLAGS) || $(NONE_CHOSEN)

test-slow: $(VENV)/.dev-installed  ## the tests that train for longer
	$(BIN)/python -m pytest -m slow $(addprefix --ignore=,$(BOOK_TESTS)) $(PYTEST_FLAGS) || $(NONE_CHOSEN)

test-oldest: $(OLDEST)/.dev-installed  ## the fast tests on the oldest versions allowed
	$(OLDEST)/bin/python -m pytest -m "$(FAST) and not pinned" $(SIDE_BY_SIDE) $(PYTEST_FLAGS) || $(NONE_CHOSEN)

# No stamp: a version that was the newest may not be so any more.
test-newest: | $(NEWEST)/bin/python  ## the fast tests on the newest versions allowed
	$(NEWEST)/bin/python $(PIP_INSTALL) --upgrade --upgrade-strategy eager --editable '.[dev]'
	$(NEWEST)/bin/python -m pytest -m "$(FAST) and not pinned" $(SIDE_BY_SIDE) $(PYTEST_FLAGS) || $(NONE_CHOSEN)

test-wheel: $(VENV)/.dev-installed  ## the first notebook with a wheel, in an environment of its own
	$(BIN)/python -m tests.wheel

check-all: test test-slow test-oldest test-newest test-wheel check-book  ## everything before a release

fuzz-tables: $(VENV)/.dev-installed  ## 10,000 damaged tables of molecules against an independent reader
	$(BIN)/python -m tests.fuzz_tables $(FUZZ_FLAGS)

lint: $(VENV)/.dev-installed  ## check format, lint and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: $(VENV)/.dev-installed  ## format, and mend what the linter can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

BENCHMARKS := docs/benchmarks$(if $(findstring cuda,$(BENCH_FLAGS)),-cuda).md
bench: $(VENV)/.dev-installed  ## time and memory of reductions, ours and PyG's, to docs/benchmarks.md
	$(BIN)/python -m benchmarks.reductions --output $(BENCHMARKS) $(BENCH_FLAGS)

classroom: $(VENV)/.dev-installed  ## kernels that train at once: speed, memory, answers, to docs/classroom.md
	$(BIN)/python -m benchmarks.classroom --output docs/classroom.md $(CLASSROOM_FLAGS)

notebook-times: $(VENV)/.dev-installed  ## first panel, Run All and memory of each notebook, to docs/notebook_times.md
	$(BIN)/python -m benchmarks.notebooks --output docs/notebook_times.md $(NOTEBOOK_FLAGS)

large-graph: $(VENV)/.dev-installed  ## time and memory on a graph of a million nodes, to docs/large_graphs.md
	$(BIN)/python -m benchmarks.large_graph --output docs/large_graphs.md $(GRAPH_FLAGS)

scaling: $(VENV)/.dev-installed  ## reductions over ranks and streams, measured and predicted, to docs/scaling.md
	$(BIN)/python -m benchmarks.scaling --output docs/scaling.md $(SCALING_FLAGS)

# No environment of its own, and nothing is installed: PYTHON has torch for the GPU already.
gpu-check:  ## equality, tests and speed on this machine's GPU, within five minutes
	$(PYTHON) -m benchmarks.gpu_check $(GPU_FLAGS)

results: $(VENV)/.dev-installed  ## the results of all experiments, in docs/results, to docs/results.md and its plots
	$(BIN)/python docs/make_results.py

student: $(VENV)/.notebooks-installed  ## the notebooks without solutions, to build/student
	$(BIN)/python -m course.versions student build/student

teacher: $(VENV)/.notebooks-installed  ## the notebooks with every exercise solved, to build/teacher
	$(BIN)/python -m course.versions teacher build/teacher

assignment: $(VENV)/.notebooks-installed  ## an nbgrader course, one assignment a notebook, to build/assignment
	$(BIN)/python -m course.assignment build/assignment

book: $(VENV)/.book-installed  ## notebooks, guides and reference as web pages, to build/book/index.html
	$(BIN)/python -m course.book build/book-source
	$(BIN)/python -m sphinx -W --keep-going --quiet -c book -d build/book-doctrees build/book-source build/book

slides: $(VENV)/.book-installed  ## slides of notebooks 00 to 05, to build/slides
	$(BIN)/python -m course.decks.deck build/slides

check-panels: $(VENV)/.dev-installed  ## frames, delays and sizes of the panels, by the aims themselves; nothing else may run
	LCM_IDLE=1 $(BIN)/python -m pytest -m "not slow and browser" tests/browser -s $(PYTEST_FLAGS)

# The tests build both, in a folder of their own, with the notebooks that `make book` has executed.
check-book: $(VENV)/.dev-installed $(VENV)/.book-installed  ## the book and the slides in a browser
	$(BIN)/python -m pytest -m slow $(BOOK_TESTS) $(PYTEST_FLAGS)

minutes: $(VENV)/.notebooks-installed  ## estimate the minutes of each notebook
	$(BIN)/python -m course.minutes

progress: $(VENV)/.notebooks-installed  ## the solved exercises of a folder, also as build/progress.csv
	@mkdir -p build
	$(BIN)/python -m course.progress $(FOLDER) --csv build/progress.csv

# Kernels, Chromium (for the pictures) and npm (for scripts, once) do the work. What was executed is kept.
html: $(VENV)/.dev-installed  ## every notebook, executed, as a page that opens without a network, to build/html
	$(BIN)/python -m course.web.pages build/html

pictures: $(VENV)/.dev-installed  ## the same, and the executed notebooks with a picture of each panel, to build/executed
	$(BIN)/python -m course.web.pictures build/html

clean:  ## remove the virtual environments and every cache
	rm -rf $(VENV) $(OLDEST) $(NEWEST) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

%/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "lcm-core needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $* || { rm -rf $*; \
		echo "could not make $*; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# The stamps are newer than what they were installed from, or the installation runs again.
$(VENV)/.notebooks-installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[notebooks]'
	@touch $@

$(VENV)/.book-installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[book]'
	@touch $@ $(VENV)/.notebooks-installed

$(VENV)/.dev-installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.notebooks-installed

$(OLDEST)/.dev-installed: pyproject.toml tests/oldest.py | $(OLDEST)/bin/python
	$(OLDEST)/bin/python tests/oldest.py > $(OLDEST)/oldest.txt
	$(OLDEST)/bin/python $(PIP_INSTALL) --constraint $(OLDEST)/oldest.txt --editable '.[dev]'
	@touch $@
