/** The common type of both results of a conditional. */
import { unify } from "./convert.ts";
import { HclError } from "./source.ts";
import { ANY, nameOf } from "./type.ts";
import type { Type } from "./type.ts";
import { NULL, nullOf } from "./value.ts";
import type { Value } from "./value.ts";

export interface Common {
  readonly type: Type;
  readonly convert: (chosen: Value, isFirst: boolean) => Value;
}

/** @throws HclError without a common type */
export function commonOf(whenTrue: Value, whenFalse: Value): Common {
  const isPlainNull = ({ type, content }: Value): boolean => type.kind === "any" && content === null;
  const nullAs = (type: Type): Value => (type.kind === "any" ? NULL : nullOf(type));
  if (isPlainNull(whenTrue)) {
    const { type } = whenFalse;
    return { type, convert: (chosen, isFirst) => (isFirst ? nullAs(type) : chosen) };
  }
  if (isPlainNull(whenFalse)) {
    const { type } = whenTrue;
    return { type, convert: (chosen, isFirst) => (isFirst ? chosen : nullAs(type)) };
  }
  if (whenTrue.type.kind === "any" || whenFalse.type.kind === "any") return { type: ANY, convert: (chosen) => chosen };
  const common = unify([whenTrue.type, whenFalse.type], "unsafe");
  if (common === undefined) {
    throw new HclError(
      `the two results of a conditional must have one type, not a ${nameOf(whenTrue.type)} and a ${nameOf(whenFalse.type)}`,
    );
  }
  const [first, second] = common.conversions;
  return { type: common.type, convert: (chosen, isFirst) => (isFirst ? first : second)?.(chosen) ?? chosen };
}
