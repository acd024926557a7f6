/**
 * The pod's end of a cached context: one command in the receiving container. It keeps a tree on a volume, receives the changes, and
 * gives this build its own copy, made of hard links. Plain POSIX shell with busybox's tools.
 *
 * On the volume: `cache/tree/context`, the tree that the manifest describes; the manifest's parts in `cache/manifest`; `cache/clean`
 * as long as both agree; and `builds/NAME/ready`, which a build reads. In the cache, directories are
 * open to their owner, so that a user other than root can compare and change them; only a build's copy has their own modes. Files are
 * never changed, only replaced, so that copies stay as they were. The build that made `cache/lock`, a symlink to its name, may change
 * the cache. The lock is taken from a build whose pod is gone, and only when the lock is older than the list of pods that this client
 * has seen.
 */
import { AWAIT_RESULT, MOUNT, ONLY_ATTEMPT, REASON, REFUSAL, openDirectories } from "../receiver.ts";
import { CONTEXT_DIR, MARKER, READY_DIR, closeDirectories } from "../../plan/layout.ts";

/** In the archive: what the pod needs besides the files. */
export const NOTES_DIR = ".slipway";
/** Exit code when another build holds the lock, or the volume supports no lock. */
export const BUSY_EXIT_CODE = 75;
/** How often the lock is tried, every 0.2 seconds. */
const LOCK_TRIES = 100;
/** Age at which the lock of a build without a pod is taken: longer than any client waits for it. */
const STALE_MINUTES = 1;
/** Interval at which all files are compared by checksum. Every build compares sizes, times and modes. */
const FULL_CHECK_MINUTES = 1440;
/** Age at which copies of ended builds are removed. Younger copies may belong to builds that started after the list was made. */
const OLD_COPY_MINUTES = 10;
/** Length of the sha256 that follows the archive, in hex digits. */
export const CHECKSUM_LENGTH = 64;

/** Path of a build's own copy, relative to the volume's root. */
export function pathOf(build: string): string {
  return `builds/${build}`;
}

/**
 * Writes `CLEAN`, a line `NUMBER SUM` for each part of its manifest and `END` to standard output, or `NONE` when it has no usable
 * tree. Then it reads lines: it answers `want NUMBER…` with `PART NUMBER LENGTH` and the part for each, and `END`;
 * `delta` or `full` is followed by the archive and its sha256, to the end of standard input. It leaves its exit code in
 * a file for `outcomeCommand`. When it cannot get the lock it writes `BUSY` and exits with BUSY_EXIT_CODE.
 * @param live the builds whose pods exist; undefined when that is unknown, and then no old copies are removed
 */
export function cacheCommand(attempt: string, build: string, live: readonly string[] | undefined): readonly string[] {
  return ["sh", "-c", SCRIPT, "cache", attempt, build, live?.join(" ") ?? UNKNOWN];
}

/** Stands for an unknown list of builds: a build's name never has this character. */
const UNKNOWN = "?";

const SCRIPT = `export LC_ALL=C
cd ${MOUNT} || exit 1
${ONLY_ATTEMPT}
build=$2 live=$3
mkdir -p cache/manifest "builds/$build" || exit 1
end() {
  echo $1 > $own/result.new && mv $own/result.new $own/result
  [ $1 = 0 ] || { echo "${REFUSAL}$(${REASON})" >&2; cat > /dev/null; }
  exit $1
}
unlock() { [ "$(readlink cache/lock)" != "$build" ] || rm -f cache/lock; }
stale() {
  owner=$(readlink cache/lock) || return 1
  [ "$owner" != "$build" ] || return 0
  [ "$live" != "${UNKNOWN}" ] && [ -n "$(find cache/lock -mmin +${STALE_MINUTES} 2>/dev/null)" ] || return 1
  case " $live " in *" $owner "*) return 1 ;; esac
}
tries=0
until ln -s "$build" cache/lock 2>/dev/null; do
  if stale && mkdir cache/stealing 2>/dev/null; then
    if stale; then rm -f cache/lock; fi
    rmdir cache/stealing
    continue
  fi
  tries=$((tries + 1))
  if [ $tries -ge ${LOCK_TRIES} ]; then
    find cache/stealing -mmin +${STALE_MINUTES} -exec rmdir {} + 2>/dev/null
    echo "BUSY $(readlink cache/lock)"
    exit ${BUSY_EXIT_CODE}
  fi
  sleep 0.2
done
trap unlock EXIT
listing() (
  cd cache/tree && {
    find ${CONTEXT_DIR} -mindepth 1 -type d -print0 | xargs -0 -r stat -c 'd %a %n'
    find ${CONTEXT_DIR} -mindepth 1 -type f -print0 | xargs -0 -r stat -c 'f %a %s %Y %n'
    find ${CONTEXT_DIR} -mindepth 1 -type l -print0 | xargs -0 -r stat -c 'l %s %n'
  } | sort | sha256sum | cut -c 1-64
)
sums() (
  cat cache/manifest/* | awk '$1 == "f" && $7 !~ /%/ && substr("000" $2, length($2) + 1, 1) >= 4 { print $5 "  ${CONTEXT_DIR}/" $7 }' > $own/sums
  cd cache/tree && { [ ! -s $own/sums ] || sha256sum -c $own/sums > $own/checked 2>&1; }
)
${openDirectories("cache/tree")}
if [ -e cache/clean ] && [ -z "$(find cache/checked -mmin -${FULL_CHECK_MINUTES} 2>/dev/null)" ]; then
  if sums; then : > cache/checked; else rm -f cache/clean; fi
fi
if [ -e cache/clean ] && [ "$(listing 2>/dev/null)" = "$(cat cache/listing)" ]; then echo CLEAN; cat cache/parts; echo END; else rm -f cache/clean; echo NONE; fi
[ "$live" = "${UNKNOWN}" ] || {
  for old in $(find builds -mindepth 1 -maxdepth 1 -mmin +${OLD_COPY_MINUTES} 2>/dev/null); do
    case " $build $live " in *" \${old#builds/} "*) ;; *) ${openDirectories('"$old"')}; rm -rf "$old" ;; esac
  done
} > /dev/null 2>&1 &
old=$!
read -r mode wanted || { echo "the client went" > $own/errors; end 66; }
if [ "$mode" = want ]; then
  for part in $wanted; do echo "PART $part $(wc -c < cache/manifest/$part)"; cat cache/manifest/$part; done
  echo END
  read -r mode wanted || { echo "the client went" > $own/errors; end 66; }
fi
(
  set -e; set -o pipefail
  cat > cache/incoming
  size=$(wc -c < cache/incoming)
  body=$((size - ${CHECKSUM_LENGTH}))
  [ $body -gt 0 ] || { echo "the archive has no end" >&2; exit 1; }
  sum=$(head -c $body cache/incoming | sha256sum | cut -c 1-64)
  [ "$sum" = "$(tail -c ${CHECKSUM_LENGTH} cache/incoming)" ] || { echo "sha256 of what arrived is $sum" >&2; exit 1; }
  if [ "$mode" = full ]; then
    rm -rf cache/clean cache/tree; mkdir cache/tree; chmod g-s cache/tree
  else
    rm -f cache/clean; rm -rf cache/tree/${NOTES_DIR}
    head -c $body cache/incoming | gunzip -c | tar -xpf - -C cache/tree ${NOTES_DIR}
    [ ! -s cache/tree/${NOTES_DIR}/stale ] || (cd cache/tree && cat ${NOTES_DIR}/stale | xargs -0 rm -rf --)
    rm -rf cache/tree/${NOTES_DIR} cache/tree/dockerfile
  fi
  head -c $body cache/incoming | gunzip -c | (umask 0; tar -xpf - -C cache/tree)
  ${openDirectories("cache/tree")} || :
  rm -f cache/incoming
  cd cache/tree
  test -e ${MARKER} || { echo "the archive has no end" >&2; exit 1; }
  rm ${MARKER}
  [ ! -s ${NOTES_DIR}/sums ] || sha256sum -c ${NOTES_DIR}/sums > $own/checked 2>&1 || { echo "$(grep -v ': OK$' $own/checked | head -n 1): it changed while it was sent" >&2; exit 1; }
  mv ${NOTES_DIR}/manifest/* ../manifest/
  mv ${NOTES_DIR}/parts ${NOTES_DIR}/listing ..
  rm -rf ${NOTES_DIR}
  cd ../..
  [ "$mode" = delta ] || : > cache/checked
  ${openDirectories('"builds/$build"')} || :
  rm -rf "builds/$build"/*
  cp -al cache/tree "builds/$build/new"
  ${closeDirectories('"builds/$build/new"')}
  ${closeDirectories("cache/tree")}
  ${openDirectories("cache/tree")} || :
  : > cache/clean
  mv "builds/$build/new" "builds/$build/${READY_DIR}"
) 2> $own/errors || { rm -f cache/incoming; end 66; }
unlock
echo 0 > $own/result.new && mv $own/result.new $own/result
wait $old
: > /tmp/committed`;

/** Waits for the outcome of `cacheCommand`, whose exit code was lost. Exits with 66 when it failed, with 0 when the context is there. @param directory this build's own part of the volume */
export function outcomeCommand(attempt: string, directory: string): readonly string[] {
  return [
    "sh",
    "-c",
    `own=/tmp/attempt-$1
${AWAIT_RESULT}
read -r code < $own/result
[ "$code" = 0 ] || { ${REASON} >&2; exit 66; }
[ -d "$2/${READY_DIR}" ] && : > /tmp/committed`,
    "outcome",
    attempt,
    directory,
  ];
}
