/**
 * Caches that outlive a build: a second build in another pod uses the cache of the first one, as the builder's log shows. The tests
 * run as the cluster's administrator, because `slipway rbac` grants the right to create volumes only on request.
 */
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cachedRuns } from "./builder-flags.ts";
import { build, environment, mustBuild, uniqueImage } from "../e2e/support/build.ts";
import { testBuilder } from "../e2e/support/builders.ts";
import type { BuilderName } from "../e2e/support/builders.ts";
import { kubectl } from "../e2e/support/kubectl.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import type { Run } from "../e2e/support/slipway.ts";
import { slipway } from "../e2e/support/slipway.ts";

const namespace = useNamespace({ podSecurity: "baseline" });
const admin = { env: { KUBECONFIG: environment("KUBECONFIG") } };

/** Returns a base image. Buildah's cache needs a base with a history, which the test cluster's own images do not have. */
async function baseFor(name: BuilderName): Promise<string> {
  const { base } = testBuilder(name);
  if (name !== "buildah") return base;
  const image = uniqueImage();
  const root = await project({
    Dockerfile: `FROM ${base} AS files\nFROM scratch\nCOPY --from=files / /\nENV PATH=/bin\n`,
  });
  await mustBuild(namespace, ["--builder=buildkit", `--tag=${image}`, root]);
  return `${image}:latest`;
}

describe.each(["buildkit", "buildah"] as const)("--cache-volume with %s", (name: BuilderName) => {
  const { flags, registry, read } = testBuilder(name);
  const volume = `kept-by-${name}`;
  const go = (root: string, image: string): Promise<Run> =>
    mustBuild(namespace, [...flags, `--cache-volume=${volume}`, "--volume-size=1Gi", `--tag=${image}`, root], admin);

  test("a second build uses the first one's state, and the image is the same", async () => {
    const root = await project({
      Dockerfile: `FROM ${await baseFor(name)}\nRUN mkdir /made && echo ${name} > /made/by\n`,
    });
    const [one, two] = [uniqueImage(registry), uniqueImage(registry)];
    const first = await go(root, one);
    const second = await go(root, two);
    expect({ first: cachedRuns(name, first.stderr), second: cachedRuns(name, second.stderr) }).toEqual({
      first: 0,
      second: 1,
    });
    const [before, after] = await Promise.all([read(one), read(two)]);
    expect(after.files.get("made/by")?.text).toBe(`${name}\n`);
    expect(after.files).toEqual(before.files);
    // A volume that belongs to the pod's group sets the setgid bit on new directories. Images must not have it.
    expect(after.files.get("made")).toMatchObject({ mode: 0o755, uid: 0, gid: 0 });
  });

  test("a file of another project with the same name, size and time is not used", async () => {
    const base = await baseFor(name);
    const texts: (string | undefined)[] = [];
    for (const text of ["one", "two"]) {
      const root = await project({ Dockerfile: `FROM ${base}\nCOPY file /\n`, file: text });
      await utimes(join(root, "file"), 1_000_000_000, 1_000_000_000);
      const image = uniqueImage(registry);
      await go(root, image);
      texts.push((await read(image)).files.get("file")?.text);
    }
    expect(texts).toEqual(["one", "two"]);
  });

  test("of two builds at the same time one waits for the other, and reports it", async () => {
    const base = await baseFor(name);
    const roots = await Promise.all(
      ["one", "two"].map((text) =>
        project({
          Dockerfile: `FROM ${base}\nRUN echo ${text} > /text && i=0 && while [ $i -lt 8 ]; do sleep 1; i=$((i+1)); done\n`,
        }),
      ),
    );
    const images = [uniqueImage(registry), uniqueImage(registry)];
    const runs = await Promise.all(roots.map((root, at) => go(root, images[at] ?? "")));
    const built = await Promise.all(images.map(read));
    expect(built.map(({ files }) => files.get("text")?.text)).toEqual(["one\n", "two\n"]);
    const waited = runs.filter(({ stderr }) =>
      stderr.includes(`waiting for another build that uses the volume ${volume}\n`),
    );
    expect(waited).toHaveLength(1);
    const again = await go(roots[0] ?? "", uniqueImage(registry));
    expect(cachedRuns(name, again.stderr)).toBe(1);
  });
});

describe.each(["kaniko", "buildkit", "buildah", "img"] as const)("--cache with %s", (name: BuilderName) => {
  const { flags, registry, read } = testBuilder(name);

  test("a second build, in another pod, is served from the layers beside the image", async () => {
    const lines = [`FROM ${await baseFor(name)} AS made`, `RUN echo ${name} > /by`, "FROM made", "RUN cp /by /by2"];
    const root = await project({ Dockerfile: `${lines.join("\n")}\n` });
    const image = uniqueImage(registry);
    const go = (tag: string): Promise<Run> =>
      mustBuild(namespace, [...flags, "--cache", `--tag=${image}:${tag}`, root]);
    const first = await go("1");
    const second = await go("2");
    expect(cachedRuns(name, first.stderr)).toBe(0);
    expect(cachedRuns(name, second.stderr)).toBeGreaterThan(0);
    expect((await read(`${image}:2`)).files.get("by2")?.text).toBe(`${name}\n`);
  });
});

test("prune --volumes removes the volumes", async () => {
  const list = async (): Promise<string> => kubectl(["get", "pvc", "-n", namespace.name, "-o", "name"]);
  expect(await list()).toContain("persistentvolumeclaim/kept-by-buildkit");
  const run = await slipway(["prune", "-n", namespace.name, "-f", "--volumes"], admin);
  expect(run).toMatchObject({ code: 0 });
  await expect.poll(list).not.toContain("kept-by-buildkit");
});

test("kaniko keeps the layers of COPY only with mode=max", async () => {
  const root = await project({ Dockerfile: `FROM scratch\nCOPY file /\n`, file: "kept" });
  const again = async (...attributes: readonly string[]): Promise<boolean> => {
    const cache = `--cache-to=${["type=registry", `ref=${uniqueImage()}`, ...attributes].join(",")}`;
    await mustBuild(namespace, [cache, `--tag=${uniqueImage()}`, root]);
    const image = uniqueImage();
    const second = await mustBuild(namespace, [cache, `--tag=${image}`, root]);
    expect((await testBuilder("kaniko").read(image)).files.get("file")?.text).toBe("kept");
    return second.stderr.includes("Using caching version of cmd: COPY");
  };
  expect({ max: await again("mode=max"), min: await again() }).toEqual({ max: true, min: false });
});

describe("makisu with Redis", () => {
  const { base, flags } = testBuilder("makisu");

  async function redis(name: string): Promise<string> {
    const image = environment("SLIPWAY_TEST_REDIS_IMAGE");
    await kubectl(["run", name, "-n", namespace.name, `--image=${image}`, "--port=6379", "--labels=app=redis"]);
    await kubectl(["wait", "-n", namespace.name, "--for=condition=Ready", `pod/${name}`, "--timeout=120s"]);
    const ip = await kubectl(["get", "pod", name, "-n", namespace.name, "-o", "jsonpath={.status.podIP}"]);
    return `${ip.trim()}:6379`;
  }

  test.each([
    ["implicit", "", 2],
    ["explicit", " #!COMMIT", 1],
  ])("%s commits: a second build of the image is served from the cache", async (mode, mark, layers) => {
    const addr = await redis(`redis-${mode}`);
    const root = await project({
      Dockerfile: `FROM ${base}\nRUN echo ${mode} > /one\nRUN echo two > /two${mark}\nENV A=1\n`,
    });
    const image = uniqueImage();
    const cache = `--cache-to=type=redis,addr=${addr}`;
    const first = await mustBuild(namespace, [...flags, cache, `--tag=${image}:1`, root]);
    const second = await mustBuild(namespace, [...flags, cache, `--tag=${image}:2`, root]);
    expect(cachedRuns("makisu", first.stderr)).toBe(0);
    expect(cachedRuns("makisu", second.stderr)).toBe(layers);
    expect((await testBuilder("makisu").read(`${image}:2`)).files.get("one")?.text).toBe(`${mode}\n`);
  });

  test("kaniko refuses --cache-to type=redis and names makisu", async () => {
    const root = await project({ Dockerfile: `FROM ${base}\n` });
    const run = await build(namespace, ["--builder=kaniko", "--cache-to=type=redis,addr=10.0.0.1:6379", root]);
    expect(run.code).toBe(125);
    expect(run.stderr).toBe(
      "ERROR: kaniko cannot do --cache-to type=redis\n  - Use --builder makisu.\n  - Or let slipway choose a builder: --builder auto.\n",
    );
  });
});
