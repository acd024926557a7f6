# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="Makisu v0.4.2"
expect="20 seconds"
ldflags="-X github.com/uber/makisu/lib/utils.BuildHash=v0.4.2"
