/** One use of `docker build`, and what has to come of it. */
import { expect } from "vitest";
import { BUSYBOX } from "../e2e/support/build.ts";
import { project } from "../e2e/support/project.ts";
import type { Files } from "../e2e/support/project.ts";
import { readImage } from "../e2e/support/registry.ts";
import type { Image } from "../e2e/support/registry.ts";
import { imageName, isSlipway, lookAlike } from "./look-alike.ts";
import type { Run, RunOptions } from "./look-alike.ts";
import { outcomeOf, snapshot } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

export interface Bench {
  /** The project's directory, which is also the working directory. */
  readonly root: string;
  readonly image: string;
  /** Of each run so far. */
  readonly outcomes: readonly Outcome[];
  readonly run: (args: readonly string[], options?: Partial<RunOptions>) => Promise<Run>;
  /** A run that has to succeed, with the image it pushed as `image`. */
  readonly build: (args: readonly string[], options?: Partial<RunOptions>) => Promise<{ run: Run; built: Image }>;
}

/** A run that is only compared with docker's. `IMAGE` in an argument is replaced by a unique name. */
export interface Use {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: (root: string) => Promise<Uint8Array | string>;
  /** Why docker, with a builder of its kubernetes driver on the test cluster, says nothing of its contract here. */
  readonly cannot?: string;
}

export interface Case {
  readonly files?: Files;
  /** What has to come of it, whoever is asked. Its runs are held against docker's too. */
  readonly act?: (bench: Bench) => Promise<void>;
  /** `act` is about slipway alone: docker does something else, or nothing. */
  readonly slipwayOnly?: boolean;
  readonly uses?: readonly Use[];
}

/** Of a flag: there is always something that has to come of it. */
export interface FlagCase extends Case {
  readonly act: (bench: Bench) => Promise<void>;
}

export const FROM = `FROM ${BUSYBOX}\n`;

/** @param env variables of every run, such as a setting of slipway's */
export async function setUp(
  namespace: string,
  files: Files = { Dockerfile: FROM },
  env: Readonly<Record<string, string>> = {},
): Promise<Bench> {
  const root = await project(files);
  const image = imageName();
  const outcomes: Outcome[] = [];
  const go = async (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Run> => {
    const before = await snapshot(root);
    const run = await lookAlike(namespace, args, { cwd: root, ...options, env: { ...env, ...options.env } });
    outcomes.push(await outcomeOf(root, args, run, before));
    return run;
  };
  return {
    root,
    image,
    outcomes,
    run: go,
    async build(args, options) {
      const run = await go(["--push", "-t", image, ...args], options);
      if (run.code !== 0) throw new Error(`it ended with ${run.code}:\n${run.stderr}`);
      return { run, built: await readImage(image) };
    },
  };
}

/** What comes of a case, each run of it an outcome: of what it does, where that is about docker too, and of its further uses. */
export async function perform(namespace: string, { files, act, slipwayOnly = false, uses = [] }: Case) {
  const outcomes: (Outcome | { args: readonly string[]; cannot: string })[] = [];
  if (act !== undefined && (isSlipway || !slipwayOnly)) {
    const bench = await setUp(namespace, files);
    await act(bench);
    if (!slipwayOnly) outcomes.push(...bench.outcomes);
  }
  for (const { args, env = {}, stdin, cannot } of uses) {
    if (cannot !== undefined) outcomes.push({ args, cannot });
    else {
      const { root, image, run, outcomes: own } = await setUp(namespace, files);
      const words = args.map((word) => word.replaceAll("IMAGE", image));
      await run(words, { env, ...(stdin === undefined ? {} : { stdin: await stdin(root) }) });
      outcomes.push(...own);
    }
  }
  return outcomes;
}

/** A build that is pushed, as a use. */
export function pushed(...flags: string[]): Use {
  return { args: ["--push", "-t", "IMAGE", ...flags, "."] };
}

/** The same, where slipway needs a builder other than its default for what docker's only one does. */
export function pushedBy(builder: string, ...flags: string[]): Use {
  return { ...pushed(...flags), env: { SLIPWAY_BUILDER: builder } };
}

/** A refusal: nothing on standard output, one sentence, and a remedy where slipway says it. */
export function refusal(args: readonly string[], sentence: string | RegExp, slipwayOnly = true): FlagCase {
  return {
    slipwayOnly,
    async act(bench) {
      const { code, stdout, stderr } = await bench.run(args);
      expect(code).not.toBe(0);
      expect(stdout).toBe("");
      expect(stderr).toMatch(sentence);
      expect(stderr).not.toMatch(/\n\s+at /);
    },
  };
}

/** An answer on standard output, for which no build is made. */
export function answer(args: readonly string[], text: RegExp, code: number): FlagCase {
  return {
    async act(bench) {
      const run = await bench.run(args);
      expect([run.code, run.stdout]).toEqual([code, expect.stringMatching(text)]);
    },
  };
}

/** Accepted: the objects that would be created, as --dry-run prints them, which nothing is created of. */
export function objects(args: readonly string[], holds: string): FlagCase {
  return {
    slipwayOnly: true,
    async act(bench) {
      const { code, stdout, stderr } = await bench.run(["--dry-run", ...args, "."]);
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(holds);
    },
  };
}
