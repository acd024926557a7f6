/** A registry of a test's own, with the logins the test wants: Debian's docker-registry, on the address the cluster's are on. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { vi } from "vitest";
import { REGISTRY } from "./build.ts";
import { freePort } from "./free-port.ts";
import { WAIT } from "./wait.ts";

/** Reached by the pods and by this machine. */
export const ADDRESS = REGISTRY.replace(/:\d+$/, "");

export interface OwnRegistry {
  /** `HOST:PORT`, plain http. */
  readonly host: string;
  /** The directory of the registry's data. */
  readonly storage: string;
  stop(): Promise<void>;
}

/** @param auth the section `auth` of its configuration, as YAML in one line; given a directory for files of its own */
export async function startRegistry(auth: (directory: string) => Promise<string>): Promise<OwnRegistry> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-registry-"));
  const storage = join(directory, "storage");
  const host = `${ADDRESS}:${await freePort(ADDRESS)}`;
  const config = join(directory, "config.yaml");
  await writeFile(
    config,
    `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: ${storage}}}
http: {addr: "${host}"}
auth: ${await auth(directory)}
`,
  );
  // It takes variables that begin with REGISTRY for configuration.
  const child = spawn("docker-registry", ["serve", config], { env: { PATH: process.env["PATH"] }, stdio: "ignore" });
  const closed = once(child, "close");
  await vi.waitFor(() => request(`http://${host}/v2/`).then(({ body }) => body.dump()), WAIT);
  return {
    host,
    storage,
    async stop() {
      child.kill();
      await closed;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** One that asks for a user name and a password. */
export function passwordAuth(user: string, password: string): (directory: string) => Promise<string> {
  return async (directory) => {
    const { status, stdout } = spawnSync("htpasswd", ["-Bin", user], { input: password, encoding: "utf8" });
    if (status !== 0) throw new Error("htpasswd failed");
    await writeFile(join(directory, "htpasswd"), stdout);
    return `{htpasswd: {realm: test, path: ${directory}/htpasswd}}`;
  };
}
