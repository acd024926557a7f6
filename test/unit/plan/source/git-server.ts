/** A web server of git repositories (`git http-backend`), some of them behind a password. It keeps what it was asked. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface GitServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Paths of requests, with the login where there was one: `/a.git/info/refs user:password`. */
  readonly seen: string[];
  /** A repository with these files, at a path that ends in `.git`. @returns its directory, which has a work tree */
  readonly add: (
    path: string,
    files: Readonly<Record<string, string>>,
    submodules?: Readonly<Record<string, string>>,
    format?: "sha1" | "sha256",
  ) => string;
  readonly close: () => void;
}

const COMMITTED = "2026-01-01T00:00:00Z";

/** @param isPrivate whether a path needs the login `user:password` */
export async function serveGit(isPrivate: (path: string) => boolean = () => false): Promise<GitServer> {
  const root = mkdtempSync(join(tmpdir(), "slipway-git-server-"));
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://x");
    const [, login = ""] = /^Basic (.*)$/.exec(request.headers.authorization ?? "") ?? [];
    const user = Buffer.from(login, "base64").toString();
    seen.push(user === "" ? pathname : `${pathname} ${user}`);
    if (isPrivate(pathname) && user !== "user:password") {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
      return;
    }
    const cgi = spawn("git", ["http-backend"], {
      env: {
        PATH: process.env["PATH"],
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: "1",
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "safe.directory",
        GIT_CONFIG_VALUE_0: "*",
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers["content-type"],
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"],
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
        REMOTE_ADDR: "127.0.0.1",
      },
    });
    request.pipe(cgi.stdin);
    cgi.stdin.on("error", () => {});
    const parts: Buffer[] = [];
    cgi.stdout.on("data", (chunk: Buffer) => parts.push(chunk));
    cgi.on("close", () => {
      const answer = Buffer.concat(parts);
      const end = answer.indexOf("\r\n\r\n");
      let status = 200;
      for (const line of answer.toString("latin1", 0, end).split("\r\n")) {
        const [name = "", value = ""] = line.split(": ");
        if (name === "Status") status = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.writeHead(status).end(answer.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const git = (directory: string, ...args: string[]): string =>
    execFileSync(
      "git",
      ["-c", "core.hooksPath=/dev/null", "-c", "user.name=n", "-c", "user.email=e", "-C", directory, ...args],
      {
        encoding: "utf8",
        // The same files have the same commit on every server.
        env: { PATH: process.env["PATH"], HOME: root, GIT_AUTHOR_DATE: COMMITTED, GIT_COMMITTER_DATE: COMMITTED },
      },
    );
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    add(path, files, submodules = {}, format = "sha1") {
      const directory = join(root, path);
      mkdirSync(directory, { recursive: true });
      git(directory, "init", "--quiet", "--initial-branch=main", `--object-format=${format}`);
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true });
        writeFileSync(join(directory, name), content, {
          mode: name.endsWith(".sh") || name.startsWith(".githooks") ? 0o755 : 0o644,
        });
      }
      let modules = "";
      for (const [name, url] of Object.entries(submodules))
        modules += `[submodule "${name}"]\n\tpath = ${name}\n\turl = ${url}\n`;
      if (modules !== "") writeFileSync(join(directory, ".gitmodules"), modules);
      git(directory, "add", "-A");
      for (const [name, url] of Object.entries(submodules)) {
        const target = join(root, new URL(url, `http://x${path}/`).pathname);
        const commit = git(target, "rev-parse", "HEAD").trim();
        git(directory, "update-index", "--add", "--cacheinfo", `160000,${commit},${name}`);
      }
      git(directory, "commit", "--quiet", "-m", path);
      return directory;
    },
    close() {
      server.close();
      server.closeAllConnections();
      rmSync(root, { recursive: true });
    },
  };
}
