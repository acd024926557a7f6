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

/** Runs git in the work tree that becomes a repository; gives its standard output. */
export type Git = (...args: string[]) => Promise<string>;

export interface GitServer extends AsyncDisposable {
  /** `http://ADDRESS:PORT/repository.git`; as it is made here, its branch `main` and its tag `first` differ in committed.txt. */
  readonly url: string;
}

export interface GitServerOptions {
  /** Makes the commits, in an empty work tree on the branch `main`. */
  readonly fill?: (work: string, git: Git) => Promise<void>;
  /** The required password, for any user name. */
  readonly token?: string;
}

/**
 * @param address of this machine, as pods reach it
 * @throws Error where git is not installed
 */
export async function serveGit(
  address: string,
  { fill = twoCommits, token }: GitServerOptions = {},
): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), "slipway-conformance-git-"));
  await makeRepository(join(root, "repository.git"), fill);
  const server = createServer((request, response) => {
    if (token === undefined || passwordOf(request) === token) answer(root, request, response);
    else response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
  });
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

async function makeRepository(bare: string, fill: (work: string, git: Git) => Promise<void>): Promise<void> {
  const work = `${bare}.work`;
  await run("git", ["init", "-q", "--initial-branch=main", work]);
  const identity = ["-c", "user.name=Conformance", "-c", "user.email=conformance@example.com"];
  await fill(work, async (...args) => (await run("git", ["-C", work, ...identity, ...args])).stdout);
  await run("git", ["clone", "-q", "--bare", work, bare]);
  // As forges have it: who knows a commit may ask for it.
  await run("git", ["-C", bare, "config", "uploadpack.allowReachableSHA1InWant", "true"]);
  await rm(work, { recursive: true });
}

async function twoCommits(work: string, git: Git): Promise<void> {
  for (const text of ["first", "second"]) {
    await writeFile(join(work, "committed.txt"), `${text}\n`);
    await git("add", ".");
    await git("commit", "-q", "-m", text);
    if (text === "first") await git("tag", "first");
  }
}

function passwordOf({ headers: { authorization = "" } }: IncomingMessage): string {
  const [, encoded = ""] = /^Basic (.*)$/i.exec(authorization) ?? [];
  return Buffer.from(encoded, "base64")
    .toString()
    .replace(/^[^:]*:/, "");
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
