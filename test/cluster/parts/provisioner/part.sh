# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="volume provisioner"
expect="2 minutes"
packages="."
