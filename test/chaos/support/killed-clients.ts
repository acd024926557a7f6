/** Kills the clients of builds, and checks how each build ends. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { BUSYBOX, uniqueImage } from "../../e2e/support/build.ts";
import { kubectl } from "../../e2e/support/kubectl.ts";
import type { TestNamespace } from "../../e2e/support/namespace.ts";
import { readImage } from "../../e2e/support/registry.ts";

const PROGRAM = new URL("../../../bin/run.js", import.meta.url).pathname;

/** A Dockerfile whose image holds the number of its build. */
export const NUMBERED = `FROM ${BUSYBOX}\nARG N\nRUN sleep 1; echo $N > /n\n`;

export interface Killing {
  /** The directory that has NUMBERED as its Dockerfile. */
  readonly root: string;
  /** When to kill each client, in milliseconds from its start. */
  readonly moments: readonly number[];
  readonly atOnce: number;
  /** Value of --timeout, in seconds. */
  readonly timeout: number;
  /** Value of --ttl, in seconds. */
  readonly ttl: number;
}

export interface Killed {
  /** Numbers of clients that finished before the kill, made no Job, left a successful build, or left one that hit its deadline. */
  readonly tally: { finishedFirst: number; nothingMade: number; built: number; deadline: number };
  /** All faults; empty if there are none. */
  readonly wrong: readonly string[];
}

/** Runs one build for each moment, and kills its client at that moment. */
export async function killClients(namespace: TestNamespace, killing: Killing): Promise<Killed> {
  const { root, moments, timeout, ttl } = killing;
  const tally = { finishedFirst: 0, nothingMade: 0, built: 0, deadline: 0 };
  const wrong: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < moments.length) {
      const number = next++;
      const image = uniqueImage();
      const limits = ["--timeout", `${timeout}s`, "--ttl", `${ttl}s`];
      const args = ["build", "-n", namespace.name, ...limits, "--build-arg", `N=${number}`, "-t", image, root];
      const env = { ...process.env, KUBECONFIG: namespace.kubeconfig };
      const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: "ignore", env });
      const over = new Promise<NodeJS.Signals | null>((resolve) => {
        child.on("close", (_, signal) => resolve(signal));
      });
      await Promise.race([over, sleep(moments[number])]);
      child.kill("SIGKILL");
      if ((await over) === null) tally.finishedFirst += 1;
      // A request that was already sent may still create a Job.
      await sleep(2000);
      const end = await endOf(namespace, image);
      if (end === undefined) tally.nothingMade += 1;
      else if (end.type === "Complete") {
        tally.built += 1;
        const text = (await readImage(image)).files.get("n")?.text;
        if (text !== `${number}\n`) wrong.push(`${image} holds ${text} instead of ${number}`);
      } else {
        if (end.reason !== "DeadlineExceeded") wrong.push(`${image} ended by ${end.reason}`);
        // A build that still needs its client has a deadline of five minutes, even if its --timeout is longer.
        if (end.seconds > Math.min(timeout, 300) + 10) wrong.push(`${image} ended after ${end.seconds} seconds`);
        tally.deadline += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: killing.atOnce }, worker));
  return { tally, wrong };
}

interface Job {
  readonly metadata: { readonly annotations: Record<string, string> };
  readonly status: {
    readonly startTime?: string;
    readonly conditions?: readonly { type: string; status: string; reason?: string; lastTransitionTime: string }[];
  };
}

/** Waits for the end of the build's Job. Returns undefined if the client was killed before it created one. */
async function endOf(
  namespace: TestNamespace,
  image: string,
): Promise<{ type: string; reason?: string | undefined; seconds: number } | undefined> {
  for (;;) {
    const list = JSON.parse(await kubectl(["get", "jobs", "-n", namespace.name, "-o", "json"])) as { items: Job[] };
    const job = list.items.find(({ metadata }) => metadata.annotations["slipway.dev/references"] === `${image}:latest`);
    if (job === undefined) return undefined;
    const end = job.status.conditions?.find(
      ({ type, status }) => status === "True" && (type === "Complete" || type === "Failed"),
    );
    if (end !== undefined) {
      const { type, reason, lastTransitionTime } = end;
      const seconds = (Date.parse(lastTransitionTime) - Date.parse(job.status.startTime ?? "")) / 1000;
      return { type, reason, seconds };
    }
    await sleep(1000);
  }
}
