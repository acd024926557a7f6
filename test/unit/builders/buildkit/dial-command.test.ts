/** The commands that dial and start a kept daemon, run by a real shell in a directory of the test's own. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DIAL_COMMAND, LISTEN, dialPreamble } from "../../../../src/builders/buildkit/daemon.ts";

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

it("gives the daemon its identity, and hands on what follows", async () => {
  expect(await run(`${dialPreamble(FILES)}PRI * HTTP/2.0\n`, own())).toEqual({
    printed: `--addr unix://${directory()}/buildkitd.sock dial-stdio\nPRI * HTTP/2.0\n`,
    key: FILES.identity,
    mode: 0o600,
  });
  expect(await readFile(join(directory(), "identity/authority"), "utf8")).toBe(FILES.authority);
});

it("leaves the daemon the identity that came first, and nothing of another", async () => {
  await run(dialPreamble(FILES), own());
  await run(dialPreamble({ identity: "other\n", authority: "other\n" }), directory());
  expect(await readFile(join(directory(), "identity/authority"), "utf8")).toBe(FILES.authority);
  expect((await readdir(directory())).toSorted()).toEqual(["identity", "identity.lock"]);
});

it.each([
  ["nothing", dialPreamble({ identity: "", authority: "" })],
  ["a part of its key", dialPreamble(FILES).slice(0, 20)],
  ["no authority", dialPreamble(FILES).slice(0, -12)],
  ["a part of its authority", dialPreamble(FILES).slice(0, -4)],
])("gives the daemon nothing if the client brings %s", async (_, preamble) => {
  expect((await run(preamble, directory())).printed).toMatch(/dial-stdio\n/);
  expect(await readdir(directory())).toEqual([]);
});

it("is a pipe where there is no room for an identity", async () => {
  // As no directory can be made below a file.
  await writeFile(join(home, "run"), "");
  const [shell = "", ...args] = DIAL_COMMAND.map((word) =>
    word.replaceAll(DIRECTORY, directory()).replace("-ge 600", "-ge 1"),
  );
  const { stdout, status } = spawnSync(shell, args, {
    env: { PATH: `${home}:${process.env["PATH"]}` },
    input: `${dialPreamble(FILES)}rest`,
  });
  expect([status, stdout.toString()]).toEqual([0, expect.stringMatching(/dial-stdio\nrest$/)]);
});

/** Runs the daemon's start until the stand-in for buildkitd has ended. It prints its arguments. */
async function listen(): Promise<{ readonly printed: string; readonly left: readonly string[] }> {
  const socket = join(directory(), "buildkitd.sock");
  const program = `const server = require("net").createServer().listen(${JSON.stringify(socket)});
console.log(process.argv.slice(2).join(" "), require("fs").existsSync(${JSON.stringify(own())}));
process.stdin.on("end", () => server.close()).resume();`;
  await writeFile(join(home, "buildkitd"), `#!${process.execPath}\n${program}\n`);
  await chmod(join(home, "buildkitd"), 0o755);
  const script = LISTEN.replaceAll(DIRECTORY, directory()).replace("-ge 600", "-ge 3");
  const child = spawn("sh", ["-c", script, "sh", "--root=/state"], {
    env: { PATH: `${home}:${process.env["PATH"]}` },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  let printed = "";
  child.stdout.on("data", (text) => (printed += String(text)));
  await untilThere(socket);
  while (existsSync(own()) || !printed.includes("\n")) await setTimeout(20);
  const left = (await readdir(directory())).filter((name) => name !== "buildkitd.sock");
  child.stdin.end();
  await ended;
  return { printed, left: left.toSorted() };
}

it("starts the daemon with the port once it has an identity, and removes the key and what others have left when it listens", async () => {
  await mkdir(join(directory(), "identity"), { recursive: true });
  await mkdir(join(directory(), "identity.a1B2c3"));
  await writeFile(own(), FILES.identity);
  const { printed, left } = await listen();
  expect(printed).toMatch(
    /^--root=\/state --addr=tcp:\/\/127\.0\.0\.1:28372 --tlscert=\S+\/own --tlskey=\S+\/own --tlscacert=\S+ true\n$/,
  );
  expect(left).toEqual(["identity"]);
});

it("starts the daemon without the port if no client brings an identity", async () => {
  await mkdir(directory());
  expect((await listen()).printed).toBe("--root=/state false\n");
});
