# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="img v0.5.11"
expect="30 seconds"
cgo=1
# noembed: its runc lies beside it, instead of in it.
tags="seccomp noembed netgo osusergo"
ldflags="-X github.com/genuinetools/img/version.VERSION=v0.5.11 -extldflags=-static"
debian=(gcc libc6-dev libseccomp-dev pkg-config)
