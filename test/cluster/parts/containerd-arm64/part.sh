# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
# The node whose containers are for arm64 is a process of this machine like the others: its containerd is for this machine, and
# takes the images, and their layers, of linux/arm64.
title="containerd v2.4.2 for images of arm64"
architecture=""

prepare_sources() { default_platform arm64; }
