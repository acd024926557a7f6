# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="cosign v2.6.5"
expect="3 minutes"
ldflags="-X sigs.k8s.io/release-utils/version.gitVersion=v2.6.5"
