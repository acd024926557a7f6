/** The whole line on a cluster that plays along: plan in, result or error out, nothing left behind. */
import type { V1Job } from "@kubernetes/client-node";
import { beforeEach, describe, expect, it } from "vitest";
import { kaniko } from "../../../../src/builders/kaniko/kaniko.ts";
import { build, describeBuild } from "../../../../src/app/build/run-build.ts";
import type { BuildDeps } from "../../../../src/app/build/run-build.ts";
import type { BuildEvent } from "../../../../src/events.ts";
import type { BuildPlan } from "../../../../src/plan/plan.ts";
import { AuthError, BuildFailed, Interrupted } from "../../../../src/errors.ts";
import { FakeCluster, refusal } from "../../../fakes/fake-cluster.ts";
import { DIGEST, building, endedWith, gated, receiving } from "../../run/follow/pods.ts";
import { PLAN } from "../../plan/sample.ts";

const CONFIG = `sha256:${"c".repeat(64)}`;
const NAME = PLAN.name;
let cluster: FakeCluster;
let events: BuildEvent[];
let stop: AbortController;

beforeEach(() => {
  cluster = new FakeCluster();
  cluster.listAnew("pods", []);
  events = [];
  stop = new AbortController();
});

async function* archive(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("archive");
}

function depsWith(change: Partial<BuildDeps> = {}): BuildDeps {
  return {
    builder: kaniko,
    cluster,
    openArchive: archive,
    cacheSource: () => {
      throw new Error("this build keeps no cache");
    },
    pushedDigest: async () => DIGEST,
    describeImage: async () => ({ configDigest: CONFIG }),
    emit: (event) => events.push(event),
    ...change,
  };
}

const run = async (plan: Partial<BuildPlan> = {}, deps: Partial<BuildDeps> = {}) => {
  const result = await build({ ...PLAN, ...plan }, depsWith(deps), stop.signal);
  if ("left" in result) throw new Error("left, though nobody asked it to");
  return result;
};

/** The pod goes through these as soon as it is released. */
function play(...pods: Parameters<FakeCluster["show"]>[2][]): void {
  cluster.show("pods", "added", gated);
  cluster.before = ({ verb, of }) => {
    if (verb === "patch" && of === "pods")
      for (const pod of pods) cluster.show("pods", "modified", pod as typeof gated);
  };
  cluster.log.push("INFO[0001] RUN make").close();
}

const asked = (...verbs: string[]) =>
  cluster.calls.filter(({ verb }) => verbs.includes(verb)).map(({ verb, of }) => `${verb} ${of}`);
const stages = () => events.flatMap((event) => ("stage" in event ? [`${event.stage} ${event.type.slice(6)}`] : []));

describe("a build that succeeds", () => {
  it("gives the digest, the image's ID and every reference, and takes its inputs away", async () => {
    play(building, endedWith(0, DIGEST));
    const credentials = { kind: "shipped" } as const;
    expect(await run({ credentials }, { dockerConfig: "{}" })).toEqual({
      name: NAME,
      builder: "kaniko",
      digest: DIGEST,
      configDigest: CONFIG,
      references: ["registry.example.com/team/app:1.0"],
      names: ["registry.example.com/team/app:1.0"],
    });
    expect(asked("create", "patch", "remove")).toEqual([
      "create selfsubjectaccessreviews",
      "create jobs",
      "create configmaps",
      "create secrets",
      "patch pods",
      "patch jobs",
      "remove secrets",
      "remove configmaps",
    ]);
    expect([...cluster.stored.keys()]).toEqual([`jobs/${NAME}`]);
    expect(stages()).toEqual([
      "create started",
      "create done",
      "schedule started",
      "schedule done",
      "build started",
      "build done",
    ]);
    expect(events.at(-1)?.type).toBe("built");
  });

  it("streams its context where that was chosen", async () => {
    cluster.show("pods", "added", receiving);
    cluster.log.close();
    cluster.execs.push(
      async (_command, { stdin }) => {
        for await (const _ of stdin ?? []);
        return 0;
      },
      async () => {
        cluster.show("pods", "modified", endedWith(0, DIGEST));
        return 0;
      },
    );
    expect((await run({ transport: "stream" })).digest).toBe(DIGEST);
    expect(asked("create", "patch", "remove")).toEqual([
      "create selfsubjectaccessreviews",
      "create jobs",
      "patch jobs",
    ]);
    expect(stages()).toContain("ship done");
  });

  it("does without the image's ID where the registry cannot be asked", async () => {
    play(endedWith(0, DIGEST));
    expect(await run({}, { describeImage: async () => undefined })).not.toHaveProperty("configDigest");
  });

  it("stays one when cleaning up fails, and says so", async () => {
    play(endedWith(0, DIGEST));
    const { before } = cluster;
    cluster.before = async (call) => {
      await before(call);
      if (call.verb === "remove") throw refusal(403, "Forbidden", "you may not delete configmaps");
    };
    expect((await run()).digest).toBe(DIGEST);
    expect(events).toContainEqual({
      type: "warning",
      message: expect.stringContaining("could not delete the build's credentials and context now") as string,
    });
  });
});

describe("a build that needs its client", () => {
  const jobs = () => cluster.seen("create", "jobs").map(({ detail }) => (detail as V1Job).spec?.activeDeadlineSeconds);

  it("has an early deadline until its pod is released with all it mounts", async () => {
    play(building, endedWith(0, DIGEST));
    await run();
    expect(jobs()).toEqual([300]);
    expect(cluster.seen("patch").map(({ of, detail }) => [of, detail])).toEqual([
      ["pods", { spec: { schedulingGates: [] } }],
      ["jobs", { spec: { activeDeadlineSeconds: 7200 } }],
    ]);
  });

  it("has its whole time from the start where the user may not change a deadline, or it is short", async () => {
    play(building, endedWith(0, DIGEST));
    cluster.allowed = () => false;
    await run();
    expect(jobs()).toEqual([7200]);
    expect(asked("patch")).toEqual(["patch pods"]);
    cluster = new FakeCluster();
    cluster.listAnew("pods", []);
    play(building, endedWith(0, DIGEST));
    await run({ timeoutSeconds: 300 });
    expect(jobs()).toEqual([300]);
    expect(asked("create", "patch")).toEqual(["create jobs", "create configmaps", "patch pods"]);
  });

  it("is not left before it has its whole time", async () => {
    play(building);
    const { before } = cluster;
    const slow = Promise.withResolvers<void>();
    cluster.before = async (call) => {
      await before(call);
      if (call.verb === "patch" && call.of === "jobs") await slow.promise;
    };
    let left = false;
    const end = build(PLAN, depsWith(), stop.signal, AbortSignal.abort()).finally(() => (left = true));
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    expect([asked("patch"), asked("remove"), left]).toEqual([
      ["patch pods", "patch jobs"],
      ["remove configmaps"],
      false,
    ]);
    slow.resolve();
    expect(await end).toEqual({ left: NAME });
  });
});

describe("a build that fails", () => {
  it("in its Dockerfile says why, and leaves the Job with its log", async () => {
    play(building, endedWith(2));
    cluster.log.push(
      "error building image: error building stage: failed to execute command: waiting for process to exit: exit status 2",
    );
    await expect(run()).rejects.toThrow(new BuildFailed("`RUN make` ended with exit code 2"));
    expect(asked("remove")).toEqual(["remove configmaps"]);
    expect(stages().at(-1)).toBe("build failed");
    expect(events.some(({ type }) => type === "built")).toBe(false);
  });

  it("for a missing right leaves nothing, even when the Job was there already", async () => {
    play();
    cluster.before = ({ verb, of }) => {
      if (verb === "create" && of === "configmaps") throw new AuthError("you may not create configmaps");
    };
    await expect(run()).rejects.toThrow("you may not create configmaps");
    expect([...cluster.stored.keys()]).toEqual([]);
    expect(stages().at(-1)).toMatch(/ failed$/);
  });

  it("by Ctrl-C is removed whole", async () => {
    play(building);
    const end = run();
    setTimeout(() => stop.abort(new Interrupted("stopped by Ctrl-C")), 20);
    await expect(end).rejects.toThrow("stopped by Ctrl-C");
    expect([...cluster.stored.keys()]).toEqual([]);
  });
});

it("is described without a cluster", async () => {
  const { job, configMap, secret } = await describeBuild(PLAN, depsWith());
  expect([job.metadata?.name, configMap?.metadata?.name, secret]).toEqual([NAME, NAME, undefined]);
  expect(cluster.calls).toEqual([]);
});

it("asks the registry for the digest where the builder does not tell it", async () => {
  play(building, endedWith(0, ""));
  const asked: (string | undefined)[] = [];
  const builder = { ...kaniko, outcome: () => ({ kind: "pushed", configDigest: CONFIG }) as const };
  const pushedDigest = async (_plan: BuildPlan, configDigest: string | undefined) => {
    asked.push(configDigest);
    return DIGEST;
  };
  expect(await run({}, { builder, pushedDigest })).toMatchObject({ digest: DIGEST, configDigest: CONFIG });
  expect(asked).toEqual([CONFIG]);
});

describe("a build that is left", () => {
  const leave = (deps: Partial<BuildDeps> = {}) =>
    build(
      { ...PLAN, credentials: { kind: "shipped" } },
      depsWith({ dockerConfig: "{}", ...deps }),
      stop.signal,
      AbortSignal.abort(),
    );

  it("goes on without its client, and without its password, from the moment its builder runs", async () => {
    play(building);
    expect(await leave()).toEqual({ left: NAME });
    expect([...cluster.stored.keys()]).toEqual([`jobs/${NAME}`]);
  });

  it("is not stopped when only the contact to the cluster is lost", async () => {
    play(building);
    cluster.before = ({ verb, of }) => {
      if (verb === "patch" && of === "pods") cluster.show("pods", "modified", building);
      if (verb === "logs") throw refusal(503, "ServiceUnavailable", "the server is shutting down");
      if (verb === "remove" && of === "jobs") throw new Error("it was to stay");
    };
    await expect(run()).rejects.toThrow("the server is shutting down");
    expect(cluster.stored.has(`jobs/${NAME}`)).toBe(true);
    expect(events).toContainEqual({
      type: "warning",
      message: `build ${NAME} keeps running in the cluster`,
      suggestions: [`Attach to it with \`slipway attach ${NAME}\`.`],
    });
  });

  it("is not stopped when it is only the login that has run out, and says to log in first", async () => {
    play(building);
    const { before } = cluster;
    cluster.before = async (call) => {
      await before(call);
      const cause = refusal(401, "Unauthorized", "Unauthorized").cause;
      if (call.verb === "logs") throw new AuthError("the cluster does not accept these credentials", { cause });
    };
    await expect(run()).rejects.toThrow("the cluster does not accept these credentials");
    expect(cluster.stored.has(`jobs/${NAME}`)).toBe(true);
    expect(events).toContainEqual({
      type: "warning",
      message: `build ${NAME} keeps running in the cluster`,
      suggestions: [`Log in to the cluster again, and attach to it with \`slipway attach ${NAME}\`.`],
    });
  });
});
