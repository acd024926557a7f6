/** Makes options from docker's flags as typed. Pure. Each wrong value gives one message: docker's own, if docker has one. */
import { InvalidInput } from "../../errors.ts";
import type { FlagRow } from "./flag-row.ts";
import { FLAG_TABLE } from "./flag-table.ts";
import type { TypedFlags } from "./typed-flags.ts";
import { hostsOf, networkOf } from "./hosts.ts";
import type { DockerOptions } from "./options.ts";
import { platformsOf } from "../../lib/image/platform.ts";
import { bytesOf, podResourcesOf, resourcePairs, ulimitsOf } from "./resources.ts";
import { annotationsOf } from "./annotations.ts";
import { attestationsOf, exportsOfSeveral, ignoredAttributes, loadTargetOf, outputsOf } from "./results.ts";
import { buildContextsOf } from "./build-contexts.ts";
import { cacheOf, secretsOf, sshOf } from "./sources.ts";

export interface ReadOptions {
  readonly options: DockerOptions;
  /** Image names from `-o type=image,name=…`. */
  readonly names: readonly string[];
  /** `--push`, or an output that pushes. Needs a tag. */
  readonly push: boolean;
}

/** @throws InvalidInput for input that docker refuses too, and for flags that no builder of slipway can do. */
export function readDockerOptions(flags: TypedFlags, env: Readonly<Record<string, string | undefined>>): ReadOptions {
  refuse(flags);
  if (flags["no-cache"] === true && (flags["no-cache-filter"] ?? []).length > 0) {
    throw new InvalidInput("--no-cache and --no-cache-filter cannot currently be used together", { docker: "refuses" });
  }
  const outputs = outputsOf(flags.output ?? [], flags.push === true, loadTargetOf(flags.load));
  if (flags.iidfile !== undefined && outputs.exports.some(({ kind }) => kind === "files")) {
    throw new InvalidInput("local and tar exporters are incompatible with image ID file", { docker: "refuses" });
  }
  const platforms = platformsOf(flags.platform ?? []);
  const isSeveral = platforms.length > 1;
  const exports = isSeveral ? exportsOfSeveral(platforms, outputs.exports) : outputs.exports;
  const { annotations, indexAnnotations } = annotationsOf(
    // Those of the flag come last, and so count, as in buildx.
    [...outputs.annotations, ...(flags.annotation ?? [])],
    isSeveral,
  );
  const options: DockerOptions = {
    ...optional("platform", isSeveral ? undefined : platforms[0]),
    ...optional("platforms", isSeveral ? platforms : undefined),
    ...optional("network", networkOf(flags.network)),
    ...optional("resources", podResourcesOf(limitsOf(flags))),
    ...optional("shmBytes", shmBytesOf(flags["shm-size"])),
    ...optional("pull", flags.pull || undefined),
    ...optional("noPush", outputs.push === false ? true : undefined),
    ...optional("imageless", outputs.imageless ? true : undefined),
    ...optional("imageAttributes", Object.keys(outputs.attributes).length === 0 ? undefined : outputs.attributes),
    ...optional("byDigest", outputs.byDigest && outputs.push === true ? true : undefined),
    ...filled("hosts", hostsOf(flags["add-host"] ?? [])),
    ...filled("ulimits", ulimitsOf(flags.ulimit ?? [])),
    ...filled(
      "noCacheFilter",
      (flags["no-cache-filter"] ?? []).flatMap((text) => text.split(",")),
    ),
    ...filled("cacheFrom", cacheOf(flags["cache-from"] ?? [], "cache-from", env)),
    ...filled("cacheTo", cacheOf(flags["cache-to"] ?? [], "cache-to", env)),
    ...filled("annotations", annotations),
    ...filled("indexAnnotations", indexAnnotations),
    ...filled("buildContexts", buildContextsOf(flags["build-context"] ?? [])),
    ...filled("secrets", secretsOf(flags.secret ?? [], env)),
    ...filled("ssh", sshOf(flags.ssh ?? [])),
    ...filled(
      "attestations",
      attestationsOf({ attest: flags.attest ?? [], provenance: flags.provenance, sbom: flags.sbom }),
    ),
    ...filled("entitlements", entitlementsOf(flags.allow ?? [])),
    ...filled("exports", exports),
  };
  return { options, names: outputs.names, push: outputs.push === true };
}

/** BuildKit's entitlements (util/entitlements). @throws InvalidInput with docker's message */
function entitlementsOf(values: readonly string[]): string[] {
  return values.filter((text) => {
    if (text === "buildx.local.delete") return false;
    if (/^(?:network\.host|security\.insecure|device(?:=.*)?)$/.test(text)) return true;
    throw new InvalidInput(`unknown entitlement ${text}`, { docker: "refuses" });
  });
}

/** One notice for each flag that is accepted but has no effect on a cluster. */
export function noticesOf(flags: TypedFlags): string[] {
  const notices = Object.entries<FlagRow>(FLAG_TABLE).flatMap(([name, { slipway }]) =>
    slipway.kind === "ignored" && slipway.reported && isGiven(flags, name)
      ? [`--${name} is ignored: ${slipway.why}`]
      : [],
  );
  notices.push(...ignoredAttributes(flags.output ?? []));
  if (flags.network === "host") notices.push("--network host: RUN uses the pod's network, which is not the node's");
  return notices;
}

function refuse(flags: TypedFlags): void {
  for (const [name, { slipway }] of Object.entries<FlagRow>(FLAG_TABLE)) {
    if (slipway.kind === "refused" && isGiven(flags, name)) {
      throw new InvalidInput(slipway.why, { suggestions: [slipway.instead] });
    }
  }
}

function isGiven(flags: TypedFlags, name: string): boolean {
  const value = (flags as Readonly<Record<string, unknown>>)[name];
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
}

function limitsOf(flags: TypedFlags): Parameters<typeof podResourcesOf>[0] {
  const own = (["memory", "cpu-shares", "cpu-period", "cpu-quota"] as const).flatMap((name): [string, string][] => {
    const value = flags[name];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries([...own, ...resourcePairs(flags.resource ?? [])]);
}

function shmBytesOf(text: string | undefined): number | undefined {
  const bytes = text === undefined ? 0 : bytesOf(text, "shm-size");
  return bytes === 0 ? undefined : bytes;
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function filled<K extends string, V>(key: K, list: readonly V[]): { [P in K]?: readonly V[] } {
  return (list.length === 0 ? {} : { [key]: list }) as { [P in K]?: readonly V[] };
}
