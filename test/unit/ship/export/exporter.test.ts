/** How long the container with the result waits for its client: its commands, run by a real shell. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { ClusterError } from "../../../../src/errors.ts";
import { COLLECTED_COMMAND, EXPORTER, presenceCommand, waitScript } from "../../../../src/ship/export/exporter.ts";
import { showPresence } from "../../../../src/ship/export/presence.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-export-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
});

/** Runs a command of the pod with its paths below `root`. */
function run([, , script = "", ...words]: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const here = script.replaceAll("/tmp/", `${root}/`).replaceAll("/dev/termination-log", `${root}/said`);
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-c", here, ...words], { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.on("error", reject).on("close", (code) => resolve({ code, stderr }));
  });
}

const waiting = (silent: number) => run(["sh", "-c", waitScript(silent, 1)]);

describe("the container that keeps a result", () => {
  it("ends without signs of its client, with a message in the pod's status", async () => {
    const { code, stderr } = await waiting(2);
    expect([code, stderr]).toEqual([
      0,
      "the client was silent for 2 seconds: it is gone, and the result is discarded\n",
    ]);
    expect(await readFile(join(root, "said"), "utf8")).toBe(stderr);
  });

  it("waits while its client gives signs, and ends after the last one", async () => {
    // A fake `timeout` counts checks instead of waiting: the client gives a sign during the first five.
    const [, , speak = ""] = presenceCommand(0);
    const timeout = `timeout() {
      looks=$((looks + 1)); echo $looks > /tmp/looks
      [ $looks -gt 5 ] || sh -c '${speak}' presence $looks
      return 124
    }`;
    const { stderr } = await run(["sh", "-c", `${timeout}\n${waitScript(3, 1)}`]);
    expect(stderr).toContain("it is gone");
    expect(await readFile(join(root, "looks"), "utf8")).toBe("8\n");
  });

  it("ends at once when the result is collected", async () => {
    const done = waiting(600);
    await vi.waitFor(() => stat(join(root, "collected")), { timeout: 60_000 });
    await run(COLLECTED_COMMAND);
    expect(await done).toEqual({ code: 0, stderr: "" });
  });
});

describe("a client that waits for a result", () => {
  it("gives a sign every minute while there is a pod, even if signs fail, until it is disposed of", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const said: unknown[][] = [];
    const cluster = {
      async exec(...[pod, container, command]: [string, string, readonly string[], ...unknown[]]) {
        said.push([pod, container, command.at(-1)]);
        throw new ClusterError("the container is not running yet");
      },
    };
    let pod = "";
    {
      using _ = showPresence(cluster, () => pod);
      await vi.advanceTimersByTimeAsync(60_000);
      pod = "build-x";
      await vi.advanceTimersByTimeAsync(120_000);
    }
    await vi.advanceTimersByTimeAsync(600_000);
    expect(said).toEqual([
      ["build-x", EXPORTER, "1"],
      ["build-x", EXPORTER, "2"],
    ]);
  });
});
