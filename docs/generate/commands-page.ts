/** docs/reference/commands.md, from the manifest of commands. */
import { flagMeaning, flagText, plain, prose, readCommands, table, typed } from "./manifest.ts";
import type { ManifestCommand } from "./manifest.ts";

const BEGINNING = `# Commands

Every command, as \`slipway COMMAND --help\` prints it. Written by \`npm run docs\`.

The flags that choose the cluster (\`--context\`, \`-n\`, \`--kubeconfig\`) are those of \`build\` in every command that talks to a
cluster. They may also be set by [variables and configuration files](configuration.md). [Exit codes](exit-codes.md) are the same everywhere.
`;

/** A command with this many of build's flags is shown without them. */
const MANY = 20;

export function commandsPage(): string {
  const commands = readCommands();
  const build = commands.get("build")?.flags ?? {};
  const shown = [...commands.values()].filter(({ hidden }) => hidden !== true);
  const index = table(
    ["Command", "What it does"],
    shown.map(({ id, summary }) => [`[\`${typed(id)}\`](#${anchor(id)})`, summary ?? ""]),
  );
  return [BEGINNING, index, "", ...shown.map((command) => section(command, new Set(Object.keys(build))))].join("\n");
}

function anchor(id: string): string {
  return `slipway-${id.replaceAll(":", "-")}`;
}

function section(command: ManifestCommand, ofBuild: ReadonlySet<string>): string {
  const { id, summary, description, examples } = command;
  const flags = Object.values(command.flags ?? {}).filter(({ hidden }) => hidden !== true);
  const shared = flags.filter(({ name }) => ofBuild.has(name));
  const isLarge = id === "build" || shared.length >= MANY;
  const rows = (isLarge ? flags.filter(({ name }) => !ofBuild.has(name)) : flags).map((flag) => [
    `\`${flagText(flag)}\``,
    flagMeaning(flag),
  ]);
  return [
    `## ${typed(id)}`,
    "",
    plain(summary ?? ""),
    "",
    `\`\`\`\n${usage(command)}\n\`\`\``,
    "",
    ...(description === undefined ? [] : [paragraphs(description), ""]),
    ...(isLarge ? [`It takes the flags of [\`slipway build\`](flags.md).`, ""] : []),
    ...(rows.length === 0 ? [] : [table(["Flag", "What it does"], rows), ""]),
    ...(examples === undefined || examples.length === 0
      ? []
      : [`\`\`\`sh\n${examples.map(plain).join("\n")}\n\`\`\``, ""]),
  ].join("\n");
}

/** `slipway wait [flags] [BUILD…]` */
function usage({ id, args, flags, strict }: ManifestCommand): string {
  const named = Object.values(args ?? {});
  const words = named.map(({ name, required }, at) => {
    const word = `${name.toUpperCase()}${strict === false && at === named.length - 1 ? "…" : ""}`;
    return required === true ? word : `[${word}]`;
  });
  const more = strict === false && named.length === 0 ? ["[TARGET…]"] : [];
  return [typed(id), ...(Object.keys(flags ?? {}).length === 0 ? [] : ["[FLAGS]"]), ...words, ...more].join(" ");
}

/** Lists that are indented in the terminal become code, so that their columns stay; the rest is text. */
function paragraphs(text: string): string {
  return text
    .split("\n\n")
    .filter((part) => !part.startsWith("Exit codes:"))
    .map((part) => (/^ {2}/m.test(part) ? `\`\`\`text\n${plain(part)}\n\`\`\`` : prose(part)))
    .join("\n\n");
}
