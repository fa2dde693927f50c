# The usual: make demo, make build, make test. `make help` lists the rest.
# Everything beyond Go, git and make is set up by the targets that need it.

BIN     := bin/contactmerge
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME  ?= 10s
BENCHTIME ?= 1x
DATA      ?= ../shared/data
TORTURE ?= standard
SEED    ?= 1
# more flags for go test, such as FLAGS='-count=1 -run=TestUndo'
FLAGS ?=

# the server programs of version PG, fetched when they are not installed
SERVER = $(if $(PG),export PGTEST_BINDIR && PGTEST_BINDIR=$$(.ci/postgres-version $(PG)) &&)

.DEFAULT_GOAL := help
.PHONY: help build demo demo-postgres test test-race torture lint fmt fuzz bench bench-peers bench-merge golden verify ci clean go postgres

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

build: go ## build one static binary, bin/contactmerge
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN) ./cmd/contactmerge

demo: build ## find the duplicates among the demo contacts; needs no database
	@rm -rf demo-out
	@$(BIN) run testdata/demo/contacts.csv --identities testdata/demo/identities.csv --out demo-out

demo-postgres: build postgres ## the whole loop on a throw-away PostgreSQL: load, run, apply, undo, rehearse
	@go run ./internal/pgtest/throwaway -- testdata/demo/demo-postgres.sh $(BIN)

test: go postgres ## run the tests, with a real PostgreSQL; PG=15|16|17|18 chooses its version
	@$(SERVER) CONTACTMERGE_REQUIRE_POSTGRES=1 go test -timeout=20m $(FLAGS) ./...

test-race: go postgres ## run the tests under the race detector
	@.ci/ensure-cc
	@$(SERVER) CONTACTMERGE_REQUIRE_POSTGRES=1 CGO_ENABLED=1 go test -race -timeout=40m $(FLAGS) ./...

lint: go ## format check, vet, linters
	@.ci/run format vet lint

fmt: go ## format the sources
	@.ci/lint fmt

torture: go postgres ## merge under every fault there is; TORTURE=small|standard|full, SEED=1, ONLY='kills,zombies'
	@$(SERVER) go run ./internal/torture/run -scale '$(TORTURE)' -seed $(SEED) -only '$(ONLY)'

fuzz: go ## run every fuzz target for FUZZTIME (10s)
	@FUZZTIME=$(FUZZTIME) .ci/fuzz

bench: go ## run every benchmark for BENCHTIME (1x: once), or those BENCH names
	@BENCHTIME=$(BENCHTIME) .ci/bench

bench-peers: ## compare with Splink and GoldenMatch on the labelled files in DATA; ARGS='--quick --runs 1'
	@bench/peers/run --data $(DATA) $(ARGS)

bench-merge: go postgres ## merge LOSERS (170000) pairs of contacts in a throw-away PostgreSQL, verify and undo them
	@go build -trimpath -o bin/bench-merge ./bench/merge
	@go run ./internal/pgtest/throwaway -fsync -- bin/bench-merge -losers $(or $(LOSERS),170000) $(ARGS)

golden: go postgres ## rewrite the expected results in testdata; look at the diff
	@UPDATE=1 CONTACTMERGE_REQUIRE_POSTGRES=1 go test -count=1 ./...
	@git status --short -- '*testdata*'

verify: go ## check that go.mod is tidy and generated files are up to date
	@.ci/verify

ci: ## everything CI runs
	@.ci/run

clean: ## remove what the targets above made
	@rm -rf bin demo-out

go:
	@.ci/check-go

postgres:
	@.ci/ensure-postgres
