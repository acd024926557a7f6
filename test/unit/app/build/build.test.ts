/** A whole build on a fake cluster: plan in, result or error out, and nothing left behind. */
import type { V1Job } from "@kubernetes/client-node";
import { beforeEach, describe, expect, it } from "vitest";
import { kaniko } from "../../../../src/builders/kaniko/kaniko.ts";
import { build, describeBuild } from "../../../../src/app/build/run-build.ts";
import type { BuildDeps } from "../../../../src/app/build/run-build.ts";
import type { BuildEvent } from "../../../../src/events.ts";
import type { BuildPlan } from "../../../../src/plan/plan.ts";
import { AuthError, BuildFailed, Interrupted, InvalidInput } from "../../../../src/errors.ts";
import { DialError } from "../../../../src/lib/http/dial.ts";
import { ContactLost, CredentialsLost } from "../../../../src/lib/kube/refusal.ts";
import { FakeCluster, refusal } from "../../../fakes/fake-cluster.ts";
import { inputsName } from "../../../../src/plan/inputs-name.ts";
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

const forbidden = (): unknown => refusal(403, "Forbidden", "no").cause;

const run = async (plan: Partial<BuildPlan> = {}, deps: Partial<BuildDeps> = {}) => {
  const result = await build({ ...PLAN, ...plan }, depsWith(deps), stop.signal);
  if ("left" in result) throw new Error("left, though nobody asked it to");
  return result;
};

/** The states that the pod goes through once it is released. */
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

describe("a base image that its registry does not have", () => {
  const missing = new InvalidInput("Dockerfile line 1: not found", { docker: "refuses" });

  it("ends the build before anything is created, if the answer comes while the context is packed", async () => {
    await expect(run({}, { askForBases: async () => missing })).rejects.toBe(missing);
    expect(asked("create")).toEqual(["create selfsubjectaccessreviews"]);
  });

  it("ends the build and removes it, if the answer comes later", async () => {
    play(building);
    const answer = Promise.withResolvers<InvalidInput>();
    const { before } = cluster;
    cluster.before = async (call) => {
      await before(call);
      if (call.verb === "patch" && call.of === "pods") answer.resolve(missing);
    };
    await expect(run({}, { askForBases: () => answer.promise })).rejects.toBe(missing);
    expect([...cluster.stored.keys()]).toEqual([]);
  });

  it("is not waited for: a build that ends first succeeds, and the question is dropped", async () => {
    play(building, endedWith(0, DIGEST));
    let dropped: AbortSignal | undefined;
    const never = async (signal: AbortSignal): Promise<undefined> => {
      dropped = signal;
      await new Promise(() => {});
    };
    expect((await run({}, { askForBases: never })).digest).toBe(DIGEST);
    expect(dropped?.aborted).toBe(true);
  });

  it("is not one whose registry cannot be asked", async () => {
    play(building, endedWith(0, DIGEST));
    const failing = (): Promise<undefined> => Promise.reject(new Error("no answer"));
    expect((await run({}, { askForBases: failing })).digest).toBe(DIGEST);
  });
});

describe("a build that succeeds", () => {
  it("returns the digest, the image's ID and every reference, and deletes its inputs", async () => {
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
      "remove configmaps",
      "remove secrets",
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

  it("streams its context with --transport stream", async () => {
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

  it("returns no image ID if the registry cannot be asked", async () => {
    play(endedWith(0, DIGEST));
    expect(await run({}, { describeImage: async () => undefined })).not.toHaveProperty("configDigest");
  });

  it("succeeds with a warning if its inputs cannot be deleted", async () => {
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

describe("a build whose image is in the registry before the cluster shows its end", () => {
  const before = `sha256:${"a".repeat(64)}`;
  const PUSHED = `\u001b[36mINFO\u001b[0m[0002] Pushed registry.example.com/team/app@${DIGEST} `;

  /** The registry's answers for the tag, in turn. */
  const askTag = (...answers: readonly string[]): Partial<BuildDeps> => {
    const left = [...answers];
    return { askTag: async () => left.shift() };
  };
  /** A builder that still runs, though it has printed that it has pushed. */
  const pushing = (): void => {
    cluster.show("pods", "added", gated);
    cluster.before = ({ verb, of }) => {
      if (verb === "patch" && of === "pods") cluster.show("pods", "modified", building);
    };
    cluster.log.push("INFO[0001] RUN make", PUSHED);
  };

  it("succeeds at once, with the same result, and deletes its inputs", async () => {
    pushing();
    const credentials = { kind: "shipped" } as const;
    expect(await run({ credentials }, { dockerConfig: "{}", ...askTag(before, DIGEST) })).toEqual({
      name: NAME,
      builder: "kaniko",
      digest: DIGEST,
      configDigest: CONFIG,
      references: ["registry.example.com/team/app:1.0"],
      names: ["registry.example.com/team/app:1.0"],
    });
    expect(asked("remove")).toEqual(["remove configmaps", "remove secrets"]);
    expect([...cluster.stored.keys()]).toEqual([`jobs/${NAME}`]);
    expect(stages().slice(-2)).toEqual(["build started", "build done"]);
    expect(events.at(-1)?.type).toBe("built");
  });

  it.each<[string, Partial<BuildPlan>, Partial<BuildDeps>]>([
    ["the tag was the same image before", {}, askTag(DIGEST, DIGEST)],
    ["nobody is asked", {}, {}],
    [
      "a result is fetched from the pod",
      { exports: [{ kind: "archive", format: "oci", dest: "x" }] as never },
      askTag(before, DIGEST),
    ],
    ["nothing is pushed", { noPush: true }, askTag(before, DIGEST)],
    ["it is pushed only by its digest", { byDigest: true }, askTag(before, DIGEST)],
    [
      "the builder's log names no digest",
      {},
      { ...askTag(before, DIGEST), builder: { ...kaniko, readPushed: undefined } as never },
    ],
  ])("waits for the container's end if %s", async (_, plan, deps) => {
    pushing();
    const running = run(plan, deps);
    running.catch(() => {});
    await expect.poll(() => events.filter(({ type }) => type === "log").length).toBe(2);
    cluster.log.close();
    cluster.show("pods", "modified", endedWith(1));
    await expect(running).rejects.toBeInstanceOf(BuildFailed);
  });
});

describe("a build that needs its client", () => {
  const jobs = () => cluster.seen("create", "jobs").map(({ detail }) => (detail as V1Job).spec?.activeDeadlineSeconds);

  it("has a lease until its pod is released", async () => {
    play(building, endedWith(0, DIGEST));
    await run();
    expect(jobs()).toEqual([300]);
    expect(cluster.seen("patch").map(({ of, detail }) => [of, detail])).toEqual([
      ["pods", { spec: { schedulingGates: [] } }],
      ["jobs", { spec: { activeDeadlineSeconds: 7200 } }],
    ]);
  });

  it("has its whole time from the start if the user may not patch Jobs or --timeout is short", async () => {
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

  it("is not detached from before its lease is released", async () => {
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
  it("reports the fault in the Dockerfile and keeps the Job with its log", async () => {
    play(building, endedWith(2));
    cluster.log.push(
      "error building image: error building stage: failed to execute command: waiting for process to exit: exit status 2",
    );
    await expect(run()).rejects.toThrow(new BuildFailed("`RUN make` ended with exit code 2"));
    expect(asked("remove")).toEqual(["remove configmaps"]);
    expect(stages().at(-1)).toBe("build failed");
    expect(events.some(({ type }) => type === "built")).toBe(false);
  });

  it("is removed after a missing right, even if the Job exists", async () => {
    play();
    cluster.before = ({ verb, of }) => {
      if (verb === "create" && of === "configmaps") throw new AuthError("you may not create configmaps");
    };
    await expect(run()).rejects.toThrow("you may not create configmaps");
    expect([...cluster.stored.keys()]).toEqual([]);
    expect(stages().at(-1)).toMatch(/ failed$/);
  });

  it.each([
    ["a missing right", () => new AuthError("you may not create jobs", { cause: forbidden() })],
    ["a refused object", () => refusal(422, "Invalid", "the Job is invalid")],
    [
      "an unreachable cluster",
      () => new ContactLost("nothing answers", { cause: new DialError(new Error("refused"), undefined) }),
    ],
    ["failing credentials", () => new CredentialsLost("the plugin failed")],
  ])("before anything was created (%s) removes nothing and does not warn", async (_what, errorOf) => {
    const error = errorOf();
    cluster.before = ({ verb, of }) => {
      if (verb === "create" && of === "jobs") throw error;
    };
    await expect(run()).rejects.toBe(error);
    expect(asked("remove")).toEqual([]);
    expect(events.filter(({ type }) => type === "warning")).toEqual([]);
  });

  it("with an unknown outcome of creating the Job removes it, and warns if that fails", async () => {
    cluster.before = ({ verb, of }) => {
      if (verb === "create" && of === "jobs") throw new ContactLost("the connection was reset");
      if (verb === "read") throw new ContactLost("nothing answers");
    };
    await expect(run()).rejects.toThrow("the connection was reset");
    expect(events.at(-1)).toEqual({
      type: "warning",
      message:
        "cleanup failed (nothing answers); the cluster will delete the Job, if it was created, when its TTL expires",
    });
  });

  it("for a missing right names all that are missing, with the command that grants them", async () => {
    cluster.before = ({ verb, of }) => {
      if (verb === "create" && of === "jobs") throw new AuthError("you may not create jobs", { cause: forbidden() });
    };
    cluster.allowed = (asked) => asked?.resource !== "jobs" && asked?.resource !== "configmaps";
    cluster.userName = "system:serviceaccount:team:ci";
    await expect(run()).rejects.toMatchObject({
      message:
        'the user "system:serviceaccount:team:ci" may not create, get, patch, delete jobs; create, delete configmaps in the namespace "team"',
      suggestions: [
        "Ask somebody who may grant rights there to run: slipway rbac -n team --account ci --builder kaniko --no-secrets --name slipway-ci-builder-kaniko-no-secrets | kubectl apply -f -",
        "Or use another namespace (-n).",
      ],
    });
  });

  it("is removed after Ctrl-C", async () => {
    play(building);
    const end = run();
    setTimeout(() => stop.abort(new Interrupted("stopped by Ctrl-C")), 20);
    await expect(end).rejects.toThrow("stopped by Ctrl-C");
    expect([...cluster.stored.keys()]).toEqual([]);
  });
});

it("a build is described without a cluster", async () => {
  const { job, configMap, secret } = await describeBuild(PLAN, depsWith());
  expect([job.metadata?.name, configMap?.metadata?.name, secret]).toEqual([NAME, inputsName(NAME), undefined]);
  expect(cluster.calls).toEqual([]);
});

it("a build asks the registry for the digest if the builder does not report it", async () => {
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

describe("a detached build", () => {
  const leave = (deps: Partial<BuildDeps> = {}) =>
    build(
      { ...PLAN, credentials: { kind: "shipped" } },
      depsWith({ dockerConfig: "{}", ...deps }),
      stop.signal,
      AbortSignal.abort(),
    );

  it("runs without its client and its Secret once its builder runs", async () => {
    play(building);
    expect(await leave()).toEqual({ left: NAME });
    expect([...cluster.stored.keys()]).toEqual([`jobs/${NAME}`]);
  });

  it("is not stopped if only the contact to the cluster is lost", async () => {
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

  it("is not stopped if only the login has expired, and the warning says to log in first", async () => {
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
