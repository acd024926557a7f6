/**
 * Records what a real buildctl and a real buildkitd say to each other, message by message, the nested session included:
 *   node test/buildkit/record.ts SOCKET BUILDCTL > test/golden/buildkit-protocol/build.json
 * SOCKET is a running daemon's; its worker needs no network. The bytes are the two programs' own: neither side is ours.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile, copyFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOver } from "../../src/lib/buildkit/bytes-stream.ts";
import { Channel } from "../../src/lib/buildkit/channel.ts";
import { serve } from "../../src/lib/buildkit/served.ts";
import type { Method, Methods, ServedCall } from "../../src/lib/buildkit/served.ts";

export interface RecordedMessage {
  readonly path: string;
  readonly from: "client" | "daemon";
  readonly base64: string;
}

const CONTROL = "/moby.buildkit.v1.Control/";
const SESSION = `${CONTROL}Session`;
const CONTROL_METHODS = ["Info", "ListWorkers", "Solve", "Status", "DiskUsage", "Prune", "ListenBuildHistory"];
/** buildctl is a frontend of its own in name, and hands the work on by these; what they say is not recorded. */
const BRIDGE = "/moby.buildkit.v1.frontend.LLBBridge/";
const BRIDGE_METHODS = [
  "Ping",
  "Solve",
  "ResolveSourceMeta",
  "ReadFile",
  "StatFile",
  "Evaluate",
  "Return",
  "Inputs",
  "Warn",
];
const SESSION_METHODS = [
  "/moby.filesync.v1.FileSync/DiffCopy",
  "/moby.filesync.v1.FileSend/DiffCopy",
  "/moby.filesync.v1.Auth/Credentials",
  "/moby.filesync.v1.Auth/FetchToken",
  "/moby.filesync.v1.Auth/GetTokenAuthority",
  "/moby.buildkit.secrets.v1.Secrets/GetSecret",
  "/moby.sshforward.v1.SSH/CheckAgent",
  "/grpc.health.v1.Health/Check",
];

/** A file's content and an export need not be kept: their first bytes show their form. */
const LONGEST = 4096;

const [, , socket = "", buildctl = "buildctl"] = process.argv;
const recorded: RecordedMessage[] = [];

function note(path: string, from: RecordedMessage["from"], message: Buffer): void {
  if (message.length <= LONGEST && !path.startsWith(BRIDGE))
    recorded.push({ path, from, base64: message.toString("base64") });
}

function metadataOf(call: ServedCall, names: readonly string[]): Record<string, string[]> {
  return Object.fromEntries(
    names.map((name) => [name, call.metadata.all(name)]).filter(([, all]) => all?.length !== 0),
  );
}

const FORWARDED = [
  "dir-name",
  "include-patterns",
  "exclude-patterns",
  "followpaths",
  "buildkit-attachable-exporter-id",
  "exporter-md-containerimage.digest",
  "buildkit.ssh.id",
  "buildkit-controlapi-buildid",
];

/** @param caller whose messages the call brings */
function forward(path: string, to: Channel, caller: "client" | "daemon"): Method {
  const answerer = caller === "client" ? "daemon" : "client";
  return async (call) => {
    const onward = to.open(path, metadataOf(call, FORWARDED), call.signal);
    const sending = (async () => {
      for await (const message of call.messages) {
        note(path, caller, message);
        await onward.write(message);
      }
      onward.end();
    })();
    sending.catch(() => {});
    for await (const message of onward) {
      note(path, answerer, message);
      await call.write(message);
    }
  };
}

/** The session's bytes are a connection of their own, in which the daemon calls and the client answers. */
function forwardSession(daemon: Channel): Method {
  return async (call) => {
    const names = ["uuid", "name", "sharedkey", "grpc-method"].map((name) => `x-docker-expose-session-${name}`);
    const metadata = metadataOf(call, names);
    const onward = daemon.open(SESSION, metadata, call.signal);
    const ended = Promise.withResolvers<void>();
    const toClient = bytesOver({
      messages: call.messages,
      writeFramed: (framed) => call.writeFramed(framed),
      end: () => ended.resolve(),
      cancel: () => ended.resolve(),
    });
    const toDaemon = bytesOver({
      messages: onward[Symbol.asyncIterator](),
      writeFramed: (framed) => onward.writeFramed(framed),
      end: () => onward.end(),
      cancel: () => onward.cancel(),
    });
    const client = await Channel.over(toClient);
    await serve(toDaemon, Object.fromEntries(SESSION_METHODS.map((path) => [path, forward(path, client, "daemon")])));
    await ended.promise;
  };
}

const directory = await mkdtemp(join(tmpdir(), "slipway-record-"));
const server = createServer((connection) => {
  void (async () => {
    const daemon = await Channel.over(connect(socket));
    const paths = [...CONTROL_METHODS.map((name) => CONTROL + name), ...BRIDGE_METHODS.map((name) => BRIDGE + name)];
    const methods: Methods = {
      ...Object.fromEntries(paths.map((path) => [path, forward(path, daemon, "client")])),
      [SESSION]: forwardSession(daemon),
    };
    await serve(connection, methods);
  })();
});
server.listen(join(directory, "proxy.sock"));
await once(server, "listening");

async function run(...args: string[]): Promise<void> {
  const child = spawn(buildctl, ["--addr", `unix://${join(directory, "proxy.sock")}`, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
    cwd: directory,
  });
  await once(child, "exit");
}

await copyFile("/bin/busybox", join(directory, "busybox"));
await writeFile(join(directory, "secret"), "open sesame");
await writeFile(join(directory, "grüße.txt"), `${Date.now()}`);
await writeFile(
  join(directory, "Dockerfile"),
  `FROM scratch AS base
maintainer nobody
COPY busybox /bin/busybox
RUN ["/bin/busybox","echo","hello"]
FROM base
ARG GREETING
COPY gr*.txt /
RUN --mount=type=secret,id=s ["/bin/busybox","cat","/run/secrets/s"]
`,
);
const locals = ["--local", "context=.", "--local", "dockerfile=.", "--frontend", "dockerfile.v0"];
await run("debug", "info");
await run("debug", "workers");
await run(
  "build",
  ...locals,
  "--opt",
  "build-arg:GREETING=häß",
  "--secret",
  "id=s,src=secret",
  "--output",
  "type=oci,dest=o.tar",
);
await writeFile(join(directory, "Dockerfile"), 'FROM scratch\nCOPY busybox /bin/\nRUN ["/bin/busybox","false"]\n');
await run("build", ...locals);
await run("du");
await run("debug", "histories");
server.close();
await rm(directory, { recursive: true });
process.stdout.write(`${JSON.stringify(recorded, undefined, 1)}\n`);
process.exit();
