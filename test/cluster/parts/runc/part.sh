# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="runc v1.5.2"
expect="20 seconds"
# Static, for the images of the builders that bring a runc of their own.
cgo=1
tags="seccomp netgo osusergo"
ldflags="-extldflags=-static"
debian=(gcc libc6-dev libseccomp-dev pkg-config)
