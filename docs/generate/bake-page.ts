/** docs/reference/bake.md: the fields and functions of bake files, from the tables that evaluate them. */
import { STANDARD_FUNCTIONS } from "../../src/lib/hcl/functions/table.ts";
import { nameOf } from "../../src/lib/hcl/type.ts";
import { FIELDS, RESOURCE_KEYS } from "../../src/plan/bake/fields.ts";
import type { Field } from "../../src/plan/bake/fields.ts";
import { DEFAULT_FILES } from "../../src/plan/bake/read-files.ts";

const TYPES: Readonly<Record<Field["form"], string>> = {
  text: "string",
  flag: "bool",
  texts: "list of strings",
  map: "map of strings",
  entries: "list of strings or objects",
  resources: "object",
};

export function bakePage(): string {
  const fields = Object.entries(FIELDS).map(
    ([name, { form, merge, description }]) =>
      `| \`${name}\` | ${TYPES[form]} | ${merge === "added" ? "merged" : "replaced"} | ${description.replaceAll("|", "\\|")} |`,
  );
  const functions = [...STANDARD_FUNCTIONS]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { parameters, variadic, description }]) => {
      const named = parameters.map((parameter) => `${parameter.name}: ${nameOf(parameter.type)}`);
      const more = variadic === undefined ? [] : [`${variadic.name}…: ${nameOf(variadic.type)}`];
      return `| \`${name}(${[...named, ...more].join(", ")})\` | ${description.replaceAll("|", "\\|")} |`;
    });
  return `# Bake files

\`slipway bake\` reads the files of \`docker buildx bake\` (v0.38). [Build many images with bake](../guides/bake.md) shows how. This page is
written by \`npm run docs\` from the tables that evaluate the files.

\`make conformance-bake\` compares \`--print\` with the real buildx v0.38.2: the 304 definitions of \`test/conformance/bake/corpus\` and 10 000
random ones. At commit 4e3ad061 there was no difference. What is known to differ:

- buildx applies the \`--set\` of a target in no certain order. Slipway applies \`push\` and \`load\` after the others.
- \`--print\` looks at no files beside the definition. A missing file of a secret, a missing SSH agent, or a destination that is a directory in
  place of a file is refused by the build.
- The last digits of \`pow\` and \`log\` are those of buildx on amd64. buildx on other processors may print others.

## Files

Without \`-f\`, bake reads these files of the working directory, in this order, as far as they exist. Later files have precedence.

${DEFAULT_FILES.map((name) => `- \`${name}\``).join("\n")}

## Fields of a target

"Merged" and "replaced" say what happens to a field that an inherited target or an earlier file has too.

| field | type | with an earlier value | meaning |
| ----- | ---- | --------------------- | ------- |
${fields.join("\n")}

The keys of \`resources\` are ${RESOURCE_KEYS.map((key) => `\`${key}\``).join(", ")}. A target block in HCL can also have \`matrix\` and \`name\`.
Each field
stands for a flag of \`slipway build\`; what is refused there is refused here too: [docker compatibility](docker-compatibility.md).

## Variables of the environment

| variable | meaning |
| -------- | ------- |
| \`NAME\`, \`NAME_JSON\` | the value of the variable \`NAME\` of the file, as text (lists with commas) or as JSON |
| \`BUILDX_BAKE_FILE\` | files to read without \`-f\`, separated by \`:\` (on Windows \`;\`) or by \`BUILDX_BAKE_PATH_SEPARATOR\` |
| \`BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP\` | \`1\`: variables get no values from the environment |
| \`BUILDX_BAKE_ENTITLEMENTS_FS\` | \`0\`: files outside the working directory and SSH need no \`--allow\` |
| \`BAKE_ALLOW_REMOTE_FS_ACCESS\` | \`1\`: the same, only for a definition at a URL |

Files have the variables \`BAKE_CMD_CONTEXT\` and \`BAKE_LOCAL_PLATFORM\`.

## Functions

| function | result |
| -------- | ------ |
${functions.join("\n")}
`;
}
