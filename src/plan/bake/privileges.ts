/**
 * What a bake file may name, and what needs the user's word. A definition comes with the source, so that it is data: files
 * outside the working directory, SSH keys and the network of the node are not its to take. Source of the names:
 * buildx v0.38.2, docs/reference/buildx_bake.md, `--allow`.
 */
import { realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { entriesOf, mapOf, textOf, textsOf } from "./definition.ts";
import type { Target } from "./definition.ts";
import type { Entry } from "./entries.ts";
import { pathsNamedBy } from "./overrides.ts";
import type { Overrides } from "./overrides.ts";
import { isRemote } from "./resolve.ts";

export interface Allowed {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Names of what is not a path: ssh, network.host, security.insecure, device, buildx.local.delete. */
  readonly names: ReadonlySet<string>;
}

/** One thing that a target needs, as `--allow` names it. */
export interface Privilege {
  readonly key:
    | "fs.read"
    | "fs.write"
    | "ssh"
    | "network.host"
    | "security.insecure"
    | "device"
    | "buildx.local.delete";
  /** Absolute; for `fs.read` and `fs.write`. */
  readonly path?: string;
}

/** Everywhere. */
const ANYWHERE = "*";
const PLAIN = new Set(["ssh", "network.host", "security.insecure", "buildx.local.delete"]);
/** Taken for docker's sake: images go where their tags say. */
const IMAGES = new Set(["image", "image.push", "image.load"]);

/**
 * @param given `--allow`, as they were given
 * @throws InvalidInput for what cannot be allowed
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
    throw new InvalidInput(`--allow ${own} is not something that a bake needs`, {
      suggestions: ["Known are fs.read=PATH, fs.write=PATH, fs=PATH, ssh, network.host and security.insecure."],
    });
  }
  return { read, write, names };
}

/** What the field names, and as what it is taken. A new field of a target has its row here. */
interface Row {
  readonly read?: (target: Target) => readonly string[];
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

/** Contexts that are not directories of this machine. */
function isElsewhere(context: string): boolean {
  return isRemote(context) || /^(?:docker-image|target|service):/.test(context);
}

function localContext(context: string): string[] {
  if (isElsewhere(context)) return [];
  return [context.replace(/^(?:cwd|oci-layout):\/\//, "").replace(/^(.*)@sha256:[\da-f]+$/, "$1")];
}

export const MAY_NAME: Readonly<Record<string, Row>> = {
  context: { read: (target) => localContext(textOf(target, "context") ?? ".") },
  contexts: {
    read: (target) => [...mapOf(target, "contexts").values()].flatMap((context) => localContext(context ?? "")),
  },
  dockerfile: {
    read: (target) => {
      const context = textOf(target, "context") ?? ".";
      const dockerfile = textOf(target, "dockerfile") ?? "Dockerfile";
      if (target.fields.has("dockerfile-inline") || isRemote(dockerfile)) return [];
      if (dockerfile.startsWith("cwd://")) return [dockerfile.slice("cwd://".length)];
      return isElsewhere(context)
        ? isAbsolute(dockerfile)
          ? [dockerfile]
          : []
        : [join(isAbsolute(dockerfile) ? "" : context, dockerfile)];
    },
  },
  "cache-from": { read: (target) => pathsIn(entriesOf(target, "cache-from"), "src", LOCAL) },
  "cache-to": { write: (target) => pathsIn(entriesOf(target, "cache-to"), "dest", LOCAL) },
  secret: {
    // Without a source, a secret is the variable of its ID, or else the file of that name.
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

/** The path with all links followed, as far as it exists. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPath(parent), basename(absolute));
  }
}

function isInside(path: string, directory: string): boolean {
  const root = directory.endsWith(sep) ? directory : directory + sep;
  return path === directory || path.startsWith(root);
}

/** Whether the user allows that path, or it is inside the working directory. */
export function isAllowedPath(path: string, allowed: readonly string[], directory: string): boolean {
  if (allowed.includes(ANYWHERE)) return true;
  const real = realPath(resolve(directory, path));
  return [directory, ...allowed.map((own) => resolve(directory, own))].some((own) => isInside(real, realPath(own)));
}

/**
 * What the targets need that nobody has allowed. What the user names with `--set` is the user's own.
 * @param directory the working directory
 */
export function missingPrivileges(
  targets: Iterable<Target>,
  overrides: Overrides,
  allowed: Allowed,
  directory: string,
): readonly Privilege[] {
  const missing = new Map<string, Privilege>();
  const need = (key: "fs.read" | "fs.write", path: string, own: readonly string[]): void => {
    if (isAllowedPath(path, [...(key === "fs.read" ? allowed.read : allowed.write), ...own], directory)) return;
    const real = realPath(resolve(directory, path));
    missing.set(`${key} ${real}`, { key, path: real });
  };
  for (const target of targets) {
    const named = pathsNamedBy(target, overrides.get(target.name) ?? []);
    for (const { read, write, names } of Object.values(MAY_NAME)) {
      for (const path of read?.(target) ?? []) need("fs.read", path, named.read);
      for (const path of write?.(target) ?? []) need("fs.write", path, named.write);
      for (const key of names?.(target) ?? []) if (!allowed.names.has(key)) missing.set(key, { key });
    }
  }
  // A directory includes what is in it.
  const all = [...missing.values()];
  return all.filter(
    ({ key, path }) =>
      path === undefined ||
      !all.some(
        (other) => other.key === key && other.path !== undefined && other.path !== path && isInside(path, other.path),
      ),
  );
}

/** The flag of each, with paths near the working directory relative to it. */
export function flagsFor(privileges: readonly Privilege[], directory: string): readonly string[] {
  return privileges.map(({ key, path }) => {
    if (path === undefined) return `--allow=${key}`;
    const near = relative(realPath(directory), path);
    return `--allow=${key}=${near.startsWith(`..${sep}..`) || near === "" ? path : near}`;
  });
}

const WHAT: Readonly<Record<Privilege["key"], string>> = {
  "fs.read": "read",
  "fs.write": "write to",
  ssh: "use the keys of your SSH agent",
  "network.host": "run build steps in the network of the node",
  "security.insecure": "run privileged build steps",
  device: "use devices of the node",
  "buildx.local.delete": "delete files in the directory of an output",
};

export function sentenceFor({ key, path }: Privilege): string {
  return path === undefined ? WHAT[key] : `${WHAT[key]} ${path}`;
}

/**
 * Files outside the working directory and the user's SSH agent need no word where BUILDX_BAKE_ENTITLEMENTS_FS is false.
 * @throws InvalidInput naming what is missing, and the flags that allow it
 */
export function refuseMissing(privileges: readonly Privilege[], directory: string): void {
  if (privileges.length === 0) return;
  throw new InvalidInput(`the bake file needs leave to ${privileges.map(sentenceFor).join(", and to ")}`, {
    suggestions: [`If you trust it, allow it: ${flagsFor(privileges, directory).join(" ")}`],
  });
}
