# `make` or `make help` lists what there is.

BIN := bin/muster
GO ?= go
CHROMIUM ?= /usr/bin/chromium
TOOL := $(GO) tool -modfile=tools/go.mod
NPM := npm --prefix web --no-audit --no-fund --loglevel=error

.DEFAULT_GOAL := help
.PHONY: help run build test go-test lint web web-test e2e fuzz faults effort bench bench-export bench-peers programs bench-pages scale FORCE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## start the demo: a small university with a live lecture
	./$(BIN) demo

build: $(BIN) ## build bin/muster; the front end is built and committed already

$(BIN): FORCE
	$(GO) build -trimpath -o $(BIN) ./cmd/muster

test: lint go-test web-test e2e ## run every check and test there is

go-test: programs ## Go tests, with the race detector
	$(GO) test -race -timeout 40m $$($(GO) list ./... | grep -v /faults)
	$(GO) test -timeout 40m ./faults # alone: it says how soon screens are right

lint: ## vet, staticcheck and formatting of the Go code
	@test -z "$$(gofmt -l . | grep -v node_modules)" || { echo 'run gofmt on:'; gofmt -l . | grep -v node_modules; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...

web: web/node_modules ## build the front end into web/dist, which is committed
	$(NPM) run build

web-test: web/node_modules ## format, types, unit tests and freshness of the front end
	$(NPM) run format:check
	$(NPM) run check
	$(NPM) test
	$(NPM) run build
	@test -z "$$(git status --porcelain web/dist)" || { git status --short web/dist; echo 'web/dist is not what web/src builds: run "make web" and commit it'; exit 1; }

e2e: build web/node_modules programs ## the real program in a real browser
	CHROMIUM=$(CHROMIUM) MUSTER_BIN=$(CURDIR)/$(BIN) $(NPM) run e2e

effort: build web/node_modules programs ## a term in a real browser: count what it costs teacher and office, into docs/effort.md
	CHROMIUM=$(CHROMIUM) MUSTER_BIN=$(CURDIR)/$(BIN) $(NPM) run effort

web/node_modules: web/package-lock.json
	$(NPM) ci
	@touch web/node_modules

# What the tests run besides Go and Node: Debian's package and the program in it.
PROGRAMS := chromium:$(CHROMIUM) redis-server:/usr/bin/redis-server nginx:/usr/sbin/nginx \
	haproxy:/usr/sbin/haproxy iproute2:/sbin/ip postgresql:/usr/lib/postgresql/*/bin/postgres

programs: ## install the programs that the tests run, or say what is missing
	@missing=; for p in $(PROGRAMS); do set -- $${p#*:}; test -x "$$1" || missing="$$missing $${p%%:*}"; done; \
	test -z "$$missing" && exit 0; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
		echo "This needs$$missing. Install them (Debian: apt-get install$$missing); for Chromium elsewhere say CHROMIUM=/path/to/it."; exit 1; \
	fi

fuzz: ## fuzz every parser for a while; FUZZTIME=1m for longer
	@for pkg in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$pkg | grep ^Fuzz); do \
			echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(or $(FUZZTIME),10s) $$pkg || exit 1; \
		done; \
	done

faults: programs ## hold sessions while servers, databases and wires fail; FAULTS='-only kill' for some
	$(GO) run ./faults $(FAULTS)

bench: build programs ## sync latency of one server, memory of 5,000 connections, of two servers, of which one is killed, and check-ins committed a second
	./$(BIN) bench -n 300 --scenario steady --rate 50
	./$(BIN) bench -n 300 --scenario storm --runs 3
	./$(BIN) bench -n 3000 --scenario steady --rate 50
	./$(BIN) bench -n 5000 --scenario idle --duration 10s
	./$(BIN) bench --nodes 2 -n 300 --scenario steady --rate 50
	./$(BIN) bench --nodes 2 -n 300 --scenario storm --runs 3
	./$(BIN) bench --nodes 2 -n 300 --sessions 8 --rate 160 --duration 10s
	./$(BIN) bench --nodes 2 -n 300 --sessions 20 --rate 50 --duration 12s --kill-after 5s
	$(GO) test ./cmd/muster -run '^$$' -bench CheckIns -benchtime 30000x

bench-export: programs ## a million marks to CSV, XLSX and JSON, from both databases: time, processor time, rate and memory
	$(GO) test ./cmd/muster -run '^$$' -bench Export -benchtime 1x

bench-pages: build web/node_modules programs ## a scan on a slow line and a board of 1,000, in a real browser
	CHROMIUM=$(CHROMIUM) MUSTER_BIN=$(CURDIR)/$(BIN) $(NPM) run speed

scale: ## a university and a country: hold them on simulated nodes, and print what they take
	$(GO) test ./bench/scale -count 1 -timeout 20m -v -args -whole

bench-import: build ## time and memory of importing 100,000 people and 1,000,000 enrolments, into SQLite and PostgreSQL
	./$(BIN) bench-import
	./$(BIN) bench-import --store postgres

# Debian's packages of what muster is compared with, and a file of each.
PYTHON_PACKAGES := /usr/lib/python3/dist-packages
PEERS := redis-server:/usr/bin/redis-server postgresql:/usr/lib/postgresql/*/bin/postgres $(foreach p,fastapi uvicorn websockets uvloop redis,python3-$(p):$(PYTHON_PACKAGES)/$(p))

bench-peers: build ## measure muster beside Centrifuge, Socket.IO, FastAPI and the floor, into docs/performance.md; takes an hour
	@$(MAKE) --no-print-directory programs PROGRAMS='$(PEERS)'
	npm --prefix bench/peers/socketio --no-audit --no-fund --loglevel=error ci
	cd bench/peers && $(GO) build -o ../../bin/peers . && ../../bin/peers $(PEERS_FLAGS)
