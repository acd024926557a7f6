/** Sending a large context to a pod, against `tar` through `kubectl exec`. */
import { ROOT, mustRun } from "./command.ts";
import { compare } from "./row.ts";
import type { Comparison, Row } from "./row.ts";
import { RECEIVER } from "../../src/plan/layout.ts";
import { fill, makeScratch } from "./scratch.ts";
import type { Content } from "./scratch.ts";
import { environment, makeNamespace } from "./test-cluster.ts";

const FILES = 2000;
const BYTES = 500_000_000;
const POD = "receiver";
const CONTENTS: Readonly<Record<Content, string>> = { mixed: "half text, half random", random: "all random" };

export const shipping: Row = {
  name: "shipping",
  rounds: 5,
  async measure(rounds) {
    await using namespace = await makeNamespace();
    await mustRun("kubectl", ["apply", "-n", namespace.name, "-f", "-"], {
      stdin: JSON.stringify(receivingPod(environment("SLIPWAY_HELPER_IMAGE"))),
    });
    await mustRun("kubectl", ["wait", "-n", namespace.name, `pod/${POD}`, "--for=condition=Ready", "--timeout=120s"]);
    const inPod = `kubectl exec -i -n ${namespace.name} ${POD} -- sh -c`;
    const results: Comparison[] = [];
    for (const content of ["mixed", "random"] as const) {
      await using scratch = await makeScratch();
      await fill(scratch.path, content, FILES, BYTES);
      const timed = async (pipeline: string): Promise<number> => {
        // Removes the files of the last measurement now, so that its time is not counted.
        await mustRun("bash", ["-c", `${inPod} 'rm -rf /slipway/* /tmp/*; sync'`]);
        const { ms } = await mustRun("bash", ["-c", `set -o pipefail; ${pipeline}`, "bash", scratch.path]);
        const { stdout } = await mustRun("bash", ["-c", `${inPod} 'find /slipway -type f | wc -l'`]);
        if (Number(stdout) !== FILES) throw new Error(`${stdout.trim()} of ${FILES} files arrived`);
        return ms;
      };
      results.push(
        await compare(rounds, {
          what: `shipping ${BYTES / 1e6} MB, ${CONTENTS[content]}`,
          against: "tar cz | kubectl exec tar xz",
          goal: 0.9,
          slipway: () =>
            timed(`'${process.execPath}' '${ROOT}test/bench/ship-context.ts' ${namespace.name} ${POD} "$1"`),
          other: () => timed(`tar -C "$1" -czf - . | ${inPod} 'tar -xzf - -C /slipway'`),
        }),
      );
    }
    return results;
  },
};

/** A pod like slipway's with its receiving container, but it keeps running for the next round. */
function receivingPod(image: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: POD },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: RECEIVER,
          image,
          command: ["sh", "-c", "sleep 86400"],
          volumeMounts: [{ name: "context", mountPath: "/slipway" }],
        },
      ],
      volumes: [{ name: "context", emptyDir: {} }],
    },
  };
}
