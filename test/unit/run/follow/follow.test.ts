import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import type { BuildEvent } from "../../../../src/events.ts";
import { AuthError, ClusterError, Interrupted, TimedOut } from "../../../../src/errors.ts";
import { followBuild } from "../../../../src/run/follow/follow.ts";
import { FakeCluster } from "../../../fakes/fake-cluster.ts";
import {
  DIGEST,
  NAMES,
  building,
  deleting,
  endedWith,
  gated,
  receiving,
  starting,
  unscheduled,
  waitingFor,
} from "./pods.ts";

const JOB = "slipway-app-x";
const IDENTITY = { name: JOB, uid: "uid-of-the-job" };
let cluster: FakeCluster;
let events: BuildEvent[];
let steps: string[];
let interrupt: AbortController;
/** What a step does, besides being recorded. */
let act: (step: string) => Promise<void> = async () => {};

beforeEach(() => {
  cluster = new FakeCluster();
  cluster.stored.set(`jobs/${JOB}`, { metadata: IDENTITY } satisfies V1Job);
  cluster.listAnew("pods", []);
  events = [];
  steps = [];
  interrupt = new AbortController();
  act = async () => {};
});

afterEach(() => vi.useRealTimers());

function follow() {
  const step = async (name: string): Promise<void> => {
    steps.push(name);
    await act(name);
  };
  return followBuild(
    cluster,
    {
      job: IDENTITY,
      containers: NAMES,
      timeoutSeconds: 60,
      formatLogLine: (line) => line.toLowerCase(),
      onPod: (pod) => step(`pod ${pod.name}`),
      onReceiving: (pod) => step(`receiving ${pod}`),
      onState: (state) => void (steps.at(-1) === state.kind || steps.push(state.kind)),
    },
    (event) => events.push(event),
    interrupt.signal,
  );
}

const change = (pod: V1Pod): void => cluster.show("pods", "modified", pod);
const lines = () => events.flatMap((event) => (event.type === "log" ? [event.line] : []));

describe("following a build to its end", () => {
  it("releases the pod, sends the context, shows the log and returns the container's end", async () => {
    for (const pod of [gated, unscheduled, starting, receiving, receiving, building, building]) change(pod);
    cluster.log.push("ONE", "TWO").close();
    change(endedWith(0, DIGEST));
    expect(await follow()).toEqual({ exitCode: 0, reason: "Completed", message: DIGEST, tail: ["one", "two"] });
    const name = "slipway-app-x-abcde";
    expect(steps).toEqual([
      `pod ${name}`,
      "gated",
      "unscheduled",
      "starting",
      "receiving",
      `receiving ${name}`,
      "receiving",
      "building",
      "ended",
    ]);
    expect(events[0]).toEqual({
      type: "log",
      line: "one",
      container: "kaniko",
      timestamp: "2026-01-01T00:00:00.000000001Z",
    });
    expect(cluster.seen("watch", "pods")[0]?.detail).toEqual({ labelSelector: `batch.kubernetes.io/job-name=${JOB}` });
    expect(cluster.seen("watch", "events")).toEqual([]);
  });

  it("handles a build that ended before it was seen running", async () => {
    change(gated);
    cluster.log.push("all of it").close();
    change(endedWith(0, DIGEST));
    expect((await follow()).tail).toEqual(["all of it"]);
  });

  it("shows the whole log before it returns", async () => {
    change(building);
    change(endedWith(1, ""));
    const end = follow();
    setTimeout(() => void cluster.log.push("late", "later").close(), 20);
    expect((await end).tail).toEqual(["late", "later"]);
  });

  it("keeps the last lines of a long log to explain a failure", async () => {
    change(building);
    cluster.log.push(...Array.from({ length: 300 }, (_, at) => `line ${at}`)).close();
    change(endedWith(1));
    const { tail } = await follow();
    expect(tail.at(-1)).toBe("line 299");
    expect(tail.length).toBeLessThan(300);
    expect(lines()).toHaveLength(300);
  });

  it("accepts a pod that is deleted after it exited with 0", async () => {
    cluster.log.close();
    change(deleting(endedWith(0, DIGEST)));
    expect((await follow()).message).toBe(DIGEST);
  });
});

describe("following a build fails if", () => {
  it("its Job and pod are deleted", async () => {
    change(building);
    cluster.show("pods", "deleted", building);
    cluster.stored.clear();
    await expect(follow()).rejects.toThrow(`the build was cancelled: its Job ${JOB} was deleted`);
  });

  /** The condition that the Job's controller sets when the one pod is lost. */
  const podLost = (): void => {
    cluster.stored.set(`jobs/${JOB}`, {
      metadata: IDENTITY,
      status: { conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded" }] },
    } satisfies V1Job);
  };

  it("the watch lists again and the pod is gone", async () => {
    podLost();
    change(building);
    cluster.listAnew("pods", []);
    await expect(follow()).rejects.toThrow("the build's pod was deleted before it had ended");
  });

  it.each(["Failed", "FailureTarget"])("the Job's deadline passes (condition %s)", async (type) => {
    cluster.stored.set(`jobs/${JOB}`, {
      metadata: IDENTITY,
      status: { conditions: [{ type, status: "True", reason: "DeadlineExceeded" }] },
    } satisfies V1Job);
    change(building);
    change(deleting(building));
    await expect(follow()).rejects.toThrow(TimedOut);
  });

  it("the Job's deadline passes and its status shows that only after the pod is gone", async () => {
    change(building);
    change(deleting(building));
    const ending = follow();
    setTimeout(() => {
      cluster.stored.set(`jobs/${JOB}`, {
        metadata: IDENTITY,
        status: { conditions: [{ type: "FailureTarget", status: "True", reason: "DeadlineExceeded" }] },
      } satisfies V1Job);
    }, 300);
    await expect(ending).rejects.toThrow(TimedOut);
  });

  it("its container is killed because the pod is deleted", async () => {
    podLost();
    cluster.log.close();
    change(deleting(endedWith(137)));
    await expect(follow()).rejects.toThrow("the build's pod was deleted before it had ended");
  });

  it("its image cannot be pulled", async () => {
    change(waitingFor("ImagePullBackOff", 'Back-off pulling image "x"'));
    await expect(follow()).rejects.toThrow(/^the node cannot pull the image /);
  });

  it("the context cannot be sent", async () => {
    act = async (step) => {
      if (step.startsWith("receiving ")) throw new AuthError("you may not create pods/exec");
    };
    change(receiving);
    await expect(follow()).rejects.toThrow("you may not create pods/exec");
  });

  it("the pod cannot be released", async () => {
    act = async (step) => {
      if (step.startsWith("pod ")) throw new AuthError("you may not patch pods");
    };
    change(gated);
    await expect(follow()).rejects.toThrow("you may not patch pods");
  });

  it("the user stops it", async () => {
    change(building);
    const end = follow();
    setTimeout(() => interrupt.abort(new Interrupted("stopped by Ctrl-C")), 10);
    await expect(end).rejects.toThrow("stopped by Ctrl-C");
  });

  it("no pod appears, with the reason from the Job's events", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const message = 'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged';
    cluster.listAnew("events", [{ metadata: {}, involvedObject: {}, reason: "FailedCreate", message }]);
    const end = follow().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await end).toBeInstanceOf(ClusterError);
  });

  it("its watch ends for good", async () => {
    cluster.feed("pods").fail(new ClusterError("the cluster is gone"));
    await expect(follow()).rejects.toThrow("the cluster is gone");
  });
});
