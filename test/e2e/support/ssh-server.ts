/**
 * An ssh server of a test file's own, on which root logs in with a key of its own. The server sees a user for its unprivileged part
 * and a /run that are its own, so nothing of the machine changes.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, vi } from "vitest";
import { freePort } from "./free-port.ts";
import { WAIT } from "./wait.ts";
import { pathOf, programs } from "./start-engine.ts";

export interface SshServer {
  readonly port: number;
  /** A port without a server. */
  readonly closedPort: number;
  /** For PATH: its `ssh` has the key, and knows the server. */
  readonly path: string;
}

/** @param env what programs that are started there get */
export function useSshServer(env: () => Readonly<Record<string, string>>): SshServer {
  let directory = "";
  let [port, closedPort] = [0, 0];
  let stop: (() => Promise<unknown>) | undefined;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-ssh-"));
    [port, closedPort] = [await freePort(), await freePort()];
    stop = await start(directory, port, env());
  });
  afterAll(async () => {
    await stop?.();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    get port() {
      return port;
    },
    get closedPort() {
      return closedPort;
    },
    get path() {
      return `${join(directory, "bin")}:${process.env["PATH"]}`;
    },
  };
}

async function start(
  directory: string,
  port: number,
  env: Readonly<Record<string, string>>,
): Promise<() => Promise<unknown>> {
  const at = (name: string): string => join(directory, name);
  for (const key of ["host", "user"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(key)], { stdio: "ignore" });
  const host = (await readFile(at("host.pub"), "utf8")).split(" ").slice(0, 2).join(" ");
  const variables = Object.entries({ PATH: pathOf(programs("docker")), ...env }).map(
    ([name, value]) => `${name}=${value}`,
  );
  await writeFile(at("known_hosts"), `[127.0.0.1]:${port} ${host}\n`);
  await writeFile(
    at("sshd_config"),
    `ListenAddress 127.0.0.1:${port}
HostKey ${at("host")}
AuthorizedKeysFile ${at("user.pub")}
AuthenticationMethods publickey
PermitRootLogin prohibit-password
DenyUsers nobody
StrictModes no
PidFile none
SetEnv ${variables.join(" ")}
`,
  );
  await writeFile(
    at("ssh_config"),
    `IdentityFile ${at("user")}
IdentitiesOnly yes
UserKnownHostsFile ${at("known_hosts")}
BatchMode yes
`,
  );
  await mkdir(at("bin"));
  await writeFile(at("bin/ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${at("ssh_config")} "$@"\n`);
  await chmod(at("bin/ssh"), 0o755);
  await writeFile(
    at("passwd"),
    `${await readFile("/etc/passwd", "utf8")}sshd:x:64999:65534::/run/sshd:/usr/sbin/nologin\n`,
  );
  const root = programs("ssh");
  const script = `mount --bind ${at("passwd")} /etc/passwd && mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec ${root}/usr/sbin/sshd -D -e -f ${at("sshd_config")}`;
  const child = spawn("unshare", ["--mount", "sh", "-ec", script], {
    stdio: "ignore",
    env: { ...process.env, LD_LIBRARY_PATH: `${root}/usr/lib/x86_64-linux-gnu` },
  });
  const closed = once(child, "close");
  await vi.waitFor(async () => {
    if (!(await answers(port))) throw new Error("sshd does not answer");
  }, WAIT);
  return () => {
    child.kill();
    return closed;
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    }).on("error", () => resolve(false));
  });
}
