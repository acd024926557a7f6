# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="compose v5.5.0"
expect="2 minutes"
ldflags="-X github.com/docker/compose/v5/internal.Version=v5.5.0"
names=(docker-compose=cmd)
