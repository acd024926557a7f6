/** docs/reference/docker-compatibility.md, from the table the command is made of. */
import type { BuilderAbilities } from "../../src/plan/docker/capability-needs.ts";
import type { FlagRow } from "../../src/plan/docker/flag-row.ts";
import { FLAG_TABLE } from "../../src/plan/docker/flag-table.ts";

const INTRODUCTION = `# Docker's flags, and what slipway does with them

Every flag of \`docker build\` (docker CLI 29) and \`docker buildx build\` (buildx 0.38), hidden ones included, and one that only older ones
have. Written by \`npm run docs\` from the table that the command uses.

- **honoured**: done, with every builder.
- **builder**: done where the chosen builder can. Where it cannot, the build is refused before anything is created, and the message
  names the builders that can.
- **ignored**: accepted, and said once on standard error (or silently, where docker is silent too): it has no meaning on a cluster.
- **refused**: refused, with another way to the same end.

Flags are read as docker reads them: \`--pull=false\`, \`-tNAME\`, \`-qt NAME\`, values that begin with a dash, flags after the path.

Standard output has only what was asked for: the image ID with \`-q\`, the answer of \`--check\` and \`--call\`, the bytes of
\`-o -\`. A plain build prints nothing there, as docker does. [Exit codes](exit-codes.md) are docker's, and a few more.

The real docker was recorded in each row's case, failures included (\`make contract-record\`), and \`make contract\` compares slipway's exit
codes, standard output and files with the recording. Intended differences stand in test/contract/differences.ts, with the reason. At commit cff01a2
all 249 tests passed, and with a kept builder (\`make contract-keep\`) all 151.
`;

export function compatibilityPage(abilities: BuilderAbilities): string {
  const rows = Object.entries<FlagRow>(FLAG_TABLE)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, row]) => `| ${[flagText(name, row), cell(row.docker), ...verdictCells(row, abilities)].join(" | ")} |`,
    );
  const head = ["Flag", "docker", "", "slipway", "Builders"];
  return [INTRODUCTION, `| ${head.join(" | ")} |`, `| ${head.map(() => "---").join(" | ")} |`, ...rows, ""].join("\n");
}

function flagText(name: string, row: FlagRow): string {
  const value = row.value === undefined ? "" : ` ${row.value}`;
  return cell(`\`${row.char === undefined ? "" : `-${row.char}, `}--${name}${value}\``);
}

function verdictCells({ slipway }: FlagRow, abilities: BuilderAbilities): string[] {
  switch (slipway.kind) {
    case "honoured":
      return ["honoured", cell(slipway.how), "all"];
    case "ignored":
      return ["ignored", cell(`${sentence(slipway.why)}${slipway.reported ? " A notice says so." : ""}`), ""];
    case "refused":
      return ["refused", cell(`${sentence(slipway.why)} ${slipway.instead}`), "none"];
    case "capability":
  }
  const able = slipway.needs.map((capability) => {
    const names = [...abilities].flatMap(([name, supports]) => (supports.has(capability) ? [name] : []));
    const list = names.length === 0 ? "none" : names.join(", ");
    return slipway.needs.length === 1 ? list : `${capability}: ${list}`;
  });
  return ["builder", cell(slipway.how), able.join("; ")];
}

function sentence(text: string): string {
  const capital = text.slice(0, 1).toUpperCase() + text.slice(1);
  return capital.endsWith(".") ? capital : `${capital}.`;
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
