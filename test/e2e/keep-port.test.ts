/** The port of a kept builder: builds use it, and nobody else can, least of all a RUN, which shares the builder's network. */
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { connect } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import { expect, test } from "vitest";
import { DAEMON_PORT } from "../../src/builders/buildkit/daemon.ts";
import { KeepKey } from "../../src/run/keep/keep-key.ts";
import { clientTls, newDaemonIdentity } from "../../src/run/keep/keep-tls.ts";
import { auditSize, auditedSince } from "./support/audit.ts";
import { BUSYBOX } from "./support/build.ts";
import { useKeepClient } from "./support/keep-client.ts";
import { kubectl } from "./support/kubectl.ts";
import { project } from "./support/project.ts";

const { namespace, run, mustBuild } = useKeepClient();

/** How the builder was reached since this byte of the audit log: each connection, and each refusal. */
async function waysSince(start: number): Promise<string[]> {
  const asked = (await auditedSince(start, namespace.name)).filter(({ objectRef }) =>
    ["exec", "portforward"].includes(objectRef?.subresource ?? ""),
  );
  const ways = asked.map(({ auditID, objectRef, responseStatus }) => [
    auditID,
    `${objectRef?.subresource}${responseStatus?.code === 403 ? " refused" : ""}`,
  ]);
  return [...new Map(ways as [string, string][]).values()];
}

const plain = (): Promise<string> => project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo built > /built\n` });

test("the second build reaches its builder at the port, and so does slipway keep", async () => {
  const root = await plain();
  await mustBuild([root]);
  const start = await auditSize();
  await mustBuild([root]);
  await expect.poll(() => waysSince(start)).toEqual(["portforward"]);
  const afterBuild = await auditSize();
  expect((await run(["keep", "--format", "{{.State}} {{.DiskBytes}}"])).stdout).toMatch(/^running [1-9]/);
  await expect.poll(() => waysSince(afterBuild)).toEqual(["portforward"]);
});

test("a RUN reaches the port and gets nothing there, and sees nothing of the builder's processes but their names", async () => {
  const spied = ["environ", "maps", "mem", "fd/0", "fd/1", "fd/3", "cwd", "exe", "root", "ns/mnt"];
  const attack = await project({
    Dockerfile: `FROM ${BUSYBOX}
RUN (printf 'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\000\\000\\000\\004\\000\\000\\000\\000\\000'; sleep 2) | nc 127.0.0.1 ${DAEMON_PORT} > /answer; echo "nc ended with $?"
RUN echo "answer: $(od -An -tx1 /answer | head -n 1)"
RUN for process in /proc/[0-9]*; do \\
      name=$(tr '\\000' ' ' < $process/cmdline | cut -c 1-60); \\
      case "$name" in *buildkitd*) echo "met $name";; esac; \\
      [ "$(readlink $process/ns/mnt)" = "$(readlink /proc/self/ns/mnt)" ] && continue; \\
      for part in ${spied.join(" ")}; do \\
        case $part in mem | maps | environ) head -c 1 $process/$part;; *) readlink $process/$part;; esac > /dev/null 2>&1 && echo "read $part of $name"; \\
      done; \\
    done; echo looked
`,
  });
  const { output } = await mustBuild([attack]);
  // Busybox ends with 0 once it was connected.
  expect(output).toMatch(/ nc ended with 0$/m);
  // Nothing, or an alert of TLS. SETTINGS of HTTP/2 would begin with the length 00 00.
  expect(output).toMatch(/ answer: *(?:15 03.*)?$/m);
  expect(output).toMatch(/ met .*buildkitd/m);
  expect(output).not.toMatch(/ read (?:\S+) of /);
  expect(output).toMatch(/ looked$/m);
});

/** What a client gets of the daemon: `data`, or how it was refused. */
function answer(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ ...options, port, host: "127.0.0.1", ALPNProtocols: ["h2"] });
    const end = (how: string): void => {
      socket.destroy();
      resolve(how);
    };
    socket.on("data", () => end("data"));
    socket.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.on("close", () => end("closed"));
  });
}

test("the daemon answers the key of its user and nobody else who may forward its port", async () => {
  await mustBuild([await plain()]);
  const [job, pod] = (await run(["keep", "--format", "{{.Name}} {{.Pod}}"])).stdout.trim().split(" ");
  const uid = await kubectl(["get", "job", job!, "-n", namespace.name, "-o", "jsonpath={.metadata.uid}"]);
  const args = ["port-forward", "-n", namespace.name, `pod/${pod}`, `:${DAEMON_PORT}`];
  const forward = spawn("kubectl", args, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    let said = "";
    for await (const text of forward.stdout) {
      said += String(text);
      if (said.includes("Forwarding from 127.0.0.1")) break;
    }
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
    const stranger = new KeepKey(generateKeyPairSync("ed25519").privateKey);
    const asServer = newDaemonIdentity(stranger, uid);
    expect(await answer(port, { rejectUnauthorized: false })).not.toBe("data");
    expect(await answer(port, { ...clientTls(stranger, uid), rejectUnauthorized: false })).not.toBe("data");
    expect(await answer(port, { cert: asServer.identity, key: asServer.identity, rejectUnauthorized: false })).not.toBe(
      "data",
    );
  } finally {
    forward.kill();
  }
});

test(
  "a user who may not forward ports builds over exec, and the cluster is asked only once",
  { tags: ["long"] },
  async () => {
    const at = ["-n", namespace.name];
    const root = await plain();
    await run(["keep", "stop", "--all"]);
    await mustBuild([root]);
    const { rules } = JSON.parse(await kubectl(["get", "role", "slipway", ...at, "-o", "json"])) as {
      rules: { resources: string[] }[];
    };
    const index = rules.findIndex(({ resources }) => resources.includes("pods/portforward"));
    const patch = (operation: object): Promise<string> =>
      kubectl(["patch", "role", "slipway", ...at, "--type=json", "-p", JSON.stringify([operation])]);
    await patch({ op: "remove", path: `/rules/${index}` });
    try {
      const start = await auditSize();
      await mustBuild([root]);
      await expect.poll(() => waysSince(start)).toEqual(["portforward refused", "exec"]);
      const second = await auditSize();
      await mustBuild([root]);
      await expect.poll(() => waysSince(second)).toEqual(["exec"]);
      const doctor = await run(["doctor", "--keep", "10m", "--no-pods"]);
      expect([doctor.code, doctor.output]).toEqual([0, expect.stringMatching(/^warn.*pods\/portforward/im)]);
    } finally {
      await patch({ op: "add", path: "/rules/-", value: rules[index] });
    }
  },
);
