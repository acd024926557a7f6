/**
 * Kaniko's own switches for speed: a two-stage project on Debian, each switch against the same kaniko without it, both by hand. A switch that
 * is never faster is not worth what it changes. slipway sets none of them today (docs/explanation/speed.md).
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, mustRun } from "./command.ts";
import { compare } from "./row.ts";
import type { Result, Row } from "./row.ts";
import { makeScratch } from "./scratch.ts";
import { took } from "./small-project.ts";
import { environment, makeNamespace } from "./test-cluster.ts";

interface Switch {
  readonly args?: readonly string[];
  /** Feature flags of osscontainertools/kaniko; an older kaniko only logs that it does not know them. */
  readonly features?: readonly string[];
  /** Both sides build a second time, with what a first build has put into a cache. */
  readonly isCached?: boolean;
}

/** Of every version. */
const MODES: readonly Switch[] = [
  { args: ["--snapshot-mode=redo"] },
  { args: ["--snapshot-mode=time"] },
  { args: ["--use-new-run"] },
  { args: ["--compressed-caching=false"] },
];
/** The profile "Preview" of v1.28. */
const PREVIEW: readonly Switch[] = [
  "CROSS_REPO_MOUNT",
  "SHARED_BASE_CACHE",
  "SKIP_CACHED_STAGES",
  "PRECOMPILE_DOCKERIGNORE",
  "SKIP_RELABEL_RECOMPRESS",
  "INFER_CROSS_STAGE_CACHE_KEY",
].map((name) => ({ features: [`FF_KANIKO_${name}`] }));
const CACHED: readonly Switch[] = [{ args: ["--compressed-caching=false"] }, ...PREVIEW].map((one) => ({
  ...one,
  isCached: true,
}));

const VERSIONS = [
  { name: "kaniko v1.24.0", variable: "SLIPWAY_KANIKO_IMAGE", switches: MODES },
  { name: "kaniko v1.28.3", variable: "SLIPWAY_KANIKO_NEW_IMAGE", switches: [...MODES, ...PREVIEW, ...CACHED] },
] as const;

/** Two stages with small and large changes of the file system, as of a compiler and its result. */
const dockerfile = (registry: string): string => `FROM ${registry}/debian:bookworm AS build
WORKDIR /src
COPY . .
RUN perl -e 'for my $n (1 .. 2000) { open my $f, ">", "object-$n"; print $f "x" x 2000 }'
RUN cat object-* > program
RUN chmod 755 program
FROM ${registry}/debian:bookworm
RUN mkdir -p /app && echo configured > /app/configuration
COPY --from=build /src/program /app/program
RUN ls -l /app/program
`;

export const kanikoSwitches: Row = {
  name: "kaniko-switches",
  rounds: 5,
  async measure(rounds) {
    const registry = environment("REGISTRY");
    await using scratch = await makeScratch();
    await using namespace = await makeNamespace();
    await writeFile(join(scratch.path, "Dockerfile"), dockerfile(registry));
    await writeFile(join(scratch.path, "source.c"), "int main;\n");
    const image = `${registry}/bench/${namespace.name}`;
    const results: Result[] = [];
    for (const { name, variable, switches } of VERSIONS) {
      const kaniko = process.env[variable] ?? "";
      for (const [at, { args = [], features = [], isCached = false }] of switches.entries()) {
        const about = {
          what: `two stages on Debian, ${isCached ? "all cached, " : ""}${[...args, ...features].join(" ")}`,
          against: `${name} without it`,
          goal: 1,
        };
        if (kaniko === "") {
          results.push({ ...about, missing: `there is no image of ${name}, name one in ${variable}` });
          continue;
        }
        const build = async (tag: string, { args: own = [], features: on = [] }: Switch): Promise<number> => {
          const cache = isCached ? ["--cache=true", `--cache-repo=${image}/cache-${tag}-${at}`] : [];
          const env = {
            KANIKO_ARGS: [...own, ...cache].join("\n"),
            KANIKO_FEATURES: on.join("\n"),
          };
          const command = [`${ROOT}test/bench/by-hand.sh`, namespace.name, `${image}:${tag}`, kaniko, scratch.path];
          return took(await mustRun("bash", command, { env }));
        };
        const slipway = () => build("with", { args, features });
        const other = () => build("without", {});
        if (isCached) {
          await slipway();
          await other();
        }
        results.push(await compare(rounds, { ...about, slipway, other }));
      }
    }
    return results;
  },
};
