# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="buildx v0.38.2 and the docker CLI v29.8.2"
expect="2 minutes"
ldflags="-X github.com/docker/buildx/version.Version=v0.38.2 -X github.com/docker/cli/cli/version.Version=29.8.2"
# The CLI's module says no version of Go, which would be 1.16 then.
gcflags="github.com/docker/cli/cmd/docker=-lang=go1.25"
