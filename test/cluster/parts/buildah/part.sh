# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="Buildah v1.44.0"
expect="2 minutes"
cgo=1
tags="seccomp containers_image_openpgp exclude_graphdriver_btrfs netgo osusergo"
ldflags="-extldflags=-static"
debian=(gcc libc6-dev libseccomp-dev pkg-config)
