/** docs/reference/flags.md: the flags of `slipway build`, from the manifest of commands. */
import { flagMeaning, flagText, readCommands, table } from "./manifest.ts";

const BEGINNING = `# Flags of \`slipway build\`

What \`slipway build --help\` prints, as one page. Written by \`npm run docs\`.

- Every flag may also be [a variable or a key of a configuration file](configuration.md).
- Flags are written as docker writes them: \`--pull=false\`, \`-tNAME\`, \`-qt NAME\`, and flags may follow the path.
- Docker's own flags, with those that slipway ignores or refuses, are compared one by one in
  [docker compatibility](docker-compatibility.md).
- Not every builder can do every flag: [docker compatibility](docker-compatibility.md) names the builders for each.
`;

const TITLES: Readonly<Record<string, string>> = {
  "": "The most used flags",
  DOCKER: "More of docker's flags",
  BUILDER: "The builder",
  CONTEXT: "The context",
  REGISTRY: "Registries and credentials",
  CLUSTER: "The cluster and the build's life",
  POD: "The pod",
  "SUPPLY CHAIN": "Supply chain",
};

/** @throws Error for a group of flags that this page has no title for */
export function flagsPage(): string {
  const flags = Object.values(readCommands().get("build")?.flags ?? {}).filter(({ hidden }) => hidden !== true);
  const groups = Map.groupBy(flags, ({ helpGroup }) => helpGroup ?? "");
  const order = [...groups.keys()].sort((a, b) => Object.keys(TITLES).indexOf(a) - Object.keys(TITLES).indexOf(b));
  const sections = order.map((group) => {
    const title = TITLES[group];
    if (title === undefined) throw new Error(`no title for the group ${group} in docs/generate/flags-page.ts`);
    const rows = (groups.get(group) ?? []).map((flag) => [`\`${flagText(flag)}\``, flagMeaning(flag)]);
    return `## ${title}\n\n${table(["Flag", "What it does"], rows)}\n`;
  });
  return [BEGINNING, ...sections].join("\n");
}
