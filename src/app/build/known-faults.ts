/** Faults of a Dockerfile that this machine knows before there is a pod, with the line of each. Docker's build would fail for each too. */
import type { Emit } from "../../events.ts";
import { basename } from "node:path";
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
import type { RegistryOptions } from "../../lib/registry/registry-client.ts";
import { findMissingSources } from "../../pack/missing-sources.ts";
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

/** The images of which their registries say that they do not have them. A registry that cannot be asked says nothing. */
export async function missingImages(inputs: KnownInputs, ask: AskRegistry): Promise<KnownFault[]> {
  if (isReplaced(inputs)) return [];
  const { dockerfile, options } = read(inputs);
  const misspelt = misspeltStages(dockerfile, options);
  const asked = new Map<string, Promise<boolean>>();
  const faults = findImages(dockerfile, options).map(async (use): Promise<KnownFault[]> => {
    const reference = referenceOf(use);
    if (reference === undefined) return [];
    const name = reference.toString();
    const missing = asked.get(name) ?? isMissing(reference, ask);
    asked.set(name, missing);
    if (!(await missing)) return [];
    const stage = misspelt.find(({ line, name: written }) => line === use.line && written === use.text);
    return [
      {
        message: `failed to resolve source metadata for ${name}: not found`,
        suggestions: [
          ...(stage === undefined ? [] : [hintOf(stage)]),
          `${reference.registry} has no such image: check the name and the tag.`,
        ],
        line: use.line,
        endLine: dockerfile.instructions.find(({ line }) => line === use.line)?.endLine ?? use.line,
      },
    ];
  });
  return (await Promise.all(faults)).flat();
}

/** The error for the first image that its registry does not have. */
export async function missingImageError(inputs: KnownInputs, ask: AskRegistry): Promise<SlipwayError | undefined> {
  const [first] = await missingImages(inputs, ask);
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
  const name = basename(path);
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

async function isMissing(reference: Reference, ask: AskRegistry): Promise<boolean> {
  try {
    const { isImageMissing } = await import("../../lib/registry/image-missing.ts");
    return await isImageMissing(reference, ask);
  } catch {
    return false;
  }
}
