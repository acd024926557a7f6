# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="volume provisioner"
expect="1 minute"
packages="."
