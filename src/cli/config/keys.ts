/** What a configuration may say: every flag of `slipway build` by its name, and a few keys of its own. */

export interface KeySyntax {
  readonly arity: "nothing" | "value" | "values";
  /** The values it may have; absent: any. */
  readonly options?: readonly string[];
}

/** By the long name of the flag. */
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
        ...(options === undefined ? {} : { options }),
      },
    ]),
  );
}

/** Keys that are no flag, each with whether a project's file may have it. */
export const OWN_KEYS: Readonly<Record<string, { readonly what: string; readonly project: boolean }>> = {
  registry: {
    what: "the prefix that completes a name without a registry: `-t app`, `slipway push app`",
    project: true,
  },
  "builder-order": { what: "the order in which `--builder auto` tries the builders", project: true },
  rules: { what: "what holds for some directories: see below", project: true },
  images: { what: "the image of each builder: `kaniko: REGISTRY/executor:TAG`", project: false },
  trust: { what: "directories whose projects may set every key", project: false },
};

/**
 * The flags a project's file may set by itself. It came with the source, perhaps a stranger's: so nothing that names another
 * cluster or identity, reads this user's files, environment or secrets, writes to this disk, or loosens what the user has tightened.
 * A flag that is not listed here is not for projects, new ones included.
 */
export const PROJECT_KEYS: ReadonlySet<string> = new Set([
  "annotation",
  "build-arg",
  "builder",
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
