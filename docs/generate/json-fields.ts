/** Fields of a JSON document with their schema, so that TypeScript can hold the schema against a type. */

/** A value's JSON schema, and what it means. */
export interface Field<T> {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly about: string;
  /** Never set: it only carries the type. */
  readonly value?: T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

export type ValueOf<F> = F extends Field<infer T> ? T : never;

export type ObjectOf<Required extends Fields, Optional extends Fields> = {
  readonly [Name in keyof Required]: ValueOf<Required[Name]>;
} & { readonly [Name in keyof Optional]?: ValueOf<Optional[Name]> };

export const text = (about: string): Field<string> => ({ schema: { type: "string" }, about });

export const integer = (about: string): Field<number> => ({ schema: { type: "integer" }, about });

export const number = (about: string): Field<number> => ({ schema: { type: "number" }, about });

export const truth = (about: string): Field<boolean> => ({ schema: { type: "boolean" }, about });

/** An instant, as RFC 3339. */
export const instant = (about: string): Field<string> => ({ schema: { type: "string", format: "date-time" }, about });

export const exactly = <const T extends string>(value: T, about: string): Field<T> => ({
  schema: { const: value },
  about,
});

export const oneOf = <const T extends string>(values: readonly T[], about: string): Field<T> => ({
  schema: { enum: values },
  about,
});

export const list = <T>(items: Field<T>, about: string): Field<readonly T[]> => ({
  schema: { type: "array", items: items.schema },
  about,
});

/** An object whose keys are not known. */
export const mapOf = <T>(values: Field<T>, about: string): Field<Readonly<Record<string, T>>> => ({
  schema: { type: "object", additionalProperties: values.schema },
  about,
});

export function object<Required extends Fields, Optional extends Fields>(
  required: Required,
  optional: Optional,
  about: string,
): Field<ObjectOf<Required, Optional>> {
  const fields = Object.entries({ ...required, ...optional });
  const properties = Object.fromEntries(
    fields.map(([name, field]) => [name, { ...field.schema, description: field.about }]),
  );
  return { schema: { type: "object", properties, required: Object.keys(required) }, about };
}

type WithAll<T> = T extends object ? { readonly [Key in keyof T]-?: WithAll<NonNullable<T[Key]>> } : T;

/** `true` if two types are the same, with all their optional fields; else `false`. */
export type Same<A, B> = [A, B, WithAll<A>, WithAll<B>] extends [B, A, WithAll<B>, WithAll<A>] ? true : false;
