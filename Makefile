# Locus. `make` shows what there is.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory

PROGRAMS := locus-node locus-coordinator locus
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOL     := go tool -modfile=go.tools.mod

# Every amd64 processor since 2009 has what level v2 asks for. Without it Go looks at each use
# whether there is a POPCNT.
export GOAMD64 ?= v2

# Real genotype files for the tests that compare with plink2 and bcftools.
ifneq ($(wildcard ../shared/data),)
export LOCUS_DATA ?= $(abspath ../shared/data)
endif

# For demo: KEEP=1 leaves the network running.
KEEP       ?=
DEMO_FLAGS ?=
# For fuzz: how long each target runs, and where targets are. For bench: which, how often and how long.
FUZZTIME  ?= 20s
PKGS      ?= ./...
BENCH     ?= .
COUNT     ?= 5
BENCHTIME ?= 200ms
# For bench-peers: flags, such as -rounds=9.
PEERS     ?=
# For attacks: how many times as often each game is played.
TIMES ?= 1
# For race: where goroutines are.
RACE ?= ./...

##  make demo     three members, three sites and a researcher on this machine; KEEP=1 leaves them running
demo: build
	@go run ./examples/quickstart -bin build $(if $(KEEP),-keep) $(DEMO_FLAGS)

##  make build    the three programs, into build/
build:
	@mkdir -p build
	@CGO_ENABLED=0 go build -trimpath -ldflags '-X main.version=$(VERSION)' -o build/ $(PROGRAMS:%=./cmd/%)

##  make test     all tests, offline; with real data where LOCUS_DATA finds it
test:
	@go test ./...

##  make race     the same with the race detector; RACE=./node/... for a part
race:
	@go test -race $(RACE)

##  make bench    times beside the textbook's and others', as a table; also in build/bench.jsonl
bench:
	@mkdir -p build
	@go test -run '^$$' -bench 'Table/$(BENCH)' -count $(COUNT) -benchtime $(BENCHTIME) -timeout 30m ./he/... ./dp/ledger ./node ./node/policy ./audit > build/bench.txt
	@cd bench && go test -run '^$$' -bench 'Table/$(BENCH)' -count $(COUNT) -benchtime $(BENCHTIME) ./dp >> ../build/bench.txt
	@cd bench && go run . -jsonl ../build/bench.jsonl < ../build/bench.txt

##  make bench-peers  locus-node count beside plink2, plink 1.9 and bcftools, as a table; PEERS=-only=bed for a part
bench-peers: build
	@mkdir -p build/purego; CGO_ENABLED=0 go build -trimpath -tags purego -o build/purego/ ./cmd/locus-node
	@cd bench && go run ./peers -node ../build/locus-node -purego ../build/purego/locus-node -jsonl ../build/bench.jsonl $(PEERS)

##  make attacks  attacks on releases, exact and private, as a table; TIMES=20 plays each game so many times as often
attacks:
	@mkdir -p build
	@go test -count 1 -timeout 60m ./dp/attack -times $(TIMES) -table $(CURDIR)/build/attacks.md > build/attacks.txt || { cat build/attacks.txt; exit 1; }
	@cat build/attacks.md

# Until Go 1.27 the end of its time can fail a target that found nothing (go.dev/issue/75804):
# that one runs once more.
fuzz_one = go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package </dev/null

##  make fuzz     each fuzz target for FUZZTIME=20s; PKGS=./node/... for a part
fuzz:
	@grep -rlE '^func Fuzz' --include=*_test.go $(patsubst %/...,%,$(PKGS)) | xargs -n1 dirname | sort -u | while read -r package; do \
	  grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$package/*_test.go | cut -c6- | while read -r target; do \
	    echo "$$package $$target"; mkdir -p build; \
	    if $(fuzz_one) 2>&1 | tee build/fuzz.txt; then continue; fi; \
	    if grep -q 'Failing input' build/fuzz.txt || ! grep -q '^    context deadline exceeded' build/fuzz.txt; then exit 1; fi; \
	    echo "$$package $$target, once more"; $(fuzz_one); \
	  done; \
	done

# The Go version that the program of the viewer is built with: another one gives other bytes.
VIEWER_GO := go1.26.8
VIEWER    := researcher/viewer
WASM      := GOTOOLCHAIN=$(VIEWER_GO) GOOS=js GOARCH=wasm CGO_ENABLED=0 GOFLAGS= GOWASM= go build -trimpath -buildvcs=false -ldflags '-s -w -buildid='

##  make viewer   the program in the page of `locus viewer`, which is committed with its digest
viewer:
	@mkdir -p build; $(WASM) -o build/locus.wasm ./researcher/wasm
	@gzip -9nc build/locus.wasm > $(VIEWER)/locus.wasm.gz; sha256sum < build/locus.wasm | cut -c1-64 > $(VIEWER)/locus.wasm.sum
	@root=$$(GOTOOLCHAIN=$(VIEWER_GO) go env GOROOT); cp "$$root/lib/wasm/wasm_exec.js" $(VIEWER)/wasm_exec.js; cp "$$root/LICENSE" $(VIEWER)/wasm_exec.LICENSE
	@ls -l $(VIEWER)/locus.wasm.gz; cat $(VIEWER)/locus.wasm.sum

##  make gen      generated code; leaves a clean tree when nothing changed
gen:
	@$(TOOL) buf lint
	@$(TOOL) buf generate

##  make check    everything that is not a test: format, vet, lint, floors, builds, checksums
check: check-format check-lint check-words check-house check-builds check-viewer check-modules

check-format:
	@echo "format"; out=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	  test -z "$$out" || { echo "run gofmt -w on:"; echo "$$out"; exit 1; }

check-lint:
	@echo "vet and lint"; go vet ./...; go vet -tags locus_unsafe ./...
	@$(TOOL) staticcheck ./...; $(TOOL) staticcheck -tags locus_unsafe ./...
	@cd bench && go vet ./... && go test ./...

# Time in tests is virtual, or it is waited for; a sleep that is virtual says so.
check-words:
	@echo "words"; ! grep -rnE 'time\.Sleep' --include=*_test.go . | grep -v '// virtual'

check-house:
	@echo "floors, walls and owners"; go test -run '^TestFloors' .

# A release has every mechanism. The build for attack tests shows that the search finds one that has not.
check-builds: build
	@echo "release builds"; \
	 marker=$$(sed -n 's/^const Marker = "\(.*\)"$$/\1/p' internal/debug/unsafe.go); test -n "$$marker"; \
	 attack=$$(mktemp -d); trap 'rm -rf "$$attack"' EXIT; \
	 CGO_ENABLED=0 go build -tags locus_unsafe -o "$$attack/" $(PROGRAMS:%=./cmd/%); \
	 for p in $(PROGRAMS); do \
	   grep -qaF "$$marker" "$$attack/$$p" || { echo "$$p of an attack build does not show: the search is blind"; exit 1; }; \
	   ! grep -qaF "$$marker" build/$$p || { echo "build/$$p can be made unsafe"; exit 1; }; \
	   ! go tool nm build/$$p | grep -F 'locus/internal/debug.' || { echo "build/$$p has symbols of internal/debug"; exit 1; }; \
	   ! go version -m build/$$p | grep -F locus_unsafe || { echo "build/$$p was built with the tag"; exit 1; }; \
	 done
	@CGO_ENABLED=0 go build ./...

# What the page runs is what the source says, whoever built it and wherever.
check-viewer:
	@echo "the viewer's program"; mkdir -p build; $(WASM) -o build/locus.wasm ./researcher/wasm; \
	 built=$$(sha256sum < build/locus.wasm | cut -c1-64); committed=$$(cat $(VIEWER)/locus.wasm.sum); \
	 test "$$built" = "$$committed" || { echo "the source builds $$built, and $$committed is committed: run make viewer"; exit 1; }; \
	 root=$$(GOTOOLCHAIN=$(VIEWER_GO) go env GOROOT); cmp "$$root/lib/wasm/wasm_exec.js" $(VIEWER)/wasm_exec.js

check-modules:
	@echo "checksums"; go mod verify

help:
	@grep -hE '^##' Makefile | cut -c3-

.DEFAULT_GOAL := help
.PHONY: demo build test race bench bench-peers fuzz viewer gen check check-format check-lint check-words check-house check-builds check-viewer check-modules help
