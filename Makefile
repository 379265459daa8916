# Short names for what host_tools does; `make` alone lists them.

BOARD ?= virt_rv64
CORES ?=
MEM   ?=
SYSTEM ?=
APPS  ?=
PROTECTION ?= on
CMD   ?=
TIMEOUT ?=
CORE  ?= 0
MACHINE ?=
TEST_CORES ?= 0,3
SUITE ?= trixie
TESTS ?=

ifneq ($(words $(CURDIR)),1)
$(error The path of this folder has a space, which MicroPython's make files cannot have: $(CURDIR))
endif

# What a user has set for other work, and `make -e`, change nothing here. Only the variables above do.
unexport $(filter PYTHON% GCC_% GREP_% GNUMAKEFLAGS MAKEFILES CC CXX CPP AS LD AR CFLAGS CPPFLAGS \
	CXXFLAGS LDFLAGS LDLIBS CPATH C_INCLUDE_PATH LIBRARY_PATH CROSS_COMPILE PROG BUILD V TOP \
	VIRTUAL_ENV,$(.VARIABLES))
.NOTPARALLEL:

override BIN     := build/venv/bin
# It ends when make does, whatever ends that. `exec`: make is its parent, not a shell.
override POLY    := exec $(BIN)/poly --end-with "$$PPID"
override SOURCES := host_tools tests kernel
override BOARDS  := $(patsubst boards/%/board.toml,build/%,$(wildcard boards/*/board.toml))
# They reach commands through the environment, as they were given, whatever characters they have:
# nothing may read one of them before this makes it literal.
override GIVEN := BOARD CORES MEM SYSTEM APPS PROTECTION CMD TIMEOUT CORE MACHINE TEST_CORES SUITE TESTS
$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name))))
export $(GIVEN)
override OPTIONS := --board "$$BOARD" $(if $(CORES),--cores "$$CORES") $(if $(MEM),--mem "$$MEM") \
           $(if $(APPS),--apps "$$APPS") $(if $(SYSTEM),--system "$$SYSTEM")
export override PYTHONPYCACHEPREFIX := $(CURDIR)/build/cache/python

.PHONY: help setup ready build run repl exec debug test test-upstream test-fresh check bench clean distclean

help:
	@echo "make setup     install what is missing; all targets below do it first"
	@echo "make build     build the kernel image of BOARD"
	@echo "make run       a shell on a machine with CORES cores; APPS=folder is seen as /rom"
	@echo "make repl      a Python prompt on CORE of the machine (of several: MACHINE) that make run has started"
	@echo "make exec      boot, run CMD=\"cores; ps\", print the output, return the status"
	@echo "make debug     as run, halted until gdb attaches"
	@echo "make test      all tests, on all boards"
	@echo "make test-upstream  MicroPython's own tests on TEST_CORES of BOARD"
	@echo "make test-fresh  all tests on a Debian that has nothing yet, SUITE=bookworm or trixie"
	@echo "make check     format, lint, types, and that the tests can be collected"
	@echo "make bench     measure BOARD, write build/bench/BOARD.json"
	@echo "make clean     remove what was built for the boards; keep the tools and sources"
	@echo "make distclean remove build/, everything that is not in git"
	@echo
	@echo "variables: BOARD=$$BOARD ($(notdir $(BOARDS))) CORES=$${CORES:-4}"
	@echo "           MEM=$${MEM:-16M} (private RAM of each core) APPS=$$APPS SYSTEM=$$SYSTEM CMD=$$CMD TIMEOUT=$$TIMEOUT"
	@echo "           CORE=$$CORE MACHINE=$$MACHINE TEST_CORES=$$TEST_CORES SUITE=$$SUITE"

setup:
	@python3 -I -X utf8 host_tools/bootstrap.py

ready:
	@python3 -I -X utf8 host_tools/bootstrap.py --quiet

build: ready
	@$(POLY) build --board "$$BOARD" --protection "$$PROTECTION"

run: ready
	@$(POLY) run $(OPTIONS)

repl: ready
	@$(POLY) repl --board "$$BOARD" --core "$$CORE" $(if $(MACHINE),--machine "$$MACHINE")

exec: ready
	@$(POLY) exec $(OPTIONS) $(if $(TIMEOUT),--timeout "$$TIMEOUT") -- "$$CMD"

debug: ready
	@$(POLY) debug $(OPTIONS)

test: ready
	@$(BIN)/pytest -c tests/pytest.ini tests

test-upstream: ready
	@$(POLY) test-upstream --board "$$BOARD" --test-cores "$$TEST_CORES"

test-fresh: ready
	@python3 -I -X utf8 host_tools/bootstrap.py --quiet --also debootstrap
	@$(POLY) test-fresh "$$SUITE" $(TESTS)

check: ready
	@$(BIN)/ruff format --config host_tools/pyproject.toml --check $(SOURCES)
	@$(BIN)/ruff check --config host_tools/pyproject.toml $(SOURCES)
	@$(BIN)/mypy --config-file host_tools/pyproject.toml
	@$(BIN)/pytest -c tests/pytest.ini tests --collect-only --quiet --quiet >/dev/null || \
		$(BIN)/pytest -c tests/pytest.ini tests --collect-only --quiet

bench: ready
	@$(POLY) bench --board "$$BOARD"

clean:
	@rm -rf $(BOARDS) $(BOARDS:=-unprotected) $(BOARDS:=-counted) build/*-reference build/upstream-qemu build/test-logs build/bench
	@echo "removed $(BOARDS), logs and figures; tools and sources stay (make distclean)"

distclean:
	@rm -rf build
