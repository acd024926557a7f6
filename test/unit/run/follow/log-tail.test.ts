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
