/** Types of values: three plain ones, three collections of one element type, two structures, and "any". */
import { spend } from "../limits/budget.ts";

export type Type =
  | { readonly kind: "string" | "number" | "bool" | "any" }
  | { readonly kind: "list" | "set" | "map"; readonly element: Type }
  | { readonly kind: "tuple"; readonly elements: readonly Type[] }
  | ObjectType
  /** An unevaluated expression. */
  | { readonly kind: "expression" }
  /** A type, as the second argument of `convert`. */
  | { readonly kind: "type" };

export interface ObjectType {
  readonly kind: "object";
  readonly attributes: ReadonlyMap<string, Type>;
  /** Names of the optional attributes. */
  readonly optional?: ReadonlySet<string>;
}

export const STRING: Type = { kind: "string" };
export const NUMBER: Type = { kind: "number" };
export const BOOL: Type = { kind: "bool" };
/** The type of values of an unknown type, and of `null` in a file. */
export const ANY: Type = { kind: "any" };

export function listOf(element: Type): Type {
  return { kind: "list", element };
}

export function setOf(element: Type): Type {
  return { kind: "set", element };
}

export function mapOf(element: Type): Type {
  return { kind: "map", element };
}

export function tupleOf(elements: readonly Type[]): Type {
  return { kind: "tuple", elements };
}

export function objectOf(attributes: Iterable<readonly [string, Type]>, optional: Iterable<string> = []): ObjectType {
  const names = new Set(optional);
  return { kind: "object", attributes: new Map(attributes), ...(names.size === 0 ? {} : { optional: names }) };
}

export function isPlain(type: Type): boolean {
  return type.kind === "string" || type.kind === "number" || type.kind === "bool";
}

export function isCollection(type: Type): type is Extract<Type, { element: Type }> {
  return type.kind === "list" || type.kind === "set" || type.kind === "map";
}

export function equalTypes(left: Type, right: Type): boolean {
  if (left === right) return true;
  spend();
  if (left.kind !== right.kind) return false;
  if (isCollection(left)) return isCollection(right) && equalTypes(left.element, right.element);
  if (left.kind === "tuple") {
    return (
      right.kind === "tuple" &&
      left.elements.length === right.elements.length &&
      left.elements.every((element, index) => equalTypes(element, right.elements[index] ?? ANY))
    );
  }
  if (left.kind === "object") {
    if (right.kind !== "object" || left.attributes.size !== right.attributes.size) return false;
    if ((left.optional?.size ?? 0) !== (right.optional?.size ?? 0)) return false;
    for (const name of left.optional ?? []) if (right.optional?.has(name) !== true) return false;
    for (const [name, type] of left.attributes) {
      const other = right.attributes.get(name);
      if (other === undefined || !equalTypes(type, other)) return false;
    }
  }
  return true;
}

/** Whether "any" is part of it. */
export function hasAny(type: Type): boolean {
  spend();
  if (type.kind === "any") return true;
  if (isCollection(type)) return hasAny(type.element);
  if (type.kind === "tuple") return type.elements.some(hasAny);
  return type.kind === "object" && [...type.attributes.values()].some(hasAny);
}

/** The type without optional attributes: the type of a converted value. */
export function withoutOptional(type: Type): Type {
  spend();
  if (isCollection(type)) return { kind: type.kind, element: withoutOptional(type.element) };
  if (type.kind === "tuple") return tupleOf(type.elements.map(withoutOptional));
  if (type.kind === "object") {
    return objectOf([...type.attributes].map(([name, attribute]) => [name, withoutOptional(attribute)] as const));
  }
  return type;
}

/** Whether a type fits one with "any" in it, where only "any" may differ. */
export function conforms(type: Type, wanted: Type): boolean {
  spend();
  if (wanted.kind === "any") return true;
  if (type.kind !== wanted.kind) return false;
  if (isCollection(wanted)) return isCollection(type) && conforms(type.element, wanted.element);
  if (wanted.kind === "tuple") {
    return (
      type.kind === "tuple" &&
      type.elements.length === wanted.elements.length &&
      type.elements.every((element, index) => conforms(element, wanted.elements[index] ?? ANY))
    );
  }
  if (wanted.kind === "object" && type.kind === "object") {
    if (type.attributes.size !== wanted.attributes.size) return false;
    for (const [name, attribute] of wanted.attributes) {
      const own = type.attributes.get(name);
      if (own === undefined || !conforms(own, attribute)) return false;
    }
  }
  return true;
}

/** The name in messages and in `--list`: "list of string". */
export function nameOf(type: Type): string {
  switch (type.kind) {
    case "any":
      return "dynamic";
    case "list":
    case "set":
    case "map":
      return `${type.kind} of ${type.element.kind === "any" ? "any single type" : nameOf(type.element)}`;
    default:
      return type.kind;
  }
}

/** As nameOf, for a type that is required. */
export function constraintNameOf(type: Type): string {
  if (type.kind === "any") return "any type";
  if (isCollection(type)) {
    return `${type.kind} of ${type.element.kind === "any" ? "any single type" : constraintNameOf(type.element)}`;
  }
  return nameOf(type);
}
