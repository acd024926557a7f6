import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { hasEnded, ownMark } from "../../../../src/lib/files/process-mark.ts";

it("a process that runs has not ended", () => {
  expect(hasEnded(ownMark())).toBe(false);
});

it("a process that was killed has ended", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const mark = { ...ownMark(), pid: child.pid ?? 0, start: "" };
  expect(hasEnded(mark)).toBe(false);
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
  expect(hasEnded(mark)).toBe(true);
});

it.runIf(process.platform === "linux")("another process with its number is not taken for it", () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  expect(hasEnded({ ...ownMark(), pid: child.pid ?? 0, start: "1" })).toBe(true);
});

it("of a process of another machine nothing is known", () => {
  expect(hasEnded({ ...ownMark(), machine: "elsewhere", pid: 2 ** 22 + 1 })).toBe(false);
});
