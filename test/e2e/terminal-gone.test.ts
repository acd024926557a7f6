/** If the terminal of a build is closed, the client leaves and the build keeps running, with any shell in between. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { BUSYBOX, uniqueImage } from "./support/build.ts";
import { detour } from "./support/detour.ts";
import { madeFromNow, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { PROGRAM, slipway } from "./support/slipway.ts";
import type { Run } from "./support/slipway.ts";
import { typedInto } from "./support/terminal.ts";
import { printedBy } from "./support/step-lines.ts";

const namespace = useNamespace({ rbac: ["--manage"] });
const run = (...args: string[]): Promise<Run> =>
  slipway([...args, "-n", namespace.name], { env: { KUBECONFIG: namespace.kubeconfig } });
const COUNTS = `FROM ${BUSYBOX}\nRUN for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 1; done\n`;

/** The processes that build this image from here. */
function clients(image: string): number[] {
  const lines = execFileSync("ps", ["-ww", "-eo", "pid=,args="], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [, pid, args = ""] = /^ *(\d+) +(.*)$/.exec(line) ?? [];
    return args.startsWith(PROGRAM[0]) && args.includes(` -t ${image} `) ? [Number(pid)] : [];
  });
}

test.for(["bash --norc -i", "sh -i"])("in the middle of a build, from %s", async (shell) => {
  const made = await madeFromNow(namespace.name);
  const image = uniqueImage();
  const args = ["build", "-n", namespace.name, "-t", image, await project({ Dockerfile: COUNTS })];
  const { screen, close } = typedInto(shell, { KUBECONFIG: namespace.kubeconfig }, args);
  await expect.poll(screen).toMatch(/# line 2$/m);
  expect(clients(image)).toHaveLength(1);
  close();
  await expect.poll(() => clients(image)).toEqual([]);
  const name = (await run("ps", "-q")).stdout.trim();
  const attached = await run("attach", name);
  expect(attached.code).toBe(0);
  expect(printedBy(attached.stderr).match(/^line \d$/gm)).toHaveLength(8);
  expect(attached.stderr).toContain(`=> built digest ${(await readImage(image)).digest}\n`);
  expect((await run("rm", name)).code).toBe(0);
  await expect.poll(made).toEqual([]);
});

test(
  "terminal closed before the upload has finished: the client finishes it, then leaves, also after a second SIGHUP",
  { tags: ["long"] },
  async () => {
    const made = await madeFromNow(namespace.name);
    const sent = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const { kubeconfig } = await detour(namespace.kubeconfig, {
      hold: (request) => {
        if (!/^POST \S+\/configmaps$/.test(request)) return undefined;
        sent.resolve();
        return gone.promise;
      },
    });
    const image = uniqueImage();
    const args = ["build", "-n", namespace.name, "-t", image, await project({ Dockerfile: COUNTS })];
    const { close } = typedInto("bash --norc -i", { KUBECONFIG: kubeconfig }, args);
    await sent.promise;
    const [client] = clients(image);
    if (client === undefined) throw new Error("there is no client");
    close();
    // A shell passes the signal on, and so does the kernel when the shell is gone: they may come as one or as two.
    for (let time = 0; time < 2; time += 1) {
      await new Promise((resolve) => {
        setTimeout(resolve, 500);
      });
      process.kill(client, "SIGHUP");
    }
    gone.resolve();
    await expect.poll(() => clients(image)).toEqual([]);
    const name = (await run("ps", "-q")).stdout.trim();
    expect((await run("wait", name)).stdout).toBe(`${image}:latest@${(await readImage(image)).digest}\n`);
    expect((await run("rm", name)).code).toBe(0);
    await expect.poll(made).toEqual([]);
  },
);
