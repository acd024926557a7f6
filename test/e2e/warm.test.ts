/** Base images on a volume: fetched by kaniko's own warmer, read by kaniko, as its log says. */
import { describe, expect, test } from "vitest";
import { BUSYBOX, REGISTRY, mustBuild, uniqueImage } from "./support/build.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import type { Image } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";
import type { Run } from "./support/slipway.ts";

const namespace = useNamespace({ rbac: ["--cache-volume"] });
const VOLUME = "--cache-volume=kept";

const warm = (...words: readonly string[]): Promise<Run> => warmOnto(VOLUME, ...words);

const warmOnto = (volume: string, ...words: readonly string[]): Promise<Run> =>
  slipway(["warm", "-n", namespace.name, volume, "--volume-size=1Gi", ...words], {
    env: { KUBECONFIG: namespace.kubeconfig },
  });

/** Of the warmer itself. The pod of a Job that is deleted goes a moment later. */
async function untilGone(): Promise<void> {
  const left = async (): Promise<string[]> =>
    (await objectsIn(namespace.name)).filter((name) => /\/slipway-warm-/.test(name));
  await expect.poll(left).toEqual([]);
  expect(await objectsIn(namespace.name)).toContain("persistentvolumeclaim/kept");
}

describe("slipway warm", () => {
  test("fetches the base images of a Dockerfile once, and a build reads them from the volume", async () => {
    const root = await project({
      Dockerfile: `ARG BASE\nFROM $BASE AS one\nRUN echo from a volume > /made\nFROM $BASE\nCOPY --from=one /made /made\n`,
    });
    const words = ["-f", `${root}/Dockerfile`, `--build-arg=BASE=${BUSYBOX}`];
    const first = await warm(...words);
    expect([first.code, first.stdout]).toEqual([0, `${BUSYBOX}\n`]);
    await untilGone();
    const second = await warm(...words);
    expect([second.code, second.stdout]).toEqual([0, `${BUSYBOX}\n`]);
    expect(second.stderr).toContain(`Image already in cache: ${BUSYBOX}`);

    const [kept, fetched] = [uniqueImage(), uniqueImage()];
    const build = (image: string, ...more: readonly string[]): Promise<Run> =>
      mustBuild(namespace, [`--build-arg=BASE=${BUSYBOX}`, `--tag=${image}`, ...more, root]);
    expect((await build(kept, VOLUME)).stderr).toMatch(/Found sha256:\w+ in local cache/);
    expect((await build(fetched)).stderr).not.toContain("in local cache");
    const [left, right] = await Promise.all([readImage(kept), readImage(fetched)]);
    expect(left.files.get("made")?.text).toBe("from a volume\n");
    const contents = ({ files }: Image): string[] =>
      [...files].map(([path, { mode, uid, gid, link, sha256 }]) => [path, mode, uid, gid, link, sha256].join(" "));
    expect(contents(left)).toEqual(contents(right));
    expect(left.files.size).toBeGreaterThan(10);
    // This does not depend on a layer cache, and no layer cache is created unless a flag asks for it.
    const cached = await build(uniqueImage(), VOLUME, `--cache-to=type=registry,ref=${uniqueImage()}`);
    expect(cached.stderr).toMatch(/Found sha256:\w+ in local cache/);
    const tags = await fetch(`http://${REGISTRY}/v2/${kept.slice(REGISTRY.length + 1)}/cache/tags/list`);
    expect(tags.status).toBe(404);
  });

  test(
    "says which image it could not fetch, keeps the others, and leaves nothing else",
    { tags: ["long"] },
    async () => {
      const missing = `${uniqueImage()}:none`;
      const { code, stdout, stderr } = await warm(missing, BUSYBOX);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain(`ERROR: ${missing} is not on the volume: the registry has no such image\n`);
      await untilGone();
      expect((await warm(BUSYBOX)).stderr).toContain("Image already in cache");
    },
  );

  test("names its own flag for an image that no node can pull", { tags: ["long"] }, async () => {
    const { code, stderr } = await warm(`--warmer-image=${REGISTRY}/no/warmer:1`, BUSYBOX);
    expect(code).toBe(3);
    expect(stderr).toMatch(/ERROR: the node cannot pull the image .*no\/warmer:1/);
    expect(stderr).toContain("--warmer-image.");
  });

  test.each([
    [[], "ERROR: name at least one image, or a Dockerfile with -f"],
    [["scratch"], "ERROR: scratch is not an image"],
    [["-f", "/nowhere/Dockerfile"], "ERROR: the Dockerfile /nowhere/Dockerfile not found"],
  ])("refuses %j in one sentence", async (words, sentence) => {
    const { code, stdout, stderr } = await warm(...words);
    expect([code, stdout]).toEqual([125, ""]);
    expect(stderr).toContain(sentence);
  });

  test("refuses names that no volume and no image can have", async () => {
    const volume = await warmOnto("--cache-volume=../x", BUSYBOX);
    expect([volume.code, volume.stderr]).toEqual([125, expect.stringContaining("--cache-volume")]);
    // As `docker build -t` ends for one.
    const image = await warm("a b");
    expect([image.code, image.stderr]).toEqual([1, expect.stringContaining('ERROR: invalid image "a b"')]);
  });

  test("has nothing to do for a Dockerfile without a base image", { tags: ["long"] }, async () => {
    const root = await project({ Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
    const { code, stdout, stderr } = await warm("-f", `${root}/Dockerfile`);
    expect([code, stdout, stderr]).toEqual([0, "", "there is no base image to fetch\n"]);
  });
});
