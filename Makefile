# Everything a developer runs. Each target does its own set-up, and a second run does again only
# what changed. Needs cargo, Python 3.11 or newer, Node 20 or newer with npm, and a C compiler.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(firstword $(shell command -v python3.11 python3))
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
STAMPS := target/make
BENCH := target/bench/release
OLDEST_RUST := $(shell sed -n 's/^rust-version = "\(.*\)"/\1.0/p' Cargo.toml)
UNIFFI_LIBRARY := libslipstream_uniffi.$(if $(filter Darwin,$(shell uname)),dylib,so)
JNA_PLATFORM := $(if $(filter Darwin,$(shell uname)),darwin,linux)-$(subst _,-,$(subst arm64,aarch64,$(shell uname -m)))
RUBY_GENERATED := bindings/uniffi/ruby/lib/slipstream/generated
SWIFT_SOURCES := bindings/uniffi/swift/Sources

# The extension of Python is built for the interpreter of .venv, by cargo and by maturin alike, so
# that neither undoes what the other built.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PYO3_PYTHON := $(BIN)/python
export PATH := $(BIN):$(PATH)

manifests := Cargo.toml Cargo.lock $(wildcard core/Cargo.toml bindings/*/Cargo.toml bindings/*/build.rs)
core := $(manifests) $(shell find core/src bindings/bridge/src -name '*.rs')
python_sources := $(core) $(shell find bindings/python -name '*.rs') python/pyproject.toml \
	python/README.md LICENSE
node_sources := $(core) $(shell find bindings/node -name '*.rs') $(shell find node/src -type f) \
	$(wildcard node/*.json node/scripts/*) LICENSE
uniffi_sources := $(core) $(shell find bindings/uniffi/src -name '*.rs') $(wildcard bindings/uniffi/*.toml) \
	bindings/uniffi/kotlin/structure_memory.py
kotlin_sources := bindings/uniffi/kotlin/pom.xml docs/kotlin.md tests/docs/kotlin_page.py \
	$(shell find bindings/uniffi/kotlin/src tests bench/kotlin -name '*.kt')
bench_sources := $(core) $(shell find bench -name '*.rs' -o -name Cargo.toml -o -name Cargo.lock)

.PHONY: help
help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: $(STAMPS)/python $(STAMPS)/node ## Build the Python package into .venv and the npm package in node/.

.PHONY: demo
demo: build ## Show a Python service and a Node tool that share one file; with NATS=1, a server.
	@python examples/demo/run.py $(if $(NATS),nats,file)

.PHONY: test
test: build kotlin ruby swift ## Run every test of every language.
	@python tests/run.py

.PHONY: test-kotlin
test-kotlin: build kotlin ## Run the tests of the Kotlin package, and the scenarios of the contract in Kotlin.
	@python tests/run.py kotlin "conformance kotlin"

.PHONY: test-ruby
test-ruby: build ruby ## Run the tests of the Ruby package, and the scenarios of the contract in Ruby.
	@python tests/run.py ruby "conformance ruby"

.PHONY: test-swift
test-swift: build swift ## Check what is generated for Swift; where there is Swift, compile and test the package.
	@python tests/run.py swift

.PHONY: test-parity
test-parity: build ruby ## Compare what each language exports with tests/api.toml.
	@python tests/run.py parity

.PHONY: soak
soak: build ## Write and watch while the server restarts and connections are cut; SECONDS=60 is a minute.
	PYTHONPATH=tests python tests/soak/run.py $(or $(SECONDS),600)

.PHONY: lint
lint: build ## Check formatting, lints and types of every language.
	cargo fmt --all --check
	cargo clippy --workspace --lib --tests --examples --quiet -- -D warnings
	for features in "" file nats; do \
		cargo clippy --package slipstream --lib --tests --no-default-features --features "$$features" --quiet -- -D warnings; \
	done
	@if rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown; then \
		cargo check --package slipstream --no-default-features --target wasm32-unknown-unknown --quiet; \
	else \
		echo "not checked, since it is not installed: wasm32-unknown-unknown"; \
	fi
	cargo fmt --manifest-path bench/Cargo.toml --all --check
	cargo clippy --manifest-path bench/Cargo.toml --target-dir target/bench --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	ruff format --check --quiet .
	ruff check --quiet .
	cd python && mypy slipstream tests
	cd python && pyright
	for folder in tests/*/; do MYPYPATH=tests mypy --strict "$$folder"; done
	MYPYPATH=tests mypy --strict bench/run.py
	MYPYPATH=tests mypy --strict examples/demo/run.py examples/demo/service.py
	mypy --strict examples/*.py
	mypy --strict bindings/python/stub.py
	python bindings/python/stub.py --check
	cd python && python -m mypy.stubtest slipstream._native
	cd node && npm run --silent lint
	! command -v ruby >/dev/null || ! git ls-files -z '*.rb' | xargs -0 -n 1 ruby -wc 2>&1 | grep -v '^Syntax OK$$'
	@if rustup run $(OLDEST_RUST) cargo --version >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory check-rust; \
	else \
		echo "not checked, since it is not installed: Rust $(OLDEST_RUST)"; \
	fi
	@if python tests/platforms/check.py --installed; then $(MAKE) --no-print-directory check-platforms; fi
	@echo "lint: nothing found"

.PHONY: stub
stub: build ## Write the stub of Python's native half anew, from its signatures and docstrings.
	python bindings/python/stub.py

.PHONY: check-rust
check-rust: ## Compile everything with the oldest Rust that it is made for (rustup installs that).
	CARGO_TARGET_DIR=target/oldest rustup run $(OLDEST_RUST) cargo check --workspace --all-targets --quiet

.PHONY: check-platforms
check-platforms: $(STAMPS)/zig ## Type-check everything for macOS on both processors, and compile its C.
	@python tests/platforms/check.py

.PHONY: bench
bench: build kotlin $(STAMPS)/bench ## Measure ours, the peers and the floors; print the table.
	@python bench/run.py $(BENCH_OPTIONS)

.PHONY: docs
docs: build ## Build the Rust reference into target/doc, and run the examples of README.md and docs/.
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	pytest --quiet tests/docs

.PHONY: clean
clean: ## Remove everything that was built.
	rm -rf target $(VENV) node_modules node/node_modules node/dist node/LICENSE node/*.node python/slipstream/*.so $(RUBY_GENERATED) \
		$(SWIFT_SOURCES)/SlipstreamUniffi $(SWIFT_SOURCES)/slipstream_uniffiFFI bindings/uniffi/swift/.build

$(STAMPS):
	mkdir -p $@

$(STAMPS)/tools: requirements-dev.txt | $(STAMPS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	touch $@

# Large, and of use only where C is compiled for another system.
$(STAMPS)/zig: $(STAMPS)/tools
	$(if $(filter Darwin,$(shell uname)),,pip install --quiet --disable-pip-version-check ziglang==0.17.1)
	touch $@

$(STAMPS)/python: $(python_sources) $(STAMPS)/tools
	cd python && maturin develop --release --quiet
	touch $@

# Not `npm ci`: it refuses a lock file made where the tools of other platforms cannot be had.
# Versions are exact, and nothing is saved.
$(STAMPS)/modules: node/package.json node/package-lock.json | $(STAMPS)
	cd node && npm install --no-save --no-audit --no-fund --loglevel=error
	touch $@

# The link is how tests, examples and bench find the package by its name.
$(STAMPS)/node: $(node_sources) $(STAMPS)/modules
	cd node && npm run --silent build
	mkdir -p node_modules && ln -sfn ../node node_modules/slipstream-kv
	touch $@

# The interface is read from a library with its symbols, which a release build is stripped of.
$(STAMPS)/uniffi: $(uniffi_sources) $(STAMPS)/tools
	cargo build --quiet -p slipstream-uniffi --features bindgen
	for language in kotlin ruby swift; do \
		target/debug/uniffi-bindgen generate --no-format --language $$language \
			--out-dir target/uniffi/$$language target/debug/$(UNIFFI_LIBRARY); \
	done
	python bindings/uniffi/kotlin/structure_memory.py target/uniffi/kotlin/slipstream/ffi/slipstream_uniffi.kt
	cargo build --release --quiet -p slipstream-uniffi
	touch $@

# Without java and mvn the suites of Kotlin say so and are left out.
.PHONY: kotlin
kotlin: $(if $(shell command -v java && command -v mvn),$(STAMPS)/kotlin)

# Ruby is installed where it may be; without it the suites of Ruby say so and are left out.
.PHONY: ruby
ruby: $(STAMPS)/ruby
	@ruby -rffi -e 0 2>/dev/null || apt-get install --yes --quiet ruby ruby-ffi \
		|| echo "ruby: apt-get cannot install it here"

# The library lies where JNA looks for it: in a folder with the platform's name.
$(STAMPS)/kotlin: $(STAMPS)/uniffi $(STAMPS)/tools $(kotlin_sources)
	mkdir -p target/uniffi/native/$(JNA_PLATFORM)
	cp target/release/$(UNIFFI_LIBRARY) target/uniffi/native/$(JNA_PLATFORM)
	python tests/docs/kotlin_page.py docs/kotlin.md target/uniffi/pages/Page.kt
	mvn --quiet --batch-mode --file bindings/uniffi/kotlin/pom.xml process-test-classes
	touch $@

$(STAMPS)/ruby: $(STAMPS)/uniffi
	mkdir -p $(RUBY_GENERATED)
	cp target/uniffi/ruby/slipstream_uniffi.rb target/release/$(UNIFFI_LIBRARY) $(RUBY_GENERATED)
	touch $@

.PHONY: swift
swift: $(STAMPS)/swift

$(STAMPS)/swift: $(STAMPS)/uniffi
	mkdir -p $(SWIFT_SOURCES)/SlipstreamUniffi $(SWIFT_SOURCES)/slipstream_uniffiFFI
	cp target/uniffi/swift/slipstream_uniffi.swift $(SWIFT_SOURCES)/SlipstreamUniffi
	cp target/uniffi/swift/slipstream_uniffiFFI.h $(SWIFT_SOURCES)/slipstream_uniffiFFI
	cp target/uniffi/swift/slipstream_uniffiFFI.modulemap \
		$(SWIFT_SOURCES)/slipstream_uniffiFFI/module.modulemap
	touch $@

$(STAMPS)/bench: $(bench_sources) $(STAMPS)/tools
	cargo build --release --quiet --manifest-path bench/Cargo.toml --target-dir target/bench
	cp $(BENCH)/libbaseline_python.so $(BENCH)/baseline_python.so
	cp $(BENCH)/libbaseline_node.so $(BENCH)/baseline_node.node
	touch $@
