/** What `--call` prints on standard output, in docker's forms: https://docs.docker.com/reference/cli/docker/buildx/build/#call */
import type { Dockerfile } from "../dockerfile/parse.ts";
import { splitWords } from "../dockerfile/words.ts";
import type { Finding } from "./checks.ts";

const DOCS = "https://docs.docker.com/go/dockerfile/rule/";
/** Lines shown around those a finding is about. */
const AROUND = 2;

export interface Checked {
  /** Name of the Dockerfile, for messages. */
  readonly file: string;
  readonly text: string;
  readonly findings: readonly Finding[];
}

/** `JSONArgsRecommended` is json-args-recommended in the address of its page. */
function pageOf(rule: string): string | undefined {
  // What only slipway looks at has no page of docker's.
  if (rule === "BuilderUnable") return undefined;
  return `${DOCS}${rule.replaceAll(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3-$2$4").toLowerCase()}/`;
}

export function checkText({ file, text, findings }: Checked): string {
  if (findings.length === 0) return "Check complete, no warnings found.\n";
  const count = findings.length === 1 ? "1 warning has" : `${findings.length} warnings have`;
  const parts = findings.map(({ rule, detail, line, endLine }) => {
    const page = pageOf(rule);
    return [
      "",
      `WARNING: ${rule}${page === undefined ? "" : ` - ${page}`}`,
      detail,
      `${file}:${line}`,
      "-".repeat(20),
      ...excerpt(text, line, endLine),
      "-".repeat(20),
    ].join("\n");
  });
  return [`Check complete, ${count} been found!`, ...parts, ""].join("\n");
}

function excerpt(text: string, line: number, endLine: number): string[] {
  const rows = text.replace(/\n$/, "").split(/\r?\n/);
  const first = Math.max(1, line - AROUND);
  const shown = rows.slice(first - 1, endLine + AROUND);
  return shown.map((row, at) => {
    const number = first + at;
    return `${String(number).padStart(4)} | ${number >= line && number <= endLine ? ">>> " : "    "}${row}`.trimEnd();
  });
}

/** As BuildKit's frontend.lint answers. */
export function checkJson({ file, text, findings }: Checked): string {
  const warnings = findings.map(({ rule, detail, line, endLine }) => {
    const url = pageOf(rule);
    return {
      ruleName: rule,
      ...(url === undefined ? {} : { url }),
      detail,
      location: { sourceIndex: 0, ranges: [{ start: { line }, end: { line: endLine } }] },
    };
  });
  const sources = [{ filename: file, language: "Dockerfile", data: Buffer.from(text).toString("base64") }];
  return `${JSON.stringify({ warnings, sources }, undefined, 2)}\n`;
}

interface TargetRow {
  readonly name: string;
  readonly default: boolean;
  readonly description: string;
  readonly base: string;
}

/** Stages that have a name, and the last one, which is what is built without --target. */
export function targetsOf({ stages }: Dockerfile, text: string): TargetRow[] {
  const rows = text.split(/\r?\n/);
  return stages.flatMap(({ name, base, from }, at) => {
    const last = at === stages.length - 1;
    if (name === undefined && !last) return [];
    return [{ name: name ?? "", default: last, description: commentAbove(rows, from.line, name ?? ""), base }];
  });
}

/** `# NAME what it is` above the line, as docker's outline takes it. */
function commentAbove(rows: readonly string[], line: number, name: string): string {
  const lines: string[] = [];
  for (let at = line - 2; at >= 0 && /^\s*#/.test(rows[at] ?? ""); at -= 1)
    lines.unshift((rows[at] ?? "").replace(/^\s*#\s*/, ""));
  const [first = "", ...rest] = lines;
  if (name === "" || !first.toLowerCase().startsWith(`${name.toLowerCase()} `)) return "";
  return [first.slice(name.length + 1), ...rest].join(" ").trim();
}

interface ArgumentRow {
  readonly name: string;
  readonly value: string;
  readonly description: string;
}

/** The arguments of a stage and of those before the first FROM, with their values. */
export function outlineOf(
  { globals, stages, escape }: Dockerfile,
  text: string,
  stage: Dockerfile["stages"][number],
  given: ReadonlyMap<string, string>,
): ArgumentRow[] {
  const rows = text.split(/\r?\n/);
  const family = [stage];
  for (let one: typeof stage | undefined = stage; one !== undefined;) {
    const base: string = one.base.toLowerCase();
    const before: number = one.index;
    one = stages.slice(0, before).findLast(({ name }) => name === base);
    if (one !== undefined) family.push(one);
  }
  const args = [...globals, ...family.flatMap(({ instructions }) => instructions)].filter(
    ({ keyword }) => keyword === "ARG",
  );
  const found = new Map<string, ArgumentRow>();
  for (const { operand, line } of args) {
    for (const word of splitWords(operand, escape)) {
      const at = word.indexOf("=");
      const name = at === -1 ? word : word.slice(0, at);
      const value =
        given.get(name) ??
        (at === -1 ? (found.get(name)?.value ?? "") : word.slice(at + 1).replaceAll(/^["']|["']$/g, ""));
      found.set(name, {
        name,
        value,
        description: commentAbove(rows, line, name) || (found.get(name)?.description ?? ""),
      });
    }
  }
  return [...found.values()];
}

export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("    ")
      .trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}
