/**
 * The container that receives a streamed context before the builder starts, and the two commands that run in it. Plain POSIX shell
 * with busybox's tools, because the user chooses the image.
 */
import type { V1Container } from "@kubernetes/client-node";
import { CONTEXT_VOLUME, MARKER, READY_DIR, RECEIVER, closeDirectories } from "../plan/layout.ts";

export const MOUNT = "/slipway";
/**
 * How long the receiver waits without receiving anything: a client that died must not hold a pod for the build's whole deadline.
 * A living client sends something, or reconnects, sooner.
 */
export const MAX_SILENCE_SECONDS = 300;

const CHECK_INTERVAL_SECONDS = 30;

/**
 * Waits for `commitCommand` to open the pipe (a read on a FIFO returns when its writer closes), as long as there is progress: an
 * attempt begins or ends, or the data that arrived grows. A commit that comes between two reads waits for the next one.
 * @param silent MAX_SILENCE_SECONDS, shorter in tests. @param interval CHECK_INTERVAL_SECONDS, shorter in tests
 */
export function waitScript(silent = MAX_SILENCE_SECONDS, interval = CHECK_INTERVAL_SECONDS): string {
  return `mkdir -p "$1"
mkfifo /tmp/committed
quiet=0
while ! timeout ${interval} cat /tmp/committed 2>/dev/null && ! { [ -s /tmp/ready-sum ] && [ -d "$1/${READY_DIR}" ]; }; do
  now=$(ls -d /tmp/attempt-* /tmp/attempt-*/result 2>/dev/null; du -s "$1" 2>/dev/null)
  if [ "$now" = "$before" ]; then quiet=$((quiet + ${interval})); else quiet=0; before=$now; fi
  [ $quiet -lt ${silent} ] || { echo "no data of the context arrived for ${silent} seconds: its client is gone" | tee /dev/termination-log >&2; exit 1; }
done
test -d "$1/${READY_DIR}"`;
}

export interface ReceiverIdentity {
  readonly image: string;
  readonly user: number;
  readonly group: number;
  /** It gets no capability, even as root. */
  readonly restricted?: boolean;
}

/** @param directory where the context goes, in READY_DIR below it; made if it does not exist. */
export function receiver({ image, user, group, restricted }: ReceiverIdentity, directory = MOUNT): V1Container {
  return {
    name: RECEIVER,
    image,
    command: ["sh", "-c", waitScript(), "wait", directory],
    volumeMounts: [{ name: CONTEXT_VOLUME, mountPath: MOUNT }],
    securityContext: {
      runAsUser: user,
      runAsGroup: group,
      privileged: false,
      allowPrivilegeEscalation: false,
      // Root unpacks files into directories that are not writable, so it needs the capabilities that root has outside of containers.
      capabilities:
        user === 0 && restricted !== true
          ? { drop: ["ALL"], add: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"] }
          : { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
}

/** Ends the processes of earlier attempts, and makes a directory `$own` for this one, `$1`. */
export const ONLY_ATTEMPT = `for old in /tmp/attempt-*; do
  if [ -s $old/pid ]; then read -r pid < $old/pid; kill -9 -$pid 2>/dev/null; fi
done
rm -rf /tmp/attempt-* 2>/dev/null
own=/tmp/attempt-$1
mkdir $own && echo $$ > $own/pid`;

/** When the receiving command can take no more, it writes a line to standard error that begins like this and ends with the reason. */
export const REFUSAL = "slipway: ";

/** Lets the owner write to all directories below some: a user other than root can put nothing into a read-only one, and not remove it. */
export function openDirectories(paths: string): string {
  return `find ${paths} -type d ! -perm -700 -exec chmod u+rwx {} \\; 2>/dev/null`;
}

/** Prints the most useful line of all that the tools of a pipe reported. */
export const REASON = 'grep -m 1 "No space left" $own/errors || grep . $own/errors | tail -n 1';

/** Waits until the receiving process has written its result. Exits with 66 if it has not started, or ended without a result. */
export const AWAIT_RESULT = `[ -s $own/pid ] || { echo "nothing of this attempt arrived" >&2; exit 66; }
read -r pid < $own/pid
while [ ! -e $own/result ]; do
  kill -0 $pid 2>/dev/null || [ -e $own/result ] || { echo "the receiving process ended without a result" >&2; exit 66; }
  sleep 0.1
done`;

/** Exit codes of `commitCommand` for invalid data, which must be sent again. Other codes say nothing about the data. */
export const COMMIT_FAULTS: ReadonlySet<number> = new Set([65, 66]);

/**
 * Unpacks its standard input next to the final directory and leaves its outcome, `CODE SUM`, for `commitCommand`: if only
 * closing the connection ends standard input (v4.channel.k8s.io), the exit code is lost. `attempt` is a new name for each
 * attempt; the remains of earlier ones, processes included, are removed first. Its standard output stays open to the end:
 * containerd ends the standard input of a process that has closed its standard output. `pipefail` is needed to detect a cut
 * compressed stream, and the marker because a plain tar cut between two entries is a valid tar. A failure is reported at
 * once, and the rest is read and thrown away: containerd does not report the exit code while data waits to be delivered.
 */
export function receiveCommand(attempt: string, directory = MOUNT): readonly string[] {
  return [
    "sh",
    "-c",
    `cd "$2" || exit 1
${ONLY_ATTEMPT}
${openDirectories("incoming-*")}; rm -rf incoming-* 2>/dev/null
(
  set -e; set -o pipefail
  umask 0; mkdir -m 755 incoming-$1; chmod g-s incoming-$1; mkfifo $own/tee
  sha256sum < $own/tee > $own/sum & sum=$!
  tee $own/tee | gunzip -c | tar -xpf - -C incoming-$1
  wait $sum
  ${closeDirectories("incoming-$1")}
  test -e incoming-$1/${MARKER} || { echo "the archive has no end" >&2; exit 1; }
) 2> $own/errors
code=$?
read -r sum rest < $own/sum
echo "$code $sum" > $own/result.new && mv $own/result.new $own/result
[ $code = 0 ] || { echo "${REFUSAL}$(${REASON})" >&2; cat > /dev/null; }
exit $code`,
    "receive",
    attempt,
    directory,
  ];
}

/**
 * Waits for the outcome of `receiveCommand`, checks that it received what was sent, moves it to READY_DIR, and lets the receiver
 * end. It may be repeated when it is not known whether it was carried out. Exits with 65 when something else arrived, with 66
 * when it could not be unpacked.
 */
export function commitCommand(attempt: string, sha256: string, directory = MOUNT): readonly string[] {
  return [
    "sh",
    "-c",
    `set -e; cd "$3"; own=/tmp/attempt-$1
if [ -d ${READY_DIR} ]; then [ "$(cat /tmp/ready-sum)" = "$2" ]; : > /tmp/committed; exit 0; fi
${AWAIT_RESULT}
read -r code sum < $own/result
[ "$code" = 0 ] || { ${REASON} >&2; exit 66; }
[ "$sum" = "$2" ] || { echo "sha256 of what arrived is $sum" >&2; exit 65; }
rm incoming-$1/${MARKER}; echo $sum > /tmp/ready-sum; mv incoming-$1 ${READY_DIR}
: > /tmp/committed`,
    "commit",
    attempt,
    sha256,
    directory,
  ];
}
