# shellcheck shell=bash disable=SC2034
image_name=buildah:v1.44.0
image_variable=SLIPWAY_BUILDAH_IMAGE
image_preload=yes
image_base=debian
image_parts=(buildah)
image_debian=(uidmap libcap2-bin netavark)

fill_image() {
  make_user "$1" build
  # These ids lie within a pod's user namespace too, which has no more than 65536.
  printf 'build:1:999\nbuild:1001:64535\n' | tee "$1/etc/subuid" >"$1/etc/subgid"
  install -m 755 "$(program buildah buildah)" "$1/usr/bin/"
  # Looked for even where chroot isolation leaves it nothing to do.
  copy_program "$1" /usr/lib/podman/netavark
  mkdir -p "$1/etc/containers" "$1/var/lib/containers"
  echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$1/etc/containers/policy.json"
  printf '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' \
    >"$1/etc/containers/storage.conf"
  echo 'unqualified-search-registries = ["docker.io"]' >"$1/etc/containers/registries.conf"
}

image_config() {
  cat <<'END'
{
  "Env": [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "BUILDAH_ISOLATION=chroot",
    "_CONTAINERS_USERNS_CONFIGURED="
  ],
  "Cmd": ["bash"],
  "Volumes": {"/var/lib/containers": {}}
}
END
}
