/** A person ends a build at the console. */
import { expect, it } from "vitest";
import { madeFromNow, useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import { printing } from "../e2e/support/step-lines.ts";
import { slipwayInConsole } from "./support/console.ts";
import { onDrive } from "./support/wine.ts";

const namespace = useNamespace();
const REGISTRY = process.env["REGISTRY"] ?? "";

/** A build that would take five minutes. */
async function longBuild(): Promise<{ readonly args: string[]; readonly env: Record<string, string> }> {
  const Dockerfile = `FROM ${REGISTRY}/busybox:1.35\nRUN echo sleeping && sleep 300\n`;
  return {
    args: ["build", "-n", namespace.name, onDrive(await project({ Dockerfile }))],
    env: {
      KUBECONFIG: onDrive(namespace.kubeconfig),
      SLIPWAY_KANIKO_IMAGE: process.env["SLIPWAY_KANIKO_IMAGE"] ?? "",
      SLIPWAY_HELPER_IMAGE: process.env["SLIPWAY_HELPER_IMAGE"] ?? "",
    },
  };
}

it("Ctrl-C in a console stops the build, and removes it from the cluster", async () => {
  const made = await madeFromNow(namespace.name);
  const { args, env } = await longBuild();
  const { keys, stderr, code } = slipwayInConsole(args, env);
  await expect.poll(stderr, { timeout: 300_000 }).toMatch(printing("sleeping"));
  expect(code()).toBeUndefined();
  expect(await made()).not.toEqual([]);
  keys("C-c");
  await expect.poll(code, { timeout: 60_000 }).toBe(130);
  expect(stderr()).toMatch(/^ERROR: stopped by Ctrl-C$/m);
  await expect.poll(made).toEqual([]);
});
