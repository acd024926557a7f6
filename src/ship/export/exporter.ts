/**
 * The container that stays beside a builder whose result is to come to the client, and the commands run in it. Plain POSIX shell
 * with busybox's tools, as the image is the user's choice.
 */
import type { V1Container, V1Volume } from "@kubernetes/client-node";
import { EXPORT_DOCKER, EXPORT_FILES, EXPORT_OCI, EXPORT_VOLUME } from "../../plan/layout.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { Export } from "../../plan/docker/options.ts";

export const EXPORTER = "export-result";
const MOUNT = "/slipway";

/**
 * How long the container waits, in seconds, for a word of its client: one that died must not hold the pod for the build's whole
 * deadline. A client that lives speaks every minute (presence.ts); one that sleeps for longer goes without its archive.
 */
const SILENT_SECONDS = 600;

/** How often it looks, in seconds. */
const LOOK_SECONDS = 30;

/**
 * Waits until the client has what it wants (a read on a FIFO returns when its writer closes), or is gone. It ends well in either
 * case: what the build pushed is pushed.
 */
export function waitScript(silent = SILENT_SECONDS, look = LOOK_SECONDS): string {
  return `mkfifo /tmp/collected
quiet=0
until timeout ${look} cat /tmp/collected 2>/dev/null; do
  now=$(cat /tmp/presence 2>/dev/null)
  if [ "$now" = "$before" ]; then quiet=$((quiet + ${look})); else quiet=0; before=$now; fi
  [ $quiet -lt ${silent} ] || { echo "nothing was heard of the client for ${silent} seconds: it is gone, and the result with it" | tee /dev/termination-log >&2; exit 0; }
done`;
}

/** Who the builder is, so that its files can be read. */
export interface ExporterIdentity {
  readonly user: number;
  readonly group: number;
}

/** Whether anything of this build comes to the client's disk. */
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
  // By the names of its entries: those of an archive of `.` begin with `./`, and `tar -x index.json` would find none.
  oci: `tar -cf - -C ${EXPORT_OCI} $(ls ${EXPORT_OCI})`,
  local: FILES,
  tar: FILES,
};

/** Writes the archive to its standard output, and its sha256 to where `SUM_COMMAND` finds it. */
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
 * Writes the JSON that names the image's configuration: of docker's archive its list, of a layout the one manifest its index
 * names, which need not be the one that was pushed (buildah pushes docker's form, and lays out OCI's).
 */
export function manifestCommand(format: "docker" | "oci"): readonly string[] {
  if (format === "docker") return ["tar", "-xOf", `${MOUNT}/${EXPORT_DOCKER}`, "manifest.json"];
  const digest = "grep -o 'sha256:[0-9a-f]\\{64\\}' index.json | head -n 1 | cut -d : -f 2";
  return ["sh", "-c", `cd ${MOUNT}/${EXPORT_OCI} && cat "blobs/sha256/$(${digest})"`];
}

/** Lets the container end. */
export const COLLECTED_COMMAND = ["sh", "-c", ": > /tmp/collected"] as const;

/** Says that the client is there. @param word another one each time */
export function presenceCommand(word: number): readonly string[] {
  return ["sh", "-c", 'echo "$1" > /tmp/presence', "presence", String(word)];
}
