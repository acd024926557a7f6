/** What `--check` prints on standard output, in docker's forms (buildx commands/build.go, BuildKit frontend/subrequests/lint). */
import { RULES } from "./rules.ts";
import { json, locationOf } from "./json.ts";
import type { Finding } from "./rule.ts";

const DOCS = "https://docs.docker.com/go/dockerfile/rule/";

export interface Checked {
  /** Name of the Dockerfile, for messages. */
  readonly file: string;
  readonly text: string;
  readonly findings: readonly Finding[];
  /** Why it would not be built at all, which goes to standard error. */
  readonly fault?: string;
}

/** `JSONArgsRecommended` is json-args-recommended in the address of its page. */
export function pageOf(rule: string): string | undefined {
  // What only slipway looks at has no page of docker's.
  if (!Object.hasOwn(RULES, rule)) return undefined;
  return `${DOCS}${rule.replaceAll(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3-$2$4").toLowerCase()}/`;
}

export function checkText(checked: Checked): string {
  const { findings, fault } = checked;
  if (findings.length === 0) return fault === undefined ? "Check complete, no warnings found.\n" : "";
  const count = findings.length === 1 ? "1 warning has" : `${findings.length} warnings have`;
  // An empty line is docker's way to part the warnings from the fault that follows, though that is not on this stream.
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

/** The lines, with some around them: two to each side of a single one, one of several (BuildKit's solver/errdefs/source.go). */
function excerpt(text: string, line: number, endLine: number): string[] {
  const rows = text.split("\n");
  const around = line === endLine ? 2 : 1;
  const first = Math.max(1, line - around);
  return rows.slice(first - 1, endLine + around).map((row, at) => {
    const number = first + at;
    return ` ${String(number).padStart(3)} | ${number >= line && number <= endLine ? ">>>" : "   "} ${row}`;
  });
}

/** As BuildKit's frontend.lint answers, but for its own graph of how the file was read. */
export function checkJson({ file, text, findings, fault }: Checked): string {
  const warnings = findings.map(({ rule, detail, line, endLine }) => {
    const url = pageOf(rule);
    const description = RULES[rule]?.description;
    return {
      ruleName: rule,
      ...(description === undefined ? {} : { description }),
      ...(url === undefined ? {} : { url }),
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
