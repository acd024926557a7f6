/** Builders push to a tag that another builder has pushed to. */
import { expect, test } from "vitest";
import { BUILDER_NAMES } from "../../src/plan/builder-names.ts";
import type { BuilderName } from "../../src/plan/builder-names.ts";
import { build, environment, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";

/** img pushes to nothing but https. */
const TLS = environment("REGISTRY_TLS");
const CA = environment("REGISTRY_CA");
const namespace = useNamespace();

/** For 21 builds, one after the other, on a busy machine. */
const WALK_TIMEOUT_MS = 20 * 60_000;

/** `SAME_TAG_PAIRS=all`: every ordered pair of builders, which takes ten minutes. The sample is kaniko's format under BuildKit's, and back. */
const ALL_PAIRS = process.env["SAME_TAG_PAIRS"] === "all";

/** The registry cannot convert kaniko's manifest of an image with such a line: its history has a step that its layers have not. */
const NO_LAYER = "RUN true\n";

/** A walk that has each builder after each other one: every ordered pair once. */
function everyPair(names: readonly BuilderName[]): BuilderName[] {
  const left = new Set(
    names.flatMap((one) => names.filter((other) => other !== one).map((other) => `${one} ${other}`)),
  );
  const walk = (path: readonly BuilderName[]): readonly BuilderName[] | undefined => {
    if (left.size === 0) return path;
    const last = path.at(-1);
    for (const next of names) {
      if (!left.delete(`${last} ${next}`)) continue;
      const found = walk([...path, next]);
      if (found !== undefined) return found;
      left.add(`${last} ${next}`);
    }
    return undefined;
  };
  return [...(walk(names.slice(0, 1)) ?? [])];
}

async function pushAs(builder: BuilderName, image: string, flags: readonly string[] = []): Promise<string> {
  const word = `${builder}-${Math.random()}`;
  const root = await project({ Dockerfile: `FROM ${TLS}/busybox:1.35\nRUN echo ${word} > /by\n${NO_LAYER}` });
  const run = await build(namespace, [`--builder=${builder}`, `--registry-ca=${CA}`, `--tag=${image}`, ...flags, root]);
  expect([builder, run.code, run.stderr]).toEqual([builder, 0, expect.anything()]);
  return `${word}\n`;
}

test("a walk of all pairs has each builder after each other one", () => {
  expect(everyPair(BUILDER_NAMES)).toHaveLength(BUILDER_NAMES.length * (BUILDER_NAMES.length - 1) + 1);
});

test("builders push to each other's tags", { tags: ["long"], timeout: WALK_TIMEOUT_MS }, async () => {
  const walk: readonly BuilderName[] = ALL_PAIRS ? everyPair(BUILDER_NAMES) : ["kaniko", "buildkit", "kaniko"];
  const image = uniqueImage(TLS);
  for (const builder of walk) {
    const word = await pushAs(builder, image);
    expect((await readImage(image, { scheme: "https" })).files.get("by")?.text).toBe(word);
  }
});
