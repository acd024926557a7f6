# shellcheck shell=bash disable=SC2034
# As Makisu's own Dockerfile makes it: nothing but the program and certificates.
image_name=makisu:v0.4.2
image_variable=SLIPWAY_MAKISU_IMAGE
image_preload=yes
image_parts=(makisu)
image_debian=(ca-certificates)

fill_image() {
  install -D -m 755 "$(program makisu makisu)" "$1/makisu-internal/makisu"
  install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$1/makisu-internal/certs/cacerts.pem"
}

image_config() { echo '{"Entrypoint": ["/makisu-internal/makisu"]}'; }
