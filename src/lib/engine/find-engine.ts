/**
 * Finds the local container engine as docker's client does (docker/cli cli/command/cli.go, resolveContextName): DOCKER_HOST, then
 * DOCKER_CONTEXT, then the context that the configuration names, then docker's own socket; after these the sockets of podman.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface EngineTls {
  /** PEM. Absent: the system's certificates. */
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly verify: boolean;
}

export type EngineAddress =
  /** A unix socket, or a named pipe of Windows: `//./pipe/NAME`. */
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: EngineTls }
  /** `docker system dial-stdio` on another machine. */
  | {
      readonly kind: "ssh";
      readonly host: string;
      readonly user?: string;
      readonly port?: string;
      /** The engine's socket there. Absent: that machine's default. */
      readonly path?: string;
    };

export interface FoundEngine {
  readonly address: EngineAddress;
  /** As it was written: `unix:///var/run/docker.sock`. */
  readonly text: string;
  /** What names it, for messages: `DOCKER_HOST`, `the docker context "lab"`. */
  readonly source: string;
}

const WINDOWS_PIPE = "//./pipe/docker_engine";
/** docker/go-connections: tcp without a port. */
const TCP_PORT = 2375;
const TLS_PORT = 2376;

/** @returns undefined if nothing names an engine and no known socket exists. @throws InvalidInput for a wrong address or context */
export async function findEngine(
  env: Environment,
  home: string = homedir(),
  platform: string = process.platform,
): Promise<FoundEngine | undefined> {
  const directory = env["DOCKER_CONFIG"] || join(home, ".docker");
  const host = env["DOCKER_HOST"] ?? "";
  if (host !== "") {
    const tls = await environmentTls(env, directory);
    return { address: parseAddress(host, "DOCKER_HOST", tls), text: host, source: "DOCKER_HOST" };
  }
  const variable = env["DOCKER_CONTEXT"] ?? "";
  const context = variable === "" ? await currentContext(directory) : variable;
  if (context !== undefined && context !== "default") return readContext(directory, context, env);
  // Opening it is the only way to examine a named pipe.
  if (platform === "win32") return defaultEngine(WINDOWS_PIPE, "npipe");
  for (const path of defaultSockets(env, home, platform)) if (await isSocket(path)) return defaultEngine(path, "unix");
  return undefined;
}

function defaultEngine(path: string, scheme: "unix" | "npipe"): FoundEngine {
  return { address: { kind: "socket", path }, text: `${scheme}://${path}`, source: "the default socket" };
}

/**
 * Docker's own, then podman's, rootless and rootful (podman-system-service(1)). Docker Desktop for macOS makes the first one only if its
 * user allows it.
 */
function defaultSockets(env: Environment, home: string, platform: string): string[] {
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  return [
    "/var/run/docker.sock",
    ...(platform === "darwin" ? [join(home, ".docker/run/docker.sock")] : []),
    ...(runtime === "" ? [] : [join(runtime, "podman/podman.sock")]),
    "/run/podman/podman.sock",
  ];
}

async function isSocket(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
}

/**
 * @param tls for `tcp://`; `https://` always has TLS
 * @throws InvalidInput for an address that docker cannot use either
 */
export function parseAddress(text: string, source: string, tls?: EngineTls): EngineAddress {
  const refuse = (reason: string): InvalidInput =>
    new InvalidInput(`${source} ${text} is not the address of an engine: ${reason}`, {
      docker: "refuses",
      suggestions: ["Write for example unix:///var/run/docker.sock, tcp://HOST:2376 or ssh://USER@HOST."],
    });
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === "unix" || scheme === "npipe") {
    if (rest === "") throw refuse("it has no path");
    return { kind: "socket", path: rest };
  }
  if (!["tcp", "http", "https", "ssh"].includes(scheme)) throw refuse("its scheme is not unix, npipe, tcp or ssh");
  if (!URL.canParse(`http://${rest}`)) throw refuse("it has no host");
  const { hostname, port, username, password, pathname } = new URL(`http://${rest}`);
  if (password !== "") throw refuse("a password is not part of it");
  if (scheme === "ssh") {
    // ssh takes a name that begins with a hyphen for an option.
    if (hostname.startsWith("-") || username.startsWith("-")) throw refuse("a name begins with a hyphen");
    return {
      kind: "ssh",
      host: hostname,
      ...(username === "" ? {} : { user: decodeURIComponent(username) }),
      ...(port === "" ? {} : { port }),
      ...(pathname === "/" ? {} : { path: pathname }),
    };
  }
  const secured = scheme === "https" ? (tls ?? { verify: true }) : tls;
  const host = hostname.replace(/^\[|\]$/g, "");
  // A URL of scheme http leaves out port 80.
  const typed = port === "" && /:80(?:\/|$)/.test(rest) ? 80 : Number(port);
  return {
    kind: "tcp",
    host,
    port: typed || (secured === undefined ? TCP_PORT : TLS_PORT),
    ...omitUndefined({ tls: secured }),
  };
}

/** DOCKER_TLS or DOCKER_TLS_VERIFY turns TLS on (docker/cli cli/flags/options.go). */
async function environmentTls(env: Environment, directory: string): Promise<EngineTls | undefined> {
  const verify = (env["DOCKER_TLS_VERIFY"] ?? "") !== "";
  if (!verify && (env["DOCKER_TLS"] ?? "") === "") return undefined;
  return readTls(env["DOCKER_CERT_PATH"] || directory, verify);
}

async function readTls(directory: string, verify: boolean): Promise<EngineTls> {
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) => readFile(join(directory, name)).catch(() => undefined)),
  );
  return {
    verify,
    ...omitUndefined({ ca, cert, key }),
  };
}

async function currentContext(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, "config.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { currentContext: name } = JSON.parse(text) as { readonly currentContext?: unknown };
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    // Who reads the logins in this file reports it.
    return undefined;
  }
}

interface ContextMeta {
  readonly Endpoints?: {
    readonly docker?: { readonly Host?: string; readonly SkipTLSVerify?: boolean };
  };
}

/** A context is a directory that is named by the sha256 of its name (docker/cli cli/context/store). */
async function readContext(directory: string, name: string, env: Environment): Promise<FoundEngine> {
  const id = createHash("sha256").update(name).digest("hex");
  const source = `the docker context "${name}"`;
  let meta: ContextMeta;
  try {
    meta = JSON.parse(await readFile(join(directory, "contexts/meta", id, "meta.json"), "utf8")) as ContextMeta;
  } catch (error) {
    throw new InvalidInput(`${source} cannot be read: ${(error as Error).message}`, {
      docker: "refuses",
      suggestions: [
        "See which there are: docker context ls",
        (env["DOCKER_CONTEXT"] ?? "") === "" ? "Choose one: docker context use NAME" : "Or unset DOCKER_CONTEXT.",
      ],
      cause: error,
    });
  }
  const { Host: host = "", SkipTLSVerify: unverified = false } = meta.Endpoints?.docker ?? {};
  const tls = await readTls(join(directory, "contexts/tls", id, "docker"), !unverified);
  const isSecured = tls.ca !== undefined || tls.cert !== undefined;
  return { address: parseAddress(host, source, isSecured ? tls : undefined), text: host, source };
}
