/** docs/reference/builders.md, from the cases and what the last runs came to. */
import { SECTIONS } from "./cases/all.ts";
import { CLUSTER_VERSIONS, builderOf, columnsOf } from "./columns.ts";
import { KNOWN } from "./known.ts";
import type { Results } from "./record.ts";
import { comparisonSection } from "./trees/record.ts";
import type { RecordedComparison } from "./trees/record.ts";

const SIGNS = { ok: "✓", refused: "refused", differs: "differs", fails: "fails" } as const;

export function buildersPage({ commits, since, outcomes }: Results, comparison: RecordedComparison): string {
  const notes: string[] = [];
  const columns = columnsOf(commits);
  // A builder with several columns has its version in each.
  const headOf = (column: string): string => {
    const builder = builderOf(column);
    const several = columns.filter((other) => builderOf(other) === builder).length > 1;
    return column === builder && several ? `${builder} ${CLUSTER_VERSIONS[builder]}` : column;
  };
  const sections = SECTIONS.map(({ title, cases }) => {
    const rows = cases.map((one) => {
      const cells = columns.map((builder) => {
        const outcome = outcomes[one.id]?.[builder];
        if (outcome === undefined) return "not run";
        const why = KNOWN[builder]?.[one.id]?.why;
        if (outcome.kind === "ok") return SIGNS.ok;
        if (outcome.kind !== "refused")
          notes.push(`- **${one.title}**, ${headOf(builder)} ${outcome.kind}: ${why ?? outcome.detail ?? ""}`);
        return SIGNS[outcome.kind];
      });
      return `| ${one.title.replaceAll("|", "\\|").replaceAll("*", "\\*")} | ${cells.join(" | ")} |`;
    });
    const head = `| | ${columns.map(headOf).join(" | ")} |\n| --- | ${columns.map(() => "---").join(" | ")} |`;
    return `## ${title}\n\n${head}\n${rows.join("\n")}\n`;
  });
  const ran = columns.map((name) => `${name} at ${commits[name] ?? "no commit"}`).join(", ");
  const later = [...new Set(columns.flatMap((name) => Object.values(since[name] ?? {})))];
  const partly = later.map((commit) => {
    const titles = SECTIONS.flatMap(({ cases }) => cases)
      .filter(({ id }) => columns.some((name) => since[name]?.[id] === commit))
      .map(({ title }) => title.replaceAll("*", "\\*"));
    return `Run by themselves since, at ${commit}: ${titles.join(" · ")}.\n`;
  });
  return `# What each builder makes of a Dockerfile

Each row is a Dockerfile of one feature, built by every builder on the real cluster; what counts is the image in the registry: its files, their
modes, owners and times, its configuration. Made by \`make conformance-builders\`, with the versions the test cluster has: kaniko
v1.24.0, BuildKit v0.34.2, buildah v1.44.0, img v0.5.11, makisu v0.4.2. A column with another version was run with an image that its variable
named: \`SLIPWAY_KANIKO_IMAGE=IMAGE make conformance-builders CONFORMANCE="--builder kaniko"\`. kaniko v1.28.3 is the default image; the test
cluster cannot build it, because the Go module proxy does not have its module, so the image was compiled by hand from the source of that tag, without
the credential helpers. \`buildkit --keep\` is the same BuildKit as a [kept builder](../guides/kept-builder.md): it asks the client for the context, by its own protocol. Last whole runs: ${ran}.

${partly.map((line) => `${line}\n`).join("")}✓: the image is what it has to be, for which BuildKit's word counts · **refused** before anything is created, with the line and the builders
that can · **differs**: another image, below · **fails**: the builder says no while it builds, below · not run: the case is newer than the last whole run.

${sections.join("\n")}
## Differences

${notes.join("\n")}

${comparisonSection(comparison)}`;
}
