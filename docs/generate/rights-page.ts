/** docs/reference/rights.md: what `slipway rbac` grants, from the same function. */
import { rightsOf } from "../../src/app/rbac/rights.ts";
import type { Need, Right } from "../../src/app/rbac/rights.ts";
import { table } from "./manifest.ts";

const ANY: Need = { transport: "auto", ships: true, files: true, manage: false };

/** What makes the Role smaller or larger, as flags of `slipway rbac` and as what it is given for them. */
const OPTIONS: readonly (readonly [flags: string, need: Partial<Need>, when: string])[] = [
  ["--manage", { manage: true }, "builds are found again: `ps`, `attach`, `logs`, `wait`, `cancel`, `rm`, `prune`"],
  ["--cache-volume", { cacheVolume: true }, "builds use `--cache-volume`, or `slipway warm` is used"],
  ["--manage --cache-volume", { manage: true, cacheVolume: true }, "the same, and `slipway prune --volumes` is used"],
  ["--transport cache", { transport: "cache" }, "builds use `--transport cache`"],
  [
    "--keep",
    { keep: true, transport: "none", ships: false },
    "all builds use `--keep`; those that take a Secret of the namespace also need `get` on it",
  ],
  ["--network-policy", { networkPolicy: true }, "builds use `--network-policy`"],
  ["--transport configmap", { transport: "configmap" }, "no context is larger than 768 KiB packed: no exec is needed"],
  ["--no-secrets", { ships: false }, "builds take credentials from the namespace, or need none"],
  [
    "--builder kaniko --transport stream",
    { transport: "stream", files: false },
    "kaniko builds, and every context is streamed",
  ],
];

export function rightsPage(): string {
  const all = rightsOf(ANY);
  return `# Rights in the cluster

A build needs rights in one namespace and none outside it. \`slipway rbac\` prints the Role and the RoleBinding:

\`\`\`sh
slipway rbac -n builds | kubectl apply -f -                      # for the ServiceAccount slipway, which it makes as well
slipway rbac -n builds --group developers | kubectl apply -f -   # for a group of users
\`\`\`

The Role and the RoleBinding are called \`slipway\` for the account \`slipway\`, else \`slipway-NAME\`, or as \`--name\` says. A second run with the
same name replaces both. The command that an error prints has a name of its own, so it only adds rights.

Without flags the Role is enough for any builder. Written by \`npm run docs\` from the function that \`slipway rbac\` uses.

${table(
  ["Resource", "Verbs", "What for"],
  all.map((right) => [nameOf(right), right.verbs.join(", "), right.reason]),
)}

\`events\` is optional: without it slipway cannot say why a pod is not created.

## Flags that change the Role

${table(
  ["Flags of `slipway rbac`", "When", "Added", "Removed"],
  OPTIONS.map(([flags, need, when]) => {
    const other = rightsOf({ ...ANY, ...need });
    return [`\`${flags}\``, when, difference(other, all), difference(all, other)];
  }),
)}

\`slipway rbac --help\` has the rest: \`--git-in-cluster\`, \`--registry-ca\`, \`--account\`, \`--user\`.
`;
}

function nameOf({ group, resource }: Right): string {
  return `\`${resource}\`${group === "" ? "" : ` (${group})`}`;
}

/** Rights and verbs that the first list has and the second has not. */
function difference(some: readonly Right[], others: readonly Right[]): string {
  const lines = some.flatMap((right) => {
    const known = others.find(({ group, resource }) => group === right.group && resource === right.resource);
    const verbs = right.verbs.filter((verb) => known?.verbs.includes(verb) !== true);
    return verbs.length === 0 ? [] : [`${nameOf(right)}: ${verbs.join(", ")}`];
  });
  return lines.join("; ");
}
