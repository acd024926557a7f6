# shellcheck shell=bash
# Programs compiled from Go modules. A part is a folder parts/NAME: go.mod, go.sum, sources if it has its own,
# and part.sh, which says how it is built. The result lies in $BUILT/NAME-KEY and is made once for each KEY.
# NAME-arm64 is the part NAME for arm64; a folder parts/NAME-arm64 has only a part.sh, which says what else is different.

PATH="$PATH:/usr/local/go/bin" # sudo and the like leave it out

# go_version: read from its files, for going through go itself takes longer than all the rest of an `up` with nothing to do
go_version() {
  local go
  go=$(command -v go) || return 0
  head -n 1 "$(readlink -f "$go" | xargs dirname)/../VERSION" 2>/dev/null || go env GOVERSION
}

# part_dir NAME: where its programs are or will be
part_dir() {
  local key
  key=$({
    printf '%s\n' "$GO_VERSION"
    cd "$HERE/parts/${1%-arm64}"
    find . -type f ! -name part.sh | LC_ALL=C sort | xargs -d '\n' sha256sum
    grep -v '^expect=' part.sh # how long it takes decides nothing
    if [[ $1 == *-arm64 ]]; then echo arm64 && cat "$HERE/parts/$1/part.sh" 2>/dev/null; fi
  } | sha256sum)
  printf '%s' "$BUILT/$1-${key:0:12}"
}

# program PART NAME: path of one program
program() { printf '%s' "${PART_DIR[$1]}/$2"; }

# find_parts NAME…: remember where each part is, for program()
declare -gA PART_DIR=()
find_parts() {
  local part
  for part in "$@"; do PART_DIR[$part]=$(part_dir "$part"); done
}

# build_parts NAME…: compile what is not there yet. The first runs beside the rest: linking uses one processor only.
build_parts() {
  local part missing=()
  for part in "$@"; do [[ -d ${PART_DIR[$part]} ]] || missing+=("$part"); done
  ((${#missing[@]} > 0)) || return 0
  command -v go >/dev/null || fail "go is needed to compile ${missing[*]}, and it is not on the PATH"
  mkdir -p "$BUILT"
  local pids=() pid status=0
  build_part "${missing[0]}" &
  pids+=($!)
  # In the background too: a function whose failure is asked about would go on after its own errors.
  for part in "${missing[@]:1}"; do build_part "$part"; done &
  pids+=($!)
  for pid in "${pids[@]}"; do wait "$pid" || status=1; done
  ((status == 0)) || exit 1
}

# build_part NAME
build_part() (
  set -e
  part=$1 into="${PART_DIR[$1]}" log="$BUILT/$1.log" started=$EPOCHREALTIME
  title="" expect="" packages=tool ldflags="" gcflags="" tags="" cgo=0 names=() files=() debian=() architecture=""
  # shellcheck source=/dev/null # each part.sh sets only the variables above
  source "$HERE/parts/${part%-arm64}/part.sh"
  if [[ $part == *-arm64 ]]; then
    title+=" for arm64" architecture=arm64
    # shellcheck source=/dev/null
    [[ ! -e $HERE/parts/$part/part.sh ]] || source "$HERE/parts/$part/part.sh"
  fi
  if ((${#debian[@]} > 0)); then install_debian_packages "${debian[@]}"; fi
  say "compiling $title (about $expect the first time) …"
  rm -rf "$into.part"
  mkdir -p "$into.part"
  cd "$HERE/parts/${part%-arm64}"
  if [[ $(type -t prepare_sources) == function ]]; then
    sources=$(mktemp -d "$BUILT/$part.XXXXXX")
    trap 'chmod -R u+w "$sources" && rm -rf "$sources"' EXIT
    cp -r . "$sources"
    cd "$sources"
    prepare_sources
  fi
  # GOTOOLCHAIN: the go that is here, never one that would be downloaded.
  if ! GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=$cgo GOARCH=$architecture \
    go build -trimpath -buildvcs=false -tags "$tags" -gcflags "$gcflags" -ldflags "-s -w $ldflags" -o "$into.part/" "$packages" >"$log" 2>&1; then
    show_log "$log"
    fail "could not compile $title"
  fi
  for name in "${names[@]}"; do
    # NEW=OLD: the program OLD is called NEW; else one more name of the program that is called like the part.
    if [[ $name == *=* ]]; then mv "$into.part/${name#*=}" "$into.part/${name%%=*}"; else ln -s "$part" "$into.part/$name"; fi
  done
  for file in "${files[@]}"; do copy_from_module "$file" "$into.part/"; done
  mv -T "$into.part" "$into"
  say "compiled $title in $(seconds_since "$started")"
)

# default_platform ARCHITECTURE: for prepare_sources. The programs compiled run on this machine, and take images of ARCHITECTURE
# where nobody names one.
default_platform() {
  local module=github.com/containerd/platforms directory
  directory=$(GOFLAGS=-mod=readonly go list -m -f '{{.Dir}}' "$module")
  cp -r "$directory" platforms
  chmod -R u+w platforms
  sed -i "s/Architecture: runtime.GOARCH/Architecture: \"$1\"/" platforms/defaults_unix.go
  grep -q "Architecture: \"$1\"" platforms/defaults_unix.go || fail "the default platform is set elsewhere in this $module"
  go mod edit -replace "$module=./platforms"
}

# copy_from_module MODULE/PATH DIRECTORY: a file of a module this part requires, as go.sum pins it
copy_from_module() {
  local module directory
  while read -r module directory; do
    if [[ $1 == "$module"/* && -e $directory/${1#"$module/"} ]]; then
      install -m 755 "$directory/${1#"$module/"}" "$2"
      return
    fi
  done < <(GOFLAGS=-mod=readonly go list -m -f '{{.Path}} {{.Dir}}' all 2>/dev/null)
  fail "no module has $1"
}
