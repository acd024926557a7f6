# Slipway. `make demo` shows it, `make test` proves it; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
NPM := npm --no-fund --no-audit --loglevel=error
RELEASE_PROGRAMS := /usr/bin/qemu-aarch64-static /usr/bin/rpmbuild /usr/bin/zip

.PHONY: sample e2e-executable executable release release-test windows same-context same-tag platform-kills help demo test check docs docs-site unit e2e cluster cluster-builders cluster-nodes clean-cluster build contract contract-keep contract-record conformance conformance-context conformance-builders conformance-bake bench faults format chaos chaos-keep integrity integrity-keep fuzz

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## */  \1\t/' | expand -t 20

demo: build ## build, push and run a small image on a real cluster on this machine (or, without root, on that of KUBECONFIG, with SLIPWAY_TEST_REGISTRY)
	@$(NPM) run --silent demo

test: check unit docs-site sample ## what every change has to pass: style, types, unit tests, the site, then the quick tests on the cluster

check: node_modules/.installed ## format, lint and types
	$(NPM) run --silent format:check
	$(NPM) run --silent lint
	$(NPM) run --silent typecheck

docs: build ## write the generated pages of docs/reference
	$(NPM) run --silent docs

docs-site: node_modules/.installed ## build the site of docs/ into docs/.vitepress/dist, with llms.txt
	$(NPM) run --silent docs:site

unit: build /usr/bin/tmux /usr/bin/strace ## tests that need nothing but this checkout
	$(NPM) run --silent test

sample: build cluster /usr/bin/tmux /usr/bin/strace /usr/bin/faketime /usr/bin/zsh /usr/bin/fish ## the quick end-to-end tests: all but those with the tag "long"
	$(NPM) run --silent test:sample

e2e: build cluster-nodes /usr/bin/tmux /usr/bin/strace /usr/bin/faketime /usr/bin/zsh /usr/bin/fish ## all tests on the real cluster (or on SLIPWAY_TEST_KUBECONFIG with SLIPWAY_TEST_REGISTRY)
	$(NPM) run --silent test:e2e

cluster: ## bring up the test cluster; then: eval "$$(test/cluster/env)"
	@if [[ -z "$${SLIPWAY_TEST_KUBECONFIG:-}" ]]; then test/cluster/up; fi

cluster-builders: ## the test cluster with the images of all builders
	@if [[ -z "$${SLIPWAY_TEST_KUBECONFIG:-}" ]]; then test/cluster/up --with all-builders; fi

cluster-nodes: ## the test cluster with three nodes, the third of arm64, and the images of all builders
	@if [[ -z "$${SLIPWAY_TEST_KUBECONFIG:-}" ]]; then test/cluster/up --nodes 3 --with all-builders; fi

clean-cluster: ## take the test cluster down: processes, network, mounts, files (compiled binaries stay)
	test/cluster/down

e2e-executable: executable cluster /usr/bin/tmux /usr/bin/strace /usr/bin/faketime /usr/bin/zsh /usr/bin/fish ## the quick end-to-end tests with the single executable
	SLIPWAY_TEST_EXECUTABLE="$$(ls "$$PWD"/release/slipway-*-"$$(node_modules/.bin/node -p 'process.platform + "-" + process.arch')")" $(NPM) run --silent test:sample

contract: build cluster ## docker build's contract, a test a flag, and scripts from the wild (CONTRACT_COMMAND: of another look-alike)
	@test/cluster/program compose docker-compose >/dev/null
	@test/cluster/program buildx docker >/dev/null
	@test/cluster/program cosign cosign >/dev/null
	@test/cluster/program netpol netpol >/dev/null
	$(NPM) run --silent contract

contract-keep: build cluster ## what of the contract is about one build, with a kept builder
	@test/cluster/up --with buildkit
	@test/cluster/program compose docker-compose >/dev/null
	@test/cluster/program buildx docker >/dev/null
	SLIPWAY_KEEP=10m $(NPM) run --silent contract -- test/contract/{contract,situations,checks,scripts,contexts,hostile,plugins}.test.ts

contract-record: build cluster ## what the real docker does in every case of the contract; writes test/contract/recorded
	@test/cluster/up --with buildkit
	@test/cluster/program buildx docker >/dev/null
	@eval "$$(test/cluster/env)" && $(NPM) run --silent contract:record

conformance: conformance-context conformance-builders ## both of these

conformance-context: node_modules/.installed ## the ignore rules against BuildKit's own walk, 200 000 cases
	$(NPM) run --silent conformance:context

conformance-bake: node_modules/.installed ## bake --print against buildx (BUILDX=the program), 10 000 random definitions
	BUILDX=$${BUILDX:-$$(test/cluster/program buildx buildx)} $(NPM) run --silent conformance:bake

conformance-builders: build cluster ## what each of five builders makes of each feature of a Dockerfile; writes docs/reference/builders.md (SLIPWAY_KANIKO_IMAGE=… CONFORMANCE="--builder kaniko": of another image, a column of its own)
	$(NPM) run --silent conformance:builders -- $(CONFORMANCE)

same-tag: build cluster ## every ordered pair of builders pushes to one tag
	@eval "$$(test/cluster/env)" && SAME_TAG_PAIRS=all npx vitest run --project e2e test/e2e/same-tag.test.ts

same-context: build cluster ## random trees (SAME_CONTEXT_TREES=5, SAME_CONTEXT_SEED=1) as directory, archives, URL and repository, by every transport, with three builders: one image
	@eval "$$(test/cluster/env)" && SAME_CONTEXT_TREES=$${SAME_CONTEXT_TREES:-5} npx vitest run --project e2e test/e2e/same-context.test.ts

platform-kills: build cluster ## 50 clients that build two platforms, killed at random moments: no tag names an incomplete index
	@eval "$$(test/cluster/env)" && PLATFORM_KILLS=50 npx vitest run --project e2e test/e2e/platforms.test.ts -t "killed at a random moment"

chaos: build cluster ## killed clients (CHAOS_COUNT), broken connections (CHAOS_CONNECTIONS), restarts, crowds: nothing else may use the cluster
	$(NPM) run --silent chaos

chaos-keep: build cluster ## the part of it about kept builders: killed clients (CHAOS_KEPT_COUNT), and a crowd that starts at once
	$(NPM) run --silent chaos -- kept-builders

bench: executable cluster-builders ## speed of the executable, as ratios against other ways to do the same, measured in one run
	$(NPM) run --silent bench

faults: build cluster ## 300 uploads through a proxy that cuts, stalls and throttles: none may arrive wrong
	@$(NPM) run --silent faults

integrity: build cluster ## contexts up to 100 000 files and 2 GB, end to end: each file's sha256 in the pod, and the client's memory
	@eval "$$(test/cluster/env)" && $(NPM) run --silent integrity

integrity-keep: build cluster ## the same with a kept builder, and a result of 1 GB
	@eval "$$(test/cluster/env)" && $(NPM) run --silent integrity -- keep

fuzz: node_modules/.installed ## 1 000 000 broken inputs for everything that is parsed from outside
	@$(NPM) run --silent fuzz

executable: build ## one file that needs no Node, for this machine, in release/
	$(NPM) run --silent release -- --only-executables --target "$$(node_modules/.bin/node -p 'process.platform + "-" + process.arch')"

release: build $(RELEASE_PROGRAMS) ## what a release consists of, in release/: executables, archives, packages (RELEASE="--target linux-x64": only of one platform)
	$(NPM) run --silent release -- $(RELEASE)

release-test: release cluster-nodes /usr/bin/ruby /usr/bin/zsh /usr/bin/fish ## installs and runs what `make release` has made
	@eval "$$(test/cluster/env)" && $(NPM) run --silent release:test

windows: build cluster /usr/bin/tmux /usr/lib/wine/wine64 ## the client on Windows, under wine: builds on the test cluster
	@eval "$$(test/cluster/env)" && $(NPM) run --silent windows

/usr/lib/wine/wine64:
	@echo "installing wine64"
	@apt-get install --yes --no-install-recommends wine64 >/dev/null || { apt-get update >/dev/null && apt-get install --yes --no-install-recommends wine64 >/dev/null; }

format: node_modules/.installed ## format the source
	$(NPM) run --silent format

build: node_modules/.installed ## bundle src/ into dist/
	$(NPM) run --silent build

# A real terminal, what shows a program's connections, a client whose clock is wrong, the shells that are completed in, and what reads a Homebrew formula.
/usr/bin/tmux /usr/bin/strace /usr/bin/faketime /usr/bin/zsh /usr/bin/fish /usr/bin/ruby:
	@echo "installing $(@F)"
	@apt-get install --yes --no-install-recommends $(@F) >/dev/null || { apt-get update >/dev/null && apt-get install --yes --no-install-recommends $(@F) >/dev/null; }

# What a release is made with. Node for arm64 is run by an emulator, with the libraries that it needs.
RELEASE_PACKAGES := qemu-user-static rpm zip libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross libatomic1-arm64-cross
$(RELEASE_PROGRAMS):
	@echo "installing $(RELEASE_PACKAGES)"
	@apt-get install --yes --no-install-recommends $(RELEASE_PACKAGES) >/dev/null || { apt-get update >/dev/null && apt-get install --yes --no-install-recommends $(RELEASE_PACKAGES) >/dev/null; }

node_modules/.installed: package.json package-lock.json
	@echo "installing npm packages (about 20 s the first time)"
	$(NPM) ci
	@touch $@
