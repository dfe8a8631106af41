# Sluice: what there is to run. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo serve test crash storms simulate faults sanitize build lint bench readers clean set-up

# debug shares one build with the tests; make demo CONFIG=release measures what an operator would run.
CONFIG ?= debug
# For the program: make -s demo ARGS=--json
ARGS ?=
SOURCES := Package.swift SDK Plugins Host Tests
program = $$(swift build -c $(CONFIG) --show-bin-path)/sluice
# Python with what `make readers` installed, where it did.
reading = $$(ls .build/readers/bin/python3 2>/dev/null || echo python3)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

set-up:
	@.ci/set-up

demo: set-up  ## builds, then shows and checks the main job on simulated accounts; under a minute after the build
	@swift build -c $(CONFIG) >&2
	@$(program) demo $(ARGS)
	@test ! -e demo-output/trace-1.json || for reader in perfetto viewer; do \
	    $(reading) Tests/ExportsTests/Readers/$$reader.py demo-output/trace-1.json >&2; done

serve: set-up  ## builds, then runs a gateway with the demo's accounts and prices until Ctrl-C; files in ./sluice-demo
	@swift build -c $(CONFIG) >&2
	@$(program) demo --write ./sluice-demo >&2
	@$(program) serve --config ./sluice-demo/sluice.yaml $(ARGS)

test: set-up  ## one build of everything, then every test
	swift build --build-tests
	swift test --skip-build $(ARGS)
	python3 Tests/Crash/crash.py --short
	@test -x .build/readers/bin/python3 || echo "NOT CHECKED by readers that are not ours (OTLP messages, promtool):" \
	    "'make readers' installs them" >&2

# More seeds with every further call: results stand in .build/crash until the program or the harness changes.
CRASH_MINUTES ?= 30
crash: set-up  ## debug build, then kills the gateway at its fault points for CRASH_MINUTES=30; goes on where it stopped
	swift build
	python3 Tests/Crash/crash.py --minutes $(CRASH_MINUTES) $(ARGS)

# One seed instead of many: make simulate SEED=42, with SLUICE_TRACE=1 step by step.
SEEDS ?= 10000
SEED ?=
simulate: set-up  ## release build, then SEEDS=10000 simulated worlds; a seed that fails is printed
	swift run -c release sluice-simulate $(if $(SEED),1 $(SEED),$(SEEDS))

HISTORIES ?= 100000
storms: set-up  ## release build, then HISTORIES=100000 order histories told in disorder; a seed that fails is printed
	swift run -c release sluice-storms $(HISTORIES) $(SEED)

faults: set-up  ## the fault table and every failing operation of the disk, one by one; some minutes
	swift build --build-tests
	SLUICE_FAULTS=all swift test --skip-build --filter FaultInjectionTests

sanitize: set-up  ## the suite under the thread and the address sanitizer, each built in a path of its own
	Tests/Faults/sanitize thread $(ARGS)
	Tests/Faults/sanitize address $(ARGS)

build: set-up  ## release build of the gateway and its adapters
	swift build -c release

lint:  ## formatter in strict mode, arrows between rooms, file sizes, secrets
	swift format lint --strict --parallel --recursive $(SOURCES)
	python3 Tests/Lint/arrows.py --self-test
	python3 Tests/Lint/arrows.py .
	python3 Tests/Lint/files.py --self-test
	python3 Plugins/Paper/Tools/ledger.py --self-test
	python3 Tests/Lint/files.py .

bench: set-up  ## release build, then the benchmarks beside the floors of the same run
	swift build -c release
	$$(swift build -c release --show-bin-path)/sluice-bench $(ARGS)
	@case '$(ARGS)' in '') $$(swift build -c release --show-bin-path)/sluice-bench --only instruments --no-floors --no-reserve;; esac

readers:  ## readers that are not ours into .build/readers: official OTLP messages, a viewer of traces, promtool
	python3 -m venv .build/readers
	.build/readers/bin/pip install --quiet --disable-pip-version-check 'opentelemetry-proto>=1.27,<2' 'viztracer>=1,<2'
	@command -v promtool >/dev/null || { cd .build/readers && rm -f prometheus_*.deb \
	    && { apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }; } \
	    && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb \
	    && ln -sf ../usr/bin/promtool bin/promtool; }

clean:  ## removes what was built and what the demo exported; data directories stay
	rm -rf .build demo-output
