/** Faults of a Dockerfile that this machine knows before there is a pod, with the line of each. Docker's build would fail for each too. */
import type { Emit } from "../../events.ts";
import { InvalidInput } from "../../errors.ts";
import type { SlipwayError } from "../../errors.ts";
import { dockerfileExcerpt } from "../../lib/dockerfile/excerpt.ts";
import { literalSources } from "../../lib/dockerfile/literal-sources.ts";
import { misspeltStages } from "../../lib/dockerfile/misspelt-stages.ts";
import type { MisspeltStage } from "../../lib/dockerfile/misspelt-stages.ts";
import { parseDockerfile } from "../../lib/dockerfile/parse.ts";
import type { Dockerfile } from "../../lib/dockerfile/parse.ts";
import { findImages } from "../../lib/dockerfile/references.ts";
import type { ImageUse, ReferenceOptions } from "../../lib/dockerfile/references.ts";
import { parseReference } from "../../lib/image/reference.ts";
import type { Reference } from "../../lib/image/reference.ts";
import type { Presence } from "../../lib/registry/image-missing.ts";
import type { RegistryOptions } from "../../lib/registry/registry-client.ts";
import { findMissingSources } from "../../pack/missing-sources.ts";
import { dockerfileName } from "../../plan/dockerfile-name.ts";
import type { ContextSource, DockerfileSource } from "../../plan/plan.ts";

/** The parts of a plan, or of a request that is only checked, that these faults are about. */
export interface KnownInputs {
  readonly context: ContextSource;
  readonly dockerfile: DockerfileSource;
  readonly buildArgs: readonly (readonly [name: string, value: string])[];
  readonly target?: string | undefined;
  /** A named context can replace any stage and any image. */
  readonly buildContexts?: readonly unknown[] | undefined;
}

export interface KnownFault {
  /** Docker's sentence. */
  readonly message: string;
  readonly suggestions: readonly string[];
  readonly line: number;
  readonly endLine: number;
}

/** @throws InvalidInput for a malformed ignore file or a target that does not exist */
export function missingSources(inputs: KnownInputs): KnownFault[] {
  const { dockerfile, options } = read(inputs);
  if (isReplaced(inputs)) return [];
  return findMissingSources(inputs.context, literalSources(dockerfile, options)).map(
    ({ path, rule, meant, line, endLine }) => ({
      message: `failed to compute cache key: "/${path}": not found`,
      suggestions:
        rule === undefined
          ? [
              ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
              `The context is ${inputs.context.root}, and sources of COPY and ADD are relative to it.`,
            ]
          : [
              `${rule.file} line ${rule.line} (${rule.text}) excludes it: remove that line, or add after it: !${path}`,
              `See what is sent: slipway context --explain ${path}`,
            ],
      line,
      endLine,
    }),
  );
}

/** @throws InvalidInput for the first source of COPY or ADD that the context does not have */
export function refuseMissingSources(inputs: KnownInputs): void {
  const [first] = missingSources(inputs);
  if (first !== undefined) throw errorOf(first, inputs.dockerfile);
}

/** The options of a registry, for one request each. */
export type AskRegistry = Pick<RegistryOptions, "insecure" | "ca" | "credential" | "signal" | "timeout">;

/** What the registries say of a Dockerfile's images. */
export interface ImageFaults {
  /** Of which their registries say that they do not have them. A registry that cannot be asked says nothing. */
  readonly missing: readonly KnownFault[];
  /** Names that look like a misspelt stage, of which no registry has said whether it has an image of that name. */
  readonly misspelt: readonly KnownFault[];
}

export async function imageFaults(inputs: KnownInputs, ask: AskRegistry): Promise<ImageFaults> {
  if (isReplaced(inputs)) return { missing: [], misspelt: [] };
  const { dockerfile, options } = read(inputs);
  const stages = misspeltStages(dockerfile, options);
  const asked = new Map<string, Promise<Presence>>();
  const missing: KnownFault[] = [];
  const misspelt: KnownFault[] = [];
  const uses = findImages(dockerfile, options).map(async (use) => {
    const reference = referenceOf(use);
    const stage = stages.find(({ line, name: written }) => line === use.line && written === use.text);
    if (reference === undefined) return { use, stage, answer: "unknown" as const };
    const name = reference.toString();
    const answer = asked.get(name) ?? presenceOf(reference, ask);
    asked.set(name, answer);
    return { use, stage, reference, answer: await answer };
  });
  for (const { use, stage, reference, answer } of await Promise.all(uses)) {
    const { line } = use;
    const endLine = dockerfile.instructions.find((one) => one.line === line)?.endLine ?? line;
    if (answer === "missing" && reference !== undefined) {
      const suggestions = [
        ...(stage === undefined ? [] : [hintOf(stage)]),
        `${reference.registry} has no such image: check the name and the tag.`,
      ];
      const message = `failed to resolve source metadata for ${reference.toString()}: not found`;
      missing.push({ message, suggestions, line, endLine });
    } else if (answer === "unknown" && stage !== undefined) {
      misspelt.push({ message: hintOf(stage), suggestions: [], line, endLine });
    }
  }
  return { missing, misspelt };
}

/** The error for the first image that its registry does not have. */
export async function missingImageError(inputs: KnownInputs, ask: AskRegistry): Promise<SlipwayError | undefined> {
  const [first] = (await imageFaults(inputs, ask)).missing;
  return first === undefined ? undefined : errorOf(first, inputs.dockerfile);
}

/** Warns of what may be a misspelt stage before anything is created: its registry need not answer. */
export function warnOfMisspeltStages(plan: Parameters<typeof stageHints>[0], emit: Emit): void {
  for (const { hint } of stageHints(plan)) emit({ type: "warning", message: hint });
}

/** Names in `--from` that are probably misspelt stages: a hint for a build that failed, as the name may also be an image. */
export function stageHints({
  dockerfile: { text },
  target,
  buildArgs,
}: Omit<KnownInputs, "context" | "dockerfile"> & { readonly dockerfile: { readonly text?: string | undefined } }): {
  readonly line: number;
  readonly hint: string;
}[] {
  if (text === undefined) return [];
  const found = misspeltStages(parseDockerfile(text), { target, buildArgs: new Map(buildArgs) });
  return found.map((stage) => ({ line: stage.line, hint: hintOf(stage) }));
}

function hintOf({ name, meant, line }: MisspeltStage): string {
  return `Line ${line}: no stage is named "${name}", so it is pulled as an image. Did you mean the stage "${meant}"?`;
}

function errorOf(fault: KnownFault, { path, text }: DockerfileSource): InvalidInput {
  const name = dockerfileName(path);
  return new InvalidInput(`${name} line ${fault.line}: ${fault.message}`, {
    docker: "refuses",
    suggestions: fault.suggestions,
    line: fault.line,
    excerpt: dockerfileExcerpt(name, parseDockerfile(text), text, fault.line),
  });
}

function read({ dockerfile, buildArgs, target }: KnownInputs): {
  readonly dockerfile: Dockerfile;
  readonly options: ReferenceOptions;
} {
  return { dockerfile: parseDockerfile(dockerfile.text), options: { target, buildArgs: new Map(buildArgs) } };
}

function isReplaced({ buildContexts = [] }: KnownInputs): boolean {
  return buildContexts.length > 0;
}

function referenceOf({ image, by, text }: ImageUse): Reference | undefined {
  // Builders differ in whether they replace variables after --from.
  if (image === undefined || (by !== "FROM" && text.includes("$"))) return undefined;
  try {
    return parseReference(image);
  } catch {
    // The builder says what is wrong with it.
    return undefined;
  }
}

async function presenceOf(reference: Reference, ask: AskRegistry): Promise<Presence> {
  try {
    const { askForImage } = await import("../../lib/registry/image-missing.ts");
    return await askForImage(reference, ask);
  } catch {
    return "unknown";
  }
}
