/**
 * Strangers in the namespace who may patch or create Jobs, against latest, rm, cancel, logs, inspect, ps, attach, wait and keep. Each row is one attack
 * by an account with only the rights that the row names, and none makes the user delete or believe something of the stranger's.
 * trust-objects.test.ts has those with other objects, trust-identity.test.ts and trust-forged.test.ts have earlier ones.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { REGISTRY } from "./support/build.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { MANAGED, asWords, foreignJob, neighboursIn } from "./support/stranger.ts";

const namespace = useNamespace({ rbac: ["--manage", "--keep", "--cache-volume"] });
const { run, inside, stranger, own, readJob, removeJobs, labelsFor } = neighboursIn(namespace);

describe("`latest`, where a stranger who may patch Jobs hides the user's newest build", () => {
  test.each([
    ["takes slipway's label away", [`${MANAGED}-`]],
    ["calls it a kept builder", ["slipway.dev/keep=0"]],
  ])("%s: no command takes an older build for it", { tags: ["long"] }, async (_, labels) => {
    onTestFinished(async () => void (await removeJobs()));
    const mallory = await stranger(["get,patch jobs.batch"]);
    const older = await own();
    const newer = await own();
    await mallory(["label", "job", newer, ...labels, "--overwrite"]);
    for (const args of [["inspect"], ["logs"], ["attach"], ["wait"], ["cancel"], ["rm", "-f", "latest"]]) {
      const { code, stdout, stderr } = await run(args);
      expect([args, code, stdout]).toEqual([args, 3, ""]);
      expect(stderr).toMatch(
        new RegExp(`^ERROR: somebody has changed the labels of the Job ${newer}, your last build: `, "m"),
      );
    }
    expect(await objectsIn(namespace.name)).toEqual(
      expect.arrayContaining([`job.batch/${older}`, `job.batch/${newer}`]),
    );
    expect((await readJob(older)).status?.active).toBe(1);
    // By its name it can still be used.
    expect((await run(["cancel", older])).stdout).toBe(`${older}\n`);
  });

  test("gives it another user: it still is the latest", { tags: ["long"] }, async () => {
    onTestFinished(async () => void (await removeJobs()));
    const mallory = await stranger(["get,patch jobs.batch"]);
    const older = await own();
    const newer = await own();
    await mallory(["label", "job", newer, "slipway.dev/user=somebody", "--overwrite"]);
    expect((await run(["inspect", "--format", "{{.Name}}"])).stdout).toBe(`${newer}\n`);
    expect((await run(["ps", "-q"])).stdout).toBe(`${newer}\n${older}\n`);
    expect((await run(["cancel"])).stdout).toBe(`${newer}\n`);
    expect((await run(["rm", "latest"])).stdout).toBe(`${newer}\n`);
    expect((await readJob(older)).status?.active).toBe(1);
  });
});

describe("a build of the user's own whose Job a stranger may patch", () => {
  let ended: Promise<string> | undefined;
  const endedBuild = async (): Promise<string> => {
    const name = await own("true");
    await inside(["wait", "--for=condition=complete", `job/${name}`, "--timeout=120s"]);
    return name;
  };

  test.each([
    ["its images", "slipway.dev/references", `${REGISTRY}/evil/app:1`],
    ["the container that builds", "slipway.dev/container", "sidecar"],
    ["where it is pushed for the time being", "slipway.dev/pushed-as", `${REGISTRY}/evil/app:1`],
    ["its platform", "slipway.dev/platform", "linux/evil"],
    ["the registries without TLS", "slipway.dev/insecure-registries", "evil.example.com"],
    ["who started it", "slipway.dev/created-by", "somebody"],
  ])(
    "inspect, logs, attach and wait refuse it, and ps warns, if they change %s",
    { tags: ["long"] },
    async (_, key, value) => {
      const mallory = await stranger(["get,patch jobs.batch"]);
      const name = await (ended ??= endedBuild());
      const before = (await readJob(name)).metadata?.annotations?.[key];
      await mallory(["annotate", "job", name, `${key}=${value}`, "--overwrite"]);
      for (const command of ["inspect", "logs", "attach", "wait"]) {
        const { code, stdout, stderr } = await run([command, name]);
        expect([command, code, stdout]).toEqual([command, 3, ""]);
        expect(stderr).toMatch(new RegExp(`^ERROR: somebody has changed what the Job ${name} says`, "m"));
      }
      const warning = new RegExp(`^WARNING: somebody has changed what the Job ${name} says`, "m");
      expect((await run(["ps", "-a", "-A"])).stderr).toMatch(warning);
      await inside(["annotate", "job", name, before === undefined ? `${key}-` : `${key}=${before}`, "--overwrite"]);
      expect((await run(["ps", "-a", "-A"])).stderr).not.toMatch(warning);
    },
  );
});

describe("another user's Job that a stranger who may patch Jobs labels", () => {
  test("as a build is none: ps, rm, prune and inspect do not take it", { tags: ["long"] }, async () => {
    onTestFinished(async () => void (await removeJobs()));
    await inside(["create", "-f", "-"], foreignJob("prod-migrate", "true"));
    await inside(["create", "-f", "-"], foreignJob("prod-web", "sleep 3000"));
    await inside(["wait", "--for=condition=complete", "job/prod-migrate", "--timeout=120s"]);
    const mallory = await stranger(["get,patch jobs.batch"]);
    for (const name of ["prod-migrate", "prod-web"]) await mallory(["label", "job", name, ...asWords(labelsFor(name))]);
    expect((await run(["ps", "-a", "-q"])).stdout + (await run(["ps", "-aAq"])).stdout).not.toContain("prod-");
    for (const args of [
      ["rm", "-f", "prod-web"],
      ["cancel", "prod-web"],
      ["inspect", "prod-migrate"],
    ]) {
      const { code, stdout } = await run(args);
      expect([args, code, stdout]).toEqual([args, 125, ""]);
    }
    await run(["prune", "-f", "-A", "--volumes"]);
    const left = await objectsIn(namespace.name);
    expect(left).toEqual(expect.arrayContaining(["job.batch/prod-migrate", "job.batch/prod-web"]));
    expect((await readJob("prod-web")).status?.active).toBe(1);
  });

  test("as a kept builder is none: keep does not list it, keep stop does not end it", { tags: ["long"] }, async () => {
    onTestFinished(async () => void (await removeJobs()));
    await inside(["create", "-f", "-"], foreignJob("prod-web", "sleep 3000"));
    const mallory = await stranger(["get,patch jobs.batch"]);
    const kept = { [MANAGED]: "slipway", "slipway.dev/keep": "0".repeat(32), "slipway.dev/keep-key": "0".repeat(32) };
    await mallory(["label", "job", "prod-web", ...asWords(kept)]);
    expect((await run(["keep", "-A", "-q"])).stdout).toBe("");
    for (const args of [
      ["keep", "stop", "--all"],
      ["keep", "stop", "--all", "-A"],
    ])
      await run(args);
    expect((await run(["keep", "stop", "-A", "prod-web"])).code).toBe(125);
    expect(await objectsIn(namespace.name)).toContain("job.batch/prod-web");
  });
});

describe("the short name of a build", () => {
  test("is not taken for a Job that a stranger gives this name", { tags: ["long"] }, async () => {
    onTestFinished(async () => void (await removeJobs()));
    const mallory = await stranger(["create jobs.batch"]);
    const name = await own();
    const short = name.slice(0, -9);
    const without = short.replace(/^slipway-/, "");
    for (const forged of [short, without])
      await mallory(["create", "-f", "-"], foreignJob(forged, "sleep 600", { labels: labelsFor(forged) }));
    for (const word of [short, without]) {
      for (const command of ["inspect", "cancel", "rm", "logs", "attach", "wait"]) {
        const { code, stdout, stderr } = await run([command, word]);
        expect([command, word, code, stdout]).toEqual([command, word, 125, ""]);
        expect(stderr).toMatch(new RegExp(`^ERROR: 2 builds start with "${word}": `, "m"));
      }
    }
    expect((await run(["cancel", name])).stdout).toBe(`${name}\n`);
  });
});
