/**
 * Twenty clients at once, each with its own build. All images must be right, no log may have another build's lines, and each client
 * may make only a few requests.
 */
import { open } from "node:fs/promises";
import { expect, test } from "vitest";
import { BUSYBOX, build, environment, uniqueImage } from "../e2e/support/build.ts";
import { objectsIn, useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import { printedBy } from "../e2e/support/step-lines.ts";
import { faultsOf } from "./support/run-faults.ts";

const COUNT = 20;
/** Limit for the mean number of requests to the API server per build. A single build makes fewer than half as many. */
const MAX_REQUESTS = 40;
const namespace = useNamespace();

test(
  `${COUNT} clients that build at once get their own images and logs, with few requests`,
  { timeout: 600_000 },
  async () => {
    const root = await project({
      Dockerfile: `FROM ${BUSYBOX}\nARG N\nRUN for i in 1 2 3; do echo $N says $i; sleep 1; done; echo $N > /n\n`,
    });
    const log = await open(environment("CLUSTER_AUDIT_LOG"));
    const { size: start } = await log.stat();
    const wrong = await Promise.all(
      Array.from({ length: COUNT }, async (_, number) => {
        const image = uniqueImage();
        const run = await build(namespace, [
          "--timeout",
          "8m",
          "--ttl",
          "1m",
          "--build-arg",
          `N=${number}`,
          "-t",
          image,
          root,
        ]);
        const strangers =
          printedBy(run.stderr)
            .match(/^\d+ says \d$/gm)
            ?.filter((line) => !line.startsWith(`${number} `)) ?? [];
        return [...(await faultsOf(run, namespace.name, image, number)), ...strangers];
      }),
    );
    expect(wrong.flat()).toEqual([]);
    const { size: end } = await log.stat();
    const { buffer } = await log.read(Buffer.alloc(end - start), 0, end - start, start);
    await log.close();
    const verbs = new Map<string, number>();
    for (const line of buffer.toString().split("\n")) {
      if (!line.includes(namespace.name) || !line.includes('"userAgent":"slipway"')) continue;
      const { stage, verb, objectRef } = JSON.parse(line) as {
        stage: string;
        verb: string;
        objectRef?: { resource?: string; subresource?: string };
      };
      if (stage !== "ResponseComplete" && stage !== "ResponseStarted") continue;
      // A watch and a followed log have two stages each; count only the second.
      if (stage === "ResponseStarted") continue;
      const what = `${verb} ${objectRef?.resource ?? ""}${objectRef?.subresource === undefined ? "" : `/${objectRef.subresource}`}`;
      verbs.set(what, (verbs.get(what) ?? 0) + 1);
    }
    const total = [...verbs.values()].reduce((sum, count) => sum + count, 0);
    process.stdout.write(`${COUNT} builds, ${total} requests: ${JSON.stringify(Object.fromEntries(verbs))}\n`);
    expect(total).toBeGreaterThan(COUNT * 4);
    expect(total / COUNT).toBeLessThan(MAX_REQUESTS);
    await expect.poll(() => objectsIn(namespace.name), { timeout: 180_000, interval: 2000 }).toEqual([]);
  },
);
