/** The project of all rows about a small build: one RUN and one COPY on busybox. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runSlipway } from "./command.ts";
import type { Finished } from "./command.ts";

export async function writeSmallProject(directory: string, registry: string): Promise<void> {
  const dockerfile = `FROM ${registry}/busybox:1.35\nRUN echo built > /built\nCOPY greeting /greeting\n`;
  await writeFile(join(directory, "Dockerfile"), dockerfile);
  await writeFile(join(directory, "greeting"), "hello\n");
}

/** Builds with slipway. @returns milliseconds of the whole command */
export async function buildWithSlipway(namespace: string, image: string, directory: string): Promise<number> {
  return took(await runSlipway(["build", "-n", namespace, "-t", image, directory]));
}

/** Returns the milliseconds of a build. @throws Error if the build printed no digest, which every builder prints */
export function took({ stdout, stderr, ms }: Finished): number {
  if (!/sha256:[0-9a-f]{64}/.test(stdout + stderr)) throw new Error(`no digest in:\n${stdout}${stderr}`);
  return ms;
}
