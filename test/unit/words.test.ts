/**
 * Keeps the project's prose in plain English: source, docs and test titles are read by people whose first language is another one.
 * Each phrase below has to be decoded before a sentence can be understood.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const PROJECT = join(import.meta.dirname, "../..");

/** A phrase, and what to write instead. */
const DIALECT: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/(?<!\bthere )\b(?:is|are|was|were) no (?!longer\b|more than\b)/i, '"is not a …", "there is no …"'],
  [/(?<!\b(?:stand|let|leave|left|run)s?(?: \w+)?) alone\b/i, '"only"'],
  [/\bwho(?:so)?ever\b/i, '"everybody who", or the name of the role'],
  [/\bwhatever (?!the\b|its?\b|they\b)/i, '"any", "all", or "even if"'],
  [/\bpass(?:es|ed|ing)? over\b/i, '"skips"'],
  [/\b(?:who asks|by whose leave)\b/i, '"which credentials"'],
  [/\bgoes on\b/i, '"continues", "keeps running"'],
  [/\bin the place of\b/i, '"instead of"'],
  [/\bfrom (?:elsewhere|somewhere)\b/i, "the name of the place"],
  [/\b(?:is|was) heard of\b/i, '"silent"'],
  [/\bto itself alone\b|\bof use to nobody\b/i, '"only"'],
  [/\blifelines?\b/i, '"lease"'],
  [/\bhand-?overs?\b/i, '"detach"'],
  [/\bPATIENCE\b/, '"…_TIMEOUT_MS"'],
  [/\b(?:ENOUGH|SLACK|IDLE|FRESH|AGAIN)\b(?!_)/, "a name that carries its unit"],
];

/** Lines in which the phrase is right: file, a part of the line, and why. */
const ALLOWED: readonly (readonly [file: string, part: string, why: string])[] = [
  ["test/unit/lib/credentials/docker-config-file.test.ts", "leaves everything else in it alone", "to leave alone"],
  ["src/cli/print/tables.ts", '"IDLE"', "a column's title"],
];

interface Found {
  readonly where: string;
  readonly text: string;
  readonly instead: string;
}

async function filesBelow(folder: string, end: RegExp): Promise<string[]> {
  const entries = await readdir(join(PROJECT, folder), { recursive: true });
  return entries.filter((name) => end.test(name) && !name.includes("node_modules")).map((name) => join(folder, name));
}

/** Keeps only the lines with a title: the first string of `it`, `test` or `describe`, also after `each` and the like. */
function titlesOf(source: string): string {
  const title = /^\s*(?:it|test|describe)\b[^"'`]*?\(\s*["'`]|^\s*\]\)\(\s*["'`]/;
  return source
    .split("\n")
    .map((line) => (title.test(line) ? line : ""))
    .join("\n");
}

async function findDialect(files: readonly string[], read = (source: string): string => source): Promise<Found[]> {
  const texts = await Promise.all(
    files.map(async (file) => [file, await readFile(join(PROJECT, file), "utf8")] as const),
  );
  return texts.flatMap(([file, text]) => {
    const prose = read(text);
    // A file without the phrase is not searched line by line.
    const phrases = DIALECT.filter(([phrase]) => phrase.test(prose));
    if (phrases.length === 0) return [];
    return prose
      .split("\n")
      .flatMap((line, index) =>
        phrases
          .filter(([phrase]) => phrase.test(line) && !isAllowed(file, line))
          .map(([, instead]) => ({ where: `${file}:${index + 1}`, text: line.trim(), instead })),
      );
  });
}

function isAllowed(file: string, line: string): boolean {
  return ALLOWED.some(([where, part]) => where === file && line.includes(part));
}

describe("the words to avoid", () => {
  it("do not occur in the source", async () => {
    expect(await findDialect(await filesBelow("src", /\.ts$/))).toEqual([]);
  });

  it("do not occur in the docs", async () => {
    const pages = [...(await filesBelow("docs", /\.md$/)), "README.md", "CONTRIBUTING.md"];
    expect(await findDialect(pages)).toEqual([]);
  });

  it("do not occur in test titles", async () => {
    expect(await findDialect(await filesBelow("test", /\.test\.ts$/), titlesOf)).toEqual([]);
  });

  it("are allowed only in lines that still exist", async () => {
    const gone: string[] = [];
    for (const [file, part] of ALLOWED) {
      const text = await readFile(join(PROJECT, file), "utf8").catch(() => "");
      if (!text.includes(part)) gone.push(`${file}: ${part}`);
    }
    expect(gone).toEqual([]);
  });

  it.each([
    "a text that is no image name",
    "the client alone knows",
    "whoever comes",
    "a name is needed, whatever builder is used",
    "the file is passed over",
    "the build goes on",
    "const PATIENCE = 5",
  ])("include the one in: %s", (text) => {
    expect(DIALECT.some(([phrase]) => phrase.test(text))).toBe(true);
  });

  it.each(["it is no longer there", "there is no such file", "which can stand alone", "leave it alone"])(
    "include none in: %s",
    (text) => {
      expect(DIALECT.some(([phrase]) => phrase.test(text))).toBe(false);
    },
  );
});
