/**
 * What a bake file may name, and what the user has to grant first. A definition comes with the source, and its author may be a stranger:
 * it gets no file outside the working directory, no SSH key and no network of the node by itself. Source of the names and rules:
 * buildx v0.38.2, bake/entitlements.go and `--allow` in docs/reference/buildx_bake.md.
 */
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { isBelow, realPath } from "../../lib/files/real-path.ts";
import { mayNamePath } from "../source/limits.ts";
import { entriesOf, mapOf, textOf, textsOf } from "./definition.ts";
import type { Target } from "./definition.ts";
import type { Entry } from "./entries.ts";
import { entitlementsNamedBy, pathsNamedBy } from "./overrides.ts";
import type { BakePlan } from "./plan-bake.ts";
import { WORKING_DIRECTORY, isRemote as isRemoteUrl } from "./resolve.ts";

export interface Allowed {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Privileges without a path: ssh, network.host, security.insecure, device, buildx.local.delete. */
  readonly names: ReadonlySet<string>;
}

/** One privilege that a target needs, as `--allow` names it. */
export interface Privilege {
  readonly key:
    | "fs.read"
    | "fs.write"
    | "ssh"
    | "network.host"
    | "security.insecure"
    | "device"
    | "buildx.local.delete";
  /** Absolute path, only for `fs.read` and `fs.write`. */
  readonly path?: string;
}

const ANYWHERE = "*";
/** Privileges without a value. */
const PLAIN = new Set(["ssh", "network.host", "security.insecure", "buildx.local.delete"]);
/** buildx accepts these and does not check them. */
const IMAGES = new Set(["image", "image.push", "image.load"]);

/**
 * @param given values of `--allow`
 * @throws InvalidInput for an unknown privilege
 */
export function parseAllowed(given: readonly string[]): Allowed {
  const read: string[] = [];
  const write: string[] = [];
  const names = new Set<string>();
  for (const own of given) {
    const [key = "", ...rest] = own.split("=");
    const value = rest.join("=");
    if (PLAIN.has(own)) names.add(own);
    else if (key === "device") names.add("device");
    else if (key === "fs.read" || key === "fs") read.push(value);
    if (key === "fs.write" || key === "fs") write.push(value);
    const isKnown = PLAIN.has(own) || IMAGES.has(key) || ["device", "fs", "fs.read", "fs.write"].includes(key);
    if (isKnown) continue;
    throw new InvalidInput(`--allow ${own} is not a privilege that bake knows`, {
      docker: "refuses",
      suggestions: [
        "Use fs.read=PATH, fs.write=PATH, fs=PATH, ssh, network.host, security.insecure, device or buildx.local.delete.",
      ],
    });
  }
  return { read, write, names };
}

interface Origin {
  /** The definition came with a directory of its own, and relative paths of named contexts are in it. */
  readonly isRemote: boolean;
  /** The target's context is in that directory, and so is its Dockerfile. */
  readonly isRemoteContext: boolean;
}

/** What the field names, and for what purpose. Each field of a target that can name something has its row here. */
interface Row {
  readonly read?: (target: Target, origin: Origin) => readonly string[];
  readonly write?: (target: Target) => readonly string[];
  readonly names?: (target: Target) => readonly Privilege["key"][];
}

const LOCAL = ({ pairs }: Entry): boolean => pairs.get("type") === "local";

function pathsIn(entries: readonly Entry[], key: string, isMeant: (entry: Entry) => boolean = () => true): string[] {
  return entries
    .filter(isMeant)
    .map(({ pairs }) => pairs.get(key) ?? "")
    .filter((path) => path !== "" && path !== "-");
}

/** Whether the context is not a directory of this machine. */
export function isElsewhere(context: string): boolean {
  return isRemoteUrl(context) || /^(?:docker-image|target|service):/.test(context);
}

function localContext(context: string): string[] {
  if (isElsewhere(context)) return [];
  return [context.replace(/^(?:cwd|oci-layout):\/\//, "").replace(/^(.*)@sha256:[\da-f]+$/, "$1")];
}

export const MAY_NAME: Readonly<Record<string, Row>> = {
  context: {
    read: (target, { isRemoteContext }) => (isRemoteContext ? [] : localContext(textOf(target, "context") ?? ".")),
  },
  contexts: {
    read: (target, { isRemote }) =>
      [...mapOf(target, "contexts").values()]
        .filter((context) => !isRemote || context?.startsWith(WORKING_DIRECTORY) === true)
        .flatMap((context) => localContext(context ?? "")),
  },
  dockerfile: {
    read: (target, { isRemoteContext }) => {
      const context = textOf(target, "context") ?? ".";
      const dockerfile = textOf(target, "dockerfile") ?? "Dockerfile";
      if (target.fields.has("dockerfile-inline") || isRemoteUrl(dockerfile)) return [];
      if (dockerfile.startsWith(WORKING_DIRECTORY)) return [dockerfile.slice(WORKING_DIRECTORY.length)];
      if (isAbsolute(dockerfile)) return [dockerfile];
      if (isRemoteContext || isElsewhere(context)) return [];
      // `build` looks for both spellings, and either may be a symlink.
      return [dockerfile, ...(dockerfile === "Dockerfile" ? ["dockerfile"] : [])].map((name) => join(context, name));
    },
  },
  "cache-from": { read: (target) => pathsIn(entriesOf(target, "cache-from"), "src", LOCAL) },
  "cache-to": { write: (target) => pathsIn(entriesOf(target, "cache-to"), "dest", LOCAL) },
  secret: {
    // Without a source, a secret is the variable of its ID, or the file of that name.
    read: (target) => [
      ...pathsIn(entriesOf(target, "secret"), "src"),
      ...pathsIn(entriesOf(target, "secret"), "id", ({ pairs }) => !pairs.has("src") && !pairs.has("env")),
    ],
  },
  ssh: {
    read: (target) => entriesOf(target, "ssh").flatMap(({ paths = [] }) => paths),
    names: (target) => (entriesOf(target, "ssh").some(({ paths = [] }) => paths.length === 0) ? ["ssh"] : []),
  },
  output: {
    write: (target) => pathsIn(entriesOf(target, "output"), "dest"),
    names: (target) =>
      entriesOf(target, "output").some((own) => LOCAL(own) && own.pairs.get("mode") === "delete")
        ? ["buildx.local.delete"]
        : [],
  },
  entitlements: {
    names: (target) =>
      textsOf(target, "entitlements").flatMap((own): Privilege["key"][] => {
        if (own === "network.host" || own === "security.insecure") return [own];
        return own.startsWith("device") ? ["device"] : [];
      }),
  },
  policy: { read: (target) => pathsIn(entriesOf(target, "policy"), "filename") },
};

/** Whether the path is inside the working directory, or the user allows it. */
export function isAllowedPath(path: string, allowed: readonly string[], directory: string): boolean {
  return allowed.includes(ANYWHERE) || mayNamePath("bake file", path, directory, allowed);
}

/**
 * Privileges that the targets need and that the user has not granted. Paths and entitlements in `--set` come from the user, and so are granted.
 * @param directory the working directory
 */
export function missingPrivileges(
  { targets, overrides, remoteContexts, remote }: Pick<BakePlan, "targets" | "overrides" | "remote" | "remoteContexts">,
  allowed: Allowed,
  directory: string,
): readonly Privilege[] {
  const missing = new Map<string, Privilege>();
  const need = (key: "fs.read" | "fs.write", path: string, own: readonly string[]): void => {
    if (isAllowedPath(path, [...(key === "fs.read" ? allowed.read : allowed.write), ...own], directory)) return;
    const real = realPath(resolve(directory, path));
    missing.set(`${key} ${real}`, { key, path: real });
  };
  for (const target of targets.values()) {
    const own = overrides.get(target.name) ?? [];
    const named = pathsNamedBy(target, own);
    const granted = new Set([...allowed.names, ...entitlementsNamedBy(own)]);
    const origin = { isRemote: remote !== undefined, isRemoteContext: remoteContexts.has(target.name) };
    for (const { read, write, names } of Object.values(MAY_NAME)) {
      for (const path of read?.(target, origin) ?? []) need("fs.read", path, named.read);
      for (const path of write?.(target) ?? []) need("fs.write", path, named.write);
      for (const key of names?.(target) ?? []) if (!granted.has(key)) missing.set(key, { key });
    }
  }
  // A directory includes its content.
  const all = [...missing.values()];
  return all.filter(
    ({ key, path }) =>
      path === undefined ||
      !all.some(
        (other) => other.key === key && other.path !== undefined && other.path !== path && isBelow(path, other.path),
      ),
  );
}

/** The flag that grants each of them. A path near the working directory is relative to it, as with buildx. */
export function flagsFor(privileges: readonly Privilege[], directory: string): readonly string[] {
  return privileges.map(({ key, path }) => {
    if (path === undefined) return `--allow=${key}`;
    const near = relative(realPath(directory), path);
    return `--allow=${key}=${near.startsWith(`..${sep}..`) || near === "" ? path : near}`;
  });
}

const PURPOSES: Readonly<Record<Privilege["key"], string>> = {
  "fs.read": "read",
  "fs.write": "write to",
  ssh: "use your SSH agent",
  "network.host": "run build steps in the network of the node",
  "security.insecure": "run privileged build steps",
  device: "use devices of the node",
  "buildx.local.delete": "delete files in the directory of an output",
};

export function sentenceFor({ key, path }: Privilege): string {
  return path === undefined ? PURPOSES[key] : `${PURPOSES[key]} ${path}`;
}

/** @throws InvalidInput with the missing privileges, and the flags that grant them */
export function refuseMissing(privileges: readonly Privilege[], directory: string): void {
  if (privileges.length === 0) return;
  throw new InvalidInput(
    `additional privileges requested: the bake file wants to ${privileges.map(sentenceFor).join(", and to ")}`,
    { docker: "refuses", suggestions: [`If you trust it, add ${flagsFor(privileges, directory).join(" ")}`] },
  );
}
