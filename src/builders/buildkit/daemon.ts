/**
 * BuildKit as a daemon that stays: the same container as for one build, with buildkitd instead of buildctl. Nothing is
 * given to it but settings: contexts, credentials and secrets are asked of the client when they are needed.
 */
import type { BuildPlan } from "../../plan/plan.ts";
import type { BuilderPod } from "../builder.ts";
import { expandSafe } from "../arguments.ts";
import { stateDirectory } from "../shell-pod.ts";
import { COLLECT_LESS_OFTEN, STATE_PATH, buildkit } from "./buildkit.ts";

/** Where it listens: a socket is out of reach of every RUN, which shares the pod's network (buildkit docs/rootless.md). */
const DIRECTORY = "/run/user/1000/buildkit";
const SOCKET = `${DIRECTORY}/buildkitd.sock`;

/**
 * Where it listens as well, on the loopback interface, for clients that prove who they are: a RUN can reach it, and is refused. It is
 * not in the range from which Linux takes ports of its own (ip_local_port_range, from 32768).
 */
export const DAEMON_PORT = 28_372;

/** What it proves itself with there. A client brings it when it dials, as it must not stand in any object of the cluster. */
const IDENTITY = `${DIRECTORY}/identity`;

/** How often the daemon looks for that before it starts without the port, every 50 ms. Its client comes as soon as the pod runs. */
const IDENTITY_LOOKS = 600;

/**
 * How often leftovers are looked for, in seconds. With `--oci-worker-no-process-sandbox` a RUN that is cancelled loses its first
 * process only; what that had started lives on.
 */
const LOOK_SECONDS = 5;

/**
 * Prints the processes that no living RUN has, each as `PID:START` in a line. Its input has a line for each mount namespace
 * (`ls -l /proc/PID/ns/mnt`), for each RUN that runc knows (`run PID START`), and for each process (`/proc/PID/stat`).
 *
 * A RUN lives as long as its first process, which runc writes down with the time of its start, as a number may be given again. Its own
 * are the descendants of that process, the children of its runc (a subreaper, so it gets those whose parent has ended), and
 * what is in its mount namespace. Everything else in a mount namespace that is neither the pod's nor the daemon's is a leftover, except
 * a RUN that runc has not written down yet, which is known by its name.
 * If a runc runs and its state cannot be read, nothing is a leftover.
 */
export const LEFTOVERS = `
/ -> mnt:/ { match($0, /\\/proc\\/[0-9]+/); space[substr($0, RSTART + 6, RLENGTH - 6)] = $NF; next }
NF == 0 { next }
$1 == "run" { first[$2] = $3; known = 1; next }
{
  if (/\\((runc:\\[|exe\\))/) next
  if (/\\(buildkit-runc\\)/) runs = 1
  pid = $1; sub(/.*\\) /, "")
  if ($1 == "Z" || $1 == "X") next
  parent[pid] = $2; start[pid] = $20
}
END {
  if (runs && !known) exit
  for (pid in first) if (start[pid] == first[pid]) { mine[pid] = 1; mine[parent[pid]] = 1; lives[space[pid]] = 1 }
  lives[space[1]] = 1; lives[space[daemon]] = 1
  for (pid in parent) {
    if (!(pid in space) || space[pid] in lives) continue
    up = pid; while (up in parent && !(up in mine)) up = parent[up]
    if (!(up in mine)) print pid ":" start[pid]
  }
}`;

/**
 * Ends what was a leftover twice in a row: what is read of a process may be of two moments. It runs in the daemon's user namespace, where
 * it may end the processes of every user of a RUN.
 */
const SWEEP = `left=" "
while sleep ${LOOK_SECONDS}; do
  found=" "
  for each in $({
    ls -l /proc/[0-9]*/ns/mnt
    sed -n 's/.*"init_process_pid":\\([0-9]*\\).*"init_process_start":\\([0-9]*\\).*/run \\1 \\2/p' /run/user/1000/runc/*/state.json
    echo # The files end without a newline, and sed prints none then.
    cat /proc/[0-9]*/stat
  } 2>/dev/null | awk -v daemon=$2 "$1"); do
    found="$found$each "
    case "$left" in *" $each "*) kill -9 \${each%:*} 2>/dev/null ;; esac
  done
  left=$found
done`;

/**
 * The arguments are the daemon's. It starts without the port where no client comes. Once it has read its key, which it does before it makes
 * the socket, the key is removed.
 */
export const LISTEN = `looks=0
until [ -d ${IDENTITY} ] || [ $looks -ge ${IDENTITY_LOOKS} ]; do sleep 0.05; looks=$((looks+1)); done
if [ -d ${IDENTITY} ]; then
  set -- "$@" --addr=tcp://127.0.0.1:${DAEMON_PORT} --tlscert=${IDENTITY}/own --tlskey=${IDENTITY}/own --tlscacert=${IDENTITY}/authority
  ( (until [ -S ${SOCKET} ]; do sleep 0.1; done; rm -rf ${IDENTITY}/own ${IDENTITY}.??????) & )
fi
exec buildkitd "$@"`;

/**
 * Mounts an overlay that skips fsync (Linux 5.10, Documentation/filesystems/overlayfs.rst, "Volatile mount") where the daemon keeps its
 * databases and blobs: it waits for the disk some seventy times in a build with nothing to do. A state that goes with the pod need not
 * survive a node without power. To be run as the root of the daemon's namespaces, with `state` set. The snapshots stay outside, as an
 * overlay cannot be the upper layer of another one; only their database is moved in. Where the mount is refused, nothing changes.
 */
export const WITHOUT_SYNC = `at=$state/runc-overlayfs own=$state/volatile
mkdir -p $at $own/lower $own/upper $own/work $own/snapshots
if mount -t overlay -o lowerdir=$own/lower,upperdir=$own/upper,workdir=$own/work,userxattr,volatile overlay $at 2>/dev/null; then
  { mkdir $at/snapshots && ln -s ../snapshots.db $own/snapshots/metadata.db && mount --bind $own/snapshots $at/snapshots; } || umount $at
fi`;

/** `$1` is SWEEP, `$2` LEFTOVERS, `$3` LISTEN, and `$4` WITHOUT_SYNC or nothing. */
const SERVE = `rm -f ${SOCKET}
rootlesskit sh -c 'state=$5; eval "$4"; sh -c "$1" sweep "$2" $$ & listen=$3; shift 5; eval "$listen"' buildkitd "$1" "$2" "$3" "$4" "$state" $BUILDKITD_FLAGS --root=$state --addr=unix://${SOCKET} &
daemon=$!
trap 'kill $daemon; wait $daemon; exit 0' TERM INT
wait $daemon
`;

/**
 * Reads what `dialPreamble` makes, waits for the daemon's socket, for at most a minute, and becomes the pipe to it. The first client that
 * brings a whole identity gives the daemon its own. Without room on the disk it is only a pipe.
 */
export const DIAL_COMMAND: readonly string[] = [
  "sh",
  "-c",
  `umask 077; new=; cut=
mkdir -p ${DIRECTORY}
[ -d ${IDENTITY}.lock ] || new=$(mktemp -d ${IDENTITY}.XXXXXX)
for part in own authority; do
  if [ -n "$new" ]; then to=$new/$part; else to=/dev/null; fi
  while IFS= read -r line && [ "$line" != . ]; do printf '%s\\n' "$line" || cut=1; done >$to
  [ "$line" = . ] || cut=1
done
if [ -n "$new" ]; then
  if [ -s $new/own ] && [ -z "$cut" ] && mkdir ${IDENTITY}.lock; then mv $new ${IDENTITY}; else rm -rf $new; fi
fi 2>/dev/null
i=0; until [ -S ${SOCKET} ] || [ $i -ge 600 ]; do sleep 0.1; i=$((i+1)); done
exec buildctl --addr unix://${SOCKET} dial-stdio`,
];

/** The identity of a daemon, in PEM: its certificate with its private key, and the certificate of the authority of its clients. */
export interface IdentityFiles {
  readonly identity: string;
  readonly authority: string;
}

/** The first bytes for `DIAL_COMMAND`: each part ends with a dot in a line of its own. */
export function dialPreamble({ identity, authority }: IdentityFiles): string {
  return `${identity}.\n${authority}.\n`;
}

/** @param plan of which the settings of the pod and of registries count, nothing of one build */
export function daemonPod(plan: BuildPlan): BuilderPod {
  const pod = buildkit.pod(plan, "none");
  const script = `set -e\n${stateDirectory(plan, STATE_PATH)}${COLLECT_LESS_OFTEN}${SERVE}`;
  return {
    ...pod,
    container: {
      ...pod.container,
      command: ["sh", "-c", expandSafe(script), "builder"],
      // What is on the user's own volume has to outlast a node that loses its power.
      args: [SWEEP, LEFTOVERS, LISTEN, plan.cacheVolume === undefined ? WITHOUT_SYNC : ""].map(expandSafe),
    },
  };
}
