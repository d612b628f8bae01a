# The front door. Every target does all that it needs, on a fresh machine too: `make run` is enough.
# The builds themselves are CMake's: cmake --workflow --preset dev|release|asan|tsan|tidy.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
SEEDS ?= 20000
SEED_FIRST ?= $(shell date +%s)
OPERATIONS ?= 1000000
FUZZ_SECONDS ?= 600
CMAKE_ARGS := $(if $(filter 1,$(MNEMO_SYSTEM_ROCKSDB)),-DMNEMO_SYSTEM_ROCKSDB=ON)
export YES MNEMO_ROCKSDB_SOURCE MNEMO_SYSTEM_ROCKSDB JOBS

# $(call build,PRESET[,--target NAME]): configures and builds one preset.
build = cmake --preset $(1) --log-level=NOTICE $(CMAKE_ARGS) && cmake --build --preset $(1) -j $(JOBS) $(2)
SOURCES = git ls-files '*.cc' '*.h'

.PHONY: help deps deps-check deps-tsan deps-kafka build test check check-format check-asan check-tsan check-tidy \
  check-long run bench soak soak-simulation soak-mixed fuzz format clean

help: ## this list
	@printf 'mnemo: make TARGET\n\n'
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r target text; do \
	  printf '  %-16s %s\n' "$$target" "$$text"; done
	@printf '\nYES=1 asks nothing. JOBS=N compiles and tests with N processes. CONTRIBUTING.md says the rest.\n'

deps: ## install the packages of the system and build the pinned RocksDB (asks first on a terminal)
	@scripts/deps build

deps-check deps-tsan deps-kafka:
	@scripts/deps $(@:deps-%=%)

build: deps ## build/mnemo, optimised
	@$(call build,release,--target mnemo)
	@ln -sfn release/server/mnemo build/mnemo

test: build ## what to run after a change: every test but the long ones, in at most 8 minutes
	@$(call build,release)
	@ctest --preset release -j $(JOBS)

run: build ## serve the sample, ask it three questions, serve on until Ctrl-C
	@scripts/run-sample

check: check-format check-asan check-long ## layout, sanitized tests and digests from clang, long tests

check-format: deps-check
	@$(SOURCES) | xargs clang-format-19 --dry-run --Werror
	@shellcheck $$(git grep -lE '^#!.*bash')

# Built by clang, which must come to the same bytes as gcc.
check-asan: deps-check
	@$(call build,asan)
	@ctest --preset asan -j $(JOBS)

check-tsan: deps-tsan
	@$(call build,tsan,--target threads_tests)
	@ctest --preset tsan-threads -j $(JOBS)

check-tidy: deps-check
	@$(call build,tidy,--target server/all bench/all golden_tests)
	@ctest --preset tidy -j $(JOBS)

check-long: build deps-kafka
	@$(call build,release)
	@ctest --preset long -j $(JOBS)

bench: deps ## the benchmarks; docs/operations.md says how to read them
	@$(call build,release)
	@scripts/bench

soak: check-tsan check-tidy soak-simulation soak-mixed fuzz ## what takes too long for every change: TSan, clang-tidy, more seeds and operations, fuzzing

soak-simulation: deps ## the simulation from SEEDS seeds (default 20000), from SEED_FIRST (default: the clock) on
	@$(call build,release,--target simulation_test)
	@MNEMO_SEEDS=$(SEEDS) MNEMO_SEED_FIRST=$(SEED_FIRST) build/release/tests/simulation/simulation_test

fuzz: deps-check ## every fuzz target for FUZZ_SECONDS seconds (default 600), from the corpus that build/fuzz keeps
	@FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz

soak-mixed: deps ## OPERATIONS reads and writes at once (default a million), each answer compared with the engine's
	@$(call build,release,--target mixed_test)
	@MNEMO_MIXED_OPERATIONS=$(OPERATIONS) MNEMO_MIXED_SEED=$(SEED_FIRST) build/release/tests/system/mixed_test

format: deps-check ## lay the sources out with clang-format
	@$(SOURCES) | xargs clang-format-19 -i

clean: ## remove build/; .deps stays, since it takes minutes
	@rm -rf build
