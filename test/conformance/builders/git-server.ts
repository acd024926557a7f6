/** A repository of git behind git's own server for HTTP, which builders fetch from as they do from a forge. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface GitServer extends AsyncDisposable {
  /** `http://ADDRESS:PORT/repository.git`; its branch `main` and its tag `first` differ in committed.txt. */
  readonly url: string;
}

/**
 * @param address of this machine, as pods reach it
 * @throws Error where git is not installed
 */
export async function serveGit(address: string): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), "slipway-conformance-git-"));
  await makeRepository(join(root, "repository.git"));
  const server = createServer((request, response) => answer(root, request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, address, resolve);
  });
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}/repository.git`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function makeRepository(bare: string): Promise<void> {
  const work = `${bare}.work`;
  await run("git", ["init", "-q", "--initial-branch=main", work]);
  const git = (...args: string[]) =>
    run("git", ["-C", work, "-c", "user.name=Conformance", "-c", "user.email=conformance@example.com", ...args]);
  for (const text of ["first", "second"]) {
    await writeFile(join(work, "committed.txt"), `${text}\n`);
    await git("add", ".");
    await git("commit", "-q", "-m", text);
    if (text === "first") await git("tag", "first");
  }
  await run("git", ["clone", "-q", "--bare", work, bare]);
  await rm(work, { recursive: true });
}

/** By CGI (RFC 3875), as `git help http-backend` asks for it. */
function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const header = (name: string): string => String(request.headers[name] ?? "");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_PROTOCOL: header("git-protocol"),
      REQUEST_METHOD: request.method,
      PATH_INFO: path,
      QUERY_STRING: query,
      CONTENT_TYPE: header("content-type"),
      HTTP_CONTENT_ENCODING: header("content-encoding"),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(child.stdin);
  // It may end without reading all it is sent.
  child.stdin.on("error", () => {});
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.on("close", () => {
    const whole = Buffer.concat(chunks);
    const end = whole.indexOf("\r\n\r\n");
    const lines = whole.subarray(0, Math.max(end, 0)).toString().split("\r\n");
    const headers = lines.filter((line) => line !== "").map((line) => line.split(/: (.*)/s, 2) as [string, string]);
    const status = headers.find(([name]) => name.toLowerCase() === "status")?.[1] ?? (end < 0 ? "500" : "200");
    response.writeHead(
      parseInt(status, 10),
      Object.fromEntries(headers.filter(([name]) => name.toLowerCase() !== "status")),
    );
    response.end(whole.subarray(end + 4));
  });
}
