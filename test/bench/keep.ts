/**
 * The second build: slipway with a kept builder, against buildx with its kubernetes builder running, and against a local Docker
 * engine. Slipway and buildx use the same BuildKit image, build the same and push. The engine has its own builder and stores the
 * image.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { atTheEnd } from "./at-the-end.ts";
import { createBuilder } from "./buildx-builder.ts";
import { ROOT, mustRun, run, runSlipway } from "./command.ts";
import type { Finished } from "./command.ts";
import { findCompiled, howToCompile } from "./compiled.ts";
import { absolute, compare } from "./row.ts";
import type { Result, Row } from "./row.ts";
import { fill, makeScratch } from "./scratch.ts";
import { took, writeSmallProject } from "./small-project.ts";
import { environment, makeNamespace } from "./test-cluster.ts";

const BUILDX = "buildx v0.38.2, kubernetes driver, its builder running";
const ENGINE = "a local Docker engine 20.10, buildx as its client";

/** The environment of one row, for both sides. */
interface Stage {
  readonly namespace: string;
  /** The project's directory. */
  readonly directory: string;
  /** A directory for outputs of builds, and for this row's own key. */
  readonly scratch: string;
  readonly image: string;
  /** Runs `slipway build` with the row's kept builder. */
  slipway(...args: readonly string[]): Promise<Finished>;
}

/** A row in which both sides build the same project alternately. */
interface Second {
  readonly name: string;
  readonly rounds: number;
  readonly what: string;
  readonly goal: number;
  /** Writes the project. */
  readonly prepare: (directory: string, base: string) => Promise<void>;
  /** Changes the project before every build. */
  readonly change: (directory: string) => Promise<void>;
  /** Returns the args of the build, without the directory. @param side `slipway` or `buildx`, for names that must differ */
  readonly args: (stage: Stage, side: string) => readonly string[];
}

const pushed: Second["args"] = ({ image }, side) => ["-t", `${image}:${side}`, "--push"];

/** A project with sources of at most 5 kB, copied after a step that is cached. */
function sources(files: number): Pick<Second, "prepare" | "change" | "args"> {
  return {
    async prepare(directory, base) {
      await fill(directory, "mixed", files, files * 2500);
      await writeFile(join(directory, "Dockerfile"), `FROM ${base}\nRUN sleep 3; echo 1 > /made\nCOPY . /app/\n`);
    },
    change: (directory) => writeFile(join(directory, "d7/f707"), randomBytes(3000)),
    args: pushed,
  };
}

const MEGABYTES = 500;

const SECONDS: readonly Second[] = [
  {
    name: "keep-trivial",
    rounds: 9,
    what: "second build, trivial, nothing changed, --keep",
    goal: 1,
    prepare: (directory) => writeSmallProject(directory, environment("REGISTRY")),
    change: async () => {},
    args: pushed,
  },
  {
    name: "keep-2000",
    rounds: 9,
    what: "second build, one changed of 2 000 files, --keep",
    goal: 0.9,
    ...sources(2000),
  },
  {
    name: "keep-20000",
    rounds: 9,
    what: "second build, one changed of 20 000 files, --keep",
    goal: 0.9,
    ...sources(20_000),
  },
  {
    name: "keep-result",
    rounds: 5,
    what: `-o type=docker of ${MEGABYTES} MB, --keep`,
    goal: 1,
    prepare: (directory, base) =>
      writeFile(join(directory, "Dockerfile"), `FROM ${base}\nRUN head -c ${MEGABYTES}000000 /dev/urandom > /noise\n`),
    change: async () => {},
    args: ({ scratch }, side) => ["-t", "bench:1", "-o", `type=docker,dest=${join(scratch, `${side}.tar`)}`],
  },
  {
    name: "keep-context",
    rounds: 5,
    what: `a context of ${MEGABYTES} MB, all of it new, --keep`,
    goal: 1,
    prepare: (directory, base) =>
      // Mounts the context instead of copying it, to measure the transfer and not the layer.
      writeFile(
        join(directory, "Dockerfile"),
        `FROM ${base}\nRUN --mount=type=bind,target=/context ls -l /context > /list\n`,
      ),
    change: (directory) => writeFile(join(directory, "noise"), randomBytes(MEGABYTES * 1_000_000)),
    args: pushed,
  },
];

function secondRow({ name, rounds, what, goal, prepare, change, args }: Second): Row {
  return {
    name,
    rounds,
    async measure(rounds) {
      const about = { what, against: BUILDX, goal };
      const program = await findCompiled("buildx", "buildx");
      if (program === undefined) return [{ ...about, missing: howToCompile("buildx", "buildx") }];
      return onStage(async (stage) => {
        await prepare(stage.directory, `${environment("REGISTRY")}/busybox:1.35`);
        const home = atTheEnd.use(await makeScratch());
        const builder = atTheEnd.use(await createBuilder(program, stage.namespace, home.path));
        return await compare(rounds, {
          ...about,
          slipway: async () => {
            await change(stage.directory);
            return took(await stage.slipway(...args(stage, "slipway"), stage.directory));
          },
          other: async () => {
            await change(stage.directory);
            // Slipway adds attestations only if it is asked to.
            const flags = ["--provenance=false", ...args(stage, "buildx")];
            return took(await builder.build(...flags, stage.directory));
          },
        });
      });
    },
  };
}

const engine: Row = {
  name: "keep-engine",
  rounds: 9,
  async measure(rounds) {
    const { prepare, change } = sources(2000);
    const about = { what: "second build, one changed of 2 000 files, --keep", against: ENGINE, goal: 1.1 };
    const program = await findCompiled("buildx", "buildx");
    if (program === undefined) return [{ ...about, missing: howToCompile("buildx", "buildx") }];
    const unpacked = await run(`${ROOT}test/cluster/engine`, ["docker"]);
    if (unpacked.code !== 0) return [{ ...about, missing: "there is no engine: run test/cluster/engine docker" }];
    return onStage(async (stage) => {
      await prepare(stage.directory, `${environment("REGISTRY")}/busybox:1.35`);
      await using docker = await startEngine(unpacked.stdout.trim(), stage.scratch);
      const env = { DOCKER_HOST: docker.host, BUILDX_CONFIG: join(stage.scratch, "buildx") };
      return await compare(rounds, {
        ...about,
        slipway: async () => {
          await change(stage.directory);
          return took(await stage.slipway("-t", `${stage.image}:slipway`, "--push", stage.directory));
        },
        other: async () => {
          await change(stage.directory);
          const flags = ["build", "--builder", "default", "--network", "host", "--provenance=false", "-t", "bench:1"];
          return took(await mustRun(program, [...flags, stage.directory], { env }));
        },
      });
    });
  },
};

const first: Row = {
  name: "keep-first",
  rounds: 5,
  async measure(rounds) {
    const about = {
      what: "first build with --keep, nothing running",
      against: "buildx v0.38.2, kubernetes driver, its builder to boot",
      goal: 0.1,
      limit: 1,
    };
    const program = await findCompiled("buildx", "buildx");
    if (program === undefined) return [{ ...about, missing: howToCompile("buildx", "buildx") }];
    return onStage(async (stage) => {
      await writeSmallProject(stage.directory, environment("REGISTRY"));
      await using home = await makeScratch();
      return await compare(rounds, {
        ...about,
        slipway: async () => {
          const ms = took(await stage.slipway(...pushed(stage, "slipway"), stage.directory));
          await stopKept(stage);
          return ms;
        },
        other: async () => {
          await using builder = await createBuilder(program, stage.namespace, home.path);
          const built = await builder.build("-t", `${stage.image}:buildx`, "--push", stage.directory);
          return builder.createdMs + took(built);
        },
      });
    });
  },
};

/** The parts of a build in their order, each from the end of the one before it, by the events of `--progress json`. */
const PHASES: readonly (readonly [name: string, endsWith: (event: TimedEvent) => boolean])[] = [
  [
    "from the start of the process to the search for the builder",
    ({ type, stage }) => type === "stage-started" && stage === "create",
  ],
  ["until the builder is found and connected", ({ type, stage }) => type === "stage-started" && stage === "build"],
  ["until the first step begins", ({ type }) => type === "step-started"],
  ["the steps, with the push", ({ type }) => type === "last-step-done"],
  ["until the daemon has answered", ({ type, stage }) => type === "stage-done" && stage === "build"],
];

interface TimedEvent {
  readonly time: string;
  readonly type: string;
  readonly stage?: string;
}

/** Where the time of the trivial second build goes. */
const phases: Row = {
  name: "keep-phases",
  rounds: 15,
  measure: (rounds) =>
    onStage(async (stage) => {
      await writeSmallProject(stage.directory, environment("REGISTRY"));
      const took: number[][] = [...PHASES.map(() => []), [], []];
      for (let round = 0; round <= rounds; round++) {
        const started = Date.now();
        const args = ["--progress", "json", ...pushed(stage, "slipway"), stage.directory];
        const { stderr, ms } = await stage.slipway(...args);
        const events = stderr
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as TimedEvent);
        const last = events.findLast(({ type }) => type === "step-done");
        if (last !== undefined) events.push({ ...last, type: "last-step-done" });
        let before = started;
        for (const [at, [, isEnd]] of round === 0 ? [] : PHASES.entries()) {
          const end = Date.parse(events.find(isEnd)?.time ?? "");
          took[at]?.push(end - before);
          before = end;
        }
        if (round === 0) continue;
        took.at(-2)?.push(started + ms - before);
        took.at(-1)?.push(ms);
      }
      const names = [...PHASES.map(([name]) => name), "until the process has ended", "all"];
      return names.map((what, at) =>
        absolute({ what, against: "", unit: "ms", goal: Number.POSITIVE_INFINITY }, took[at] ?? []),
      );
    }),
};

export const keep: readonly Row[] = [...SECONDS.map(secondRow), engine, first, phases];

async function onStage(measure: (stage: Stage) => Promise<Result | Result[]>): Promise<Result[]> {
  const project = atTheEnd.use(await makeScratch());
  const scratch = atTheEnd.use(await makeScratch());
  const namespace = atTheEnd.use(await makeNamespace());
  const stage: Stage = {
    namespace: namespace.name,
    directory: project.path,
    scratch: scratch.path,
    image: `${environment("REGISTRY")}/bench/${namespace.name}`,
    slipway: (...args) => runSlipway(["build", "-n", namespace.name, "--keep", "30m", ...args], keyIn(scratch.path)),
  };
  atTheEnd.defer(() => stopKept(stage));
  return [await measure(stage)].flat();
}

function keyIn(home: string): { readonly env: NodeJS.ProcessEnv } {
  return { env: { XDG_CONFIG_HOME: home } };
}

async function stopKept({ namespace, scratch }: Stage): Promise<void> {
  await runSlipway(["keep", "stop", "--all", "-n", namespace], keyIn(scratch));
}

interface Engine extends AsyncDisposable {
  /** Value for DOCKER_HOST. */
  readonly host: string;
}

/** Starts a Docker engine. @param root the directory of its programs @param directory for everything that it writes */
async function startEngine(root: string, directory: string): Promise<Engine> {
  const at = (name: string): string => join(directory, name);
  const host = `unix://${at("docker.sock")}`;
  const files = [`--data-root=${at("data")}`, `--exec-root=${at("exec")}`, `--pidfile=${at("pid")}`, `--host=${host}`];
  const network = ["--iptables=false", "--bridge=none", `--insecure-registry=http://${environment("REGISTRY")}`];
  const path = [join(root, "usr/sbin"), join(root, "usr/bin"), process.env["PATH"]].join(":");
  const env = { ...process.env, PATH: path };
  const child = spawn("dockerd", [...files, ...network], { env, stdio: "ignore" });
  const closed = once(child, "close");
  const isUp = async (): Promise<boolean> => (await run("docker", ["-H", host, "version"], { env })).code === 0;
  while (child.exitCode === null && !(await isUp())) await sleep(100);
  if (child.exitCode !== null) throw new Error(`dockerd ended with ${child.exitCode}`);
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await closed;
      // dockerd leaves this network namespace mounted.
      await run("umount", [at("exec/netns/default")]);
    },
  };
}
