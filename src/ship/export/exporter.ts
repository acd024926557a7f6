/**
 * The container beside a builder that keeps the result until the client has fetched it, and the commands that run in it. Plain POSIX
 * shell with busybox's tools, because the user chooses the image.
 */
import type { V1Container, V1Volume } from "@kubernetes/client-node";
import { EXPORT_DOCKER, EXPORT_FILES, EXPORT_OCI, EXPORT_VOLUME } from "../../plan/layout.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { Export } from "../../plan/docker/options.ts";

export const EXPORTER = "export-result";
const MOUNT = "/slipway";

/**
 * How long the container waits without a sign of its client: a client that died must not hold the pod for the build's whole
 * deadline. A living client gives a sign every minute (presence.ts); one that sleeps for longer does not get its archive.
 */
const MAX_SILENCE_SECONDS = 600;

const CHECK_INTERVAL_SECONDS = 30;

/**
 * Returns a script that waits until the client has fetched the result (a read on a FIFO returns when its writer closes), or is
 * silent for too long. It exits with 0 in both cases, because the image is already pushed.
 * @param silent MAX_SILENCE_SECONDS, shorter in tests. @param interval CHECK_INTERVAL_SECONDS, shorter in tests
 */
export function waitScript(silent = MAX_SILENCE_SECONDS, interval = CHECK_INTERVAL_SECONDS): string {
  return `mkfifo /tmp/collected
quiet=0
until timeout ${interval} cat /tmp/collected 2>/dev/null; do
  now=$(cat /tmp/presence 2>/dev/null)
  if [ "$now" = "$before" ]; then quiet=$((quiet + ${interval})); else quiet=0; before=$now; fi
  [ $quiet -lt ${silent} ] || { echo "the client was silent for ${silent} seconds: it is gone, and the result is discarded" | tee /dev/termination-log >&2; exit 0; }
done`;
}

/** The builder's user and group, so that its files can be read. */
export interface ExporterIdentity {
  readonly user: number;
  readonly group: number;
}

/** Whether the client fetches a result of this build (`-o`). */
export function hasExports(plan: Pick<BuildPlan, "exports">): boolean {
  return (plan.exports ?? []).length > 0;
}

export function exporter(plan: BuildPlan, { user, group }: ExporterIdentity): V1Container[] {
  if (!hasExports(plan)) return [];
  return [
    {
      name: EXPORTER,
      image: plan.helperImage,
      command: ["sh", "-c", waitScript()],
      volumeMounts: [{ name: EXPORT_VOLUME, mountPath: MOUNT, readOnly: true }],
      securityContext: {
        runAsUser: user,
        runAsGroup: group,
        privileged: false,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        seccompProfile: { type: "RuntimeDefault" },
      },
    },
  ];
}

export function exportVolumes(plan: BuildPlan): V1Volume[] {
  return hasExports(plan) ? [{ name: EXPORT_VOLUME, emptyDir: {} }] : [];
}

const FILES = `cat ${EXPORT_FILES}`;
const ARCHIVES: Readonly<Record<Export["format"], string>> = {
  docker: `cat ${EXPORT_DOCKER}`,
  // Lists the entries by name: in an archive of `.` the names begin with `./`, and `tar -x index.json` would not find it.
  oci: `tar -cf - -C ${EXPORT_OCI} $(ls ${EXPORT_OCI})`,
  local: FILES,
  tar: FILES,
};

/** Writes the archive to standard output, and its sha256 to a file for `SUM_COMMAND`. */
export function archiveCommand(format: Export["format"]): readonly string[] {
  return [
    "sh",
    "-c",
    `set -e; set -o pipefail; cd ${MOUNT}
rm -f /tmp/sum /tmp/tee; mkfifo /tmp/tee
sha256sum < /tmp/tee > /tmp/sum & sum=$!
${ARCHIVES[format]} | tee /tmp/tee
wait $sum`,
  ];
}

export const SUM_COMMAND = ["cat", "/tmp/sum"] as const;

/**
 * Prints the JSON that names the image's configuration: for docker's archive its list, for an OCI layout the one manifest in its
 * index, which may differ from the pushed one (buildah pushes docker's format and writes OCI's into the layout).
 */
export function manifestCommand(format: "docker" | "oci"): readonly string[] {
  if (format === "docker") return ["tar", "-xOf", `${MOUNT}/${EXPORT_DOCKER}`, "manifest.json"];
  const digest = "grep -o 'sha256:[0-9a-f]\\{64\\}' index.json | head -n 1 | cut -d : -f 2";
  return ["sh", "-c", `cd ${MOUNT}/${EXPORT_OCI} && cat "blobs/sha256/$(${digest})"`];
}

/** Lets the container end. */
export const COLLECTED_COMMAND = ["sh", "-c", ": > /tmp/collected"] as const;

/** Tells the container that the client is there. @param count a different number each time */
export function presenceCommand(count: number): readonly string[] {
  return ["sh", "-c", 'echo "$1" > /tmp/presence', "presence", String(count)];
}
