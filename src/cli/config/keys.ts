/** The keys of a configuration: the name of every flag of `slipway build`, and a few keys of its own. */

import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export interface KeySyntax {
  readonly arity: "nothing" | "value" | "values";
  /** The values that it takes; absent: any. */
  readonly options?: readonly string[];
}

/** Keys by the long name of the flag. */
export type Keys = Readonly<Record<string, KeySyntax>>;

/** How a command-line parser describes its flags. */
export interface FlagDescription {
  readonly type: "boolean" | "option";
  readonly multiple?: boolean | undefined;
  readonly options?: readonly string[] | undefined;
}

export function keysOf(flags: Readonly<Record<string, FlagDescription>>): Keys {
  return Object.fromEntries(
    Object.entries(flags).map(([name, { type, multiple, options }]): [string, KeySyntax] => [
      name,
      {
        arity: type === "boolean" ? "nothing" : multiple === true ? "values" : "value",
        ...omitUndefined({ options }),
      },
    ]),
  );
}

/** Keys that are not flags, and whether a project's file may have them. */
export const OWN_KEYS: Readonly<Record<string, { readonly what: string; readonly project: boolean }>> = {
  registry: {
    what: "the prefix for image names without a registry: `-t app`, `slipway push app`",
    project: true,
  },
  "builder-order": { what: "the order in which `--builder auto` tries the builders", project: true },
  rules: { what: "settings for some directories", project: true },
  images: { what: "the image of each builder: `kaniko: REGISTRY/executor:TAG`", project: false },
  trust: { what: "directories whose projects may set every key", project: false },
};

/**
 * The flags that an untrusted project's file may set. The file came with the source, which may be a stranger's. So it may not name
 * another cluster or identity, read this user's files, environment or secrets, write to this machine, or weaken the user's limits.
 * A flag that is not in this list, such as a new one, is not allowed.
 */
export const PROJECT_KEYS: ReadonlySet<string> = new Set([
  "annotation",
  "build-arg",
  "builder",
  "cache",
  "cache-from",
  "cache-to",
  "context-warning",
  "cpu-period",
  "cpu-quota",
  "cpu-shares",
  "file",
  "label",
  "limits",
  "memory",
  "no-cache",
  "no-cache-filter",
  "node-selector",
  "platform",
  "progress",
  "provenance",
  "pull",
  "requests",
  "resource",
  "sbom",
  "send-all",
  "shm-size",
  "storage-class",
  "tag",
  "target",
  "timeout",
  "transport",
  "ttl",
  "ulimit",
  "volume-size",
]);
