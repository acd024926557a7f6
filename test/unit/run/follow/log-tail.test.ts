import { expect, it } from "vitest";
import { LogTail } from "../../../../src/run/follow/log-tail.ts";
import { ClusterError } from "../../../../src/errors.ts";
import { CUT, FakeCluster } from "../../../fakes/fake-cluster.ts";

/** Milliseconds the log's end may be ahead of the container's. */
const PATIENCE = 20;

function tailOf(cluster: FakeCluster): LogTail {
  return new LogTail(
    cluster,
    "kaniko",
    (line) => line,
    () => {},
    PATIENCE,
  );
}

it("goes on after a cut, as the container still runs", async () => {
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

it("ends with the log when the news of the container's end comes a moment later", async () => {
  const cluster = new FakeCluster();
  const log = new LogTail(
    cluster,
    "kaniko",
    (line) => line,
    () => {},
    60_000,
  );
  cluster.log.push("one", CUT, "never asked for");
  const following = log.follow("pod", new AbortController().signal);
  setTimeout(() => log.containerEnded(), PATIENCE);
  await following;
  await log.finished;
  expect(log.tail).toEqual(["one"]);
});

it("is finished, too, when the log cannot be had", async () => {
  const cluster = new FakeCluster();
  const log = tailOf(cluster);
  cluster.log.fail(new ClusterError("no log"));
  await expect(log.follow("pod", new AbortController().signal)).rejects.toThrow("no log");
  await log.finished;
});
