# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="kube-network-policies v0.8.0"
expect="1 minute"
packages="."
