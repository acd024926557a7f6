# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
# rootlesskit and runc make namespaces with flags of clone(), which QEMU refuses, so BuildKit's programs are for this machine too.
# They build for linux/arm64 where no platform is named, and what RUN runs are programs for arm64.
title="BuildKit v0.34.2 for images of arm64"
architecture=""

prepare_sources() { default_platform arm64; }
