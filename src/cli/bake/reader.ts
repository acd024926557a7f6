/**
 * The entry of the bundle dist/bake.cjs, which reads and evaluates bake files. It is a separate bundle, because only `bake` needs the
 * languages. `build.mjs` makes it from this file. The bundle shares src/errors.ts with the rest of the program, so that an error has
 * the same class on both sides. The rest of the program imports this code only from here, and only with `import()`.
 */
export { chosenTargets } from "./chosen-targets.ts";
export { parseList } from "./parse-list.ts";
export { bakeNames } from "./target-names.ts";
export { listTargets, listVariables, printDefinition } from "./print.ts";
export { agreeTo, planOf, readBakeDefinition, splitNames } from "./read-plan.ts";
