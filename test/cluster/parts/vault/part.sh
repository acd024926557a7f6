# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="Vault v1.15.0"
expect="4 minutes"
packages="."
