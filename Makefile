# Everything is quick the second time: node_modules follows package-lock.json, bin/ the sources, tools lie in a cache outside the checkout.

SOURCES := $(shell git ls-files -co --exclude-standard -- components resources provider lab programs tools)
NODE_PATHS = PATH="$$PWD/node_modules/.bin:$$PATH"
INSTALLED = node_modules/.rackform-lock
BUILT = bin/.built

.PHONY: help lab lab-down test test-unit soak bench lint schema doctor build clean

help:
	@echo 'make lab [DEPLOYMENT=fleet]  a rack in a box, taken from powered-off to installed by the real engine'
	@echo 'make lab-down                destroy its stack and leave nothing behind'
	@echo 'make test                    every test;  make test-unit: the inner loop;  make soak: the long campaigns'
	@echo 'make bench | lint | schema   measure | check the sources | regenerate schema.json'
	@echo 'make doctor                  what this machine lacks, and how to mend it'
	@echo 'make clean                   remove what was built here (the shared cache of tools stays)'

lab: $(BUILT)
	@node bin/tools/toolchain/main.js --system lab
	@node bin/tools/cli/main.js lab up $(if $(DEPLOYMENT),--deployment $(DEPLOYMENT))

lab-down: $(BUILT)
	@node bin/tools/cli/main.js lab down

test: $(BUILT)
	@node bin/tools/test-runner/main.js

test-unit: $(INSTALLED)
	@$(NODE_PATHS) jest --selectProjects unit

soak: $(BUILT)
	@node bin/tools/test-runner/main.js --soak --layers provider,engine,lab

bench: $(BUILT)
	@node bin/tools/toolchain/main.js
	@node bin/tools/bench/main.js

lint: $(BUILT)
	@node bin/tools/test-runner/main.js --layers checks

schema: $(BUILT)
	@node bin/tools/schema/main.js

doctor: $(BUILT)
	@node bin/tools/cli/main.js doctor

build: $(BUILT)

# `npm ci` runs only when the content of package-lock.json changed, whatever its date; it builds as well ("prepare").
$(INSTALLED): package-lock.json
	@sum=$$(cksum < package-lock.json); \
	if [ "$$(cat $@ 2>/dev/null)" = "$$sum" ]; then touch $@; else \
	  echo 'npm ci: packages, then the first build; usually 30 s'; npm ci --no-audit --no-fund && echo "$$sum" > $@; fi

# Looks again before it builds, because `npm ci` may just have done so.
$(BUILT): $(SOURCES) tsconfig.json tsconfig.build.json package.json | $(INSTALLED)
	@if [ ! -e $@ ] || [ -n "$$(find $^ -newer $@ | head -n 1)" ]; then \
	  echo 'building bin/; usually 10 s'; npm run --silent build; fi

clean:
	rm -rf bin node_modules/.cache
