/** Manual pages of every command, from the manifest that `--help` is printed from (man(7)'s macros). */
import { flagText, plain, readCommands, typed } from "../../docs/generate/manifest.ts";
import type { ManifestCommand, ManifestFlag } from "../../docs/generate/manifest.ts";

/** @returns text by file name: `slipway.1`, `slipway-build.1`, `slipway-cache-ls.1` */
export function manPages(version: string): ReadonlyMap<string, string> {
  const shown = [...readCommands().values()].filter(({ hidden }) => hidden !== true);
  const pages = shown.map((command): [string, string] => [`${pageOf(command.id)}.1`, commandPage(command, version)]);
  return new Map([["slipway.1", mainPage(shown, version)], ...pages]);
}

function mainPage(commands: readonly ManifestCommand[], version: string): string {
  return [
    heading("slipway", version),
    section("NAME", "slipway \\- docker build, in an unprivileged pod in your own Kubernetes namespace"),
    section("SYNOPSIS", "\\fBslipway\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]"),
    section(
      "COMMANDS",
      commands.map(({ id, summary }) => tagged(`\\fB${pageOf(id)}\\fR(1)`, summary ?? "")).join("\n"),
    ),
    seeAlso("docker-build(1), kubectl(1)"),
  ].join("\n");
}

function commandPage(command: ManifestCommand, version: string): string {
  const { id, summary, description, args = {}, examples = [] } = command;
  const flags = Object.values(command.flags ?? {}).filter(({ hidden }) => hidden !== true);
  const named = Object.values(args);
  const operands = named.map(({ name, required }) => {
    const operand = `\\fI${escaped(name.toUpperCase())}\\fR`;
    return required === true ? operand : `[${operand}]`;
  });
  const options = flags.length === 0 ? [] : ["[\\fIOPTIONS\\fR]"];
  return [
    heading(pageOf(id), version),
    section("NAME", `${escaped(pageOf(id))} \\- ${escaped(plain(summary ?? ""))}`),
    section("SYNOPSIS", [`\\fB${escaped(typed(id))}\\fR`, ...options, ...operands].join(" ")),
    description === undefined ? "" : section("DESCRIPTION", paragraphs(plain(description))),
    named.length === 0
      ? ""
      : section(
          "ARGUMENTS",
          named.map(({ name, description: text }) => tagged(escaped(name.toUpperCase()), text ?? "")).join("\n"),
        ),
    flags.length === 0 ? "" : section("OPTIONS", flags.map(option).join("\n")),
    examples.length === 0 ? "" : section("EXAMPLES", code(examples.map(plain).join("\n"))),
    seeAlso("\\fBslipway\\fR(1)"),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function option(flag: ManifestFlag): string {
  return tagged(`\\fB${escaped(flagText(flag))}\\fR`, plain(flag.description ?? flag.summary ?? ""));
}

function pageOf(id: string): string {
  return typed(id).replaceAll(" ", "-");
}

function heading(name: string, version: string): string {
  return `.TH "${name.toUpperCase()}" "1" "" "slipway ${version}" "Slipway"`;
}

function section(title: string, body: string): string {
  return `.SH ${title}\n${body}`;
}

function seeAlso(pages: string): string {
  return `${section("SEE ALSO", pages)}\n`;
}

function tagged(tag: string, text: string): string {
  return `.TP\n${tag}\n${escaped(text)}`;
}

/** Lists that are indented in the terminal keep their columns. */
function paragraphs(text: string): string {
  return text
    .split("\n\n")
    .map((part) => (/^ {2}/m.test(part) ? code(part) : `.PP\n${escaped(part)}`))
    .join("\n");
}

function code(text: string): string {
  return `.PP\n.nf\n${escaped(text)}\n.fi`;
}

/** A backslash, a hyphen, and a dot or quote at the beginning of a line mean something to roff. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/^([.'])/gm, "\\&$1");
}
