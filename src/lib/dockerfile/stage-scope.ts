/** What is known at each line of a stage: the variables, and the directories that exist. */
import { expandWord } from "./expand.ts";
import type { Instruction } from "./instruction.ts";
import { KnownDirectories } from "./known-directories.ts";
import type { BuildStage, Dockerfile } from "./parse.ts";
import { findBase, globalScope } from "./references.ts";
import { UnknownVariable, Variables } from "./variables.ts";

export interface StageScope {
  readonly escape: string;
  readonly directories: KnownDirectories;
  /** Replaces the variables of a word and removes its quotes; undefined if a value is not known here. */
  readonly expand: (word: string) => string | undefined;
  /** Takes notice of what the instruction sets and makes. To be called after the instruction was looked at. */
  readonly observe: (instruction: Instruction) => void;
}

/**
 * Makes the scopes of a Dockerfile's stages. Each stage's scope begins with what the stage it starts from ended with, so they have
 * to be asked for in order.
 */
export function stageScopes(
  dockerfile: Dockerfile,
  buildArgs: ReadonlyMap<string, string> = new Map(),
): (stage: BuildStage) => StageScope {
  const { escape } = dockerfile;
  const globals = globalScope(dockerfile, { buildArgs });
  const ended = new Map<BuildStage, { readonly variables: Variables; readonly directories: KnownDirectories }>();
  return (stage) => {
    const base = expandWord(stage.base, globals, escape);
    const parent = base === undefined ? undefined : findBase(dockerfile.stages, base, stage);
    const before = parent === undefined ? undefined : ended.get(parent);
    const variables = new Variables(escape, globals, buildArgs);
    if (before !== undefined) variables.inherit(before.variables.environment());
    const directories = new KnownDirectories(before?.directories);
    ended.set(stage, { variables, directories });
    const expand = (word: string): string | undefined => known(variables, word);
    return {
      escape,
      directories,
      expand,
      observe: (instruction) => {
        directories.observe(instruction, escape, expand);
        variables.observe(instruction);
      },
    };
  };
}

function known(variables: Variables, word: string): string | undefined {
  try {
    const value = variables.expand(word);
    // A platform's name is a wildcard there.
    return value.includes("*") && !word.includes("*") ? undefined : value;
  } catch (error) {
    if (error instanceof UnknownVariable) return undefined;
    throw error;
  }
}
