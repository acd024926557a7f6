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

it("the line that started the last step is kept, however much its command prints", async () => {
  const cluster = new FakeCluster();
  const { loadBuilder } = await import("../../../../src/builders/table.ts");
  const kaniko = await loadBuilder("kaniko");
  const own = (text: string): string => `\u001B[36mINFO\u001B[0m[0001] ${text}`;
  const printed = Array.from({ length: 1000 }, (_, index) => `line ${index}`);
  const format = (line: string): string => kaniko.formatLogLine(line);
  const log = new LogTail(cluster, "kaniko", { formatLogLine: format, steps: kaniko.steps([]) }, () => {}, PATIENCE);
  cluster.log.push(own("RUN true"), "one", own("RUN seq 1000"), ...printed);
  const following = log.follow("pod", new AbortController().signal);
  log.containerEnded();
  cluster.log.close();
  await following;
  expect(log.tail.at(0)).toBe("INFO[0001] RUN seq 1000");
  expect(log.tail.slice(1)).toEqual(printed.slice(-150));
});
