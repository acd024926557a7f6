/** docs/reference/checks.md: the words around it are here, the checks come from the table that makes them. */
import { RULES } from "../../src/lib/dockerfile/checks/rules.ts";
import type { Rule } from "../../src/lib/dockerfile/checks/rule.ts";

const BEGINNING = `# What \`slipway build --check\` looks at

\`\`\`
slipway build --check .                                  # exit code 1 where there is something to say
slipway build --call check,format=json .                 # the same as JSON
slipway build --call check,ignorestatus=true .           # exit code 0 even with findings
\`\`\`

These are docker's own checks, with docker's names and words. No cluster is asked. The page is written by
\`npm run docs\` from the table that the command uses; the examples were recorded from the real docker (\`make contract\`).

A check also says, as \`BuilderUnable\`, what the chosen builder cannot do of the Dockerfile, with the builders that can; a build would
refuse it. With \`--builder auto\` there is nothing of that kind.

Three more are slipway's own:

- \`SourceNotFound\`: a COPY or ADD of one name that the context does not have, or that the ignore file excludes.
- \`ImageNotFound\`: an image that its registry does not have. A registry that does not answer within five seconds is not waited for.
- \`StageNotFound\`: a \`--from\` that looks like a misspelt stage, if no registry says that it has an image of that name.

A build with one of the first two faults ends before its pod is made, or as soon as the registry has answered. For the third it prints a warning.

## Leaving some out

- \`# check=skip=NAME,NAME\` at the very top of the file, or \`skip=all\`; with \`;error=true\` findings also fail the check as an error, which
  standard error names.
- \`# check=skip=NAME\` right above an instruction, only for this instruction. It has no effect on checks of the file as a whole, which are marked below.
- \`--build-arg BUILDKIT_DOCKERFILE_CHECK=skip=NAME\`, replaces what the file has at its top.
- With \`--target\`, instructions of stages that are not built are left out; each FROM is still checked.

## What only a builder can see

Docker has three more, which need the base image or the context: \`UndefinedVar\` (a variable that neither the file nor the base sets),
\`CopyIgnoredFile\` (a COPY of what the ignore file leaves out: \`slipway context --explain FILE\` says which rule that is) and
\`InvalidBaseImagePlatform\`. A build with BuildKit prints them in its log.

## The checks
`;

export function checksPage(): string {
  return [BEGINNING, ...Object.entries(RULES).map(([name, rule]) => section(name, rule))].join("\n");
}

function section(name: string, { description, why, bad, good, scope, experimental }: Rule): string {
  const marks = [
    ...(scope === "file" ? ["Of the file as a whole."] : []),
    ...(experimental === true ? ["Made only where it is asked for."] : []),
  ];
  return `### ${name}

${inSentence(description)}${marks.length === 0 ? "" : ` _${marks.join(" ")}_`}

${why}

\`\`\`dockerfile
# found
${bad}\`\`\`

\`\`\`dockerfile
# not found
${good}\`\`\`
`;
}

function inSentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}
