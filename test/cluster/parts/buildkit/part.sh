# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="BuildKit v0.34.2 and RootlessKit v3.3.0"
expect="2 minutes"
tags="osusergo netgo"
ldflags="-X github.com/moby/buildkit/version.Version=v0.34.2"
files=(github.com/moby/buildkit/examples/buildctl-daemonless/buildctl-daemonless.sh)
