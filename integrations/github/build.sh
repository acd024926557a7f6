#!/usr/bin/env bash
# Runs `slipway build` with the inputs of the action, which are in variables INPUT_…, and writes the outputs.
set -euo pipefail

work=$(mktemp -d "${RUNNER_TEMP:-/tmp}/slipway.XXXXXX")
trap 'rm -rf "$work"' EXIT
umask 077
args=()

# input NAME: its value
input() {
  local name=INPUT_$1
  printf '%s' "${!name:-}"
}

# lines NAME: its lines, without blanks around them and without empty ones
lines() { input "$1" | sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d' -e '$a\'; }

# one FLAG NAME: the flag with the input's value, if it has one
one() {
  local value
  value=$(input "$2")
  if [[ -n $value ]]; then args+=("$1=$value"); fi
}

# each FLAG NAME: the flag once for each line
each() {
  local line
  while IFS= read -r line; do args+=("$1=$line"); done < <(lines "$2")
}

# each_item FLAG NAME: the flag once for each item, which commas or lines separate
each_item() {
  local item
  while IFS= read -r item; do args+=("$1=$item"); done < <(lines "$2" | tr ',' '\n' | sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d')
}

# switch FLAG NAME: the flag if the input is true
switch() { if [[ $(input "$2") == true ]]; then args+=("$1"); fi; }

one --namespace NAMESPACE
one --builder BUILDER
one --file FILE
one --target TARGET
one --platform PLATFORMS
one --network NETWORK
one --provenance PROVENANCE
one --sbom SBOM
one --shm-size SHM_SIZE
one --call CALL
each_item --tag TAGS
each_item --add-host ADD_HOSTS
each_item --allow ALLOW
each_item --no-cache-filter NO_CACHE_FILTERS
each_item --ulimit ULIMIT
each --annotation ANNOTATIONS
each --attest ATTESTS
each --build-arg BUILD_ARGS
each --build-context BUILD_CONTEXTS
each --cache-from CACHE_FROM
each --cache-to CACHE_TO
each --label LABELS
each --output OUTPUTS
each --ssh SSH
switch --no-cache NO_CACHE
switch --pull PULL
switch --push PUSH
switch --load LOAD
# As docker/build-push-action does: an image is pushed only when the workflow says so.
if [[ $(input PUSH) != true && $(input LOAD) != true && -z $(input OUTPUTS) ]]; then args+=(--output=type=cacheonly); fi

count=0
while IFS= read -r line; do
  count=$((count + 1))
  printf '%s' "${line#*=}" >"$work/secret-$count"
  args+=("--secret=id=${line%%=*},src=$work/secret-$count")
done < <(lines SECRETS)
while IFS= read -r line; do args+=("--secret=id=${line%%=*},env=${line#*=}"); done < <(lines SECRET_ENVS)
while IFS= read -r line; do args+=("--secret=id=${line%%=*},src=${line#*=}"); done < <(lines SECRET_FILES)

if [[ -n $(input KUBECONFIG) ]]; then
  input KUBECONFIG >"$work/kubeconfig"
  export KUBECONFIG=$work/kubeconfig
fi
context=$(input CONTEXT)
# The programs that slipway runs get no input.
unset "${!INPUT_@}"

slipway build --metadata-file="$work/metadata.json" --iidfile="$work/imageid" "${args[@]}" -- "${context:-.}"

# --call builds nothing, so it writes neither.
if [[ -e $work/metadata.json ]]; then
  delimiter=metadata-$RANDOM$RANDOM$RANDOM
  {
    sed -n 's/^ *"containerimage\.digest": *"\(sha256:[0-9a-f]*\)".*/digest=\1/p' "$work/metadata.json"
    if [[ -e $work/imageid ]]; then echo "imageid=$(cat "$work/imageid")"; fi
    printf 'metadata<<%s\n' "$delimiter"
    cat "$work/metadata.json"
    printf '\n%s\n' "$delimiter"
  } >>"${GITHUB_OUTPUT:-/dev/null}"
fi
