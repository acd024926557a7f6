/**
 * BuildKit as a daemon that stays: the same container as for one build, with buildkitd instead of buildctl. Nothing is
 * given to it but settings: contexts, credentials and secrets are asked of the client when they are needed.
 */
import type { BuildPlan } from "../../plan/plan.ts";
import type { BuilderPod } from "../builder.ts";
import { expandSafe } from "../arguments.ts";
import { stateDirectory } from "../shell-pod.ts";
import { STATE_PATH, buildkit } from "./buildkit.ts";

/** Where it listens. A socket is out of reach of every RUN, which shares the pod's network (buildkit docs/rootless.md). */
const SOCKET = "/run/user/1000/buildkit/buildkitd.sock";

/**
 * How often leftovers are looked for, in seconds. With `--oci-worker-no-process-sandbox` a RUN that is cancelled loses its first
 * process only; what that had started lives on.
 */
const LOOK_SECONDS = 15;

/**
 * What a RUN's processes have in common is their mount namespace. runc writes down which is the first of them, and once that has
 * ended the RUN has, even if something else still runs; runc itself would wait for the rest. A namespace that is neither the daemon's nor a
 * living RUN's twice in a row holds leftovers.
 */
const SWEEP = `sweep() {
  alive=" $(readlink /proc/self/ns/mnt) "
  for first in $(sed -n 's/.*"init_process_pid":\\([0-9]*\\).*/\\1/p' /run/user/1000/runc/*/state.json 2>/dev/null); do
    alive="$alive$(readlink /proc/$first/ns/mnt 2>/dev/null) "
  done
  for p in /proc/[0-9]*; do
    case "$(cat $p/comm 2>/dev/null)" in
      buildkitd|rootlesskit|buildctl|buildkit-runc|runc*|exe) alive="$alive$(readlink $p/ns/mnt 2>/dev/null) " ;;
    esac
  done
  found=" "
  for p in /proc/[0-9]*; do
    space=$(readlink $p/ns/mnt 2>/dev/null) || continue
    case "$alive" in *" $space "*) continue ;; esac
    found="$found$space "
    case "$left" in *" $space "*) kill -9 \${p#/proc/} 2>/dev/null ;; esac
  done
  left=$found
}
`;

const SERVE = `rm -f ${SOCKET}
rootlesskit buildkitd $BUILDKITD_FLAGS --root=$state --addr=unix://${SOCKET} &
daemon=$!
(left=" "; while sleep ${LOOK_SECONDS}; do sweep || true; done) &
trap 'kill $daemon; wait $daemon; exit 0' TERM INT
wait $daemon
`;

/** Waits for the daemon's socket, for at most a minute, and becomes the pipe to it. */
export const DIAL_COMMAND: readonly string[] = [
  "sh",
  "-c",
  `i=0; until [ -S ${SOCKET} ] || [ $i -ge 600 ]; do sleep 0.1; i=$((i+1)); done; exec buildctl --addr unix://${SOCKET} dial-stdio`,
];

/** @param plan of which the settings of the pod and of registries count, nothing of one build */
export function daemonPod(plan: BuildPlan): BuilderPod {
  const pod = buildkit.pod(plan, "none");
  const script = `set -e\n${stateDirectory(plan, STATE_PATH)}${SWEEP}${SERVE}`;
  return { ...pod, container: { ...pod.container, command: ["sh", "-c", expandSafe(script)], args: [] } };
}
