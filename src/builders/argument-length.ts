/** The limits of the kernel and of Kubernetes for the arguments of a builder's container. */
import type { BuildPlan } from "../plan/plan.ts";
import { InvalidInput } from "../errors.ts";
import type { Builder } from "./builder.ts";

/** Linux takes 32 pages for one argument, with the NUL at its end (uapi/linux/binfmts.h: MAX_ARG_STRLEN). */
export const MAX_ARGUMENT_BYTES = 32 * 4096 - 1;

/**
 * All arguments and variables are part of one Job, and etcd takes 1.5 MiB for an object (its --max-request-bytes). The rest of the
 * object, with a pod template, has to fit too.
 */
export const MAX_TOTAL_BYTES = 1024 * 1024;

/** How builders write what the user gave. */
const WRITTEN: readonly (readonly [RegExp, (name: string) => string])[] = [
  [/^--(?:opt=)?build-arg[:=]([^=]*)=/, (name) => `--build-arg ${name}`],
  [/^--(?:opt=)?label[:=]([^=]*)=/, (name) => `--label ${name}`],
  [/^--(?:destination|tag|output)=/, () => "the image's names (-t)"],
  [/^--(?:opt=)?(?:add-hosts?)[=:]/, () => "--add-host"],
  [/^--(?:opt=)?([a-z-]+)[=:]/, (name) => `--${name}`],
];

/** @throws InvalidInput naming the largest argument, if the builder's container could not start with them */
export function refuseLongArguments(plan: BuildPlan, builder: Builder): void {
  const { container } = builder.pod(plan, plan.repository === undefined ? "archive" : "none");
  const variables = (container.env ?? []).map(({ name, value = "" }) => `${name}=${value}`);
  const all = [...(container.command ?? []), ...(container.args ?? []), ...variables].map((text) => ({
    text,
    // Kubernetes makes one dollar sign of two.
    bytes: Buffer.byteLength(text.replaceAll("$$", "$")),
    stored: Buffer.byteLength(text),
  }));
  const largest = all.reduce((most, one) => (one.bytes > most.bytes ? one : most), { text: "", bytes: 0, stored: 0 });
  const name = nameOf(largest.text);
  if (largest.bytes > MAX_ARGUMENT_BYTES) {
    throw new InvalidInput(
      `${name} is too long: with it, an argument of ${builder.name} has ${largest.bytes} bytes, and Linux takes ${MAX_ARGUMENT_BYTES}`,
      { suggestions: REMEDIES },
    );
  }
  const total = all.reduce((sum, { stored }) => sum + stored, 0);
  if (total <= MAX_TOTAL_BYTES) return;
  throw new InvalidInput(
    `the build's arguments have ${total} bytes in total, and a Job can hold ${MAX_TOTAL_BYTES}; the largest is ${name}, with ${largest.bytes}`,
    { suggestions: REMEDIES },
  );
}

const REMEDIES = [
  "Put the text into a file of the context and COPY it, or give it as a secret: --secret id=ID,src=FILE.",
];

function nameOf(argument: string): string {
  for (const [pattern, name] of WRITTEN) {
    const found = pattern.exec(argument);
    if (found !== null) return name(found[1] ?? "");
  }
  return `the argument ${argument.slice(0, 40)}…`;
}
