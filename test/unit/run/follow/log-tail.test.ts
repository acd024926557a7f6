import { expect, it } from "vitest";
import { LogTail } from "../../../../src/run/follow/log-tail.ts";
import { ClusterError } from "../../../../src/errors.ts";
import { CUT, FakeCluster } from "../../../fakes/fake-cluster.ts";

/** Time that the log may end before the container's end is visible. */
const PATIENCE = 20;

function tailOf(cluster: FakeCluster): LogTail {
  return new LogTail(cluster, "kaniko", { formatLogLine: (line) => line }, () => {}, PATIENCE);
}

it("the log continues after a cut while the container runs", async () => {
  const cluster = new FakeCluster();
  const log = tailOf(cluster);
  cluster.log.push("one", CUT, "two", CUT, "three");
  const following = log.follow("pod", new AbortController().signal);
  await expect.poll(() => log.tail).toEqual(["one", "two", "three"]);
  log.containerEnded();
  cluster.log.close();
  await following;
  expect(log.tail).toEqual(["one", "two", "three"]);
});

it("the log ends if the container's end becomes visible a moment later", async () => {
  const cluster = new FakeCluster();
  const log = new LogTail(cluster, "kaniko", { formatLogLine: (line) => line }, () => {}, 60_000);
  cluster.log.push("one", CUT, "never asked for");
  const following = log.follow("pod", new AbortController().signal);
  setTimeout(() => log.containerEnded(), PATIENCE);
  await following;
  await log.finished;
  expect(log.tail).toEqual(["one"]);
});

it("the log also finishes if it cannot be read", async () => {
  const cluster = new FakeCluster();
  const log = tailOf(cluster);
  cluster.log.fail(new ClusterError("no log"));
  await expect(log.follow("pod", new AbortController().signal)).rejects.toThrow("no log");
  await log.finished;
});

it.each([
  [
    "above its output",
    (end: string, printed: readonly string[]) => [...printed.slice(0, 500), end, ...printed.slice(500)],
  ],
  ["above all of its output", (end: string, printed: readonly string[]) => [end, ...printed]],
  ["below its output", (end: string, printed: readonly string[]) => [...printed, end]],
])("the line that started the last step and the builder's last line are kept, %s", async (_, order) => {
  const cluster = new FakeCluster();
  const { loadBuilder } = await import("../../../../src/builders/table.ts");
  const kaniko = await loadBuilder("kaniko");
  const own = (text: string): string => `\u001B[36mINFO\u001B[0m[0001] ${text}`;
  const printed = Array.from({ length: 1000 }, (_, index) => `line ${index}`);
  const format = (line: string): string => kaniko.formatLogLine(line);
  const log = new LogTail(cluster, "kaniko", { formatLogLine: format, steps: kaniko.steps([]) }, () => {}, PATIENCE);
  const end =
    "error building image: error building stage: failed to execute command: waiting for process to exit: exit status 7";
  cluster.log.push(own("RUN true"), "one", own("RUN seq 1000"), ...order(end, printed));
  const following = log.follow("pod", new AbortController().signal);
  log.containerEnded();
  cluster.log.close();
  await following;
  expect(log.tail.at(0)).toBe("INFO[0001] RUN seq 1000");
  expect(log.tail.filter((line) => line === end)).toHaveLength(1);
  expect(log.tail.length).toBeLessThanOrEqual(152);
  expect(kaniko.outcome({ exitCode: 1, reason: "Error", message: "", tail: log.tail })).toMatchObject({
    message: "`RUN seq 1000` ended with exit code 7",
  });
});
