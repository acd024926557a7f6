# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="skaffold v2.16.1"
expect="7 minutes"
ldflags="-X github.com/GoogleContainerTools/skaffold/v2/pkg/skaffold/version.version=v2.16.1"
