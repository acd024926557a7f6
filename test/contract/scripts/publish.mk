# Build, then tag, then push: three steps, as most Makefiles have them.
DOCKER ?= docker
VERSION := $(shell cat VERSION)

.PHONY: all build tag push
all: push

build:
	$(DOCKER) build -t $(IMAGE):$(VERSION) --build-arg VERSION=$(VERSION) .

tag: build
	$(DOCKER) tag $(IMAGE):$(VERSION) $(IMAGE):latest
	$(DOCKER) image tag $(IMAGE):$(VERSION) $(IMAGE)-mirror:$(VERSION)

push: tag
	$(DOCKER) push $(IMAGE):$(VERSION)
	$(DOCKER) push -q $(IMAGE):latest
	@$(DOCKER) push $(IMAGE)-mirror:$(VERSION) | sed -n 's/.*digest: \(sha256:[0-9a-f]*\) .*/\1/p' > pushed.digest
	@$(DOCKER) push $(IMAGE):nobody-built-this 2>push.err; test $$? = 1
