/** Reads expressions of HCL's own syntax. */
import { parseDecimal } from "./number.ts";
import { Scanner } from "./scanner.ts";
import type { Token } from "./scanner.ts";
import { HclError, between } from "./source.ts";
import type { Range, Source } from "./source.ts";
import { readHeredoc, readQuoted, readTemplate } from "./template.ts";
import { nameIn } from "./syntax.ts";
import type { BinaryOperator, Expression, ForExpression, ObjectItem, SplatItem } from "./syntax.ts";
import { FALSE, NULL, TRUE, number } from "./value.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

/** In order of precedence, the lowest first. */
const OPERATORS: readonly (readonly BinaryOperator[])[] = [
  ["||"],
  ["&&"],
  ["==", "!="],
  [">", ">=", "<", "<="],
  ["+", "-"],
  ["*", "/", "%"],
];

/** @throws HclError if the source is not exactly one expression */
export function parseExpression(source: Source): Expression {
  const scanner = new Scanner(source);
  return scanner.within(false, () => {
    const expression = readExpression(scanner);
    if (scanner.peek().kind !== "end") throw scanner.error("there is more after the expression");
    return expression;
  });
}

/** @throws HclError for an invalid template */
export function parseTemplate(source: Source): Expression {
  return readTemplate(new Scanner(source), readExpression);
}

export function readExpression(scanner: Scanner): Expression {
  const condition = readBinary(scanner, 0);
  if (!scanner.skip("?")) return condition;
  const whenTrue = readExpression(scanner);
  scanner.expect(":", "the conditional needs a colon and a value for when it is false");
  const whenFalse = readExpression(scanner);
  return {
    kind: "conditional",
    condition,
    whenTrue,
    whenFalse,
    range: between(condition.range, whenFalse.range),
  };
}

function readBinary(scanner: Scanner, level: number): Expression {
  const operators = OPERATORS[level];
  if (operators === undefined) return readTermWithSteps(scanner);
  let left = readBinary(scanner, level + 1);
  for (;;) {
    const next = scanner.peek();
    const operator = next.kind === "symbol" ? operators.find((symbol) => symbol === next.text) : undefined;
    if (operator === undefined) return left;
    scanner.read();
    const right = readBinary(scanner, level + 1);
    left = { kind: "binary", operator, left, right, range: between(left.range, right.range) };
  }
}

function readTermWithSteps(scanner: Scanner): Expression {
  return readSteps(scanner, readTerm(scanner));
}

/** Attributes, indexes and splats after a term. */
function readSteps(scanner: Scanner, from: Expression): Expression {
  let source = from;
  for (;;) {
    if (scanner.skip(".")) source = readDotStep(scanner, source);
    else if (scanner.isAt("[")) source = readIndexStep(scanner, source);
    else return source;
  }
}

function readDotStep(scanner: Scanner, source: Expression): Expression {
  if (scanner.isAt("*")) return readAttributeSplat(scanner, source);
  const step = readAttribute(scanner, source);
  if (step === undefined) throw scanner.error("a dot needs the name of an attribute after it");
  return step;
}

/** `.name`, or the old form `.0`, without the dot. */
function readAttribute(scanner: Scanner, source: Expression): Expression | undefined {
  const { kind } = scanner.peek();
  if (kind === "name") {
    const name = scanner.read();
    return { kind: "attribute", source, name: name.text, range: between(source.range, name.range) };
  }
  if (kind !== "number") return undefined;
  const key = scanner.read();
  if (key.text.includes(".")) throw new HclError("write indexes in brackets, like [0][1]", key.range);
  return { kind: "index", source, key: numberOf(key), isFixed: true, range: between(source.range, key.range) };
}

/** `.*` applies the attributes after it to each element. */
function readAttributeSplat(scanner: Scanner, source: Expression): Expression {
  const star = scanner.read();
  const item: SplatItem = { kind: "splat-item", range: star.range };
  let each: Expression = item;
  while (scanner.skip(".")) {
    const step = readAttribute(scanner, each);
    if (step === undefined) throw scanner.error("a dot needs the name of an attribute after it");
    each = step;
  }
  return { kind: "splat", source, item, each, range: between(source.range, scanner.lastRange) };
}

function readIndexStep(scanner: Scanner, source: Expression): Expression {
  const open = scanner.read();
  if (scanner.isAt("*")) {
    scanner.read();
    scanner.expect("]", "the star of a splat needs a closing bracket after it");
    const item: SplatItem = { kind: "splat-item", range: between(open.range, scanner.lastRange) };
    const each = readSteps(scanner, item);
    return { kind: "splat", source, item, each, range: between(source.range, scanner.lastRange) };
  }
  const key = scanner.within(false, () => {
    const inner = readExpression(scanner);
    if (!scanner.isAt("]")) throw scanner.error("the index has no closing bracket");
    return inner;
  });
  scanner.read();
  const isText = key.kind === "template" && key.parts.length === 1 && key.parts[0]?.kind === "literal";
  return {
    kind: "index",
    source,
    key,
    isFixed: key.kind === "literal" || isText,
    range: between(source.range, scanner.lastRange),
  };
}

function readTerm(scanner: Scanner): Expression {
  const token = scanner.peek();
  switch (token.kind) {
    case "number":
      return numberOf(scanner.read());
    case "name":
      return readNamed(scanner);
    case "quote":
      return readQuoted(scanner, scanner.read(), readExpression);
    case "heredoc":
      return readHeredoc(scanner, scanner.read(), readExpression);
    case "symbol":
      break;
    default:
      throw scanner.error("an expression is missing here");
  }
  switch (token.text) {
    case "(":
      return readParentheses(scanner);
    case "-":
    case "!": {
      scanner.read();
      const operand = readTermWithSteps(scanner);
      return { kind: "unary", operator: token.text, operand, range: between(token.range, operand.range) };
    }
    case "[":
      return readTuple(scanner);
    case "{":
      return readObject(scanner);
    default:
      throw scanner.error(`an expression cannot begin with ${token.text}`);
  }
}

function numberOf(token: Token): Expression {
  const value = parseDecimal(token.text);
  if (value === undefined) throw new HclError(`${token.text} is not a number`, token.range);
  return { kind: "literal", value: number(value), range: token.range };
}

const KEYWORDS = { true: TRUE, false: FALSE, null: NULL };

function readNamed(scanner: Scanner): Expression {
  const name = scanner.read();
  if (scanner.isAt("(") || scanner.isAt("::")) return readCall(scanner, name);
  if (Object.hasOwn(KEYWORDS, name.text)) {
    return { kind: "literal", value: KEYWORDS[name.text as keyof typeof KEYWORDS], range: name.range };
  }
  return { kind: "variable", name: name.text, range: name.range };
}

function readParentheses(scanner: Scanner): Expression {
  const open = scanner.read();
  const inner = scanner.within(false, () => {
    const expression = readExpression(scanner);
    if (!scanner.isAt(")")) throw scanner.error("the closing parenthesis is missing here");
    return expression;
  });
  const range = between(open.range, scanner.read().range);
  return { kind: "wrapped", inner, isTemplate: false, range };
}

function readCall(scanner: Scanner, first: Token): Expression {
  let name = first.text;
  while (scanner.skip("::")) {
    if (scanner.peek().kind !== "name") throw scanner.error("the name of a function is missing after ::");
    name += `::${scanner.read().text}`;
  }
  scanner.expect("(", "the arguments of the function are missing");
  const args: Expression[] = [];
  let expandsLast = false;
  scanner.within(false, () => {
    while (!scanner.isAt(")")) {
      args.push(readExpression(scanner));
      if (scanner.skip("...")) {
        expandsLast = true;
        if (!scanner.isAt(")")) throw scanner.error("an argument with ... must be the last one");
      } else if (!scanner.isAt(")")) {
        scanner.expect(",", "the arguments of a function are separated by commas");
      }
    }
  });
  const close = scanner.read();
  return { kind: "call", name, arguments: args, expandsLast, range: between(first.range, close.range) };
}

function readTuple(scanner: Scanner): Expression {
  const open = scanner.read();
  const items: Expression[] = [];
  const loop = scanner.within(false, () => {
    if (scanner.isAtName("for")) return readFor(scanner, open, "]");
    while (!scanner.isAt("]")) {
      items.push(readExpression(scanner));
      if (!scanner.isAt("]")) scanner.expect(",", "a comma is missing before the next item");
    }
    return undefined;
  });
  const range = between(open.range, scanner.read().range);
  return loop === undefined ? { kind: "tuple", items, range } : { ...loop, range };
}

function readObject(scanner: Scanner): Expression {
  const open = scanner.read();
  const isFor = scanner.within(false, () => scanner.isAtName("for"));
  if (isFor) {
    const loop = scanner.within(false, () => readFor(scanner, open, "}"));
    return { ...loop, range: between(open.range, scanner.read().range) };
  }
  const items: ObjectItem[] = [];
  scanner.within(true, () => {
    for (;;) {
      while (scanner.peek().kind === "newline") scanner.read();
      if (scanner.isAt("}")) return;
      items.push(readItem(scanner));
      if (scanner.isAt("}")) return;
      if (scanner.peek().kind === "newline") scanner.read();
      else scanner.expect(",", "a comma or a new line is missing before the next attribute");
    }
  });
  return { kind: "object", items, range: between(open.range, scanner.read().range) };
}

function readItem(scanner: Scanner): ObjectItem {
  const isParenthesised = scanner.isAt("(");
  const key = readExpression(scanner);
  if (!scanner.skip("=")) scanner.expect(":", "the attribute needs an equals sign and a value");
  const value = readExpression(scanner);
  const name = isParenthesised ? undefined : nameIn(key);
  return { key, ...omitUndefined({ name }), value };
}

/** Without its brackets; the scanner stands at `for`, and is left at the closing bracket. */
function readFor(scanner: Scanner, open: Token, close: string): ForExpression {
  scanner.read();
  const names = [readLoopName(scanner)];
  if (scanner.skip(",")) names.push(readLoopName(scanner));
  if (!scanner.isAtName("in")) throw scanner.error("`in` is missing after the names of the for");
  scanner.read();
  const collection = readExpression(scanner);
  scanner.expect(":", "the for needs a colon after its collection");
  let value = readExpression(scanner);
  let key: Expression | undefined;
  if (scanner.skip("=>")) {
    key = value;
    value = readExpression(scanner);
  }
  const groups = scanner.skip("...");
  let condition: Expression | undefined;
  if (scanner.isAtName("if")) {
    scanner.read();
    condition = readExpression(scanner);
  }
  if (!scanner.isAt(close)) throw scanner.error(`the for must end with ${close} here`);
  const range: Range = between(open.range, scanner.peek().range);
  if (close === "]" && key !== undefined) throw new HclError("a for in [] makes a tuple, which has no keys", key.range);
  if (close === "]" && groups) throw new HclError("... is for objects only", range);
  if (close === "}" && key === undefined) throw new HclError("a for in {} needs a key: `key => value`", range);
  const [first = "", second] = names;
  return {
    kind: "for",
    ...(second === undefined ? { valueName: first } : { keyName: first, valueName: second }),
    collection,
    ...omitUndefined({ key }),
    value,
    ...omitUndefined({ condition }),
    groups,
    range,
  };
}

function readLoopName(scanner: Scanner): string {
  if (scanner.peek().kind !== "name") throw scanner.error("the for needs a name for its element");
  return scanner.read().text;
}
