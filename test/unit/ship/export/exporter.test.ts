/** How long the container that keeps a result waits for its client: its commands, run by a real shell. */
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

/** Its paths are the pod's; here they lie below `root`. */
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
  it("gives up a client that says nothing, and says so where the pod's status shows it", async () => {
    const { code, stderr } = await waiting(2);
    expect([code, stderr]).toEqual([
      0,
      "the client was silent for 2 seconds: it is gone, and the result is discarded\n",
    ]);
    expect(await readFile(join(root, "said"), "utf8")).toBe(stderr);
  });

  it("waits for one that speaks, and gives it up when that ends", async () => {
    // Instead of the second that a look takes, it counts: the client speaks during the first five looks.
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

  it("is let go when the result is collected", async () => {
    const done = waiting(600);
    await vi.waitFor(() => stat(join(root, "collected")), { timeout: 60_000 });
    await run(COLLECTED_COMMAND);
    expect(await done).toEqual({ code: 0, stderr: "" });
  });
});

describe("a client that waits for a result", () => {
  it("says so again and again once there is a pod, whatever comes of it, until it no longer waits", async () => {
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
