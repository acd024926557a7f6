/** The commands as oclif.manifest.json has them: what `--help` prints is made of the same file. */
import { readFileSync } from "node:fs";

export interface ManifestFlag {
  readonly name: string;
  readonly char?: string;
  readonly type: "boolean" | "option";
  readonly description?: string;
  readonly summary?: string;
  readonly helpGroup?: string;
  readonly helpValue?: string;
  readonly options?: readonly string[];
  readonly default?: unknown;
  readonly multiple?: boolean;
  /** `--no-NAME` turns it off. */
  readonly allowNo?: boolean;
  readonly hidden?: boolean;
}

export interface ManifestCommand {
  readonly id: string;
  readonly summary?: string;
  readonly description?: string;
  readonly examples?: readonly string[];
  readonly hidden?: boolean;
  readonly strict?: boolean;
  readonly args?: Readonly<
    Record<string, { readonly name: string; readonly required?: boolean; readonly description?: string }>
  >;
  readonly flags?: Readonly<Record<string, ManifestFlag>>;
}

/** All commands by their id (`cache:ls`), hidden ones included. */
export function readCommands(): ReadonlyMap<string, ManifestCommand> {
  const text = readFileSync(new URL("../../oclif.manifest.json", import.meta.url), "utf8");
  return new Map(Object.entries((JSON.parse(text) as { commands: Record<string, ManifestCommand> }).commands));
}

/** `cache:ls` as it is typed: `slipway cache ls`. */
export function typed(id: string): string {
  return `slipway ${id.replaceAll(":", " ")}`;
}

/** The name of the program stands as a template in texts of the manifest. For code; in a text, see `prose`. */
export function plain(text: string): string {
  return text.replaceAll("<%= config.bin %>", "slipway");
}

/** The same for a text in Markdown, where `<NAME>` would be taken for HTML. */
export function prose(text: string): string {
  return plain(text).replaceAll(/(?<!`[^`]*)<(?=[^`]*(?:`[^`]*`[^`]*)*$)/g, "\\<");
}

/** `-t, --tag NAME` */
export function flagText({ name, char, type, helpValue, options }: ManifestFlag): string {
  const value = type === "boolean" ? "" : ` ${helpValue ?? options?.join("|") ?? "VALUE"}`;
  return `${char === undefined ? "" : `-${char}, `}--${name}${value}`;
}

/** What the flag does, with its choices, its default and whether it may be repeated. */
export function flagMeaning(flag: ManifestFlag): string {
  const { description, summary, options, helpValue, multiple, default: value } = flag;
  const choices =
    options === undefined || helpValue === undefined ? "" : ` One of ${options.map((one) => `\`${one}\``).join(", ")}.`;
  const repeated = multiple === true && !/may be repeated/.test(description ?? "") ? " May be repeated." : "";
  const isText = typeof value === "string" || typeof value === "number";
  const standard = isText && !/\(default: /.test(description ?? "") ? ` Default: \`${value}\`.` : "";
  return `${sentence(prose(description ?? summary ?? ""))}${choices}${repeated}${standard}`;
}

/** Words that the program takes as they are written: a capital would be wrong. */
const VALUES = /^(?:json|table|auto|build|slipway)\b/;

function sentence(text: string): string {
  const capital = VALUES.test(text) ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
  return capital === "" || capital.endsWith(".") ? capital : `${capital}.`;
}

/** A table in Markdown. Bars within cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
