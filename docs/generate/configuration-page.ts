/** docs/reference/configuration.md: the words are here, the tables come from what the command uses. */
import Build from "../../src/cli/commands/build.ts";
import { variableOf } from "../../src/cli/config/environment.ts";
import { DOCKER_VARIABLES } from "../../src/cli/config/docker-variables.ts";
import { OWN_KEYS, PROJECT_KEYS, keysOf } from "../../src/cli/config/keys.ts";

const BEGINNING = `# Configuration

Every flag of \`slipway build\` may also be set in the environment, in a file of the project, and in a file of your own. The tables are
written by \`npm run docs\` from what the command uses.

## Who decides

The first of these that sets a flag decides it as a whole: values of a repeatable flag are not collected from several sources.

1. the command line;
2. the environment's \`SLIPWAY_*\`;
3. docker's own variables (below);
4. the project's rules, then its other keys;
5. your own file;
6. the default.

A flag that excludes another removes it from the sources below: with \`-q\` on the command line, \`progress: plain\` in a file does not
count, and \`--builder buildkit\` leaves out a file's \`builder-image\`, which is another builder's.

\`slipway config\`, with the flags and the path of a build, prints every setting that the build would have and where it comes from. A build says what it took from which file, on standard error: \`settings of ../.slipway.yaml: builder, timeout\`; so does \`--dry-run\`.

## Files

- **The project's** is \`.slipway.yaml\`, looked for in the working directory and then in each directory above, as git looks for its own;
  only the nearest one counts. It applies to builds whose context lies in its directory, or comes on standard input. Slipway does not
  look for it in what is built: a repository or an archive that is fetched, cloned or unpacked cannot decide how it is built.
- **Yours** is the file \`SLIPWAY_CONFIG\` names, else \`slipway/config.yaml\` in \`$XDG_CONFIG_HOME\`, else in \`~/.config\` (Windows: \`%APPDATA%\`).

\`\`\`yaml
# .slipway.yaml
registry: registry.example.com/team # slipway build -t app . pushes registry.example.com/team/app
builder: buildkit
memory: 4g
build-arg:
  VERSION: 1.10 # values stay as they are written: this is not a number
label: [maintainer=team@example.com]
no-cache: false
\`\`\`

Keys are the flags' long names. A repeatable flag takes one value, a list, or, where values are \`NAME=VALUE\`, keys and values. Paths count
from the file's own directory, \`~/\` from your home. An unknown key or an invalid value is an error that names file and
line, and the key you may have meant.

### Rules

A project's \`rules\` apply to some of its directories. They match the path of the Dockerfile, from the file's directory; \`match\` is a
pattern, or a list of them, as in \`.gitignore\`: \`services/ml/**\`, \`*.gpu.Dockerfile\`, \`!services/ml/docs\`. Every rule that matches counts, and
of two that set the same flag the later one, as in \`.gitattributes\`. A build says which rule decided, and its line:
\`rule services/ml/** of .slipway.yaml:3: builder, memory\`.

\`\`\`yaml
builder: kaniko
rules:
  - match: services/ml/**
    builder: buildkit
    limits: memory=8Gi
    node-selector: { pool: ml }
    cache-to: registry.example.com/cache/ml
  - match: [services/ml/tiny, "*.test.Dockerfile"]
    memory: 1g
\`\`\`

### What a project may not set

A project's file may have come with a stranger's source. So a project may set only the keys that are marked in the table below:
nothing that names another cluster or identity, reads your files, your environment or your secrets, writes to your disk, or loosens what
you have tightened. \`build-arg\` needs a value there, \`cache-from\` and \`cache-to\` a registry, and \`file\` stays in the project's directory.
Anything else is refused, and the message says so.

Projects you trust may set every key: list their directories in your own file. A project's file that belongs to another user than you
or root is not read at all unless its directory is trusted, as git does.

\`\`\`yaml
# ~/.config/slipway/config.yaml
trust: [~/work]
\`\`\`

\`SLIPWAY_PROJECT_CONFIG=false\` builds without the project's file.

### Keys that are not flags
`;

const VARIABLES = `
\`SLIPWAY_REGISTRY\`, \`SLIPWAY_BUILDER_ORDER\` and \`SLIPWAY_KANIKO_IMAGE\`, \`SLIPWAY_BUILDKIT_IMAGE\` and so on are the same in the
environment, and come before both files.

Slipway keeps two things on disk that may be deleted at any time: \`slipway/code\`, what Node has compiled of the
program (2.6 MB for \`build\`; other commands less; at most 64 MB of what was used last; \`NODE_DISABLE_COMPILE_CACHE=1\` turns it off), and \`slipway/hashes\`, see
[how a context travels](../explanation/contexts.md#kept-between-builds). Both are in \`$XDG_CACHE_HOME\` if it is an absolute path, else in \`~/.cache\`
(macOS: \`~/Library/Caches\`, Windows: \`%LOCALAPPDATA%\`). Slipway does not use the directory if it belongs to another user, if other users may write to
it or to a directory above it, or if it lies in a work tree of git, Mercurial or Subversion. Compiled code also needs a receipt below the home directory
of your login, not of \`HOME\`: \`~/.local/state/slipway\` (macOS: \`~/Library/Application Support/slipway\`, Windows: \`AppData\\Local\\slipway\`). A copy
or a restored backup of it is not run.

## Flags, keys and variables

The variable of a repeatable flag has one value per line, because any other separator may occur in values:
\`SLIPWAY_BUILD_ARG=$'A=1\\nB=2'\`. An empty variable is not set. Flags without a value take true and false (also 1 and 0, yes
and no, on and off).

Commands other than \`build\` take \`context\`, \`namespace\`, \`kubeconfig\`, \`registry-ca\`, \`insecure-registry\` and \`progress\` from the same sources;
\`slipway context\` takes what decides what is sent, too.
`;

const DOCKER = `
## Docker's variables
`;

const BUILDKIT_ARGUMENTS = `
Build arguments that begin with \`BUILDKIT_\` are BuildKit's own: other builders are not given them unless the Dockerfile declares them.
\`BUILDKIT_INLINE_CACHE=1\` is \`--cache-to type=inline\` where the builder can, and nothing where it cannot.`;

export function configurationPage(): string {
  const own = Object.entries(OWN_KEYS).map(([name, { what, project }]) => [`\`${name}\``, project ? "yes" : "", what]);
  const flags = Object.entries(keysOf(Build.flags))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { arity }]) => [
      `\`--${name}\``,
      `\`${variableOf(name)}\``,
      { nothing: "true or false", value: "one value", values: "values" }[arity],
      PROJECT_KEYS.has(name) ? "yes" : "",
    ]);
  const docker = DOCKER_VARIABLES.map(({ name, what }) => [`\`${name}\``, what]);
  return [
    BEGINNING,
    ...table(["Key", "In a project", ""], own),
    VARIABLES,
    ...table(["Flag, and key without the dashes", "Variable", "Takes", "In a project"], flags),
    DOCKER,
    ...table(["Variable", "Here"], docker),
    BUILDKIT_ARGUMENTS,
    "",
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
