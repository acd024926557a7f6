/**
 * What reads and evaluates bake files: a bundle of its own, dist/bake.cjs, as only `bake` needs the languages. `build.mjs` makes it from this
 * file, and shares src/errors.ts with it, so that an error is the same class on both sides. So the rest of the program imports its code
 * from here only, and with `import()`.
 */
export { chosenTargets } from "./chosen-targets.ts";
export { parseList } from "./parse-list.ts";
export { bakeNames } from "./target-names.ts";
export { listTargets, listVariables, printDefinition } from "./print.ts";
export { agreeTo, planOf, readBakeDefinition, splitNames } from "./read-plan.ts";
