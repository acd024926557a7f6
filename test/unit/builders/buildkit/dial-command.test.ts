/** The command that dials a kept daemon, run by a real shell in a directory of the test's own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DIAL_COMMAND, dialPreamble } from "../../../../src/builders/buildkit/daemon.ts";

const FILES = { identity: "certificate\nkey\n", authority: "authority\n" };
const DIRECTORY = "/run/user/1000/buildkit";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-dial-"));
  // Stands for the real one: it shows what it is called with, and what follows on its standard input.
  await writeFile(join(home, "buildctl"), '#!/bin/sh\necho "$@"\ncat\n');
  await chmod(join(home, "buildctl"), 0o755);
});
afterEach(() => rm(home, { recursive: true, force: true }));

const directory = (): string => join(home, "run");
const own = (): string => join(directory(), "identity/own");

interface Run {
  /** What the command printed. */
  readonly printed: string;
  /** What the daemon could read before it listened: the file with its key, and its mode. */
  readonly key: string;
  readonly mode: number;
}

/** Waits until the path is there; the test's own time limit is the deadline. */
async function untilThere(path: string): Promise<void> {
  while (!existsSync(path)) await setTimeout(20);
}

/** Runs the command until it ends. @param before what the daemon waits for before it listens */
async function run(input: string, before: string): Promise<Run> {
  const [shell = "", ...args] = DIAL_COMMAND.map((word) => word.replaceAll(DIRECTORY, directory()));
  const child = spawn(shell, args, {
    env: { PATH: `${home}:${process.env["PATH"]}` },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(input);
  const ended = once(child, "close");
  await untilThere(before);
  const key = existsSync(own()) ? await readFile(own(), "utf8") : "";
  const mode = existsSync(own()) ? (await stat(own())).mode & 0o777 : 0;
  const server = createServer();
  server.listen(join(directory(), "buildkitd.sock"));
  let printed = "";
  for await (const chunk of child.stdout) printed += String(chunk);
  await ended;
  await new Promise((resolve) => server.close(resolve));
  return { printed, key, mode };
}

it("gives the daemon its identity, removes the key once the daemon listens, and hands on what follows", async () => {
  expect(await run(`${dialPreamble(FILES)}PRI * HTTP/2.0\n`, own())).toEqual({
    printed: `--addr unix://${directory()}/buildkitd.sock dial-stdio\nPRI * HTTP/2.0\n`,
    key: FILES.identity,
    mode: 0o600,
  });
  expect(await readdir(join(directory(), "identity"))).toEqual(["authority"]);
  expect(await readFile(join(directory(), "identity/authority"), "utf8")).toBe(FILES.authority);
});

it("leaves the daemon the identity that came first, and nothing of another", async () => {
  await run(dialPreamble(FILES), own());
  await run(dialPreamble({ identity: "other\n", authority: "other\n" }), directory());
  expect(await readFile(join(directory(), "identity/authority"), "utf8")).toBe(FILES.authority);
  expect((await readdir(directory())).toSorted()).toEqual(["identity", "identity.lock"]);
});

it("gives the daemon nothing if the client brings nothing", async () => {
  expect((await run(`${dialPreamble()}rest`, directory())).printed).toMatch(/dial-stdio\nrest$/);
  expect(existsSync(join(directory(), "identity"))).toBe(false);
});
