/** Clients of one kept builder: some are killed, some build at the same time. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BUSYBOX, uniqueImage } from "../../e2e/support/build.ts";
import { kubectl } from "../../e2e/support/kubectl.ts";
import type { TestNamespace } from "../../e2e/support/namespace.ts";
import { readImage } from "../../e2e/support/registry.ts";
import { slipway } from "../../e2e/support/slipway.ts";
import type { Run } from "../../e2e/support/slipway.ts";

const PROGRAM = new URL("../../../bin/run.js", import.meta.url).pathname;

/** A Dockerfile whose image holds the number of its build, and whose RUN starts a process that outlives a killed one. */
export const KEPT_NUMBERED = `FROM ${BUSYBOX}\nARG N\nCOPY . /app/\nRUN sleep 4242 & sleep 1; kill $!; echo $N > /n\n`;

/** A user with a home directory, so that all clients have the same key. */
export interface User extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  run(args: readonly string[]): Promise<Run>;
}

export async function makeUser(namespace: TestNamespace): Promise<User> {
  const home = await mkdtemp(join(tmpdir(), "slipway-chaos-home-"));
  const env = {
    KUBECONFIG: namespace.kubeconfig,
    SLIPWAY_NAMESPACE: namespace.name,
    XDG_CONFIG_HOME: home,
    XDG_CACHE_HOME: home,
  };
  return {
    env,
    run: (args) => slipway(args, { env }),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

export interface KeptKilling {
  /** The directory that has KEPT_NUMBERED as its Dockerfile. */
  readonly root: string;
  /** How many clients have to be killed before they have finished. */
  readonly count: number;
  /** Returns when to kill the next client, in milliseconds from its start. */
  readonly moment: () => number;
  readonly atOnce: number;
  /** Value of --keep. */
  readonly keep: string;
}

export interface KeptKilled {
  readonly tally: { finishedFirst: number; killed: number };
  /** All faults; empty if there are none. */
  readonly wrong: readonly string[];
}

/** Kills clients at random moments of their builds until so many were killed. */
export async function killKeptClients(
  user: User,
  { root, count, moment, atOnce, keep }: KeptKilling,
): Promise<KeptKilled> {
  const tally = { finishedFirst: 0, killed: 0 };
  const wrong: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (tally.killed < count) {
      const number = next++;
      const image = uniqueImage();
      const args = ["build", "--keep", keep, "--build-arg", `N=${number}`, "-t", image, root];
      const child = spawn(process.execPath, [PROGRAM, ...args], {
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, ...user.env },
      });
      let stderr = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      const over = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
        child.on("close", (code, signal) => resolve({ code, signal }));
      });
      await Promise.race([over, sleep(moment())]);
      child.kill("SIGKILL");
      const { code, signal } = await over;
      if (signal === "SIGKILL") tally.killed += 1;
      else if (code === 0) tally.finishedFirst += 1;
      else wrong.push(`${image} ended with ${code}: ${stderr.slice(-400)}`);
      // A killed client may have pushed no image, but never a wrong one.
      const built = await readImage(image).catch(() => undefined);
      if (built === undefined && signal === null) wrong.push(`${image} was not pushed`);
      const text = built?.files.get("n")?.text;
      if (built !== undefined && text !== `${number}\n`) wrong.push(`${image} holds ${text} instead of ${number}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { tally, wrong };
}

/** Returns the number of running builds per builder of the user, and the number of processes that killed builds left behind. */
export async function leftIn(user: User, namespace: string): Promise<{ builds: string[]; processes: number }> {
  const { stdout } = await user.run(["keep", "--format", "{{.Pod}} {{.Builds}}"]);
  const lines = stdout.trim().split("\n").filter(Boolean);
  let processes = 0;
  for (const line of lines) {
    const [pod = ""] = line.split(" ");
    // The pattern is written so that grep does not find its own arguments.
    const script = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -o 'sleep 424[2]' | wc -l";
    processes += Number(await kubectl(["exec", "-n", namespace, pod, "-c", "buildkit", "--", "sh", "-c", script]));
  }
  return { builds: lines.map((line) => line.split(" ")[1] ?? ""), processes };
}
