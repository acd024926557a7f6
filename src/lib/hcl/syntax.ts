/** The syntax tree of expressions and bodies. */
import type { Range } from "./source.ts";
import type { Value } from "./value.ts";

export type BinaryOperator = "||" | "&&" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "%";

interface Node {
  readonly range: Range;
}

export interface ForExpression extends Node {
  readonly kind: "for";
  readonly keyName?: string;
  readonly valueName: string;
  readonly collection: Expression;
  /** Only for an object. */
  readonly key?: Expression;
  readonly value: Expression;
  readonly condition?: Expression;
  /** Groups the values of equal keys in a tuple. */
  readonly groups: boolean;
}

export interface ObjectItem {
  readonly key: Expression;
  /** The key is a literal name, not a variable. */
  readonly name?: string;
  readonly value: Expression;
}

export interface CallExpression extends Node {
  readonly kind: "call";
  readonly name: string;
  readonly arguments: readonly Expression[];
  /** The last argument is a sequence of arguments (`...`). */
  readonly expandsLast: boolean;
}

/** The element that the part after a splat is evaluated for. */
export interface SplatItem extends Node {
  readonly kind: "splat-item";
}

export type Expression =
  | (Node & { readonly kind: "literal"; readonly value: Value })
  | (Node & { readonly kind: "variable"; readonly name: string })
  | (Node & { readonly kind: "attribute"; readonly source: Expression; readonly name: string })
  /** `isFixed`: the key is a literal, so it is part of a reference. */
  | (Node & {
      readonly kind: "index";
      readonly source: Expression;
      readonly key: Expression;
      readonly isFixed: boolean;
    })
  | (Node & {
      readonly kind: "splat";
      readonly source: Expression;
      readonly item: SplatItem;
      readonly each: Expression;
    })
  | SplatItem
  | CallExpression
  | (Node & {
      readonly kind: "conditional";
      readonly condition: Expression;
      readonly whenTrue: Expression;
      readonly whenFalse: Expression;
    })
  | (Node & {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    })
  | (Node & { readonly kind: "unary"; readonly operator: "-" | "!"; readonly operand: Expression })
  | (Node & { readonly kind: "tuple"; readonly items: readonly Expression[] })
  | (Node & { readonly kind: "object"; readonly items: readonly ObjectItem[] })
  | ForExpression
  /** Parts that are converted to text and joined. */
  | (Node & { readonly kind: "template"; readonly parts: readonly Expression[] })
  /** The joined texts of a `%{for}`. */
  | (Node & { readonly kind: "join"; readonly loop: ForExpression })
  /** Parentheses, or a template with one interpolation only: the inner value. */
  | (Node & { readonly kind: "wrapped"; readonly inner: Expression; readonly isTemplate: boolean })
  | JsonText;

/** A string of a JSON file: a template for a value, an expression for a name or a type. */
export interface JsonText extends Node {
  readonly kind: "json-text";
  readonly text: string;
  /** @throws HclError for an invalid template */
  readonly template: () => Expression;
  /** @throws HclError for an invalid expression */
  readonly expression: () => Expression;
}

export interface Attribute {
  readonly name: string;
  readonly expression: Expression;
  readonly range: Range;
  readonly nameRange: Range;
}

export interface Block {
  readonly type: string;
  readonly labels: readonly string[];
  readonly body: Body;
  /** Its type and labels. */
  readonly range: Range;
}

/** The items that a body may have. */
export interface Schema {
  readonly attributes: readonly string[];
  /** The number of labels of each type of block. */
  readonly blocks: Readonly<Record<string, number>>;
}

export interface Content {
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly blocks: readonly Block[];
}

/** The attributes and blocks of a file or a block, in either of the two syntaxes. */
export interface Body {
  /** The range for errors about missing items. */
  readonly range: Range;
  /**
   * The items of the schema. Other items are ignored.
   * @throws HclError for items of the wrong form
   */
  partialContent(schema: Schema): Content;
  /**
   * As partialContent, but other items are errors.
   * @throws HclError
   */
  content(schema: Schema): Content;
  /** All attributes, except those that the schema has as blocks. Other blocks are ignored. */
  otherAttributes(schema: Schema): readonly Attribute[];
}

/** The name, if the expression is only a name. */
export function nameIn(expression: Expression): string | undefined {
  if (expression.kind === "variable") return expression.name;
  if (expression.kind === "literal") return keywordOf(expression.value);
  if (expression.kind === "json-text") return orUndefined(() => nameIn(expression.expression()));
  return undefined;
}

/** Accepts `true`, `false` and `null` as names too. */
function keywordOf({ content }: Value): string | undefined {
  return typeof content === "boolean" || content === null ? String(content) : undefined;
}

/** The call, if the expression is one. */
export function callIn(expression: Expression): CallExpression | undefined {
  if (expression.kind === "call") return expression;
  return expression.kind === "json-text" ? orUndefined(() => callIn(expression.expression())) : undefined;
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
