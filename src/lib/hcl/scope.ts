/** The variables and functions of an expression. */
import type { Value } from "./value.ts";
import type { FunctionDefinition } from "./function.ts";

export interface Scope {
  readonly parent?: Scope;
  readonly variables: ReadonlyMap<string, Value>;
  /** Absent if the scope has none of its own. */
  readonly functions?: ReadonlyMap<string, FunctionDefinition>;
}

export function childScope(parent: Scope, variables: Iterable<readonly [string, Value]>): Scope {
  return { parent, variables: new Map(variables) };
}

export function variableIn(scope: Scope, name: string): Value | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const value = at.variables.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

export function functionIn(scope: Scope, name: string): FunctionDefinition | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const definition = at.functions?.get(name);
    if (definition !== undefined) return definition;
  }
  return undefined;
}
