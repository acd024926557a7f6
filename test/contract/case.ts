/** Cases of the contract: uses of `docker build` and their required results. */
import { expect } from "vitest";
import { BUSYBOX } from "../e2e/support/build.ts";
import { project } from "../e2e/support/project.ts";
import type { Files } from "../e2e/support/project.ts";
import { readImage } from "../e2e/support/registry.ts";
import type { Image } from "../e2e/support/registry.ts";
import { imageName, isKept, isSlipway, lookAlike, stopKept } from "./look-alike.ts";
import type { Run, RunOptions } from "./look-alike.ts";
import { outcomeOf, snapshot } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

export interface Bench {
  /** The project's directory, which is also the working directory. */
  readonly root: string;
  readonly image: string;
  /** Outcomes of the runs so far. */
  readonly outcomes: readonly Outcome[];
  readonly run: (args: readonly string[], options?: Partial<RunOptions>) => Promise<Run>;
  /** Runs a build that must succeed, pushes it to `image`, and reads the image. */
  readonly build: (args: readonly string[], options?: Partial<RunOptions>) => Promise<{ run: Run; built: Image }>;
}

/** A run that is only compared with docker's. A unique name replaces `IMAGE` in its args. */
export interface Use {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: (root: string) => Promise<Uint8Array | string>;
  /** Why this use cannot be recorded: docker with a builder of its kubernetes driver on the test cluster does not support it. */
  readonly cannot?: string;
}

export interface Case {
  readonly files?: Files;
  /** Runs and checks that hold for docker, too. The outcomes of its runs are compared with docker's. */
  readonly act?: (bench: Bench) => Promise<void>;
  /** `act` is only for slipway: docker behaves differently or lacks the feature. */
  readonly slipwayOnly?: boolean;
  readonly uses?: readonly Use[];
}

/** A flag's case always has checks. */
export interface FlagCase extends Case {
  readonly act: (bench: Bench) => Promise<void>;
}

export const FROM = `FROM ${BUSYBOX}\n`;

/**
 * Makes a project, and functions that run the command under test in it.
 * @param env variables for every run, for example a setting of slipway
 */
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

/** Runs a case. @returns the outcomes to compare with docker's: those of `act` unless it is `slipwayOnly`, and those of the uses */
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
      if (isKept && args.some((arg) => /^(?:--cpu|--memory|-c$|-m$)/.test(arg))) await stopKept(namespace);
      const named = args.map((arg) => arg.replaceAll("IMAGE", image));
      await run(named, { env, ...(stdin === undefined ? {} : { stdin: await stdin(root) }) });
      outcomes.push(...own);
    }
  }
  return outcomes;
}

/** A use that pushes an image. */
export function pushed(...flags: string[]): Use {
  return { args: ["--push", "-t", "IMAGE", ...flags, "."] };
}

/** A use that pushes an image. Slipway uses another builder, because its default one does not support the flags. */
export function pushedBy(builder: string, ...flags: string[]): Use {
  return { ...pushed(...flags), env: { SLIPWAY_BUILDER: builder } };
}

/** The command refuses the args: nothing on standard output, and a message that matches `sentence`, without a stack trace. */
export function refusal(args: readonly string[], sentence: string | RegExp, slipwayOnly = true): FlagCase {
  return {
    slipwayOnly,
    async act(bench) {
      const { code, stdout, stderr } = await bench.run(args);
      expect(code).not.toBe(0);
      expect(stdout).toBe("");
      const refused = isKept && /^ERROR: kaniko cannot stay for the next build/m.test(stderr);
      expect(stderr).toMatch(refused ? /\n {2}- Use --builder buildkit/ : sentence);
      expect(stderr).not.toMatch(/\n\s+at /);
    },
  };
}

/** The command prints an answer to standard output. */
export function answer(args: readonly string[], text: RegExp, code: number): FlagCase {
  return {
    async act(bench) {
      const run = await bench.run(args);
      expect([run.code, run.stdout]).toEqual([code, expect.stringMatching(text)]);
    },
  };
}

/** Slipway accepts the args: the objects that --dry-run prints contain `holds`. */
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
