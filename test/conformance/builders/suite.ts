/** Builds cases with one builder on the cluster and judges each by the image that the registry has afterwards. */
import { refuseFeatures } from "../../../src/builders/dockerfile-features.ts";
import { loadBuilder } from "../../../src/builders/table.ts";
import type { BuilderName } from "../../../src/plan/builder-names.ts";
import { findFeatures } from "../../../src/lib/dockerfile/features.ts";
import { parseDockerfile } from "../../../src/lib/dockerfile/parse.ts";
import { BuilderUnable } from "../../../src/errors.ts";
import { readImage } from "../../e2e/support/registry.ts";
import type { Image } from "../../e2e/support/registry.ts";
import { slipway } from "../../e2e/support/slipway.ts";
import type { Run } from "../../e2e/support/slipway.ts";
import { isShared } from "./case.ts";
import type { FeatureCase } from "./case.ts";
import { differencesOf } from "./check.ts";
import { dockerfileOf, makeContext } from "./context.ts";
import type { Names } from "./context.ts";
import { KNOWN } from "./known.ts";
import type { Outcome } from "./outcome.ts";

/** So many cases share a Dockerfile, as far as they can. */
const SHARE = 16;

export interface Bench {
  readonly builder: BuilderName;
  /** Of the page: the builder, and its version if that is not the test cluster's. */
  readonly column: string;
  /** How it builds, besides the builder's name. */
  readonly flags: readonly string[];
  /** An account that may do what `slipway rbac` prints for such builds. */
  readonly env: Readonly<Record<string, string>>;
  readonly namespace: string;
  /** A registry over TLS, as img pulls from no other, and the file of its authority. */
  readonly registry: string;
  readonly ca: string;
  readonly names: Names;
}

export type Report = (one: FeatureCase, outcome: Outcome) => void;

/** One job each: to be run side by side, as many at once as the machine bears. */
export async function jobsFor(
  cases: readonly FeatureCase[],
  bench: Bench,
  report: Report,
): Promise<(() => Promise<void>)[]> {
  const shared: FeatureCase[] = [];
  const alone: FeatureCase[] = [];
  for (const one of cases) {
    (isShared(one) && (await canShare(one, bench)) ? shared : alone).push(one);
  }
  const groups: FeatureCase[][] = [];
  for (let at = 0; at < shared.length; at += SHARE) groups.push(shared.slice(at, at + SHARE));
  return [
    ...groups.map((group) => () => runGroup(group, bench, report)),
    ...alone.map((one) => () => runAlone(one, bench, report)),
  ];
}

/** A line that is refused would take the others' with it; so would one that is known to fail. */
async function canShare(one: FeatureCase, bench: Bench): Promise<boolean> {
  if (KNOWN[bench.column]?.[one.id]?.kind === "fails") return false;
  const { defaultImage } = await loadBuilder(bench.builder);
  const image = process.env[`SLIPWAY_${bench.builder.toUpperCase()}_IMAGE`] ?? defaultImage ?? "";
  const uses = findFeatures(parseDockerfile(dockerfileOf([one], bench.names)));
  try {
    refuseFeatures(uses, bench.builder, image, defaultImage);
    return true;
  } catch (error) {
    if (error instanceof BuilderUnable) return false;
    throw error;
  }
}

async function runGroup(group: readonly FeatureCase[], bench: Bench, report: Report): Promise<void> {
  const image = imageName(bench);
  const run = await build(group, image, bench);
  if (run.code !== 0) {
    // One of them is to blame, and the others are to be reported by themselves.
    for (const one of group) await runAlone(one, bench, report);
    return;
  }
  const built = await readImage(image, { scheme: "https" });
  for (const one of group) report(one, judged(differencesOf(built, one, bench.names)));
}

async function runAlone(one: FeatureCase, bench: Bench, report: Report): Promise<void> {
  const image = imageName(bench);
  const run = await build([one], image, bench);
  report(one, await outcomeOf(one, run, image, bench));
}

async function outcomeOf(one: FeatureCase, run: Run, image: string, bench: Bench): Promise<Outcome> {
  if (run.code === 125) {
    const detail = firstError(run);
    // Any other words would be about the case, not about the builder.
    return { kind: detail.includes(`${bench.builder} `) && /^  - /m.test(run.stderr) ? "refused" : "fails", detail };
  }
  if (one.expect.fails !== undefined) {
    if (run.code === 0) return { kind: "differs", detail: "the build succeeds, and has to fail" };
    return one.expect.fails.test(run.stderr) ? { kind: "ok" } : { kind: "fails", detail: firstError(run) };
  }
  if (run.code !== 0) return { kind: "fails", detail: firstError(run) };
  const built = await readImage(image, { scheme: "https" });
  return judged(differencesOf(built, one, bench.names));
}

function judged(differences: readonly string[]): Outcome {
  return differences.length === 0 ? { kind: "ok" } : { kind: "differs", detail: differences.join("; ") };
}

function firstError(run: Run): string {
  return /^ERROR: (.+)$/m.exec(run.stderr)?.[1] ?? run.stderr.trim().split("\n").at(-1) ?? "";
}

/** @throws Error with the builder's own words when it does not build */
export async function imageOf(one: FeatureCase, bench: Bench): Promise<Image> {
  const image = imageName(bench);
  const run = await build([one], image, bench);
  if (run.code !== 0) throw new Error(`${bench.builder}: ${firstError(run)}\n${run.stderr}`);
  return await readImage(image, { scheme: "https" });
}

let count = 0;

function imageName({ registry, builder }: Bench): string {
  return `${registry}/conformance/${builder}-${process.pid}-${count++}:1`;
}

async function build(cases: readonly FeatureCase[], image: string, bench: Bench): Promise<Run> {
  await using context = await makeContext(cases, bench.names);
  const flags = [`-n=${bench.namespace}`, `--builder=${bench.builder}`, `--registry-ca=${bench.ca}`, `--tag=${image}`];
  return await slipway(["build", ...flags, ...bench.flags, "--timeout=5m", ...context.flags, context.root], {
    env: { ...bench.env, SOURCE_DATE_EPOCH: undefined },
  });
}
