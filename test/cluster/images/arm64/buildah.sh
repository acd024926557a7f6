# shellcheck shell=bash disable=SC2034
# Its programs are for this machine: QEMU refuses clone() and unshare() with CLONE_NEWUSER, which Buildah calls in a pod without
# SYS_ADMIN. What RUN runs is for arm64.
# shellcheck source=/dev/null
source "$HERE/images/buildah.sh"
image_architecture=arm64
image_base=buildah
image_parts=()
image_debian=(libcap2-bin)

# fill_base does not keep capabilities.
fill_image() { for map in uid gid; do setcap "cap_set${map}+ep" "$1/usr/bin/new${map}map"; done; }
