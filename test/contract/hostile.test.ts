/** Hostile values arrive unchanged, or slipway refuses them with one sentence. */
import { hash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useNamespace } from "../e2e/support/namespace.ts";
import { FROM, setUp } from "./case.ts";
import { HOSTILE } from "./hostile.ts";

const namespace = useNamespace();

test("values of build args and labels arrive unchanged", async () => {
  const names = HOSTILE.map((_, index) => `V${index}`);
  const Dockerfile = `${FROM}${names.map((name) => `ARG ${name}\nRUN printf %s "$${name}" > /${name}\n`).join("")}`;
  const { build } = await setUp(namespace.name, { Dockerfile });
  const args = HOSTILE.flatMap(([, text], index) => [
    "--build-arg",
    `V${index}=${text}`,
    "--label",
    `l${index}=${text}`,
  ]);
  const { built } = await build([...args, "."]);
  for (const [index, [name, text]] of HOSTILE.entries()) {
    expect({ name, is: built.files.get(`V${index}`)?.sha256 }).toEqual({ name, is: hash("sha256", text) });
    expect({ name, is: built.config.config.Labels?.[`l${index}`] }).toEqual({ name, is: text });
  }
  expect(existsSync("/tmp/slipway-was-here")).toBe(false);
});

test("names of directories and files arrive unchanged", async () => {
  const { root, build } = await setUp(namespace.name);
  const names = HOSTILE.map(([, text]) => text.replaceAll("/", "_").slice(0, 60));
  const directory = join(root, names.join(" ").slice(0, 100));
  await mkdir(join(directory, "files"), { recursive: true });
  for (const name of names) await writeFile(join(directory, "files", name), name);
  const dockerfile = join(directory, "$(Docker file)");
  await writeFile(dockerfile, `${FROM}COPY files/ /files/\n`);
  const { built } = await build(["-f", dockerfile, directory]);
  expect(
    names.filter(
      (name) =>
        built.files.get(`files/${name.trimEnd()}`)?.text !== name && built.files.get(`files/${name}`)?.text !== name,
    ),
  ).toEqual([]);
});

describe("flags that cannot take such a value refuse it with one sentence:", () => {
  test.for(HOSTILE)("%s", async ([, text]) => {
    const { run } = await setUp(namespace.name);
    for (const args of [
      ["-t", text],
      ["-t", `r.io/${text}`],
      ["--target", text],
      ["--platform", text],
      ["--add-host", text],
      ["-m", text],
      ["--network", text],
      ["--secret", text],
      ["-o", `type=${text}`],
      ["--builder", text],
      ["-f", text],
    ]) {
      const { code, stdout, stderr } = await run([...args, "."]);
      // Code 1 means that docker refuses it, too. A build that had started would have printed something before the error.
      expect({ args, refused: code === 1 || code === 125, stdout }).toEqual({ args, refused: true, stdout: "" });
      expect(stderr).toMatch(/^ERROR: /);
      expect(stderr).not.toMatch(/\n\s+at |This is a bug in slipway/);
    }
    expect(existsSync("/tmp/slipway-was-here")).toBe(false);
  });
});
