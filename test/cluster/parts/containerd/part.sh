# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="containerd v2.4.2"
expect="2 minutes"
ldflags="-X github.com/containerd/containerd/v2/version.Version=v2.4.2"
