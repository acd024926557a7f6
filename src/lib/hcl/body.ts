/** Files of HCL's own syntax: attributes and blocks. */
import { readExpression } from "./expression.ts";
import { Scanner } from "./scanner.ts";
import type { Token } from "./scanner.ts";
import { HclError, between } from "./source.ts";
import type { Range, Source } from "./source.ts";
import type { Attribute, Block, Body, Content, Schema } from "./syntax.ts";
import { asText } from "./value.ts";

/** @throws HclError for invalid HCL */
export function parseBody(source: Source): Body {
  const scanner = new Scanner(source);
  try {
    return readBody(scanner, () => scanner.peek().kind === "end");
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new HclError("the file is nested too deeply", scanner.lastRange);
  }
}

function readBody(scanner: Scanner, isEnd: () => boolean): NativeBody {
  const attributes = new Map<string, Attribute>();
  const blocks: Block[] = [];
  for (;;) {
    while (scanner.peek().kind === "newline") scanner.read();
    if (isEnd()) return new NativeBody(attributes, blocks, scanner.rangeFrom(scanner.offset, scanner.offset));
    const name = scanner.peek();
    if (name.kind !== "name") throw scanner.error("an attribute or a block is expected here");
    scanner.read();
    if (scanner.isAt("=")) {
      const attribute = readAttribute(scanner, name);
      if (attributes.has(name.text)) {
        throw new HclError(`the attribute ${name.text} is set twice`, name.range);
      }
      attributes.set(name.text, attribute);
      if (!isEnd()) endLine(scanner, "attribute");
    } else {
      blocks.push(readBlock(scanner, name));
      if (!isEnd()) endLine(scanner, "block");
    }
  }
}

function endLine(scanner: Scanner, what: string): void {
  const { kind } = scanner.peek();
  if (kind !== "newline" && kind !== "end") throw scanner.error(`a new line is missing after the ${what}`);
}

function readAttribute(scanner: Scanner, name: Token): Attribute {
  scanner.read();
  const expression = readExpression(scanner);
  return { name: name.text, expression, nameRange: name.range, range: between(name.range, expression.range) };
}

function readBlock(scanner: Scanner, type: Token): Block {
  const labels: string[] = [];
  while (!scanner.isAt("{")) labels.push(readLabel(scanner));
  const range = between(type.range, scanner.lastRange);
  scanner.read();
  const body = scanner.within(true, () => readBlockBody(scanner));
  scanner.read();
  return { type: type.text, labels, body, range };
}

function readLabel(scanner: Scanner): string {
  const { kind, range } = scanner.peek();
  if (kind === "name") return scanner.read().text;
  if (kind !== "quote") throw scanner.error("a block has labels and then {, or an attribute has =");
  const label = readExpression(scanner);
  if (label.kind === "template" && label.parts.length === 1 && label.parts[0]?.kind === "literal") {
    return asText(label.parts[0].value);
  }
  throw new HclError("a label of a block is written out: it has no templates", between(range, scanner.lastRange));
}

/** A body on the line of its block has one attribute at most. */
function readBlockBody(scanner: Scanner): NativeBody {
  const isEnd = (): boolean => scanner.isAt("}");
  const first = scanner.peek();
  if (first.kind === "newline" || isEnd()) {
    return readBody(scanner, () => {
      if (scanner.peek().kind === "end") throw scanner.error("the block has no closing brace");
      return isEnd();
    });
  }
  if (first.kind !== "name") throw scanner.error("an attribute is expected here");
  scanner.read();
  if (!scanner.isAt("=")) throw scanner.error("a block on one line has one attribute: begin a new line before it");
  const attribute = readAttribute(scanner, first);
  if (!isEnd()) throw scanner.error("a block on one line can have only one attribute, followed by }");
  return new NativeBody(new Map([[first.text, attribute]]), [], scanner.rangeFrom(scanner.offset, scanner.offset));
}

class NativeBody implements Body {
  readonly #attributes: ReadonlyMap<string, Attribute>;
  readonly #blocks: readonly Block[];
  readonly range: Range;

  constructor(attributes: ReadonlyMap<string, Attribute>, blocks: readonly Block[], range: Range) {
    this.#attributes = attributes;
    this.#blocks = blocks;
    this.range = range;
  }

  partialContent(schema: Schema): Content {
    const attributes = new Map<string, Attribute>();
    for (const name of schema.attributes) {
      const attribute = this.#attributes.get(name);
      if (attribute !== undefined) attributes.set(name, attribute);
    }
    const blocks = this.#blocks.filter(({ type }) => Object.hasOwn(schema.blocks, type));
    for (const { type, labels, range } of blocks) {
      const wanted = schema.blocks[type] ?? 0;
      if (labels.length === wanted) continue;
      throw new HclError(
        wanted === 0 ? `${type} has no label` : `${type} has one label: its name, not ${labels.length}`,
        range,
      );
    }
    return { attributes, blocks };
  }

  content(schema: Schema): Content {
    for (const { name, nameRange } of this.#attributes.values()) {
      if (schema.attributes.includes(name)) continue;
      const hint = Object.hasOwn(schema.blocks, name) ? `: ${name} is a block, so write it without =` : "";
      throw new HclError(`there is no attribute \`${name}\` here${hint}`, nameRange);
    }
    for (const { type, range } of this.#blocks) {
      if (Object.hasOwn(schema.blocks, type)) continue;
      const hint = schema.attributes.includes(type) ? `: ${type} is an attribute, so write ${type} = {…}` : "";
      throw new HclError(`there is no block \`${type}\` here${hint}`, range);
    }
    return this.partialContent(schema);
  }

  otherAttributes(schema: Schema): readonly Attribute[] {
    return [...this.#attributes.values()].filter(({ name }) => !Object.hasOwn(schema.blocks, name));
  }
}
