/** A configuration file as a tree of nodes with line numbers. Every value stays the text that was written: 1.10 is not a number. */
import { EVENT_ID, YAMLException, getScalarValue, parseEvents } from "js-yaml";
import type { Event } from "js-yaml";
import { InvalidInput } from "../../errors.ts";

export interface Scalar {
  readonly kind: "text";
  readonly line: number;
  /** Also empty if the node is empty. */
  readonly text: string;
}

export interface List {
  readonly kind: "list";
  readonly line: number;
  readonly items: readonly Tree[];
}

export interface Mapping {
  readonly kind: "mapping";
  readonly line: number;
  readonly entries: readonly { readonly key: string; readonly line: number; readonly value: Tree }[];
}

export type Tree = Scalar | List | Mapping;

/**
 * @param name of the file, for messages
 * @returns undefined for an empty file
 * @throws InvalidInput with file and line for text that is not YAML, and for aliases, repeated keys and several documents
 */
export function readTree(text: string, name: string): Tree | undefined {
  let events: Event[];
  try {
    events = parseEvents(text, { filename: name });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = (error.mark?.line ?? 0) + 1;
    throw new InvalidInput(`${name}:${line}: this is not YAML: ${error.reason}`, { cause: error });
  }
  return new TreeReader(text, name, events).read();
}

class TreeReader {
  readonly #text: string;
  readonly #name: string;
  readonly #events: readonly Event[];
  #at = 0;

  constructor(text: string, name: string, events: readonly Event[]) {
    this.#text = text;
    this.#name = name;
    this.#events = events;
  }

  read(): Tree | undefined {
    if (this.#events.filter(({ type }) => type === EVENT_ID.DOCUMENT).length > 1) {
      throw new InvalidInput(`${this.#name} holds more than one document`, { suggestions: ["Remove the `---`."] });
    }
    const first = this.#events[1];
    if (first === undefined || first.type === EVENT_ID.POP) return undefined;
    this.#at = 1;
    const tree = this.#node(1);
    return tree.kind === "text" && tree.text === "" ? undefined : tree;
  }

  /** @param near line of the parent: an empty value has no position of its own */
  #node(near: number): Tree {
    const event = this.#events[this.#at++];
    switch (event?.type) {
      case EVENT_ID.SCALAR: {
        const line = event.valueStart < 0 ? near : this.#lineOf(event.valueStart);
        const value = getScalarValue(this.#text, event);
        const isNull = event.style === 1 && /^(?:~|null)?$/i.test(value);
        return { kind: "text", line, text: isNull ? "" : value };
      }
      case EVENT_ID.SEQUENCE: {
        const line = this.#lineOf(event.start);
        const items: Tree[] = [];
        while (!this.#closes()) items.push(this.#node(line));
        return { kind: "list", line, items };
      }
      case EVENT_ID.MAPPING:
        return this.#mapping(this.#lineOf(event.start));
      default:
        throw new InvalidInput(`${this.#name}:${near}: aliases (*name) are not supported`, {
          suggestions: ["Write the value instead."],
        });
    }
  }

  #mapping(line: number): Mapping {
    const entries: { key: string; line: number; value: Tree }[] = [];
    while (!this.#closes()) {
      const key = this.#node(line);
      if (key.kind !== "text" || key.text === "") {
        throw new InvalidInput(`${this.#name}:${key.line}: a key must be text`, {
          suggestions: ["Write `key: value`."],
        });
      }
      if (entries.some((entry) => entry.key === key.text)) {
        throw new InvalidInput(`${this.#name}:${key.line}: the key "${key.text}" occurs twice`, {
          suggestions: ["Remove one of them."],
        });
      }
      entries.push({ key: key.text, line: key.line, value: this.#node(key.line) });
    }
    return { kind: "mapping", line, entries };
  }

  /** Whether the collection ends here. If so, moves past its end. */
  #closes(): boolean {
    const event = this.#events[this.#at];
    if (event !== undefined && event.type !== EVENT_ID.POP) return false;
    this.#at += 1;
    return true;
  }

  #lineOf(offset: number): number {
    return this.#text.slice(0, Math.max(0, offset)).split("\n").length;
  }
}
