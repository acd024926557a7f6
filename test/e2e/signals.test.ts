/** A signal is heard while the client computes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { IS_EXECUTABLE, PROGRAM } from "./support/slipway.ts";

/** Of a name that matches none of them: each takes all steps it can. */
const HOSTILE = Array.from({ length: 2000 }, (_, index) => `*${"a*".repeat(60)}b${index}`).join("\n");

function hostileContext(files: number): string {
  const root = mkdtempSync(join(tmpdir(), "slipway-e2e-"));
  writeFileSync(join(root, "Dockerfile"), "FROM scratch\nCOPY . /\n");
  writeFileSync(join(root, ".dockerignore"), `${HOSTILE}\n`);
  const names = Array.from({ length: files }, (_, index) => `${"a".repeat(80)}${index}`);
  for (let part = 0; part * 1000 < files; part++) {
    mkdirSync(join(root, `d${part}`));
    for (const name of names.slice(part * 1000, part * 1000 + 1000)) writeFileSync(join(root, `d${part}`, name), "");
    // Directly below the root, where the rules apply.
    for (const name of names.slice(part * 1000, part * 1000 + 1000)) writeFileSync(join(root, name), "");
  }
  return root;
}

let root = "";
beforeAll(() => {
  root = hostileContext(50_000);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/**
 * Ctrl-Break of Windows, which nothing sends here: Node is told that it came when another signal comes. The executable takes no flags of
 * Node's.
 */
const CTRL_BREAK = "data:text/javascript,process.on('SIGUSR2', () => process.emit('SIGBREAK', 'SIGBREAK'))";

test.each([
  ["SIGTERM", "SIGTERM", []],
  ["SIGINT", "SIGINT", []],
  ...(IS_EXECUTABLE ? [] : ([["SIGBREAK", "SIGUSR2", ["--import", CTRL_BREAK]]] as const)),
] as const)(
  "%s ends the client while it reads a context with 100 000 files and hostile ignore rules",
  async (_heard, signal, options) => {
    const [command, ...first] = PROGRAM;
    const child = spawn(command, [...options, ...first, "context", root], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(child, "exit");
    // It lists nothing before the end, so the processor time shows that it is at work.
    await expect.poll(() => cpuTicks(child.pid ?? 0), { timeout: 120_000 }).toBeGreaterThan(150);
    expect(child.exitCode).toBeNull();
    child.kill(signal);
    // Without an ear for signals it would compute for hours.
    expect(await ended).toEqual([130, null]);
  },
);

/** User time of a process, in hundredths of a second. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[11] ?? 0);
}
