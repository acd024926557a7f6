/** Expressions and bodies as they were read, before anything is evaluated. */
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
  /** Present where an object is made, absent for a tuple. */
  readonly key?: Expression;
  readonly value: Expression;
  readonly condition?: Expression;
  /** Values of equal keys are put into one tuple. */
  readonly groups: boolean;
}

export interface ObjectItem {
  readonly key: Expression;
  /** The key is a name that stands for itself, not for a variable. */
  readonly name?: string;
  readonly value: Expression;
}

export interface CallExpression extends Node {
  readonly kind: "call";
  readonly name: string;
  readonly arguments: readonly Expression[];
  /** The last argument is a sequence, each element of which is an argument. */
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
  /** `isFixed`: the key is written out, so that it is a part of a reference. */
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
  /** Parts that are made text and put together. */
  | (Node & { readonly kind: "template"; readonly parts: readonly Expression[] })
  /** The text of a `%{for}`: what each turn gives, put together. */
  | (Node & { readonly kind: "join"; readonly loop: ForExpression })
  /** Parentheses, or a template that is one interpolation: the value within. */
  | (Node & { readonly kind: "wrapped"; readonly inner: Expression; readonly isTemplate: boolean })
  | JsonText;

/** A text of a JSON file: a template where a value is wanted, and an expression where a name or a type is. */
export interface JsonText extends Node {
  readonly kind: "json-text";
  readonly text: string;
  /** @throws HclError for a text that is no template */
  readonly template: () => Expression;
  /** @throws HclError for a text that is no expression */
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

/** Which items a body may have. */
export interface Schema {
  readonly attributes: readonly string[];
  /** How many labels each type of block has. */
  readonly blocks: Readonly<Record<string, number>>;
}

export interface Content {
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly blocks: readonly Block[];
}

/** The attributes and blocks of a file or a block, in either of the two syntaxes. */
export interface Body {
  /** Where something that is missing would be. */
  readonly range: Range;
  /**
   * What it has of the schema. What else it has is left alone.
   * @throws HclError for items of the wrong form
   */
  partialContent(schema: Schema): Content;
  /**
   * As partialContent, and nothing else may be in it.
   * @throws HclError
   */
  content(schema: Schema): Content;
  /** All its attributes but those that the schema has as blocks. Other blocks are left alone. */
  otherAttributes(schema: Schema): readonly Attribute[];
}

/** The name that the expression is, if it is nothing else. */
export function nameIn(expression: Expression): string | undefined {
  if (expression.kind === "variable") return expression.name;
  if (expression.kind === "literal") return keywordOf(expression.value);
  if (expression.kind === "json-text") return orUndefined(() => nameIn(expression.expression()));
  return undefined;
}

/** `true`, `false` and `null` are names too, where a name is wanted. */
function keywordOf({ content }: Value): string | undefined {
  return typeof content === "boolean" || content === null ? String(content) : undefined;
}

/** The call that the expression is, if it is one. */
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
