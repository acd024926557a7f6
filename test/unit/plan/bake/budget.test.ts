/** A hostile bake or compose file ends with one sentence, after a number of steps and not of minutes. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { bakeNames } from "../../../../src/cli/bake/target-names.ts";
import { readBakeDefinition } from "../../../../src/cli/bake/read-plan.ts";
import { InvalidInput } from "../../../../src/errors.ts";
import { planBake } from "../../../../src/plan/bake/plan-bake.ts";

function directoryWith(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), "slipway-bake-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}

/** Reads the default files of a directory, and resolves the target `default`. */
async function bake(directory: string, env: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const request = { files: [], variables: [], allow: [], env, directory, commandContext: "." };
  const { definition } = await readBakeDefinition({
    ...request,
    fetchRemote: async () => {
      throw new Error("nothing is fetched");
    },
  });
  return planBake(definition, { names: [], sets: [] }, () => undefined);
}

const levels = (count: number, line: (level: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index + 1)).join("");
const nested = (value: string): string =>
  `[for a in range(1000): [for b in range(1000): [for c in range(1000): ${value}]]]`;
/** `v40` has a trillion elements, but is made of forty small ones. */
const shared = `v0 = ["x"]\n${levels(40, (level) => `v${level} = [v${level - 1}, v${level - 1}]\n`)}`;
const tags = (value: string): string => `target "default" {\n  tags = [${value}]\n}\n`;
const targets = (fields: (level: number) => string): string =>
  `target "default" {\n ${fields(1)}\n}\n${levels(40, (level) =>
    ["a", "b"].map((name) => `target "${name}${level}" {\n ${fields(level + 1)}\n}\n`).join(""),
  )}target "a41" {}\ntarget "b41" {}\n`;

const STEPS = /: it takes more than 2000000 steps to evaluate$/;

it.each<[how: string, file: string, message: RegExp]>([
  ["nested loops", tags(nested('"x"')), /^docker-bake\.hcl:2: it takes more than/],
  ["loops in try", tags(`try(${nested('"x"')}, "a")`), STEPS],
  ["loops in can", tags(`can(${nested('"x"')}) ? "a" : "b"`), STEPS],
  ["loops in the branch that is not taken", tags(`true ? "a" : ${nested('"x"')}[0][0][0]`), STEPS],
  ["loops in a matrix", `target "default" {\n name = "x"\n matrix = { a = ${nested('"x"')} }\n}\n`, STEPS],
  [
    "loops in a description",
    `variable "x" {\n default = "a"\n description = [for a in [${"1,".repeat(999)}1]: [for b in [${"1,".repeat(999)}1]: [for c in [${"1,".repeat(999)}1]: "x"]]]\n}\n`,
    STEPS,
  ],
  ["a text that doubles", `v0 = "xx"\n${levels(40, (n) => `v${n} = "\${v${n - 1}}\${v${n - 1}}"\n`)}`, STEPS],
  ["a list that doubles", `v0 = ["x"]\n${levels(40, (n) => `v${n} = concat(v${n - 1}, v${n - 1})\n`)}`, STEPS],
  ["JSON of a shared value", shared + tags("jsonencode(v40)"), STEPS],
  ["a comparison of shared values", `${shared}w = v40 == [v39, v39]\n`, STEPS],
  ["a condition with shared values", `${shared}w = true ? v40 : [v39, v39]\n`, STEPS],
  [
    "functions that call each other twice",
    `function "f0" {\n params = [x]\n result = x\n}\n${levels(
      40,
      (n) => `function "f${n}" {\n params = [x]\n result = f${n - 1}(f${n - 1}(x))\n}\n`,
    )}${tags('f40("a")')}`,
    STEPS,
  ],
  ["bcrypt", tags('bcrypt("a", 31)'), STEPS],
  [
    "a search for each character",
    `v = join("", [for a in range(1000): join("", [for b in range(20): "a"])])\nw = regexall("a.*?b|a", v)\n`,
    STEPS,
  ],
  [
    "a join that is too long",
    `v = join("", [for a in range(1000): "aaaaaaaaaa"])\nw = replace(v, "a", replace(v, "a", v))\n`,
    STEPS,
  ],
  ["targets that need each other", targets((n) => `contexts = { a = "target:a${n}", b = "target:b${n}" }`), STEPS],
  [
    "a number with many digits",
    `v0 = 2\n${levels(27, (n) => `v${n} = v${n - 1} * v${n - 1}\n`)}${tags('"${v27}"')}`,
    /the number has too many digits to be written$/,
  ],
  ["a long number", `w = ${"9".repeat(200_000)}\n`, /docker-bake\.hcl:1: /],
  [
    "a long text as a number",
    `w = parseint("${"z".repeat(200_000)}", 36)\n`,
    /docker-bake\.hcl:1: parseint: the argument number is wrong: "zzz/,
  ],
])("is refused in one sentence: %s", async (_, file, message) => {
  const directory = directoryWith({
    "docker-bake.hcl": `${file}${file.includes('target "default"') ? "" : tags('"a"')}`,
  });
  const failure: unknown = await bake(directory).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InvalidInput);
  expect((failure as Error).message).toMatch(message);
  expect((failure as Error).message.length).toBeLessThan(2500);
});

it("the limit can be raised with the variable that the error names", async () => {
  const directory = directoryWith({ "docker-bake.hcl": tags(nested('"x"')) });
  const failure = (await bake(directory).catch((error: unknown) => error)) as InvalidInput;
  expect(failure.suggestions).toEqual(["Raise the limit: SLIPWAY_LIMIT_BAKE_STEPS=20000000"]);
});

it("groups and inheritance in which every name comes twice are resolved", async () => {
  const inherited = directoryWith({ "docker-bake.hcl": targets((n) => `inherits = ["a${n}", "b${n}"]`) });
  expect(await bake(inherited)).toBeTypeOf("object");
  const groups = levels(40, (n) =>
    ["a", "b"].map((name) => `group "${name}${n}" {\n targets = ["a${n + 1}", "b${n + 1}"]\n}\n`).join(""),
  );
  const directory = directoryWith({
    "docker-bake.hcl": `group "default" {\n targets = ["a1", "b1"]\n}\n${groups}target "a41" {}\ntarget "b41" {}\n`,
  });
  const { targets: resolved } = (await bake(directory)) as { targets: ReadonlyMap<string, unknown> };
  expect([...resolved.keys()]).toEqual(["a41", "b41"]);
});

it("many compose files that include each other are refused in one sentence", async () => {
  const files = Array.from({ length: 12 }, (_, level) => {
    const name = level === 0 ? "compose.yaml" : `c${level}.yaml`;
    const include = Array.from({ length: 20 }, () => `c${level + 1}.yaml`).join(", ");
    return [name, `include: [${include}]\nservices: {a: {build: .}}\n`] as const;
  });
  const directory = directoryWith({ ...Object.fromEntries(files), "c12.yaml": "services: {a: {build: .}}\n" });
  await expect(bake(directory)).rejects.toThrow(STEPS);
});

it("a completion of targets of a hostile file ends as well", async () => {
  const directory = directoryWith({ "docker-bake.hcl": tags(nested('"x"')) });
  await expect(bakeNames([], [], {}, directory)).rejects.toThrow(STEPS);
});

it("a FIFO under the name of a bake file is refused at once", async () => {
  for (const name of ["docker-bake.hcl", "docker-bake.override.json", "compose.yaml", "docker-compose.yml"]) {
    const directory = directoryWith({});
    execFileSync("mkfifo", [join(directory, name)]);
    await expect(bake(directory)).rejects.toThrow(`the bake file ${name} is not a regular file`);
    await expect(bakeNames([join(directory, name)], [], {}, directory)).rejects.toThrow("is not a regular file");
  }
  const beside = directoryWith({ "compose.yaml": "services: {a: {build: .}}\n" });
  execFileSync("mkfifo", [join(beside, ".env")]);
  await expect(bake(beside)).rejects.toThrow(".env is not a regular file");
  const included = directoryWith({ "compose.yaml": "include: [pipe.yaml]\n" });
  execFileSync("mkfifo", [join(included, "pipe.yaml")]);
  await expect(bake(included)).rejects.toThrow("pipe.yaml is not a regular file");
});
