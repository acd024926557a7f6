/**
 * The container that takes in a streamed context before the builder starts, and the two commands run in it. Plain POSIX shell
 * with busybox's tools, as the image is the user's choice.
 */
import type { V1Container } from "@kubernetes/client-node";
import { CONTEXT_VOLUME, MARKER, READY_DIR, RECEIVER } from "../plan/layout.ts";

export const MOUNT = "/slipway";
/**
 * How long the receiver waits, in seconds, while nothing more of a context arrives: a client that died must not hold a pod for the
 * build's whole deadline. A client that lives sends something, or comes back, sooner.
 */
export const SILENT_SECONDS = 300;

/** How often it looks, in seconds. */
const LOOK_SECONDS = 30;

/**
 * Waits for `commitCommand` to open the pipe (a read on a FIFO returns when its writer closes), as long as something happens: an
 * attempt begins or ends, or what has arrived grows. A commit that falls between two reads waits for the next one.
 */
export function waitScript(silent = SILENT_SECONDS, look = LOOK_SECONDS): string {
  return `mkdir -p "$1"
mkfifo /tmp/committed
quiet=0
while ! timeout ${look} cat /tmp/committed 2>/dev/null && ! { [ -s /tmp/ready-sum ] && [ -d "$1/${READY_DIR}" ]; }; do
  now=$(ls -d /tmp/attempt-* /tmp/attempt-*/result 2>/dev/null; du -s "$1" 2>/dev/null)
  if [ "$now" = "$before" ]; then quiet=$((quiet + ${look})); else quiet=0; before=$now; fi
  [ $quiet -lt ${silent} ] || { echo "nothing more of the context arrived for ${silent} seconds: its client is gone" | tee /dev/termination-log >&2; exit 1; }
done
test -d "$1/${READY_DIR}"`;
}

export interface ReceiverIdentity {
  readonly image: string;
  readonly user: number;
  readonly group: number;
  /** Without any capability, root or not. */
  readonly restricted?: boolean;
}

/** @param place where the context is to be, READY_DIR below it; made if it is not there. */
export function receiver({ image, user, group, restricted }: ReceiverIdentity, place = MOUNT): V1Container {
  return {
    name: RECEIVER,
    image,
    command: ["sh", "-c", waitScript(), "wait", place],
    volumeMounts: [{ name: CONTEXT_VOLUME, mountPath: MOUNT }],
    securityContext: {
      runAsUser: user,
      runAsGroup: group,
      privileged: false,
      allowPrivilegeEscalation: false,
      // Root unpacks directories nobody may write to before it has filled them, so it needs what root on a plain machine has.
      capabilities:
        user === 0 && restricted !== true
          ? { drop: ["ALL"], add: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"] }
          : { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
}

/** Ends what an earlier attempt left running, and makes a directory `$own` for this one, `$1`. */
export const ONLY_ATTEMPT = `for old in /tmp/attempt-*; do
  if [ -s $old/pid ]; then read -r pid < $old/pid; kill -9 -$pid 2>/dev/null; fi
done
rm -rf /tmp/attempt-* 2>/dev/null
own=/tmp/attempt-$1
mkdir $own && echo $$ > $own/pid`;

/** What the receiving command says on standard error when it can take no more: a line that begins so, with the reason behind it. */
export const REFUSAL = "slipway: ";

/** Of all that the tools of a pipe say, what tells most. */
export const REASON = 'grep -m 1 "No space left" $own/errors || grep . $own/errors | tail -n 1';

/** Exit codes of `commitCommand`: what was received is at fault, and has to be sent again. Any other code says nothing. */
export const COMMIT_FAULTS: ReadonlySet<number> = new Set([65, 66]);

/**
 * Unpacks its standard input next to the final place and leaves its outcome, `CODE SUM`, for `commitCommand`: where only
 * closing the connection ends standard input (v4.channel.k8s.io), nobody hears its exit code. `attempt` is a name of its own
 * for each try; what an earlier one left behind, a process of its included, goes first. Its own output stays open to the end:
 * containerd ends the standard input of a process that has closed its standard output. `pipefail` is needed so that a cut
 * compressed stream is seen, and the marker because a plain tar cut between two entries is a good tar. A failure is said at
 * once, and the rest read and thrown away: while anything waits to be delivered, containerd does not tell the exit code.
 */
export function receiveCommand(attempt: string, place = MOUNT): readonly string[] {
  return [
    "sh",
    "-c",
    `cd "$2" || exit 1
${ONLY_ATTEMPT}
rm -rf incoming-* 2>/dev/null
(
  set -e; set -o pipefail
  umask 0; mkdir -m 755 incoming-$1; mkfifo $own/tee
  sha256sum < $own/tee > $own/sum & sum=$!
  tee $own/tee | gunzip -c | tar -xpf - -C incoming-$1
  wait $sum
  test -e incoming-$1/${MARKER} || { echo "the archive has no end" >&2; exit 1; }
) 2> $own/errors
code=$?
read -r sum rest < $own/sum
echo "$code $sum" > $own/result.new && mv $own/result.new $own/result
[ $code = 0 ] || { echo "${REFUSAL}$(${REASON})" >&2; cat > /dev/null; }
exit $code`,
    "receive",
    attempt,
    place,
  ];
}

/**
 * Waits for the outcome of `receiveCommand`, makes what it received the context if it is what was sent, and lets the receiver
 * end. May be repeated when it is not known whether it was carried out. Ends with 65 when something else arrived, with 66
 * when it could not be unpacked.
 */
export function commitCommand(attempt: string, sha256: string, place = MOUNT): readonly string[] {
  return [
    "sh",
    "-c",
    `set -e; cd "$3"; own=/tmp/attempt-$1
if [ -d ${READY_DIR} ]; then [ "$(cat /tmp/ready-sum)" = "$2" ]; : > /tmp/committed; exit 0; fi
[ -s $own/pid ] || { echo "nothing of this attempt arrived" >&2; exit 66; }
read -r pid < $own/pid
while [ ! -e $own/result ]; do
  kill -0 $pid 2>/dev/null || [ -e $own/result ] || { echo "the receiving process ended without a result" >&2; exit 66; }
  sleep 0.1
done
read -r code sum < $own/result
[ "$code" = 0 ] || { ${REASON} >&2; exit 66; }
[ "$sum" = "$2" ] || { echo "sha256 of what arrived is $sum" >&2; exit 65; }
rm incoming-$1/${MARKER}; echo $sum > /tmp/ready-sum; mv incoming-$1 ${READY_DIR}
: > /tmp/committed`,
    "commit",
    attempt,
    sha256,
    place,
  ];
}
