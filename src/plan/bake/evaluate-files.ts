/**
 * Variables, functions, groups and targets of bake files. Each may refer to the others in any order, so each is evaluated when it is
 * first needed. Rules: buildx v0.38.2, docs/bake-reference.md.
 */
import { convert } from "../../lib/hcl/convert.ts";
import { evaluate } from "../../lib/hcl/evaluate.ts";
import type { FunctionDefinition } from "../../lib/hcl/function.ts";
import { STANDARD_FUNCTIONS } from "../../lib/hcl/functions/table.ts";
import { referencesIn } from "../../lib/hcl/references.ts";
import type { Reference } from "../../lib/hcl/references.ts";
import { childScope } from "../../lib/hcl/scope.ts";
import type { Scope } from "../../lib/hcl/scope.ts";
import { HclError, located } from "../../lib/hcl/source.ts";
import { spend } from "../../lib/limits/budget.ts";
import type { Range } from "../../lib/hcl/source.ts";
import type { Attribute, Block, Body, Expression } from "../../lib/hcl/syntax.ts";
import { typeIn } from "../../lib/hcl/type-expression.ts";
import { ANY, BOOL, STRING, constraintNameOf } from "../../lib/hcl/type.ts";
import { asText, entriesOf, isNull, isTrue, nullOf, object, text, tuple } from "../../lib/hcl/value.ts";
import type { Value } from "../../lib/hcl/value.ts";
import {
  FUNCTION,
  GROUP_FIELDS,
  NAMING,
  NOTHING,
  TOP,
  VALIDATION,
  combinationsOf,
  converted,
  decode,
  isNullLiteral,
  mustBeName,
  parameterName,
  valueOf,
  valueText,
  variableIn,
} from "./blocks.ts";
import type { Instance, VariableBlock } from "./blocks.ts";
import { mergeTargets } from "./definition.ts";
import type { Definition, Group, Target, Variable } from "./definition.ts";
import { FIELD_NAMES } from "./fields.ts";
import { givenFor, valueOfGiven } from "./given-values.ts";
import type { Lookup } from "./given-values.ts";

/** Limit for the depth of references between targets. */
const MAX_DEPTH = 200;

class Undefined extends HclError {}

/**
 * @param bodies of the files; later ones have precedence
 * @param given values of variables from the environment and the command line
 * @param builtIn variables that no file can set
 * @throws HclError
 */
export function evaluateFiles(
  bodies: readonly Body[],
  given: Lookup,
  builtIn: ReadonlyMap<string, string>,
): Definition {
  return new Evaluation(bodies, given, builtIn).run();
}

class Evaluation {
  readonly #given: Lookup;
  readonly #builtIn: ReadonlyMap<string, string>;
  readonly #blocks: readonly Block[];
  readonly #attributes = new Map<string, Attribute>();
  readonly #variables = new Map<string, VariableBlock>();
  readonly #functionBlocks = new Map<string, Block>();
  readonly #values = new Map<string, Value>();
  readonly #functions = new Map<string, FunctionDefinition>(STANDARD_FUNCTIONS);
  readonly #scope: Scope = { variables: this.#values, functions: this.#functions };
  readonly #runningVariables = new Set<string>();
  readonly #runningFunctions = new Set<string>();
  readonly #instances = new Map<Block, readonly Instance[]>();
  /** Whether expressions can already refer to targets and groups. */
  #hasTargets = false;
  #depth = 0;

  constructor(bodies: readonly Body[], given: Lookup, builtIn: ReadonlyMap<string, string>) {
    this.#given = given;
    this.#builtIn = builtIn;
    const contents = bodies.map((body) => body.partialContent(TOP));
    this.#blocks = contents.flatMap(({ blocks }) => blocks);
    const reserved = new Set(["group", "target", ...builtIn.keys()]);
    for (const block of this.#blocks) {
      const [name = ""] = block.labels;
      if (block.type === "variable" && !reserved.has(name)) this.#variables.set(name, variableIn(block, name));
      if (block.type === "function" && !reserved.has(name)) this.#functionBlocks.set(name, block);
    }
    for (const attribute of bodies.flatMap((body) => body.otherAttributes(TOP))) {
      if (!reserved.has(attribute.name)) this.#attributes.set(attribute.name, attribute);
    }
    for (const [name, value] of builtIn) this.#values.set(name, text(value));
  }

  run(): Definition {
    const variables = [...this.#variables.values()].map((variable) => this.#describe(variable));
    for (const variable of this.#variables.values()) this.#validate(variable);
    for (const [name, block] of this.#functionBlocks) located(block.range, () => this.#resolveFunction(name));
    this.#hasTargets = true;
    const blocks = this.#blocks.filter(({ type }) => type === "group" || type === "target");
    for (const block of blocks) located(block.range, () => this.#instancesOf(block));
    for (const block of blocks) this.#resolveBlock(block);
    for (const { name, range } of this.#attributes.values()) located(range, () => this.#resolveVariable(name));
    return {
      targets: this.#mergedTargets(blocks),
      groups: [...this.#ownGroups(blocks), ...this.#matrixGroups(blocks)],
      variables,
      unknownFields: blocks.flatMap((block) => this.#unknownFieldsOf(block)),
    };
  }

  #mergedTargets(blocks: readonly Block[]): Target[] {
    const targets = new Map<string, Target>();
    for (const { block, name, fields } of blocks.flatMap((own) => this.#instancesOf(own))) {
      if (block.type !== "target") continue;
      const target: Target = { name, fields: fields as Target["fields"] };
      const before = targets.get(name);
      targets.set(name, before === undefined ? target : mergeTargets(before, target));
    }
    return [...targets.values()];
  }

  /** Of two groups with the same name the last one is used. */
  #ownGroups(blocks: readonly Block[]): Group[] {
    const groups = new Map<string, Group>();
    for (const { block, name, fields } of blocks.flatMap((own) => this.#instancesOf(own))) {
      if (block.type !== "group") continue;
      const description = fields.get("description");
      groups.set(name, {
        name,
        ...(typeof description === "string" && description !== "" ? { description } : {}),
        targets: [...new Set((fields.get("targets") as readonly string[] | undefined) ?? [])],
      });
    }
    return [...groups.values()];
  }

  /** If a block's targets have other names than the block, the block becomes a group of them. An empty matrix gives neither. */
  #matrixGroups(blocks: readonly Block[]): Group[] {
    const names = new Map<string, string[]>();
    for (const block of blocks) {
      const key = `${block.type} ${block.labels[0] ?? ""}`;
      names.set(key, [...(names.get(key) ?? []), ...this.#instancesOf(block).map(({ name }) => name)]);
    }
    return [...names].flatMap(([key, targets]) => {
      const name = key.slice(key.indexOf(" ") + 1);
      const own = [...new Set(targets)];
      return own.length === 0 || (own.length === 1 && own[0] === name) ? [] : [{ name, targets: own }];
    });
  }

  #unknownFieldsOf(block: Block): Definition["unknownFields"] {
    const known = block.type === "target" ? [...FIELD_NAMES, ...NAMING.attributes] : GROUP_FIELDS;
    return block.body.otherAttributes({ attributes: [], blocks: {} }).flatMap(({ name, nameRange }) => {
      if (known.includes(name)) return [];
      const { where = "" } = new HclError("", nameRange);
      return [{ target: block.labels[0] ?? "", field: name, where }];
    });
  }

  #describe(variable: VariableBlock): Variable {
    const { name, content, body } = variable;
    located(body.range, () => this.#resolveVariable(name));
    const value = this.#values.get(name) ?? text("");
    const { type } = variable;
    const description = content.attributes.get("description");
    const words = description === undefined ? "" : asText(convert(evaluate(description.expression, NOTHING), STRING));
    return {
      name,
      ...(words === "" ? {} : { description: words }),
      ...(type === undefined ? {} : { type: constraintNameOf(type) }),
      ...(isNull(value) ? {} : { value: valueText(value, type) }),
    };
  }

  #validate({ content }: VariableBlock): void {
    for (const block of content.blocks) {
      const { attributes } = block.body.content(VALIDATION);
      const condition = attributes.get("condition");
      const message = attributes.get("error_message");
      if (condition === undefined) throw new HclError("a validation needs a condition", block.range);
      const { expression } = condition;
      const result = evaluate(expression, this.#scope);
      if (isNull(result)) throw new HclError("the condition is null", expression.range);
      if (isTrue(located(expression.range, () => convert(result, BOOL)))) continue;
      const words = message === undefined ? nullOf(STRING) : evaluate(message.expression, this.#scope);
      throw new HclError(
        isNull(words) ? "the variable has a value that is not valid" : asText(words),
        expression.range,
      );
    }
  }

  /** Evaluates what an expression refers to. The expression itself reports names that do not exist. */
  #load(expression: Expression, scope: Scope, exclude: ReadonlySet<string> = new Set(), mustExist = false): void {
    const { variables, functions } = referencesIn(expression);
    spend(variables.length + functions.length);
    const attempt = (load: () => void): void => {
      try {
        located(expression.range, load);
      } catch (error) {
        if (mustExist || !(error instanceof Undefined)) throw error;
      }
    };
    for (const name of functions) attempt(() => this.#resolveFunction(name, expression.range));
    for (const reference of variables) {
      if (exclude.has(reference.name)) continue;
      if (this.#hasTargets && (reference.name === "target" || reference.name === "group")) {
        attempt(() => this.#loadBlock(reference));
      } else if (!scope.variables.has(reference.name)) {
        attempt(() => this.#resolveVariable(reference.name, reference.range));
      }
    }
  }

  #loadBlock({ name: type, path, range }: Reference): void {
    const [first, second] = path;
    if (first === undefined)
      throw new HclError(`${type} cannot be used as a variable: write ${type}.NAME.FIELD`, range);
    if (!("attribute" in first)) throw new HclError(`write ${type}.NAME, without brackets`, range);
    const only = second !== undefined && "attribute" in second ? second.attribute : undefined;
    for (const block of this.#blocks) {
      if (block.type !== type) continue;
      spend(this.#instancesOf(block).length);
      if (!this.#instancesOf(block).some(({ name }) => name === first.attribute)) continue;
      this.#resolveBlock(block, only);
    }
  }

  #resolveFunction(name: string, range?: Range): void {
    if (this.#functions.has(name)) return;
    const block = this.#functionBlocks.get(name);
    if (block === undefined) throw new Undefined(`there is no function named ${name}`, range);
    if (this.#runningFunctions.has(name)) throw new HclError(`the function ${name} calls itself`, block.range);
    this.#runningFunctions.add(name);
    const { attributes } = block.body.content(FUNCTION);
    const result = attributes.get("result")?.expression;
    const list = attributes.get("params")?.expression;
    const variadic = attributes.get("variadic_params")?.expression;
    if (result === undefined || list === undefined) {
      throw new HclError(`the function ${name} needs params and a result`, block.range);
    }
    if (list.kind !== "tuple") throw new HclError("params must be a list of names", list.range);
    const names = list.items.map(parameterName);
    const rest = variadic === undefined ? undefined : parameterName(variadic);
    this.#load(result, this.#scope, new Set([...names, ...(rest === undefined ? [] : [rest])]), true);
    this.#functions.set(name, this.#functionOf(names, rest, result));
  }

  #functionOf(names: readonly string[], rest: string | undefined, result: Expression): FunctionDefinition {
    const parameter = (name: string): FunctionDefinition["parameters"][number] => ({ name, type: ANY });
    return {
      description: "",
      parameters: names.map(parameter),
      ...(rest === undefined ? {} : { variadic: parameter(rest) }),
      run: (args) => {
        const own = names.map((name, index) => [name, args[index] ?? nullOf(ANY)] as const);
        const others = rest === undefined ? [] : [[rest, tuple(args.slice(names.length))] as const];
        return evaluate(result, childScope(this.#scope, [...own, ...others]));
      },
    };
  }

  #resolveVariable(name: string, range?: Range): void {
    if (this.#values.has(name)) return;
    const attribute = this.#attributes.get(name);
    const variable = this.#variables.get(name);
    if (attribute === undefined && variable === undefined) {
      throw new Undefined(`there is no variable named ${name}`, range);
    }
    if (this.#runningVariables.has(name)) throw new HclError(`the variable ${name} refers to itself`, range);
    this.#runningVariables.add(name);
    this.#values.set(
      name,
      attribute === undefined ? this.#valueOf(variable) : this.#valueOfAttribute(attribute, variable),
    );
  }

  #valueOfAttribute({ expression, name }: Attribute, variable: VariableBlock | undefined): Value {
    this.#load(expression, this.#scope);
    const value = evaluate(expression, this.#scope);
    const given = variable === undefined ? undefined : this.#givenFor(name, false);
    return given === undefined ? value : valueOfGiven(name, given, undefined, value);
  }

  #valueOf(variable: VariableBlock | undefined): Value {
    if (variable === undefined) return text("");
    const { name, content } = variable;
    const typeExpression = content.attributes.get("type")?.expression;
    const type = typeExpression === undefined || isNullLiteral(typeExpression) ? undefined : typeIn(typeExpression);
    variable.type = type;
    const given = this.#givenFor(name, type !== undefined);
    const fallback = content.attributes.get("default")?.expression;
    if (fallback === undefined) {
      if (given !== undefined) return valueOfGiven(name, given, type, undefined);
      return type === undefined ? text("") : nullOf(type);
    }
    this.#load(fallback, this.#scope);
    const evaluated = evaluate(fallback, this.#scope);
    const value = located(fallback.range, () => converted(name, evaluated, type));
    return given === undefined ? value : valueOfGiven(name, given, type, value);
  }

  #givenFor(name: string, prefersJson: boolean): ReturnType<typeof givenFor> {
    return givenFor(name, this.#given, prefersJson, (other) => this.#variables.has(other) || this.#builtIn.has(other));
  }

  #instancesOf(block: Block): readonly Instance[] {
    const known = this.#instances.get(block);
    if (known !== undefined) return known;
    const [label = ""] = block.labels;
    mustBeName(label, block.range);
    if (!this.#values.has(block.type)) this.#values.set(block.type, object([]));
    const { attributes } = block.body.partialContent(NAMING);
    const matrix = attributes.get("matrix");
    const name = attributes.get("name");
    const forbidden = block.type === "group" ? (name ?? matrix) : undefined;
    if (forbidden !== undefined) throw new HclError(`a group cannot have \`${forbidden.name}\``, forbidden.range);
    if (name !== undefined && matrix === undefined) throw new HclError("`name` needs a `matrix`", name.range);
    const scopes = matrix === undefined ? [this.#scope] : this.#scopesOf(matrix);
    const instances = scopes.map((scope): Instance => {
      const own = name === undefined ? label : this.#nameOf(name, scope);
      return { block, name: own, scope, fields: new Map(), done: new Set(), running: new Set() };
    });
    const names = new Set<string>();
    const twice = instances.find(({ name: own }) => names.size === names.add(own).size);
    if (twice !== undefined) {
      throw new HclError(
        `two targets of the matrix have the name ${twice.name}: use all keys of the matrix in \`name\``,
        block.range,
      );
    }
    this.#instances.set(block, instances);
    return instances;
  }

  #nameOf({ expression }: Attribute, scope: Scope): string {
    this.#load(expression, scope);
    const value = evaluate(expression, scope);
    const name = located(expression.range, () => asText(convert(value, STRING)));
    mustBeName(name, expression.range);
    return name;
  }

  #scopesOf({ expression }: Attribute): readonly Scope[] {
    this.#load(expression, this.#scope);
    const matrix = evaluate(expression, this.#scope);
    if (matrix.type.kind !== "object" && matrix.type.kind !== "map") {
      throw new HclError("a matrix must be a map of lists", expression.range);
    }
    return combinationsOf(matrix, expression.range).map((variables) => childScope(this.#scope, variables));
  }

  /** @param only this field; undefined: all fields */
  #resolveBlock(block: Block, only?: string): void {
    if (this.#depth > MAX_DEPTH) throw new HclError("targets refer to each other in a circle", block.range);
    this.#depth += 1;
    try {
      for (const instance of this.#instancesOf(block)) {
        if (only !== undefined && instance.done.has(only)) return;
        this.#resolveInstance(instance, only);
      }
    } finally {
      this.#depth -= 1;
    }
  }

  #resolveInstance(instance: Instance, only: string | undefined): void {
    const { block, name, scope, done, running, fields } = instance;
    const known = block.type === "target" ? FIELD_NAMES : GROUP_FIELDS;
    const wanted = known.filter((field) => !done.has(field) && (only === undefined || only === field));
    if (only !== undefined) {
      if (running.has(only)) throw new HclError(`${block.type}.${name}.${only} refers to itself`, block.range);
      running.add(only);
    }
    const { attributes } = block.body.partialContent({ attributes: wanted, blocks: {} });
    for (const { expression } of attributes.values()) this.#load(expression, scope);
    for (const [field, { expression }] of attributes) {
      const value = evaluate(expression, scope);
      const decoded = located(expression.range, () => decode(block.type, field, value));
      if (decoded !== undefined) fields.set(field, decoded);
    }
    if (only === undefined && block.type === "group" && !fields.has("targets") && !done.has("targets")) {
      if (!attributes.has("targets")) throw new HclError(`the group ${name} has no targets`, block.range);
    }
    for (const field of attributes.keys()) done.add(field);
    if (only !== undefined) done.add(only);
    const others = entriesOf(this.#values.get(block.type) ?? object([]));
    this.#values.set(block.type, object([...others, [name, valueOf(instance)] as const]));
  }
}
