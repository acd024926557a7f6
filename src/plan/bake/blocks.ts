/** The blocks of bake files: their schemas, and their values for expressions that refer to them. */
import { convert } from "../../lib/hcl/convert.ts";
import { encodeJsonAs } from "../../lib/hcl/json-value.ts";
import type { Scope } from "../../lib/hcl/scope.ts";
import { HclError } from "../../lib/hcl/source.ts";
import type { Range } from "../../lib/hcl/source.ts";
import { nameIn } from "../../lib/hcl/syntax.ts";
import type { Block, Body, Content, Expression, Schema } from "../../lib/hcl/syntax.ts";
import { STRING, isPlain, nameOf } from "../../lib/hcl/type.ts";
import type { Type } from "../../lib/hcl/type.ts";
import { asText, canIterate, entriesOf, isNull, itemsOf, list, nullOf, object, text } from "../../lib/hcl/value.ts";
import type { Value } from "../../lib/hcl/value.ts";
import { FIELD_NAMES, decodeField, encodeField, fieldOf } from "./fields.ts";
import type { FieldName, FieldValue } from "./fields.ts";

export const TOP: Schema = { attributes: [], blocks: { variable: 1, function: 1, group: 1, target: 1 } };
export const VARIABLE: Schema = { attributes: ["type", "default", "description"], blocks: { validation: 0 } };
export const VALIDATION: Schema = { attributes: ["condition", "error_message"], blocks: {} };
export const FUNCTION: Schema = { attributes: ["params", "variadic_params", "result"], blocks: {} };
export const NAMING: Schema = { attributes: ["name", "matrix"], blocks: {} };
export const GROUP_FIELDS = ["description", "targets"];
const TARGET_NAME = /^[a-zA-Z0-9_-]+$/;

export interface VariableBlock {
  readonly name: string;
  readonly content: Content;
  readonly body: Body;
  type?: Type | undefined;
}

/** One target of a block. A block with a matrix has one for each combination. */
export interface Instance {
  readonly block: Block;
  readonly name: string;
  readonly scope: Scope;
  readonly fields: Map<string, FieldValue>;
  readonly done: Set<string>;
  readonly running: Set<string>;
}

export const NOTHING: Scope = { variables: new Map() };

export function variableIn(block: Block, name: string): VariableBlock {
  return { name, content: block.body.partialContent(VARIABLE), body: block.body };
}

export function isNullLiteral(expression: Expression): boolean {
  return expression.kind === "literal" && isNull(expression.value);
}

export function converted(name: string, value: Value, type: Type | undefined): Value {
  if (type === undefined) return value;
  try {
    return convert(value, type);
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    throw new HclError(`the default of ${name} is not a ${nameOf(type)}: ${error.message}`);
  }
}

export function parameterName(expression: Expression): string {
  const name = nameIn(expression);
  if (name === undefined) throw new HclError("a parameter must be a name", expression.range);
  return name;
}

export function mustBeName(name: string, range: Range): void {
  if (!TARGET_NAME.test(name)) {
    throw new HclError(
      `${JSON.stringify(name)} is not a valid name of a target: only letters, digits, _ and - are allowed`,
      range,
    );
  }
}

const GROUP_TARGETS = { form: "texts", merge: "replaced", description: "" } as const;

export function decode(type: string, field: string, value: Value): FieldValue | undefined {
  if (type === "group" && field === "targets") return decodeField(GROUP_TARGETS, value);
  const decoded = decodeField(fieldOf(field as FieldName), value);
  if (field === "description" && decoded === undefined) throw new HclError("a description must not be null");
  return decoded;
}

/** The target or group as a value, for expressions that refer to it. */
export function valueOf({ block, name, fields }: Instance): Value {
  if (block.type === "group") {
    const targets = fields.get("targets") as readonly string[] | undefined;
    const description = fields.get("description");
    return object([
      ["name", text(name)],
      ["description", text(typeof description === "string" ? description : "")],
      ["targets", targets === undefined ? nullOf({ kind: "list", element: STRING }) : list(targets.map(text), STRING)],
    ]);
  }
  return object([
    ["name", text(name)],
    ...FIELD_NAMES.map((field) => {
      const value = fields.get(field);
      return [
        field,
        field === "description" && value === undefined ? text("") : encodeField(fieldOf(field), value),
      ] as const;
    }),
  ]);
}

/** Limit for the combinations of one matrix. */
const MAX_COMBINATIONS = 10_000;
/** All combinations of one value for each key of a matrix. */
export function combinationsOf(matrix: Value, range: Range): readonly (readonly (readonly [string, Value])[])[] {
  let combinations: (readonly (readonly [string, Value])[])[] = [[]];
  for (const [key, values] of entriesOf(matrix)) {
    if (!canIterate(values)) throw new HclError(`${key} of the matrix is not a list`, range);
    combinations = itemsOf(values).flatMap((value) => combinations.map((before) => [...before, [key, value] as const]));
    if (combinations.length > MAX_COMBINATIONS) {
      throw new HclError(`the matrix has more than ${MAX_COMBINATIONS} combinations`, range);
    }
  }
  return combinations;
}

/** The value of a variable, for `--list`. */
export function valueText(value: Value, type: Type | undefined): string {
  const own = type ?? value.type;
  return isPlain(own) ? asText(convert(value, STRING)) : encodeJsonAs(value, own);
}
