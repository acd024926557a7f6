# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="kaniko v1.24.0"
expect="3 minutes"
ldflags="-X github.com/GoogleContainerTools/kaniko/pkg/version.version=v1.24.0"
