/** A sample of the flags that only some builders can honour; `make contract` tries every one of them on each builder that can. */
import { expect, test } from "vitest";
import { FLAG_CASES, tryFlag } from "../contract/builder-flags.ts";
import { build, uniqueImage } from "./support/build.ts";
import { testBuilder } from "./support/builders.ts";
import type { BuilderName } from "./support/builders.ts";
import { madeFromNow, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";

const namespace = useNamespace({ podSecurity: "baseline" });

const SAMPLE: readonly (readonly [title: string, builder: BuilderName])[] = [
  ["-o - and an image at once", "buildkit"],
  ["--ulimit", "buildah"],
  ["--add-host", "makisu"],
];

test.each(SAMPLE)("%s: %s", { tags: ["long"] }, async (title, builder) => {
  expect.hasAssertions();
  const found = FLAG_CASES.find((wanted) => wanted.title === title);
  if (found === undefined) throw new Error(`there is no case ${title}`);
  await tryFlag(namespace, found, builder);
});

const REFUSED: readonly (readonly [builder: BuilderName, flag: string, words: string, able: string])[] = [
  ["makisu", "--ulimit=nofile=1", "--ulimit", "--builder buildkit or --builder buildah"],
  [
    "img",
    "--add-host=a:10.0.0.1",
    "--add-host",
    "--builder kaniko or --builder buildkit or --builder buildah or --builder makisu",
  ],
  ["buildah", "--network=none", "--network none", "--builder buildkit"],
  ["kaniko", "-oout", "--output type=local", "--builder buildkit or --builder buildah or --builder img"],
  [
    "kaniko",
    "--build-arg=SOURCE_DATE_EPOCH=0",
    "--build-arg SOURCE_DATE_EPOCH",
    "--builder buildkit or --builder buildah",
  ],
];

test("an unsupported flag is refused before anything is created, with the builders that support it", async () => {
  const root = await project({ Dockerfile: `FROM ${testBuilder("kaniko").base}\n` });
  const made = await madeFromNow(namespace.name);
  const runs = await Promise.all(
    REFUSED.map(([name, flag]) => build(namespace, [...testBuilder(name).flags, flag, `--tag=${uniqueImage()}`, root])),
  );
  expect(runs.map(({ code, stdout, stderr }) => ({ code, stdout, stderr }))).toEqual(
    REFUSED.map(([name, , words, able]) => ({
      code: 125,
      stdout: "",
      stderr: `ERROR: ${name} cannot do ${words}\n  - Use ${able}.\n  - Or let slipway choose a builder: --builder auto.\n`,
    })),
  );
  expect(await made()).toEqual([]);
});
