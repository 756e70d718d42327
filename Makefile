# Everything a contributor runs. `make help` lists it.
GO ?= go
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# How often `make bench` and `make soak` repeat what they run.
COUNT ?= 5
# How many interleavings each model test tries in `make soak`.
INTERLEAVINGS ?= 1000
# What the tests are run on, such as PKG=./store/...
PKG ?= ./...

.DEFAULT_GOAL := help
.PHONY: help build demo test proto lint fmt bench soak large cover

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/asapi
	@scripts/need.sh go
	$(GO) build -trimpath -o bin/asapi ./cmd/asapi

demo: build ## submit an import with curl to the embedded default, watch it, take its results
	@scripts/need.sh curl
	@scripts/demo.sh

# The race detector takes nine tenths of the time of every statement on SQLite: its
# engine is C that was translated to Go. That library, which no goroutines of ours
# share anything with but through the driver, is left out, so the same minutes
# show more of our own code.
UNRACED := -gcflags=modernc.org/...=-race=false

test: ## run every test with the race detector, also on real PostgreSQL and Redis
	@scripts/need.sh go cc curl postgresql redis python3 chromium
	$(GO) test -race $(UNRACED) -shuffle=on -timeout 20m $(PKG)
	$(if $(filter ./...,$(PKG)),cd internal/zerotouchclient && $(GO) test -count 1 -shuffle=on -timeout 10m ./...)

proto: ## write the Go code of the .proto files, with the plugins that go.mod pins
	@scripts/need.sh go
	$(GO) run ./internal/protogen -proto api/tracker/proto -out .

lint: ## check the code and its borders
	@scripts/need.sh go
	$(GO) run $(GOLANGCI) run $(PKG)
	$(if $(filter ./...,$(PKG)),cd internal/zerotouchclient && $(GO) run $(GOLANGCI) run ./...)

fmt: ## format the code
	@scripts/need.sh go
	$(GO) run $(GOLANGCI) fmt

bench: ## run the benchmarks COUNT times, for benchstat
	@scripts/need.sh go postgresql redis
	$(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) -timeout 2h $(PKG)

soak: ## run the tests COUNT times in changing order, then many interleavings, then each fuzz target for a minute
	@scripts/need.sh go cc curl postgresql redis python3 chromium
	$(GO) test -race $(UNRACED) -shuffle=on -count $(COUNT) -timeout 4h $(PKG)
	$(GO) test -race $(UNRACED) -timeout 12h ./internal/modeltest -rapid.checks=$(INTERLEAVINGS)
	@scripts/fuzz.sh 60s

large: ## pass a result of 2 GB through worker, blob store, stream and download
	@scripts/need.sh go postgresql redis
	LARGE_BYTES=2147483648 $(GO) test -run TestALargeResult -count 1 -timeout 10m ./internal/faulttest

cover: ## tell how much of the code the tests run; cover.html shows where
	@scripts/need.sh go curl postgresql redis python3 chromium
	$(GO) test -timeout 20m -coverpkg=./... -coverprofile=cover.out $(PKG)
	$(GO) tool cover -html=cover.out -o cover.html
	$(GO) tool cover -func=cover.out | tail -n 1
