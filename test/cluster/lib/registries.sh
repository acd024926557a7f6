# shellcheck shell=bash
# Three registries: plain http, TLS with a CA nobody knows, and one that wants a password.

ensure_registries() {
  local htpasswd="$LIVE/registries/htpasswd"
  mkdir -p "$LIVE/registries"
  [[ -s $htpasswd ]] || htpasswd -Bbn "$REGISTRY_AUTH_USER" "$REGISTRY_AUTH_PASSWORD" >"$htpasswd"
  ensure_registry plain "$REGISTRY" ""
  ensure_registry tls "$REGISTRY_TLS" "  tls: {certificate: $PKI/registry.crt, key: $PKI/registry.key}"
  ensure_registry auth "$REGISTRY_AUTH" "auth: {htpasswd: {realm: slipway-test, path: $htpasswd}}"
}

# ensure_registry NAME HOST:PORT MORE-CONFIGURATION
ensure_registry() {
  local config="$LIVE/registries/$1.yaml"
  write_config "$config" <<END
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $LIVE/registries/$1}
  delete: {enabled: true}
http:
  addr: $2
$3
END
  ensure_process "registry-$1" --reads "$config" -- docker-registry serve "$config"
}

registries_answer() {
  curl --silent --fail --fail-early --max-time 2 --cacert "$REGISTRY_CA" --user "$REGISTRY_AUTH_USER:$REGISTRY_AUTH_PASSWORD" \
    "http://$REGISTRY/v2/" "https://$REGISTRY_TLS/v2/" "http://$REGISTRY_AUTH/v2/"
}

# push_image LAYOUT REGISTRY NAME: in Docker's schema 2, the only one that every builder reads
push_image() {
  local log
  log="$LOGS/push-${3//\//-}.log"
  skopeo copy --format v2s2 --dest-tls-verify=false --dest-creds "$REGISTRY_AUTH_USER:$REGISTRY_AUTH_PASSWORD" \
    "oci:$1" "docker://$2/$3" >"$log" 2>&1 || {
    show_log "$log"
    fail "could not push $3 to $2"
  }
}
