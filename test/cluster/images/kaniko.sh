# shellcheck shell=bash disable=SC2034
# As kaniko's own Dockerfile makes it, without the credential helpers.
image_name=kaniko/executor:v1.24.0
image_variable=SLIPWAY_KANIKO_IMAGE
image_parts=(kaniko)
image_debian=(ca-certificates)
image_preload=yes
image_program=executor

fill_image() {
  mkdir -p "$1"/kaniko/{.docker,ssl/certs} "$1"/{etc,workspace}
  chmod 777 "$1/kaniko"
  cp "$(program kaniko "$image_program")" "$1/kaniko/$image_program"
  cp /etc/ssl/certs/ca-certificates.crt "$1/kaniko/ssl/certs/"
  echo 'hosts: files dns' >"$1/etc/nsswitch.conf"
}

image_config() {
  cat <<END
{
  "Entrypoint": ["/kaniko/$image_program"],
  "Env": [
    "HOME=/root", "USER=root", "PATH=/usr/local/bin:/kaniko", "SSL_CERT_DIR=/kaniko/ssl/certs", "DOCKER_CONFIG=/kaniko/.docker/",
    "DOCKER_CREDENTIAL_GCR_CONFIG=/kaniko/.config/gcloud/docker_credential_gcr_config.json"
  ],
  "WorkingDir": "/workspace"
}
END
}
