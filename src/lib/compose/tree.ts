/** Reads YAML into plain values, with the two tags of compose. */
import { EVENT_ID, YAMLException, getScalarValue, parseEvents } from "js-yaml";
import type { Event } from "js-yaml";
import { ComposeError } from "./fault.ts";

export type Tree = string | number | boolean | null | readonly Tree[] | Mapping | Tagged;
export interface Mapping {
  readonly [key: string]: Tree;
}

/** `!reset`, which removes what earlier files have, or `!override`, which replaces it. */
export class Tagged {
  readonly tag: "reset" | "override";
  readonly value: Tree;

  constructor(tag: "reset" | "override", value: Tree) {
    this.tag = tag;
    this.value = value;
  }
}

export function isList(tree: Tree | undefined): tree is readonly Tree[] {
  return Array.isArray(tree);
}

export function isMapping(tree: Tree | undefined): tree is Mapping {
  return typeof tree === "object" && tree !== null && !isList(tree) && !(tree instanceof Tagged);
}

/** Limit for the values of a file, with aliases expanded. */
const MAX_VALUES = 100_000;

/**
 * @param name of the file, for messages
 * @returns its documents
 * @throws ComposeError for invalid YAML
 */
export function parseTrees(text: string, name: string): readonly Tree[] {
  let events: Event[];
  try {
    events = parseEvents(text, { filename: name });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new ComposeError(`not valid YAML: ${error.reason}`, `${name}:${(error.mark?.line ?? 0) + 1}`);
  }
  return new TreeReader(text, name, events).read();
}

const INTEGER = /^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[\da-fA-F_]+|[1-9][\d_]*|0)$/;
const FLOAT = /^[-+]?(?:\.\d+|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?\d+)?$/;

/** The value of a plain scalar. Source: YAML 1.2, core schema, with the octal numbers of 1.1, as Go's yaml.v3 has it. */
function plainValue(source: string): string | number | boolean | null {
  if (/^(?:~|null|Null|NULL|)$/.test(source)) return null;
  if (/^(?:true|True|TRUE)$/.test(source)) return true;
  if (/^(?:false|False|FALSE)$/.test(source)) return false;
  const digits = source.replaceAll("_", "");
  if (INTEGER.test(source)) {
    const size = digits.replace(/^[-+]/, "").replace(/^0(?=[0-7]+$)/, "0o");
    return Number(size) * (digits.startsWith("-") ? -1 : 1);
  }
  if (FLOAT.test(source)) return Number(digits);
  return source;
}

class TreeReader {
  readonly #text: string;
  readonly #name: string;
  readonly #events: readonly Event[];
  readonly #anchors = new Map<string, Tree>();
  #at = 0;
  #values = 0;

  constructor(text: string, name: string, events: readonly Event[]) {
    this.#text = text;
    this.#name = name;
    this.#events = events;
  }

  read(): readonly Tree[] {
    const documents: Tree[] = [];
    while (this.#at < this.#events.length) {
      this.#at += 1;
      this.#anchors.clear();
      const next = this.#events[this.#at];
      documents.push(next === undefined || next.type === EVENT_ID.POP ? null : this.#node());
      this.#at += 1;
    }
    return documents;
  }

  #error(message: string, offset: number): ComposeError {
    const line = this.#text.slice(0, Math.max(0, offset)).split("\n").length;
    return new ComposeError(message, `${this.#name}:${line}`);
  }

  #part(start: number, end: number): string {
    return start < 0 ? "" : this.#text.slice(start, end);
  }

  #count(values: number): void {
    this.#values += values;
    if (this.#values > MAX_VALUES) throw new ComposeError(`the file has more than ${MAX_VALUES} values`, this.#name);
  }

  #node(): Tree {
    const event = this.#events[this.#at];
    this.#at += 1;
    this.#count(1);
    if (event?.type === EVENT_ID.ALIAS) {
      const name = this.#part(event.anchorStart, event.anchorEnd);
      const tree = this.#anchors.get(name);
      if (tree === undefined) throw this.#error(`there is no anchor &${name}`, event.anchorStart);
      this.#count(sizeOf(tree));
      return tree;
    }
    if (event?.type !== EVENT_ID.SCALAR && event?.type !== EVENT_ID.SEQUENCE && event?.type !== EVENT_ID.MAPPING) {
      throw new ComposeError("the file ends within a value", this.#name);
    }
    const tag = this.#part(event.tagStart, event.tagEnd);
    const value = this.#untagged(event, tag);
    const tree =
      tag === "!reset" || tag === "!override" ? new Tagged(tag === "!reset" ? "reset" : "override", value) : value;
    const anchor = this.#part(event.anchorStart, event.anchorEnd);
    if (anchor !== "") this.#anchors.set(anchor, tree);
    return tree;
  }

  #untagged(event: Event, tag: string): Tree {
    if (event.type === EVENT_ID.SCALAR) {
      const value = getScalarValue(this.#text, event);
      if (tag === "!!str" || event.style !== 1) return value;
      return plainValue(value);
    }
    if (event.type === EVENT_ID.SEQUENCE) {
      const items: Tree[] = [];
      while (!this.#closes()) items.push(this.#node());
      return items;
    }
    return this.#mapping();
  }

  #mapping(): Mapping {
    const own = new Map<string, Tree>();
    const merged: Mapping[] = [];
    while (!this.#closes()) {
      const key = this.#events[this.#at];
      const name = this.#node();
      if (typeof name === "object" && name !== null) {
        throw new ComposeError("a key must be a plain value", this.#name);
      }
      const offset = key?.type === EVENT_ID.SCALAR ? key.valueStart : 0;
      const value = this.#node();
      if (name === "<<") merged.push(...(isList(value) ? value : [value]).filter(isMapping));
      else if (own.has(String(name)))
        throw this.#error(`the key ${JSON.stringify(String(name))} is there twice`, offset);
      else own.set(String(name), value);
    }
    return Object.fromEntries([...merged.toReversed().flatMap((one) => Object.entries(one)), ...own]);
  }

  /** Whether the collection ends here. Skips its end. */
  #closes(): boolean {
    const event = this.#events[this.#at];
    if (event !== undefined && event.type !== EVENT_ID.POP) return false;
    this.#at += 1;
    return true;
  }
}

function sizeOf(tree: Tree): number {
  if (tree instanceof Tagged) return sizeOf(tree.value);
  if (isList(tree)) return tree.reduce<number>((sum, item) => sum + sizeOf(item), 1);
  return isMapping(tree) ? Object.values(tree).reduce<number>((sum, item) => sum + sizeOf(item), 1) : 1;
}

/** The text of a scalar, as YAML wrote it; of anything else its JSON, for messages. */
export function scalarText(tree: Tree | undefined): string {
  return typeof tree === "object" && tree !== null ? JSON.stringify(tree) : String(tree);
}
