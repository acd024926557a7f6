/** `--print` and `--list`. */
import { fieldsInOrder, inNameOrder, textOf } from "../../plan/bake/definition.ts";
import type { Definition, Group, Target } from "../../plan/bake/definition.ts";
import { toJsonText } from "../../plan/bake/entries.ts";
import type { Json } from "../../plan/bake/entries.ts";
import { fieldOf, printField } from "../../plan/bake/fields.ts";
import type { Resolved } from "../../plan/bake/resolve.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

function groupJson({ description, targets }: Group): Json {
  return { ...omitUndefined({ description }), targets };
}

export function targetJson(target: Target): Json {
  return Object.fromEntries(
    fieldsInOrder(target).flatMap(([name, value]) => {
      if (name === "description" && value === "") return [];
      const json = printField(fieldOf(name), value);
      return json === undefined ? [] : [[name, json]];
    }),
  );
}

/** The definition as a bake file in JSON, which can be read again. */
export function printDefinition({ targets, groups }: Resolved): string {
  const group = Object.fromEntries([...groups].map(([name, own]) => [name, groupJson(own)]));
  const target = Object.fromEntries([...targets].map(([name, own]) => [name, targetJson(own)]));
  return `${toJsonText({ ...(groups.size === 0 ? {} : { group }), target })}\n`;
}

/** Aligns columns as Go's tabwriter does: with tabs, to multiples of eight. */
const TAB_WIDTH = 8;

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => {
    const longest = Math.max(...rows.map((row) => Array.from(row[column] ?? "").length));
    return Math.ceil((longest + 1) / TAB_WIDTH) * TAB_WIDTH;
  });
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        if (column === row.length - 1) return cell;
        const missing = (widths[column] ?? 0) - Array.from(cell).length;
        return cell + "\t".repeat(Math.ceil(missing / TAB_WIDTH));
      })
      .join("");
  return rows.map((row) => `${line(row)}\n`).join("");
}

export type ListFormat = "table" | "json";

function byName<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  const names = inNameOrder(items.map(({ name }) => name));
  return [...items].sort((left, right) => names.indexOf(left.name) - names.indexOf(right.name));
}

/** Targets and groups, without those whose names begin with an underscore. */
export function listTargets({ targets, groups }: Definition, format: ListFormat): string {
  const entries = [
    ...targets.map((target) => ({
      name: target.name,
      description: textOf(target, "description") ?? "",
      isGroup: false,
    })),
    ...groups.map(({ name, description = "", targets: members }) => {
      const names = inNameOrder(members).join(", ");
      const all = description === "" || names === "" ? description + names : `${description} (${names})`;
      return { name, description: all, isGroup: true };
    }),
  ];
  const shown = byName(entries).filter(({ name }) => !name.startsWith("_"));
  if (format === "table") {
    return table([["TARGET", "DESCRIPTION"], ...shown.map(({ name, description }) => [name, description])]);
  }
  if (shown.length === 0) return "null\n";
  return `${toJsonText(
    shown.map(({ name, description, isGroup }) => ({
      name,
      ...(description === "" ? {} : { description }),
      ...(isGroup ? { group: true } : {}),
    })),
  )}\n`;
}

export function listVariables({ variables }: Definition, format: ListFormat): string {
  const shown = byName(variables);
  if (format === "table") {
    return table([
      ["VARIABLE", "TYPE", "VALUE", "DESCRIPTION"],
      ...shown.map(({ name, type = "", value = "<null>", description = "" }) => [name, type, value, description]),
    ]);
  }
  return `${toJsonText(
    shown.map(({ name, description, type, value }) => ({
      name,
      ...omitUndefined({ description, type, value }),
    })),
  )}\n`;
}
