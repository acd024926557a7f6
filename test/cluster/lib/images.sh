# shellcheck shell=bash disable=SC2034 # what recipes set is read elsewhere too
# Container images made here: an OCI layout with one layer, written by hand, and pushed by skopeo.
# images/NAME.sh says what is in it: the variables load_image lists, and two functions: fill_image ROOT puts the files
# there (over those of image_base), image_config prints the configuration's JSON. images/arm64/NAME.sh: the same image for arm64.

# load_image NAME: read images/NAME.sh into the variables above
load_image() {
  image_name="" image_parts=() image_debian=() image_registries=plain image_preload=no image_variable="" image_program="" image_base="" image_architecture=""
  # shellcheck source=/dev/null
  source "$HERE/images/$1.sh"
}

# image_layout NAME: where its layout is or will be
image_layout() (
  load_image "$1"
  key=$({
    declare -f fill_image image_config write_layout
    for helper in copy_program make_user; do
      [[ $(declare -f fill_image) != *"$helper"* ]] || declare -f "$helper"
    done
    declare -p image_name image_program
    [[ -z $image_base ]] || basename "$(image_layout "$image_base")"
    for part in "${image_parts[@]}"; do printf '%s\n' "${PART_DIR[$part]##*/}"; done
  } | sha256sum)
  printf '%s' "$BUILT/image-${1/\//-}-${key:0:12}"
)

# parts_of IMAGE…: the parts every cluster has, and those these images are made of
parts_of() {
  local image
  printf '%s\n' "${BASE_PARTS[@]}"
  for image in "$@"; do (
    load_image "$image"
    ((${#image_parts[@]} == 0)) || printf '%s\n' "${image_parts[@]}"
  ); done | grep -vxF -f <(printf '%s\n' "${BASE_PARTS[@]}") | sort -u || true
}

build_images() {
  local image
  for image in "$@"; do
    build_image "$(load_image "$image" && echo "${image_base:-$image}")"
    build_image "$image"
  done
}

# build_image NAME: unless its layout is there
build_image() (
  set -e
  layout=$(image_layout "$1")
  [[ ! -d $layout ]] || return 0
  load_image "$1"
  started=$EPOCHREALTIME work="$layout.part" log="$BUILT/image-${1/\//-}.log"
  ((${#image_debian[@]} == 0)) || install_debian_packages "${image_debian[@]}"
  say "making image $image_name${image_architecture:+ for $image_architecture} …"
  rm -rf "$work"
  mkdir -p "$work/root"
  # Not in a condition: there bash would go on after a command that failed.
  set +e
  (
    set -e
    umask 022
    # write_layout asks dpkg. It is not told otherwise, as all images would be made again for a change of it.
    [[ -z $image_architecture ]] || dpkg() { if [[ $1 == --print-architecture ]]; then echo "$image_architecture"; else command dpkg "$@"; fi; }
    fill_base "$work/root"
    fill_image "$work/root"
    image_config >"$work/config"
    write_layout "$work" "$work/root" "$work/config"
  ) >"$log" 2>&1
  status=$?
  set -e
  if ((status != 0)); then
    show_log "$log"
    fail "could not make image $image_name"
  fi
  rm -rf "$work/root" "$work/config"
  mv -T "$work" "$layout"
  say "made image $image_name${image_architecture:+ for $image_architecture} in $(seconds_since "$started")"
)

# fill_base ROOT: the files of the image this one starts from
fill_base() (
  [[ -n $image_base ]] || return 0
  for layer in "$(image_layout "$image_base")"/blobs/sha256/*; do
    if gzip --test "$layer" 2>/dev/null; then tar --extract --gzip --directory "$1" --file "$layer"; fi
  done
)

# copy_program ROOT FILE: a program of this machine, with the libraries it is linked to
copy_program() {
  local root=$1 file=$2
  install -D -m 755 "$file" "$root$file"
  while read -r file; do
    [[ -e $root$file ]] || install -D -m 755 "$file" "$root$file"
  done < <(ldd "$2" | grep -o '/[^ ]*')
}

# make_user ROOT NAME: uid 1000 with a range of further ids, which newuidmap hands out.
# That program gets file capabilities: setuid root, it would lack DAC_OVERRIDE in a pod and fail to open uid_map.
make_user() {
  local root=$1 name=$2 map
  echo "$name:x:1000:1000::/home/$name:/bin/sh" >>"$root/etc/passwd"
  echo "$name:x:1000:" >>"$root/etc/group"
  echo "$name:100000:65536" | tee "$root/etc/subuid" >"$root/etc/subgid"
  for map in uid gid; do
    copy_program "$root" "/usr/bin/new${map}map"
    setcap "cap_set${map}+ep" "$root/usr/bin/new${map}map"
  done
  install -d -o 1000 -g 1000 "$root/home/$name" "$root/home/$name/.local" "$root/home/$name/.local/tmp" \
    "$root/home/$name/.local/share" "$root/run/user/1000"
}

# write_layout LAYOUT ROOT CONFIG: an OCI image layout of the one directory ROOT
write_layout() {
  local layout=$1 root=$2 config=$3 blobs="$1/blobs/sha256" layer diff
  mkdir -p "$blobs"
  # File capabilities are what newuidmap needs; a fixed order and time make the same layer of the same files.
  tar --create --directory "$root" --sort=name --mtime=@0 --numeric-owner \
    --xattrs --xattrs-include=security.capability --file "$layout/layer.tar" .
  diff=$(digest_of "$layout/layer.tar")
  gzip -1 --no-name "$layout/layer.tar"
  layer=$(add_blob "$layout/layer.tar.gz" "$blobs" application/vnd.oci.image.layer.v1.tar+gzip)
  jq --null-input --arg diff "sha256:$diff" --slurpfile config "$config" '{
    created: "1970-01-01T00:00:00Z", architecture: "'"$(dpkg --print-architecture)"'", os: "linux",
    config: $config[0], rootfs: {type: "layers", diff_ids: [$diff]}
  }' >"$layout/image.json"
  config=$(add_blob "$layout/image.json" "$blobs" application/vnd.oci.image.config.v1+json)
  jq --null-input --argjson layer "$layer" --argjson config "$config" '{
    schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $config, layers: [$layer]
  }' >"$layout/manifest.json"
  jq --null-input --argjson manifest "$(add_blob "$layout/manifest.json" "$blobs" application/vnd.oci.image.manifest.v1+json)" \
    '{schemaVersion: 2, manifests: [$manifest]}' >"$layout/index.json"
  echo '{"imageLayoutVersion": "1.0.0"}' >"$layout/oci-layout"
}

digest_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# add_blob FILE BLOBS MEDIA-TYPE: move FILE there and print its descriptor
add_blob() {
  local digest size
  digest=$(digest_of "$1")
  size=$(stat --format=%s "$1")
  mv "$1" "$2/$digest"
  printf '{"mediaType": "%s", "digest": "sha256:%s", "size": %d}' "$3" "$digest" "$size"
}

# publish_image NAME: into the registries it belongs to, once for each of its contents
publish_image() (
  set -e
  load_image "$1"
  layout=$(image_layout "$1")
  mark="$LIVE/registries/$1.pushed"
  if [[ $(cat "$mark" 2>/dev/null) != "$layout" ]]; then
    push_image "$layout" "$REGISTRY" "$image_name"
    if [[ $image_registries == all ]]; then
      push_image "$layout" "$REGISTRY_TLS" "$image_name"
      push_image "$layout" "$REGISTRY_AUTH" "$image_name"
    fi
    printf '%s\n' "$layout" >"$mark"
  fi
)

# has_arm64 NAME: whether there is such an image for arm64 too
has_arm64() { [[ -e $HERE/images/arm64/$1.sh ]]; }

# publish_index NAME: its tag then stands for both architectures, as a manifest list of Docker's. To a client that does not know
# lists the registry gives the manifest for amd64, so all builders read such a tag.
publish_index() (
  set -e
  load_image "$1"
  layouts="$(image_layout "$1") $(image_layout "arm64/$1")" mark="$LIVE/registries/$1.index"
  [[ $(cat "$mark" 2>/dev/null) != "$layouts" ]] || return 0
  registries=("$REGISTRY")
  if [[ $image_registries == all ]]; then registries+=("$REGISTRY_TLS" "$REGISTRY_AUTH"); fi
  for registry in "${registries[@]}"; do
    push_image "$(image_layout "arm64/$1")" "$registry" "$image_name-arm64"
    {
      describe_manifest "$registry" "$image_name" amd64
      describe_manifest "$registry" "$image_name-arm64" arm64
    } | jq --slurp '{schemaVersion: 2, mediaType: "application/vnd.docker.distribution.manifest.list.v2+json", manifests: .}' |
      ask_registry "$registry" --request PUT --data-binary @- \
        --header "Content-Type: application/vnd.docker.distribution.manifest.list.v2+json" "$(manifest_path "$image_name")"
  done
  printf '%s\n' "$layouts" >"$mark"
)

# describe_manifest REGISTRY NAME ARCHITECTURE: the descriptor of the manifest for one platform that the tag has
describe_manifest() {
  local type=application/vnd.docker.distribution.manifest.v2+json
  ask_registry "$1" --header "Accept: $type" "$(manifest_path "$2")" >"$LIVE/registries/manifest.$3"
  printf '{"mediaType": "%s", "digest": "sha256:%s", "size": %d, "platform": {"os": "linux", "architecture": "%s"}}' \
    "$type" "$(digest_of "$LIVE/registries/manifest.$3")" "$(stat --format=%s "$LIVE/registries/manifest.$3")" "$3"
}

# manifest_path NAME:TAG
manifest_path() { printf '%s' "/v2/${1%:*}/manifests/${1##*:}"; }

# ask_registry REGISTRY [FLAG]… PATH: of curl
ask_registry() {
  local scheme=http
  [[ $1 != "$REGISTRY_TLS" ]] || scheme=https
  curl --silent --show-error --fail --cacert "$REGISTRY_CA" --user "$REGISTRY_AUTH_USER:$REGISTRY_AUTH_PASSWORD" \
    "${@:2:$#-2}" "$scheme://$1${*: -1}"
}

# place_image NAME: onto the node, if it is one of those that are to be there
place_image() (
  set -e
  load_image "$1"
  mark="$NODE_DIR/$1.loaded" layout=$(image_layout "$(is_arm64_node && printf 'arm64/')$1")
  if [[ $image_preload == yes && $(cat "$mark" 2>/dev/null) != "$layout" ]]; then
    preload_image "$REGISTRY/$image_name"
    printf '%s\n' "$layout" >"$mark"
  fi
)
