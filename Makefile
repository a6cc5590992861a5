# The one way in. `make` alone lists what there is.
#
# Everything a target needs is installed by it: Rust's tools and browsers once for the user or the
# machine, npm's packages inside this tree. What is up to date is not built again.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# ---------------------------------------------------------------------------- versions and places

# wasm-bindgen's command line must be of the very version that the crate was compiled with.
WASM_BINDGEN := $(shell sed -n '/^name = "wasm-bindgen"$$/{n;s/^version = "\(.*\)"$$/\1/p;}' Cargo.lock)
WASM_PACK    := 0.15.1
GECKODRIVER  := 0.37.1
CARGO_FUZZ   := 0.13.1
MUTANTS      := 27.1.0
VERSION      := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml | head -n 1)

export EVERWIRE_TOOLS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/everwire/tools
export CARGO_TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
export PORT ?= 8787
export NODES ?= 1

bindgen     := $(EVERWIRE_TOOLS)/wasm-bindgen-cli-$(WASM_BINDGEN)/bin
wasm-pack   := $(EVERWIRE_TOOLS)/wasm-pack-$(WASM_PACK)/bin
geckodriver := $(EVERWIRE_TOOLS)/geckodriver-$(GECKODRIVER)/bin
cargo-fuzz  := $(EVERWIRE_TOOLS)/cargo-fuzz-$(CARGO_FUZZ)/bin
mutants     := $(EVERWIRE_TOOLS)/cargo-mutants-$(MUTANTS)/bin
export PATH := $(bindgen):$(wasm-pack):$(geckodriver):$(cargo-fuzz):$(mutants):$(CURDIR)/node_modules/.bin:$(PATH)

# A panic of the released module is a trap and nothing else: the words of panics and the machinery that
# formats them are a fifth of its bytes. That takes a standard library built here, from the sources that
# come with the toolchain, which is cargo's `-Z build-std`; the variable opens it on a stable toolchain.
trap-panics := target.wasm32-unknown-unknown.rustflags=['-Zunstable-options', '-Cpanic=immediate-abort', '-Zlocation-detail=none']
small-std   := -Z build-std=std,panic_abort -Z build-std-features=optimize_for_size

# libFuzzer counts what was reached with instrumentation that a stable compiler has and does not offer. The core
# has no unsafe code, so no sanitizer is wanted; and the profile of the release is made for bytes.
fuzzing := RUSTC_BOOTSTRAP=1 CARGO_PROFILE_RELEASE_OPT_LEVEL=3 CARGO_PROFILE_RELEASE_LTO=off \
	cargo fuzz run --sanitizer none --codegen-units 16 --features libfuzzer
fuzzed  := $(CARGO_TARGET_DIR)/fuzzed

wasm-build = RUSTC_BOOTSTRAP=1 wasm-pack --quiet build --release --target web --no-pack --no-gitignore --mode no-install \
	--out-dir $(@D) --out-name everwire -- --config "$(trap-panics)" $(small-std) --no-default-features --features

npm-ci := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

# Outputs that stand for a step; each is newer than what it was made from.
node-modules := node_modules/.package-lock.json
web-modules  := demo/web/node_modules/.package-lock.json
wasm         := $(CARGO_TARGET_DIR)/wasm-bindgen/everwire_bg.wasm
# The crate's other builds, by their features.
modules      := stream fallback causal presence
module-of     = $(CARGO_TARGET_DIR)/wasm-bindgen-$(1)/everwire_bg.wasm
module-wasms := $(foreach module,$(modules),$(call module-of,$(module)))
stream-wasm  := $(call module-of,stream)
package      := pkg/package.json
tarball      := pkg/everwire-$(VERSION).tgz
web          := demo/web/dist/index.html

sources = $(shell find $(1) \( -name node_modules -o -name dist \) -prune -o -type f -print 2>/dev/null)

say = @printf '==> %s\n'

# ----------------------------------------------------------------------------------- what to call

.PHONY: help demo nodes test sim sim-mutants mutants chaos model fuzz conformance long check pkg load bench clean build server installed-package stream-wasm wasm-tools browsers redis browser-tools

help: ## list the targets
	@echo 'everwire: make TARGET'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
	@echo
	@echo 'Variables: PORT=8787, NODES=1, REDIS_URL (demo), ONLY=host,e2e (test: suites to run), SEED, DURATION (sim, chaos, fuzz), MUTANT (sim-mutants), CARGO_TARGET_DIR, EVERWIRE_TOOLS,'
	@echo '  URL, EVENT, CRITICAL, REQUEST, LOG, TOKEN, ORIGIN, GOAWAY, PATIENCE (conformance: tools/conformance/main.mjs explains)'

demo: build $(if $(filter-out 1,$(NODES)),nodes) ## build everything and serve the demo on http://127.0.0.1:$PORT (first time: 5 to 8 minutes; NODES=3: as several processes)
	@node tools/$(if $(filter-out 1,$(NODES)),serve-nodes,serve-demo).mjs

test: ## run every test, in every engine (ONLY=host,e2e runs some); ends on "N passed, N failed"
	@node tools/run-tests.mjs

sim: ## simulate both cores in worlds that fail (a minute; DURATION in seconds, SEED replays one)
	@cargo run --quiet --profile simulation --package everwire-simulation

# The bugs are built into this workspace's crates alone: what they depend on is the same as in the simulation.
sim-mutants: export RUSTC_WORKSPACE_WRAPPER := $(CURDIR)/tests/simulation/with-mutants.sh
# Apart from all else: cargo would take what is built without them for the same.
sim-mutants: export CARGO_TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)/with-mutants
sim-mutants: ## deliberate bugs in the core, each of which the simulation has to catch (MUTANT names one)
	@cargo test --quiet --profile simulation --package everwire-simulation --test mutants
	@cargo run --quiet --profile simulation --package everwire-simulation --bin mutants

mutants: $(mutants) ## a sample of the mutants of src/core against the host's tests (about an hour; SAMPLE=3/9)
	@node tools/mutants.mjs

model: ## check a small model of PROTOCOL.md exhaustively; prints states, depth, time
	@cargo run --quiet --profile simulation --package everwire-model

fuzz: $(cargo-fuzz) ## fuzz frames, options, machine inputs and event streams (10 minutes each; DURATION in seconds)
	@for target in frames options inputs streams; do \
		mkdir -p $(fuzzed)/$$target; \
		words=; [ ! -f fuzz/$$target.dict ] || words=-dict=fuzz/$$target.dict; \
		echo "==> fuzzing $$target for $(or $(DURATION),600) s; what fails is kept in $(fuzzed)"; \
		$(fuzzing) $$target $(fuzzed)/$$target fuzz/corpus/$$target -- -max_total_time=$(or $(DURATION),600) \
			-max_len=1000 -timeout=10 -print_final_stats=1 -artifact_prefix=$(fuzzed)/$$target- $$words || exit 1; \
	done

chaos: server installed-package browser-tools ## a page in each engine while everything fails (3 minutes; DURATION in seconds, SEED, ONLY=firefox)
	@CHAOS_SECONDS='$(or $(DURATION),180)' CHAOS_SEED='$(SEED)' CHAOS_ENGINES='$(ONLY)' \
		node --test --test-reporter=spec tests/e2e/chaos/chaos.test.mjs

conformance: installed-package ## which features of PROTOCOL.md a server has, and what it does wrong: URL=ws://...
	@node tools/conformance/main.mjs '$(URL)'

long: build installed-package browsers ## the end-to-end tests in their long versions, in real time (about 20 minutes)
	@EVERWIRE_LONG=1 node --test --test-reporter=spec $(wildcard tests/e2e/*.test.mjs)

check: build installed-package wasm-tools ## format, lints, docs, types and package linters; denies warnings
	@node tools/check.mjs

pkg: $(tarball) ## the npm package in pkg/ and its tarball
	@ls -l $(tarball) | awk '{ print "==> " $$NF ": " $$5 " bytes" }'

load: server ## thousands of clients on one server, slow ones among them: memory, processor, latency (2 minutes; SSE, WS, SLOW, DURATION). PRESENCE=1999: so many members of one roster instead (RATE=50 changes a second)
	@SSE='$(SSE)' WS='$(WS)' SLOW='$(SLOW)' DURATION='$(DURATION)' PRESENCE='$(PRESENCE)' RATE='$(RATE)' node tools/$(if $(PRESENCE),presence-load,load).mjs

bench: installed-package stream-wasm browser-tools ## bundle bytes, and CPU per event beside a bare WebSocket and another's parser (4 to 8 minutes)
	@node tools/bench.mjs

clean: ## remove what was built (not the tools of the user's cache)
	rm -rf target pkg node_modules demo/web/node_modules demo/web/dist
	@if [ -d '$(CARGO_TARGET_DIR)' ]; then cargo clean; fi

# ------------------------------------------------------------------------------------------ parts

build: $(web) server

server:
	@[ -x '$(CARGO_TARGET_DIR)/debug/everwire-server' ] || echo '==> server: compiling (one to two minutes)'
	@cargo build --quiet --package everwire-server

$(web): $(web-modules) demo/web/node_modules/everwire/package.json $(call sources,demo/web)
	$(say) 'dashboard: bundling (a few seconds)'
	@cd demo/web && npm run --silent build
	@touch $@

installed-package: node_modules/everwire/package.json

# The tests and the dashboard use the package as its users get it: unpacked from the tarball.
node_modules/everwire/package.json: $(node-modules) $(tarball)
	@rm -rf $(@D) && mkdir -p $(@D) && tar -xzf $(tarball) -C $(@D) --strip-components=1 && touch $@

demo/web/node_modules/everwire/package.json: $(web-modules) $(tarball)
	@rm -rf $(@D) && mkdir -p $(@D) && tar -xzf $(tarball) -C $(@D) --strip-components=1 && touch $@

$(tarball): $(package)
	@rm -f pkg/*.tgz
	@cd pkg && npm pack --silent --ignore-scripts >/dev/null
	@touch $@

$(package): $(wasm) $(module-wasms) $(node-modules) LICENSE-MIT LICENSE-APACHE $(call sources,pkg-template)
	$(say) 'package: assembling pkg/'
	@node pkg-template/build.mjs $(CARGO_TARGET_DIR) pkg
	@touch $@

$(wasm): Cargo.toml Cargo.lock .cargo/config.toml $(call sources,src) $(node-modules) | wasm-tools $(wasm-pack)
	$(say) 'wasm: compiling for release, wasm-bindgen, wasm-opt (about a minute)'
	@rm -rf $(@D)
	@$(wasm-build) socket
	@touch $@

stream-wasm: $(stream-wasm)

# For speed: a chunk of one short event took half as much again to be scanned. The entry is half a kilobyte smaller for it.
$(stream-wasm): export CARGO_PROFILE_RELEASE_OPT_LEVEL := 3

# Each apart from all else, because the modules have the same name.
$(module-wasms): $(call module-of,%): Cargo.toml Cargo.lock .cargo/config.toml $(call sources,src) $(node-modules) | wasm-tools $(wasm-pack)
	$(say) 'wasm: the same with the feature $* (about a minute)'
	@rm -rf $(@D)
	@CARGO_TARGET_DIR='$(CARGO_TARGET_DIR)/with-$*' $(wasm-build) $*
	@touch $@

# ------------------------------------------------------------------------------------------ tools

wasm-tools: $(bindgen)
	@tools/install.sh wasm-target

browsers:
	@tools/install.sh browsers

nodes:
	@tools/install.sh nodes

redis:
	@tools/install.sh redis

browser-tools: wasm-tools browsers $(wasm-pack) $(geckodriver) $(node-modules)

$(bindgen):
	@tools/install.sh cargo wasm-bindgen-cli $(WASM_BINDGEN) --no-default-features --bin wasm-bindgen --bin wasm-bindgen-test-runner

$(wasm-pack):
	@tools/install.sh cargo wasm-pack $(WASM_PACK) --locked

$(geckodriver):
	@tools/install.sh cargo geckodriver $(GECKODRIVER) --locked

$(cargo-fuzz):
	@tools/install.sh cargo cargo-fuzz $(CARGO_FUZZ) --locked

$(mutants):
	@tools/install.sh cargo cargo-mutants $(MUTANTS) --locked

$(node-modules): package.json package-lock.json
	$(say) 'npm packages of the tools (about 15 seconds)'
	@$(npm-ci)
	@touch $@

$(web-modules): demo/web/package.json demo/web/package-lock.json
	$(say) 'npm packages of the dashboard (about 15 seconds)'
	@cd demo/web && $(npm-ci)
	@touch $@
