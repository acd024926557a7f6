/**
 * `--call outline`: the arguments, secrets and SSH agents that a target accepts, in docker's formats
 * (BuildKit frontend/dockerfile/dockerfile2llb/outline.go).
 */
import type { BuildStage, Dockerfile, Instruction } from "../parse.ts";
import { expandWord } from "../expand.ts";
import { mountFields, splitWords } from "../words.ts";
import { familyOf } from "./family.ts";
import { filled, json, locationOf } from "./json.ts";
import { tableText } from "../../text/table.ts";

/** The description from a comment `# NAME description` above an instruction; empty if there is none for this name. */
export function commentFor(name: string, { comments }: Instruction): string {
  const found = name === "" ? undefined : comments.find((comment) => comment.startsWith(`${name} `));
  return found?.slice(name.length + 1) ?? "";
}

interface Argument {
  readonly name: string;
  readonly value: string;
  readonly at: Instruction;
}

interface Mounted {
  readonly name: string;
  readonly required: boolean;
  readonly at: Instruction;
}

interface Outline {
  readonly name: string;
  readonly description: string;
  readonly args: readonly Argument[];
  readonly secrets: readonly Mounted[];
  readonly ssh: readonly Mounted[];
}

/** @param given values of build arguments */
export function outlineOf(dockerfile: Dockerfile, target: BuildStage, given: ReadonlyMap<string, string>): Outline {
  const globals = argumentsBefore(dockerfile, given);
  const args = new Map<string, Argument>();
  const mounts: { type: string; mount: Mounted }[] = [];
  for (const stage of familyOf(dockerfile, target)) {
    // If several stages have an argument with the same name, the stage nearest to the target wins.
    for (const argument of argumentsOf(dockerfile, stage, globals, given)) {
      if (!args.has(argument.name)) args.set(argument.name, argument);
    }
    mounts.push(...stage.instructions.flatMap((instruction) => mountsOf(instruction, dockerfile.escape)));
  }
  const mounted = (type: string): Mounted[] => {
    const first = new Map<string, Mounted>();
    for (const one of mounts) if (one.type === type && !first.has(one.mount.name)) first.set(one.mount.name, one.mount);
    return inOrder([...first.values()]);
  };
  const name = target.name ?? "";
  return {
    name,
    description: commentFor(name, target.from),
    args: inOrder([...args.values()]),
    secrets: mounted("secret"),
    ssh: mounted("ssh"),
  };
}

export function outlineText({ name, description, args, secrets, ssh }: Outline): string {
  const head = [["TARGET:", name], ...(description === "" ? [] : [["DESCRIPTION:", description]])];
  const tables = [
    ...(name === "" ? [] : [tableText(head, 1)]),
    ...(args.length === 0 ? [] : [argumentTable(args)]),
    ...(secrets.length === 0 ? [] : [mountTable("SECRET", secrets)]),
    ...(ssh.length === 0 ? [] : [mountTable("SSH", ssh)]),
  ];
  return tables.map((table) => `${table}\n`).join("");
}

function argumentTable(args: readonly Argument[]): string {
  const rows = args.map(({ name, value, at }) => [name, value, commentFor(name, at)]);
  return tableText([["BUILD ARG", "VALUE", "DESCRIPTION"], ...rows], 3);
}

function mountTable(title: string, mounts: readonly Mounted[]): string {
  return tableText([[title, "REQUIRED"], ...mounts.map(({ name, required }) => [name, required ? "true" : ""])], 3);
}

export function outlineJson({ name, description, args, secrets, ssh }: Outline, text: string): string {
  const mounts = (list: readonly Mounted[]): object[] =>
    list.map(({ at, ...mount }) => filled({ ...mount, location: locationOf(at) }));
  const outline = {
    name,
    description,
    args: args.map(({ name, value, at }) =>
      filled({ name, description: commentFor(name, at), value, location: locationOf(at) }),
    ),
    secrets: mounts(secrets),
    ssh: mounts(ssh),
    sources: [Buffer.from(text).toString("base64")],
  };
  return json(filled(outline));
}

function inOrder<T extends { readonly at: Instruction }>(list: readonly T[]): T[] {
  return list.toSorted((a, b) => a.at.line - b.at.line);
}

/** The arguments before the first FROM. */
function argumentsBefore(dockerfile: Dockerfile, given: ReadonlyMap<string, string>): Map<string, Argument> {
  const known = new Map<string, Argument>();
  for (const at of dockerfile.globals) declare(at, dockerfile.escape, given, known);
  return known;
}

/** The arguments that the stage declares, and the global ones that its FROM uses. */
function argumentsOf(
  dockerfile: Dockerfile,
  { from, instructions }: BuildStage,
  globals: ReadonlyMap<string, Argument>,
  given: ReadonlyMap<string, string>,
): Argument[] {
  const known = new Map(globals);
  const used = new Set<string>();
  const flags = from.flags.map(({ value = "" }) => value);
  for (const name of [from.operand, ...flags].flatMap(variablesIn)) {
    for (const one of [name, ...variablesIn(wordOf(globals.get(name), dockerfile.escape))]) used.add(one);
  }
  for (const at of instructions) {
    if (at.keyword === "ARG") for (const name of declare(at, dockerfile.escape, given, known)) used.add(name);
  }
  return [...used].flatMap((name) => known.get(name) ?? []);
}

/** @returns the names it declares */
function declare(
  at: Instruction,
  escape: string,
  given: ReadonlyMap<string, string>,
  known: Map<string, Argument>,
): string[] {
  return splitWords(at.operand, escape).map((word) => {
    const equals = word.indexOf("=");
    const name = equals === -1 ? word : word.slice(0, equals);
    // An ARG without a value repeats the global one, if there is one.
    if (equals === -1 && !given.has(name) && known.has(name)) return name;
    const lookup = (variable: string): string => known.get(variable)?.value ?? "";
    const value = equals === -1 ? "" : (expandWord(word.slice(equals + 1), lookup, escape) ?? "");
    known.set(name, { name, value: given.get(name) ?? value, at });
    return name;
  });
}

/** The default of an argument, as written. */
function wordOf(argument: Argument | undefined, escape: string): string {
  if (argument === undefined) return "";
  return splitWords(argument.at.operand, escape).find((word) => word.startsWith(`${argument.name}=`)) ?? "";
}

function variablesIn(word: string): string[] {
  return [...word.matchAll(/\$\{?(\w+)/g)].map(([, name = ""]) => name);
}

function mountsOf(at: Instruction, escape: string): { type: string; mount: Mounted }[] {
  return at.flags.flatMap(({ name, value = "" }) => {
    const fields = mountFields(value, escape);
    const type = fields.get("type");
    if (at.keyword !== "RUN" || name !== "mount" || (type !== "secret" && type !== "ssh")) return [];
    const target = fields.get("target") ?? fields.get("dst") ?? fields.get("destination") ?? "";
    const id = fields.get("id") ?? (type === "ssh" ? "default" : target.slice(target.lastIndexOf("/") + 1));
    const required = fields.has("required") && /^(?:|1|t|true)$/i.test(fields.get("required") ?? "");
    return [{ type, mount: { name: id, required, at } }];
  });
}
