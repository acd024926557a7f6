/** The files of a context that are sent: only those that the Dockerfile uses, if that is certain. A large context gives a warning. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { BUSYBOX, mustBuild, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";

const namespace = useNamespace();
const HEAVY = {
  "app/run.txt": "run",
  "assets/film.bin": randomBytes(4_500_000),
  "docs/book.bin": randomBytes(1_500_000),
};

interface Said {
  readonly type: string;
  readonly stage?: string;
  readonly bytes?: number;
  readonly detail?: string;
  readonly message?: string;
}

function eventsOf(stderr: string): Said[] {
  return stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Said);
}

function packedOf(stderr: string): Said | undefined {
  return eventsOf(stderr).find(({ type, stage }) => type === "stage-done" && stage === "pack");
}

test("files that no COPY uses are not sent", async () => {
  const image = uniqueImage();
  const root = await project({
    ...HEAVY,
    Dockerfile: `FROM ${BUSYBOX}\nCOPY app/*.txt /app/\nRUN grep -x run /app/run.txt\n`,
  });
  const run = await mustBuild(namespace, ["--progress", "json", "-t", image, root]);
  const packed = packedOf(run.stderr);
  expect(packed?.detail).toMatch(/^2 entries used by COPY and ADD, 3 B, /);
  expect(packed?.bytes).toBeLessThan(100_000);
  expect([...(await readImage(image)).files.keys()]).toContain("app/run.txt");
});

test("files for the triggers of a base image are sent", { tags: ["long"] }, async () => {
  const base = uniqueImage();
  const image = uniqueImage();
  const parent = await project({ Dockerfile: `FROM ${BUSYBOX}\nONBUILD COPY . /all\n` });
  await mustBuild(namespace, ["-t", base, parent]);
  const root = await project({ ...HEAVY, Dockerfile: `FROM ${base}\nCOPY app /app\n` });
  const run = await mustBuild(namespace, ["--progress", "json", "-t", image, root]);
  expect(packedOf(run.stderr)?.bytes).toBeGreaterThan(6_000_000);
  expect((await readImage(image)).files.get("all/assets/film.bin")?.size).toBe(4_500_000);
});

test("a context above the threshold gives a warning with its largest directories", async () => {
  const root = await project({ ...HEAVY, Dockerfile: `FROM ${BUSYBOX}\nCOPY app /app\n` });
  const run = await mustBuild(namespace, ["--send-all", "--context-warning", "2m", "--progress", "json", root]);
  const warnings = eventsOf(run.stderr).filter(
    ({ type, message }) => type === "warning" && String(message).startsWith("the context"),
  );
  expect(warnings.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^the context has 6 MB, more than 2\.1 MB; most of it is in assets\/film\.bin \(4\.5 MB\), docs\/book\.bin \(1\.5 MB\)$/,
    ),
  ]);
});
