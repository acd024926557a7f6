/** Reads types: `string`, `list(number)`, `object({ name = string })`. */
import { HclError } from "./source.ts";
import { callIn, nameIn } from "./syntax.ts";
import type { Expression } from "./syntax.ts";
import { ANY, BOOL, NUMBER, STRING, objectOf, tupleOf } from "./type.ts";
import type { Type } from "./type.ts";

const PLAIN: Readonly<Record<string, Type>> = { string: STRING, number: NUMBER, bool: BOOL, any: ANY };

/** @throws HclError for anything but a type */
export function typeIn(expression: Expression): Type {
  const { range } = expression;
  const name = nameIn(expression);
  if (name !== undefined) {
    const type = Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined;
    if (type !== undefined) return type;
    const isConstructor = ["list", "set", "map", "object", "tuple"].includes(name);
    throw new HclError(
      isConstructor ? `${name} needs the type of what it has, like ${name}(…)` : `${name} is not a type`,
      range,
    );
  }
  const constructor = callIn(expression);
  if (constructor === undefined) throw new HclError("this is not a type, like string or list(string)", range);
  const [argument, ...more] = constructor.arguments;
  if (argument === undefined || more.length > 0)
    throw new HclError(`${constructor.name}() has one argument in a type`, range);
  switch (constructor.name) {
    case "list":
    case "set":
    case "map":
      return { kind: constructor.name, element: typeIn(argument) };
    case "object":
      return objectIn(unwrapped(argument));
    case "tuple":
      return tupleIn(unwrapped(argument));
    default:
      throw new HclError(`there is no type ${constructor.name}()`, range);
  }
}

/** In a JSON file the argument is in the text of the type. */
function unwrapped(expression: Expression): Expression {
  return expression.kind === "json-text" ? expression.expression() : expression;
}

function tupleIn(expression: Expression): Type {
  if (expression.kind !== "tuple") throw new HclError("tuple() needs a list of types", expression.range);
  return tupleOf(expression.items.map(typeIn));
}

function objectIn(expression: Expression): Type {
  if (expression.kind !== "object")
    throw new HclError("object() needs its attributes and their types", expression.range);
  const attributes = new Map<string, Type>();
  const optional: string[] = [];
  for (const { key, name = nameIn(key), value } of expression.items) {
    if (name === undefined) throw new HclError("the key of an attribute in object() must be a name", key.range);
    if (attributes.has(name)) throw new HclError(`object() has the attribute ${name} twice`, key.range);
    const modifier = callIn(value);
    if (modifier?.name !== "optional") {
      attributes.set(name, typeIn(value));
      continue;
    }
    const [type, ...more] = modifier.arguments;
    if (type === undefined || more.length > 0) throw new HclError("optional() needs one type", value.range);
    optional.push(name);
    attributes.set(name, typeIn(type));
  }
  return objectOf(attributes, optional);
}
