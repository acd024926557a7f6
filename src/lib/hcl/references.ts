/** The variables and functions that an expression refers to, which have to be evaluated before it. */
import type { Expression, ForExpression } from "./syntax.ts";
import type { Range } from "./source.ts";

export interface Reference {
  /** The variable. */
  readonly name: string;
  /** The literal attributes and indexes after it. */
  readonly path: readonly ({ readonly attribute: string } | { readonly index: Expression })[];
  readonly range: Range;
}

export interface References {
  readonly variables: readonly Reference[];
  readonly functions: readonly string[];
}

export function referencesIn(expression: Expression): References {
  const variables: Reference[] = [];
  const functions: string[] = [];
  visit(expression, new Set(), variables, functions);
  return { variables, functions };
}

function visit(node: Expression, local: ReadonlySet<string>, variables: Reference[], functions: string[]): void {
  const each = (...children: readonly (Expression | undefined)[]): void => {
    for (const child of children) if (child !== undefined) visit(child, local, variables, functions);
  };
  switch (node.kind) {
    case "variable":
    case "attribute":
    case "index": {
      const reference = referenceOf(node);
      if (reference !== undefined) {
        if (!local.has(reference.name)) variables.push(reference);
        return;
      }
      if (node.kind !== "variable") each(node.source, node.kind === "index" ? node.key : undefined);
      return;
    }
    case "splat":
      each(node.source, node.each);
      return;
    case "call":
      functions.push(node.name);
      each(...node.arguments);
      return;
    case "conditional":
      each(node.condition, node.whenTrue, node.whenFalse);
      return;
    case "binary":
      each(node.left, node.right);
      return;
    case "unary":
      each(node.operand);
      return;
    case "tuple":
      each(...node.items);
      return;
    case "object":
      for (const { key, name, value } of node.items) each(name === undefined ? key : undefined, value);
      return;
    case "for":
      visitLoop(node, local, variables, functions);
      return;
    case "join":
      visitLoop(node.loop, local, variables, functions);
      return;
    case "template":
      each(...node.parts);
      return;
    case "wrapped":
      each(node.inner);
      return;
    case "json-text":
      each(node.template());
      return;
    default:
  }
}

function visitLoop(loop: ForExpression, local: ReadonlySet<string>, variables: Reference[], functions: string[]): void {
  visit(loop.collection, local, variables, functions);
  const inner = new Set([...local, ...(loop.keyName === undefined ? [] : [loop.keyName]), loop.valueName]);
  for (const part of [loop.key, loop.value, loop.condition]) {
    if (part !== undefined) visit(part, inner, variables, functions);
  }
}

function referenceOf(node: Expression): Reference | undefined {
  if (node.kind === "variable") return { name: node.name, path: [], range: node.range };
  if (node.kind !== "attribute" && !(node.kind === "index" && node.isFixed)) return undefined;
  const source = referenceOf(node.source);
  if (source === undefined) return undefined;
  const step = node.kind === "attribute" ? { attribute: node.name } : { index: node.key };
  return { ...source, path: [...source.path, step], range: node.range };
}
