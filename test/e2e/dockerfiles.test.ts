/** Dockerfiles as they are: other encodings, long arguments, files of the pod, and failures with their line. */
import { describe, expect, test } from "vitest";
import { BUILDER_NAMES } from "../../src/plan/builder-names.ts";
import { BUSYBOX, REGISTRY, build, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { madeFromNow, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";

/** img pushes to nothing but https. */
const TLS = environment("REGISTRY_TLS");
const CA = environment("REGISTRY_CA");
const namespace = useNamespace();

const latin = (text: string): Buffer => Buffer.from(text, "latin1");

test(
  "a comment that is not UTF-8 builds, and the Dockerfile's bytes are the same in the context",
  { tags: ["long"] },
  async () => {
    const dockerfile = latin(
      `# Autor: J\u00FCrgen\nFROM ${BUSYBOX}\nCOPY Dockerfile /d\nRUN od -An -tx1 -N12 /d > /hex\n`,
    );
    const root = await project({ Dockerfile: dockerfile });
    const image = uniqueImage();
    await mustBuild(namespace, ["--builder=buildkit", "-t", image, root]);
    expect((await readImage(image)).files.get("hex")?.text.trim()).toBe("23 20 41 75 74 6f 72 3a 20 4a fc 72");
  },
);

test("an instruction that is not UTF-8 is refused with its line, and no Job is made", async () => {
  const root = await project({ Dockerfile: latin(`FROM ${BUSYBOX}\nRUN printf caf\u00E9 > /x\n`) });
  const run = await build(namespace, ["-t", uniqueImage(), root]);
  expect([run.code, run.stderr]).toEqual([
    1,
    expect.stringMatching(/^ERROR: dockerfile parse error on line 2: RUN has bytes that are not UTF-8: RUN printf caf/),
  ]);
  expect(run.stderr).not.toContain("=> create");
});

/** The others do not report what of the Dockerfile failed. */
const NAMES_LINE: ReadonlySet<string> = new Set(["buildkit", "buildah"]);

describe.each(BUILDER_NAMES)("%s", (name) => {
  const flags = [`--builder=${name}`, `--registry-ca=${CA}`];

  test("takes the longest argument that is not refused", { tags: ["long"] }, async () => {
    const root = await project({ Dockerfile: `FROM ${TLS}/busybox:1.35\nARG BIG\nCOPY Dockerfile /d\n` });
    // 40 for the flag, which builders write in their own ways. With a variable: no command line of this machine has it either.
    const value = "x".repeat(131_071 - 40);
    const args = [...flags, "--build-arg=BIG", "-t", uniqueImage(TLS), root];
    const run = await build(namespace, args, { env: { BIG: value } });
    expect([run.code, run.stderr]).toEqual([0, expect.anything()]);
  });

  test("names a source that a stage does not have, with the line", { tags: ["long"] }, async () => {
    const lines = [
      `FROM ${TLS}/busybox:1.35 AS a`,
      "RUN true",
      `FROM ${TLS}/busybox:1.35`,
      "COPY --from=a /nothere.txt /",
    ];
    const root = await project({ Dockerfile: `${lines.join("\n")}\n` });
    const run = await build(namespace, [...flags, "-t", uniqueImage(TLS), root]);
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(
      NAMES_LINE.has(name) ? /^ERROR: Dockerfile line 4: .*nothere\.txt/m : /^ERROR: .*nothere\.txt/m,
    );
  });
});

describe("what is known before there is a pod", () => {
  test("a source that the context does not have is refused with its line, and nothing is created", async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nENV A=1\nCOPY nothere.txt /\n`, "nowhere.txt": "" });
    const run = await build(namespace, ["-t", uniqueImage(), root]);
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/^ {3}3 \| >>> COPY nothere\.txt \/$/m);
    expect(run.stderr).toMatch(
      /^ERROR: Dockerfile line 3: failed to compute cache key: "\/nothere\.txt": not found\n {2}- Did you mean nowhere\.txt\?$/m,
    );
    expect(run.stderr).not.toContain("=> create");
  });

  test("a source that the ignore file excludes is refused with the line of the rule, with a kept builder too", async () => {
    const root = await project({
      Dockerfile: `FROM ${BUSYBOX}\nCOPY a.txt /\n`,
      "a.txt": "",
      ".dockerignore": "# texts\n*.txt\n",
    });
    for (const flags of [[], ["--keep=1m"]]) {
      const run = await build(namespace, [...flags, "-t", uniqueImage(), root]);
      expect([run.code, run.stderr]).toEqual([1, expect.stringContaining("dockerignore line 2 (*.txt) excludes it")]);
    }
  });

  test("a base image that its registry does not have ends the build without three tries, and leaves nothing", async () => {
    const made = await madeFromNow(namespace.name);
    const root = await project({ Dockerfile: `FROM ${REGISTRY}/busybox:1.99\nRUN true\n` });
    const run = await build(namespace, ["-t", uniqueImage(), root]);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(
      `ERROR: Dockerfile line 1: failed to resolve source metadata for ${REGISTRY}/busybox:1.99: not found\n`,
    );
    expect(run.stderr).not.toContain("Retrying");
    await expect.poll(made).toEqual([]);
  });

  test("--check reports both, and exits with 1", async () => {
    const root = await project({ Dockerfile: `FROM ${REGISTRY}/busybox:1.99\nCOPY nothere.txt /\n` });
    const run = await build(namespace, ["--check", root]);
    expect(run.code).toBe(1);
    expect(run.stdout).toContain("WARNING: SourceNotFound\n");
    expect(run.stdout).toContain("WARNING: ImageNotFound\n");
  });
});

test("a misspelt stage that is pulled as an image is named when the build fails", { tags: ["long"] }, async () => {
  const lines = [`FROM ${BUSYBOX} AS build`, "RUN true", `FROM ${BUSYBOX}`, "COPY --from=biuld /bin/sh /sh"];
  const root = await project({ Dockerfile: `${lines.join("\n")}\n` });
  const run = await build(namespace, ["--builder=buildkit", "-t", uniqueImage(), root]);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain(
    'Line 4: no stage is named "biuld", so it is pulled as an image. Did you mean the stage "build"?',
  );
});

test("as many arguments as a Job is allowed to hold are built with", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY Dockerfile /d\n` });
  const names = Array.from({ length: 10 }, (_, at) => `BIG${at}`);
  const env = Object.fromEntries(names.map((name) => [name, "x".repeat(100_000)]));
  const args = [...names.map((name) => `--build-arg=${name}`), "-t", uniqueImage(), root];
  const run = await build(namespace, args, { env });
  expect([run.code, run.stderr]).toEqual([0, expect.anything()]);
});

test("--builder auto takes a builder that can put /etc/hosts into the image", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY root /\n`, "root/etc/hosts": "10.0.0.7 db\n" });
  const image = uniqueImage();
  const run = await mustBuild(namespace, ["--builder=auto", "-t", image, root]);
  expect(run.stderr).toContain("building with buildkit: kaniko cannot do COPY or ADD of /etc/hosts");
  expect((await readImage(image)).files.get("etc/hosts")?.text).toBe("10.0.0.7 db\n");
});
