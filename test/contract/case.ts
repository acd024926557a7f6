/** One use of `docker build`, and what has to come of it. */
import { expect } from "vitest";
import { BUSYBOX } from "../e2e/support/build.ts";
import { project } from "../e2e/support/project.ts";
import type { Files } from "../e2e/support/project.ts";
import { readImage } from "../e2e/support/registry.ts";
import type { Image } from "../e2e/support/registry.ts";
import { imageName, lookAlike } from "./look-alike.ts";
import type { Run, RunOptions } from "./look-alike.ts";

export interface Bench {
  /** The project's directory, which is also the working directory. */
  readonly root: string;
  readonly image: string;
  readonly run: (args: readonly string[], options?: Partial<RunOptions>) => Promise<Run>;
  /** A run that has to succeed, with the image it pushed as `image`. */
  readonly build: (args: readonly string[], options?: Partial<RunOptions>) => Promise<{ run: Run; built: Image }>;
}

export interface Case {
  readonly files?: Files;
  readonly act: (bench: Bench) => Promise<void>;
  /** About slipway alone: docker does something else, or nothing. */
  readonly slipwayOnly?: boolean;
}

export const FROM = `FROM ${BUSYBOX}\n`;

export async function setUp(namespace: string, files: Files = { Dockerfile: FROM }): Promise<Bench> {
  const root = await project(files);
  const image = imageName();
  const go = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Run> =>
    lookAlike(namespace, args, { cwd: root, ...options });
  return {
    root,
    image,
    run: go,
    async build(args, options) {
      const run = await go(["--push", "-t", image, ...args], options);
      if (run.code !== 0) throw new Error(`it ended with ${run.code}:\n${run.stderr}`);
      return { run, built: await readImage(image) };
    },
  };
}

/** A refusal: nothing on standard output, one sentence, and a remedy where slipway says it. */
export function refusal(args: readonly string[], sentence: string | RegExp, slipwayOnly = true): Case {
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
export function answer(args: readonly string[], text: RegExp, code: number): Case {
  return {
    async act(bench) {
      const run = await bench.run(args);
      expect([run.code, run.stdout]).toEqual([code, expect.stringMatching(text)]);
    },
  };
}

/** Accepted: the objects that would be created, as --dry-run prints them, which nothing is created of. */
export function objects(args: readonly string[], holds: string): Case {
  return {
    slipwayOnly: true,
    async act(bench) {
      const { code, stdout, stderr } = await bench.run(["--dry-run", ...args, "."]);
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(holds);
    },
  };
}
