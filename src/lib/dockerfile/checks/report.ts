/** The output of `--check` in docker's formats (buildx commands/build.go, BuildKit frontend/subrequests/lint). */
import { RULES } from "./rules.ts";
import { json, locationOf } from "./json.ts";
import type { Finding } from "./rule.ts";
import { omitUndefined } from "../../text/omit-undefined.ts";

const DOCS = "https://docs.docker.com/go/dockerfile/rule/";

export interface Checked {
  /** Name of the Dockerfile, for messages. */
  readonly file: string;
  readonly text: string;
  readonly findings: readonly Finding[];
  /** Why the file cannot be built, for standard error. */
  readonly fault?: string;
}

/** Docker's page about a rule: `JSONArgsRecommended` becomes json-args-recommended. */
export function pageOf(rule: string): string | undefined {
  // Docker has no page for slipway's own checks.
  if (!Object.hasOwn(RULES, rule)) return undefined;
  return `${DOCS}${rule.replaceAll(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3-$2$4").toLowerCase()}/`;
}

export function checkText(checked: Checked): string {
  const { findings, fault } = checked;
  if (findings.length === 0) return fault === undefined ? "Check complete, no warnings found.\n" : "";
  const count = findings.length === 1 ? "1 warning has" : `${findings.length} warnings have`;
  // Docker prints an empty line between the warnings and the error, although the error goes to another stream.
  return `Check complete, ${count} been found!\n${warningsText(checked)}${fault === undefined ? "" : "\n"}`;
}

export function warningsText({ file, text, findings }: Checked): string {
  return findings.map((finding) => warningText(file, text, finding)).join("");
}

function warningText(file: string, text: string, { rule, detail, line, endLine }: Finding): string {
  const page = pageOf(rule);
  const rows = [
    "",
    `WARNING: ${rule}${page === undefined ? "" : ` - ${page}`}`,
    detail,
    `${file}:${line}`,
    "-".repeat(20),
    ...excerpt(text, line, endLine),
    "-".repeat(20),
  ];
  return `${rows.join("\n")}\n`;
}

/** The lines of a finding with context: two lines on each side of a single line, one of several (BuildKit's solver/errdefs/source.go). */
function excerpt(text: string, line: number, endLine: number): string[] {
  const rows = text.split("\n");
  const around = line === endLine ? 2 : 1;
  const first = Math.max(1, line - around);
  return rows.slice(first - 1, endLine + around).map((row, at) => {
    const number = first + at;
    return ` ${String(number).padStart(3)} | ${number >= line && number <= endLine ? ">>>" : "   "} ${row}`;
  });
}

/** The JSON of BuildKit's frontend.lint, without its build graph. */
export function checkJson({ file, text, findings, fault }: Checked): string {
  const warnings = findings.map(({ rule, detail, line, endLine }) => {
    const url = pageOf(rule);
    const description = RULES[rule]?.description;
    return {
      ruleName: rule,
      ...omitUndefined({ description, url }),
      detail,
      location: locationOf({ line, endLine }),
    };
  });
  const sources = [{ filename: file, data: Buffer.from(text).toString("base64"), language: "Dockerfile" }];
  return json({
    warnings: warnings.length === 0 ? null : warnings,
    sources,
    ...(fault === undefined ? {} : { buildError: { message: fault, location: {} } }),
  });
}
