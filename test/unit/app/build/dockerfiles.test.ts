/** Dockerfiles and arguments that are refused, with their line or name, before anything is created. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planRequest } from "../../../../src/app/build/plan-request.ts";
import { BUILDER_NAMES } from "../../../../src/plan/builder-names.ts";
import type { FileTree } from "../../../../src/lib/files/file-tree.ts";
import { limitsOf } from "../../../../src/plan/source/source-limits.ts";
import { readArchive } from "../../../../src/plan/source/unpack.ts";
import type { BuildRequest } from "../../../../src/plan/request.ts";
import { archive } from "../../../conformance/builders/tar-archive.ts";
import { INPUTS, REQUEST } from "../../plan/sample.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-dockerfiles-"));
  const files = {
    "full/etc/hosts": "a",
    "empty/etc/other": "a",
    "root.tar": archive({ "etc/hosts": "a" }),
    plain: "a",
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function packedRoot(): Promise<FileTree> {
  const options = { name: "the archive", limits: limitsOf({}), signal: new AbortController().signal };
  const archived = Readable.from([execFileSync("tar", ["-cf", "-", "-C", root, "."])]);
  return (await readArchive(archived, "tar", options)).tree;
}

async function planned(text: string, request: Partial<BuildRequest> = {}, tree?: FileTree): Promise<string> {
  const context = { root, ignoreFile: undefined, ...(tree === undefined ? {} : { root: "the archive", tree }) };
  const inputs = { ...INPUTS, context, dockerfile: { path: "Dockerfile", text } };
  const facts = { env: { SLIPWAY_IMG_IMAGE: "img:v0.5.11" }, user: "jane", version: "0" };
  const { plan, builder } = await planRequest({ ...REQUEST, ...request }, inputs, facts, () => {});
  return [builder.name, ...(builder.cautions?.(plan) ?? [])].join("\n");
}

describe("a file that Kubernetes mounts", () => {
  const REFUSED = "Dockerfile line 2: kaniko cannot do COPY or ADD of /etc/hosts, /etc/hostname or /etc/resolv.conf";

  it.each([
    "COPY full /",
    "COPY . /etc/../",
    "COPY full/etc /etc",
    "COPY full/etc/* /etc/",
    "ADD root.tar /",
    "ADD full /",
  ])("is found in the context for %s, and another builder is chosen", async (line) => {
    const text = `FROM a\n${line === "COPY . /etc/../" ? "COPY full /etc/../" : line}\n`;
    await expect(planned(text)).rejects.toThrow(REFUSED);
    expect(await planned(text, { builder: "auto" })).toBe("buildkit");
  });

  it.each(["COPY full /", "ADD ./root.tar /"])("is found in an archive that is the context for %s", async (line) => {
    await expect(planned(`FROM a\n${line}\n`, {}, await packedRoot())).rejects.toThrow(REFUSED);
  });

  it.each(["COPY empty /", "ADD plain /"])("is not found in an archive that is the context for %s", async (line) => {
    expect(await planned(`FROM a\n${line}\n`, {}, await packedRoot())).toBe("kaniko");
  });

  it.each(["COPY empty /", "ADD plain /", "COPY root.tar /", "COPY full /srv"])("is not found for %s", async (line) => {
    expect(await planned(`FROM a\n${line}\n`)).toBe("kaniko");
  });

  it("may come from another stage, which is said", async () => {
    expect(await planned("FROM a AS b\nFROM a\nCOPY --from=b /out /\n")).toBe(
      "kaniko\nDockerfile line 3: kaniko leaves /etc/hosts, /etc/hostname and /etc/resolv.conf out of the image, should that COPY bring them",
    );
  });
});

describe("an argument", () => {
  const long = "x".repeat(200_000);

  it.each(BUILDER_NAMES)("that Linux does not take is refused for %s with its name", async (builder) => {
    await expect(planned("FROM a\nARG BIG\n", { builder, buildArgs: [`BIG=${long}`] })).rejects.toThrow(
      new RegExp(
        `^--build-arg BIG is too long: with it, an argument of ${builder} has 2000\\d\\d bytes, and Linux takes 131071$`,
      ),
    );
  });

  it.each(BUILDER_NAMES.filter((name) => name !== "makisu"))("as a label is refused for %s, too", async (builder) => {
    await expect(planned("FROM a\n", { builder, labels: [`big=${long}`] })).rejects.toThrow(/^--label big is too long/);
  });

  it("may have as many bytes as Linux takes, dollar signs counted once", async () => {
    const value = "$".repeat(131_071 - "--build-arg=BIG=".length);
    expect(await planned("FROM a\nARG BIG\n", { buildArgs: [`BIG=${value}`] })).toBe("kaniko");
    await expect(planned("FROM a\nARG BIG\n", { buildArgs: [`BIG=${value}$`] })).rejects.toThrow(/131072 bytes/);
  });

  it("counts by bytes, not by characters", async () => {
    await expect(planned("FROM a\n", { buildArgs: [`BIG=${"\u00E9".repeat(70_000)}`] })).rejects.toThrow(
      /140016 bytes/,
    );
  });

  it("is refused with the others if a Job cannot hold them all", async () => {
    const some = (count: number): string[] => Array.from({ length: count }, (_, at) => `A${at}=${"x".repeat(100_000)}`);
    expect(await planned("FROM a\n", { buildArgs: some(10) })).toBe("kaniko");
    await expect(planned("FROM a\n", { buildArgs: some(11) })).rejects.toThrow(
      /^the build's arguments have 1100\d\d\d bytes in total, and a Job can hold 1048576; the largest is --build-arg A10/,
    );
  });
});

describe("--secret with kaniko", () => {
  const text = "FROM a\nRUN --mount=type=secret,id=t cat /run/secrets/t\n";
  const docker = { secret: ["id=t,env=T"] };

  it("is taken from v1.27.0 on", async () => {
    expect(await planned(text, { docker })).toBe("kaniko");
    expect(await planned(text, { docker, builderImage: "k:v1.27.0" })).toBe("kaniko");
  });

  it("is refused before, with the version that can", async () => {
    await expect(planned(text, { docker, builderImage: "k:v1.26.9" })).rejects.toMatchObject({
      message: "kaniko cannot do --secret",
      suggestions: [
        "Use an image of kaniko v1.27.0 or later, with --builder-image or SLIPWAY_KANIKO_IMAGE; this build uses k:v1.26.9.",
        "Use --builder buildkit or --builder buildah.",
        "Or let slipway choose a builder: --builder auto.",
      ],
    });
  });
});
