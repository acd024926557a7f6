# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="pause"
expect="a second"
packages="."
