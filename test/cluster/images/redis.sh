# shellcheck shell=bash disable=SC2034
# What makisu keeps its cache's keys in.
image_name=redis:debian
image_variable=SLIPWAY_TEST_REDIS_IMAGE
image_base=busybox
image_debian=(redis-server)

fill_image() { copy_program "$1" /usr/bin/redis-server; }

image_config() {
  cat <<'END'
{"Entrypoint": ["/usr/bin/redis-server", "--save", "", "--protected-mode", "no", "--dir", "/tmp"], "User": "65534:65534"}
END
}
