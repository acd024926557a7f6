# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="Docker's engine v2.0.0-beta.24, the sources of 29"
expect="5 minutes"
tags="exclude_graphdriver_btrfs"
ldflags="-X github.com/moby/moby/v2/dockerversion.Version=29.0.0-beta.24"
