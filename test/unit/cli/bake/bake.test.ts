import { describe, expect, it } from "vitest";
import { parseBakeFile } from "../../../../src/cli/bake/bake-file.ts";
import { chooseTargets, withImages } from "../../../../src/cli/bake/choose-targets.ts";
import { runTargets } from "../../../../src/app/bake.ts";
import { targetArgs } from "../../../../src/cli/bake/target-args.ts";
import { InvalidInput } from "../../../../src/errors.ts";

const parse = (file: object) => parseBakeFile(JSON.stringify(file), "on standard input");
const target = (fields: object) => {
  const found = parse({ target: { web: fields } }).targets.get("web");
  if (found === undefined) throw new Error("no target");
  return found;
};
const argsOf = (fields: object, push = false) => targetArgs(target(fields), push).args;

describe("a target as args of build", () => {
  it("a target with every field of compose becomes args of build", () => {
    expect(
      argsOf({
        context: "/src/api",
        dockerfile: "/src/api/docker/Dockerfile",
        args: { A: "1 2", MONEY: "$${5}" },
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
      "--cache-from=r.io/cache",
      "--secret=id=s,type=env,env=S",
      "--ssh=default=",
      "--platform=linux/amd64",
      "--ulimit=nofile=1:2",
      "--allow=network.host",
      "--output=type=registry",
      "--attest=type=sbom",
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
    expect(targetArgs(target({ output: ["type=docker"] }), false)).toEqual({ args: ["--", "."], wantsEngine: true });
    expect(targetArgs(target({ output: ["type=docker,dest=a.tar"] }), false)).toEqual({
      args: ["--output=type=docker,dest=a.tar", "--", "."],
      wantsEngine: false,
    });
    expect(argsOf({ output: ["type=docker"] }, true)).toEqual(["--output=type=registry", "--", "."]);
  });
});

describe("a bake file", () => {
  it.each<[string, object | string, string]>([
    ["is not JSON", "target {", "the bake file on standard input is not JSON: "],
    ["has an expression", { target: { a: { tags: ["r.io/a:${TAG}"] } } }, "`tags` of target a has an expression"],
    ["has a directive", { target: { a: { args: { A: "%{ if x }" } } } }, "`args` of target a has an expression"],
    [
      "has an unknown field",
      { target: { a: { matrix: {} } } },
      "target a has `matrix`, which slipway does not support",
    ],
    ["has variables", { variable: { TAG: {} } }, "on standard input has `variable`"],
    ["has a list instead of a text", { target: { a: { context: [] } } }, "`context` of target a is not text"],
    ["has a text instead of a list", { target: { a: { tags: "x" } } }, "`tags` of target a is not a list of texts"],
    ["has a target that is not an object", { target: { a: 1 } }, "target a is not an object"],
    ["has a text instead of a boolean", { target: { a: { pull: "yes" } } }, "`pull` of target a is not true or false"],
  ])("a bake file that %s is refused in one sentence", (_, file, sentence) => {
    const read = () => (typeof file === "string" ? parseBakeFile(file, "on standard input") : parse(file));
    expect(read).toThrow(InvalidInput);
    expect(read).toThrow(sentence);
  });

  it("all fields are optional, and null means absent", () => {
    expect(target({ args: { A: null }, contexts: null })).toMatchObject({ context: ".", args: {}, contexts: {} });
  });
});

describe("choosing targets", () => {
  const file = parse({
    group: { default: { targets: ["web", "tools"] }, tools: { targets: ["cli"] } },
    target: {
      web: { contexts: { base: "target:base", other: "docker-image://x" } },
      base: { tags: ["r.io/base:1"] },
      cli: {},
      lost: { contexts: { a: "target:cli" } },
      round: { contexts: { a: "target:trip" } },
      trip: { contexts: { a: "target:round" } },
    },
  });
  const names = (...chosen: string[]) =>
    chooseTargets(file, chosen).map(({ target: { name }, after }) => [name, after]);

  it("without names the default group is chosen, each target after the ones it needs", () => {
    expect(names()).toEqual([
      ["base", []],
      ["web", ["base"]],
      ["cli", []],
    ]);
  });

  it("named targets and groups are chosen in the order of the names", () => {
    expect(names("tools", "base", "cli")).toEqual([
      ["cli", []],
      ["base", []],
    ]);
  });

  it("unknown targets and circular targets are refused", () => {
    expect(() => names("nobody")).toThrow("failed to find target nobody");
    expect(() => names("round")).toThrow("the targets round → trip → round need each other");
  });

  it("a target: context becomes the image that the other target pushes", () => {
    const [base, web] = chooseTargets(file, ["web"]).map((chosen) => chosen.target);
    expect(withImages(web ?? fail(), file.targets).contexts).toEqual({
      base: "docker-image://r.io/base:1",
      other: "docker-image://x",
    });
    expect(withImages(base ?? fail(), file.targets)).toEqual(base);
    expect(() => withImages(file.targets.get("lost") ?? fail(), file.targets)).toThrow(
      "uses the image of cli, which has no tag",
    );
  });
});

function fail(): never {
  throw new Error("not there");
}

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
