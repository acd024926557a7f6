/** Files of HCL's JSON syntax, whose texts are templates. Source: HCL JSON Syntax Specification. */
import { parseExpression, parseTemplate } from "./expression.ts";
import { parseDecimal } from "./number.ts";
import { HclError } from "./source.ts";
import type { Range, Source } from "./source.ts";
import type { Attribute, Block, Body, Content, Expression, ObjectItem, Schema } from "./syntax.ts";
import { FALSE, NULL, TRUE, number, object, text, tuple } from "./value.ts";
import type { Value } from "./value.ts";

interface Property {
  readonly name: string;
  readonly nameRange: Range;
  readonly value: Json;
}

type Json =
  | { readonly kind: "object"; readonly properties: readonly Property[]; readonly range: Range }
  | { readonly kind: "array"; readonly items: readonly Json[]; readonly range: Range }
  | { readonly kind: "string"; readonly text: string; readonly range: Range }
  | { readonly kind: "other"; readonly expression: Expression; readonly range: Range };

/** Names of properties that are comments. */
const COMMENT = "//";

/** Limit for the depth of arrays and objects. */
const MAX_DEPTH = 1000;

/** @throws HclError if it is not JSON or not an object */
export function parseJsonBody(source: Source): Body {
  const reader = new JsonReader(source);
  const root = reader.readAll();
  if (root.kind !== "object" && root.kind !== "array") throw new HclError("the file is not an object", root.range);
  return new JsonBody(root);
}

class JsonReader {
  readonly #source: Source;
  #at = 0;

  constructor(source: Source) {
    this.#source = source;
    if (source.text.startsWith("\uFEFF")) this.#at = 1;
  }

  readAll(): Json {
    const value = this.#value(0);
    this.#skipBlanks();
    if (this.#at < this.#source.text.length) throw this.#error("there is more after the JSON value");
    return value;
  }

  #error(message: string): HclError {
    return new HclError(message, this.#rangeFrom(this.#at, this.#at + 1));
  }

  #rangeFrom(start: number, end = this.#at): Range {
    return { source: this.#source, start, end };
  }

  #skipBlanks(): void {
    while (" \t\r\n".includes(this.#source.text[this.#at] ?? "x")) this.#at += 1;
  }

  #skip(character: string): boolean {
    this.#skipBlanks();
    if (this.#source.text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #value(depth: number): Json {
    if (depth > MAX_DEPTH) throw this.#error("the JSON is nested too deeply");
    this.#skipBlanks();
    const start = this.#at;
    if (this.#skip("{")) return this.#object(start, depth);
    if (this.#skip("[")) return this.#array(start, depth);
    if (this.#source.text[this.#at] === '"') {
      const text = this.#string();
      return { kind: "string", text, range: this.#rangeFrom(start) };
    }
    return this.#word(start);
  }

  #object(start: number, depth: number): Json {
    const properties: Property[] = [];
    while (!this.#skip("}")) {
      if (properties.length > 0 && !this.#skip(",")) throw this.#error("a comma is missing between the properties");
      this.#skipBlanks();
      const nameStart = this.#at;
      if (this.#source.text[nameStart] !== '"') throw this.#error("the name of a property is missing here, in quotes");
      const name = this.#string();
      const nameRange = this.#rangeFrom(nameStart);
      if (!this.#skip(":")) throw this.#error("a colon is missing after the name of the property");
      properties.push({ name, nameRange, value: this.#value(depth + 1) });
    }
    return { kind: "object", properties, range: this.#rangeFrom(start) };
  }

  #array(start: number, depth: number): Json {
    const items: Json[] = [];
    while (!this.#skip("]")) {
      if (items.length > 0 && !this.#skip(",")) throw this.#error("a comma is missing between the items");
      items.push(this.#value(depth + 1));
    }
    return { kind: "array", items, range: this.#rangeFrom(start) };
  }

  #string(): string {
    const start = this.#at;
    const { text } = this.#source;
    let end = start + 1;
    while (text[end] !== '"') {
      if (end >= text.length) throw this.#error("the text has no closing quote");
      end += text[end] === "\\" ? 2 : 1;
    }
    this.#at = end + 1;
    try {
      return JSON.parse(text.slice(start, end + 1)) as string;
    } catch {
      throw new HclError("the text has an escape or a character that JSON does not allow", this.#rangeFrom(start));
    }
  }

  #word(start: number): Json {
    const word = /^[-+.\w]+/.exec(this.#source.text.slice(start, start + 512))?.[0] ?? "";
    const range = this.#rangeFrom(start, start + Math.max(1, word.length));
    const known = { true: TRUE, false: FALSE, null: NULL };
    if (Object.hasOwn(known, word)) {
      this.#at += word.length;
      return {
        kind: "other",
        expression: { kind: "literal", value: known[word as keyof typeof known], range },
        range,
      };
    }
    const value = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(word) ? parseDecimal(word) : undefined;
    if (value === undefined) throw new HclError("this is not a JSON value", range);
    this.#at += word.length;
    return { kind: "other", expression: { kind: "literal", value: number(value), range }, range };
  }
}

function expressionOf(json: Json): Expression {
  switch (json.kind) {
    case "other":
      return json.expression;
    case "string":
      return textExpression(json.text, json.range);
    case "array":
      return { kind: "tuple", items: json.items.map(expressionOf), range: json.range };
    case "object":
      return {
        kind: "object",
        items: json.properties.map(({ name, nameRange, value }): ObjectItem => ({
          key: textExpression(name, nameRange),
          value: expressionOf(value),
        })),
        range: json.range,
      };
  }
}

function textExpression(text: string, range: Range): Expression {
  const source: Source = { name: range.source.name, text };
  const once = <T>(read: () => T): (() => T) => {
    let result: T | undefined;
    return () => {
      try {
        result ??= read();
      } catch (error) {
        // Positions in the text are not positions in the file.
        throw error instanceof HclError ? new HclError(error.message, range) : error;
      }
      return result;
    };
  };
  return {
    kind: "json-text",
    text,
    template: once(() => relocated(parseTemplate(source), range)),
    expression: once(() => relocated(parseExpression(source), range)),
    range,
  };
}

/** The expression with the text's range for all its parts. */
function relocated(expression: Expression, range: Range): Expression {
  return relocate(expression, range) as Expression;
}

function relocate(node: unknown, range: Range): unknown {
  if (Array.isArray(node)) return node.map((item) => relocate(item, range));
  if (typeof node !== "object" || node === null) return node;
  if ("content" in node) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, key === "range" ? range : relocate(value, range)]),
  );
}

class JsonBody implements Body {
  readonly #properties: readonly Property[];
  readonly range: Range;

  /** @throws HclError for anything but an object or an array of objects */
  constructor(json: Json) {
    this.range = json.range;
    const objects = json.kind === "array" ? json.items : [json];
    this.#properties = objects.flatMap((item) => {
      if (item.kind !== "object") throw new HclError("an object is expected here", item.range);
      return item.properties;
    });
  }

  partialContent(schema: Schema): Content {
    const attributes = new Map<string, Attribute>();
    const blocks: Block[] = [];
    for (const property of this.#properties) {
      const { name, value, nameRange } = property;
      if (Object.hasOwn(schema.blocks, name)) {
        blocks.push(...blocksOf(name, value, schema.blocks[name] ?? 0, [], nameRange));
      } else if (schema.attributes.includes(name)) {
        if (attributes.has(name)) throw new HclError(`the attribute ${name} is set twice`, nameRange);
        attributes.set(name, attributeOf(property));
      }
    }
    return { attributes, blocks };
  }

  content(schema: Schema): Content {
    for (const { name, nameRange } of this.#properties) {
      if (name === COMMENT || Object.hasOwn(schema.blocks, name) || schema.attributes.includes(name)) continue;
      throw new HclError(`there is no attribute \`${name}\` here`, nameRange);
    }
    return this.partialContent(schema);
  }

  otherAttributes(schema: Schema): readonly Attribute[] {
    const attributes = this.#properties
      .filter(({ name }) => name !== COMMENT && !Object.hasOwn(schema.blocks, name))
      .map(attributeOf);
    // Of two properties with the same name the last one is used.
    return [...new Map(attributes.map((attribute) => [attribute.name, attribute])).values()];
  }
}

function attributeOf({ name, nameRange, value }: Property): Attribute {
  return { name, nameRange, expression: expressionOf(value), range: value.range };
}

/** The bodies below the labels: each level of labels is an object, or an array of objects. */
function blocksOf(
  type: string,
  json: Json,
  labelsLeft: number,
  labels: readonly string[],
  range: Range,
): readonly Block[] {
  if (json.kind === "other" && json.expression.kind === "literal" && json.expression.value.content === null) return [];
  if (labelsLeft === 0) {
    const bodies = json.kind === "array" ? json.items : [json];
    return bodies.map((item) => {
      if (item.kind !== "object") throw new HclError(`${type} is an object or a list of objects`, item.range);
      return { type, labels, body: new JsonBody(item), range };
    });
  }
  const objects = json.kind === "array" ? json.items : [json];
  return objects.flatMap((item) => {
    if (item.kind !== "object") {
      throw new HclError(`${type} is an object whose properties are the names of each ${type}`, item.range);
    }
    return item.properties.flatMap((property) =>
      blocksOf(type, property.value, labelsLeft - 1, [...labels, property.name], property.nameRange),
    );
  });
}

/**
 * The value of a JSON text. Its strings are not templates.
 * @throws HclError for invalid JSON
 */
export function decodeJson(json: string): Value {
  try {
    return valueOf(new JsonReader({ name: "", text: json }).readAll());
  } catch (error) {
    throw error instanceof HclError ? new HclError(`it is not JSON: ${error.message}`) : error;
  }
}

function valueOf(json: Json): Value {
  switch (json.kind) {
    case "string":
      return text(json.text);
    case "array":
      return tuple(json.items.map(valueOf));
    case "object":
      return object(json.properties.map(({ name, value }) => [name, valueOf(value)] as const));
    case "other":
      return json.expression.kind === "literal" ? json.expression.value : NULL;
  }
}
