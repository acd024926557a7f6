# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="CoreDNS v1.14.6"
expect="2 minutes"
packages="."
