import { describe, expect, it } from "vitest";
import { chosenTargets } from "../../../../src/cli/bake/chosen-targets.ts";
import { runTargets } from "../../../../src/app/bake.ts";
import { targetArgs } from "../../../../src/cli/bake/target-args.ts";
import { InvalidInput } from "../../../../src/errors.ts";
import type { Target } from "../../../../src/plan/bake/definition.ts";
import { planBake } from "../../../../src/plan/bake/plan-bake.ts";
import type { BakePlan, BakeRequest } from "../../../../src/plan/bake/plan-bake.ts";
import { readDefinition } from "../../../../src/plan/bake/read-files.ts";

const nothing = { lookup: () => undefined, variables: new Map<string, string>(), builtIn: new Map<string, string>() };
const noCompose = (): never => {
  throw new InvalidInput("there are no compose files here");
};

function plan(target: object, request: Partial<BakeRequest> = {}, group: object = {}): BakePlan {
  const text = JSON.stringify({ target, group });
  const definition = readDefinition([{ name: "docker-bake.json", text }], nothing, noCompose);
  return planBake(definition, { names: [], sets: [], ...request }, () => undefined);
}

function target(fields: object, request: Partial<BakeRequest> = {}): Target {
  const found = plan({ web: fields }, { names: ["web"], ...request }).targets.get("web");
  if (found === undefined) throw new Error("no target");
  return found;
}

const argsOf = (fields: object, request: Partial<BakeRequest> = {}) => targetArgs(target(fields, request)).args;

describe("a target as args of build", () => {
  it("a target with every field of compose becomes args of build", () => {
    expect(
      argsOf({
        context: "/src/api",
        dockerfile: "/src/api/docker/Dockerfile",
        args: { A: "1 2", MONEY: "$${5}", NONE: null },
        labels: { team: "a=b" },
        tags: ["r.io/a:1", "r.io/a:2"],
        "cache-from": ["r.io/cache"],
        target: "final",
        secret: ["id=s,type=env,env=S"],
        ssh: ["default="],
        platforms: ["linux/amd64"],
        pull: true,
        "no-cache": true,
        network: "host",
        "shm-size": "67108864",
        ulimits: ["nofile=1:2"],
        entitlements: ["network.host"],
        "extra-hosts": { db: "10.0.0.1,10.0.0.2" },
        output: ["type=registry"],
        attest: ["type=sbom"],
        call: "lint",
      }),
    ).toEqual([
      "--file=/src/api/docker/Dockerfile",
      "--build-arg=A=1 2",
      "--build-arg=MONEY=${5}",
      "--label=team=a=b",
      "--add-host=db=10.0.0.1,10.0.0.2",
      "--tag=r.io/a:1",
      "--tag=r.io/a:2",
      "--cache-from=type=registry,ref=r.io/cache",
      "--secret=id=s,env=S",
      "--ssh=default=",
      "--platform=linux/amd64",
      "--ulimit=nofile=1:2",
      "--allow=network.host",
      "--attest=type=sbom",
      "--output=type=registry",
      "--target=final",
      "--network=host",
      "--shm-size=67108864",
      "--call=check",
      "--pull",
      "--no-cache",
      "--",
      "/src/api",
    ]);
  });

  it.each([
    ["inside the context", { context: "web", dockerfile: "docker/Dockerfile" }, "--file=web/docker/Dockerfile"],
    ["inside a repository", { context: "https://g.io/a.git", dockerfile: "x/Dockerfile" }, "--file=x/Dockerfile"],
    ["inline, on standard input", { context: "web", "dockerfile-inline": "FROM a" }, "--file=-"],
  ])("finds the Dockerfile %s", (_, fields, arg) => {
    expect(argsOf(fields)[0]).toBe(arg);
  });

  it("an output to a local engine is dropped and reported", () => {
    expect(targetArgs(target({ output: ["type=docker"] }))).toMatchObject({ args: ["--", "."], wantsEngine: true });
    expect(targetArgs(target({ output: ["type=docker,dest=a.tar"] }))).toMatchObject({
      args: ["--output=type=docker,dest=a.tar", "--", "."],
      wantsEngine: false,
    });
    expect(argsOf({ output: ["type=docker"] }, { push: true })).toEqual(["--output=type=registry", "--", "."]);
  });

  it.each([
    ["several platforms, from compose", { fromCompose: true }, ["linux/amd64", "linux/arm64"], true],
    ["one platform, from compose", { fromCompose: true }, ["linux/amd64"], false],
    ["several platforms, from a bake file", {}, ["linux/amd64", "linux/arm64"], false],
  ])("an image that is left with the builder is one for the engine: %s", (_, from, platforms, wantsEngine) => {
    const output = ["type=image,push=false"];
    const args = targetArgs(target({ output, platforms }), false, { remoteContexts: new Map(), ...from });
    expect(args.wantsEngine).toBe(wantsEngine);
    expect(args.args.includes("--output=type=image,push=false")).toBe(!wantsEngine);
  });

  it("values with a comma are quoted", () => {
    expect(
      argsOf({ "cache-to": [{ type: "gha", scope: "a,b" }], resources: { memory: "1g", "cpu-shares": 5 } }),
    ).toEqual(['--cache-to=type=gha,"scope=a,b"', "--cpu-shares=5", "--memory=1g", "--", "."]);
  });
});

describe("choosing targets", () => {
  const targets = {
    web: { contexts: { base: "target:base", other: "docker-image://x" } },
    base: { tags: ["r.io/base:1"] },
    cli: {},
    lost: { contexts: { a: "target:cli" } },
    round: { contexts: { a: "target:trip" } },
    trip: { contexts: { a: "target:round" } },
  };
  const group = { default: { targets: ["web", "tools"] }, tools: { targets: ["cli"] } };
  const chosen = (...names: string[]) => chosenTargets(plan(targets, { names }, group));

  it("without names the default group is chosen, each target after the ones it needs", () => {
    expect(chosen().map(({ name, after }) => [name, after])).toEqual([
      ["base", []],
      ["cli", []],
      ["web", ["base"]],
    ]);
  });

  it("a target that only another one needs is pushed under its tag", () => {
    expect(chosen()[0]?.args).toEqual(["--tag=r.io/base:1", "--", "."]);
  });

  it("unknown targets and circular targets are refused", () => {
    expect(() => chosen("nobody")).toThrow("failed to find target nobody");
    expect(() => chosen("round")).toThrow("the targets round → trip → round need each other");
  });

  it("a target: context becomes the image that the other target pushes", () => {
    expect(chosen("web").find(({ name }) => name === "web")?.args).toEqual([
      "--build-context=base=docker-image://r.io/base:1",
      "--build-context=other=docker-image://x",
      "--",
      ".",
    ]);
    expect(() => chosen("lost")).toThrow("uses the image of cli, which has no tag");
  });
});

describe("running targets", () => {
  const step = (name: string, ...after: string[]) => ({ name, after });

  it("targets run in parallel up to the limit, each after the ones it needs", async () => {
    const log: string[] = [];
    let most = 0;
    let running = 0;
    const results = await runTargets(
      [step("a"), step("b", "a"), step("c"), step("d")],
      2,
      async ({ name }) => {
        running++;
        most = Math.max(most, running);
        log.push(`+${name}`);
        await Promise.resolve();
        log.push(`-${name}`);
        running--;
        return name.toUpperCase();
      },
      () => {},
    );
    expect([...results]).toEqual([
      ["a", "A"],
      ["b", "B"],
      ["c", "C"],
      ["d", "D"],
    ]);
    expect(most).toBe(2);
    expect(log.indexOf("+b")).toBeGreaterThan(log.indexOf("-a"));
  });

  it("the first failure stops the others, and no further target starts", async () => {
    const begun: string[] = [];
    const stop = new AbortController();
    const run = async ({ name }: { name: string }): Promise<void> => {
      begun.push(name);
      if (name === "bad") throw new Error("bad");
      await new Promise((_, reject) => {
        stop.signal.addEventListener("abort", () => reject(new Error("stopped")));
      });
    };
    const all = runTargets([step("slow"), step("bad"), step("late"), step("after", "bad")], 2, run, () => stop.abort());
    await expect(all).rejects.toThrow("bad");
    expect(begun).toEqual(["slow", "bad"]);
  });
});
