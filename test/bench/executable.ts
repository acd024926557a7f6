/** The start of the single executable, against the start of the npm package on Node. */
import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startStandIn } from "./api-stand-in.ts";
import { EXECUTABLE, SLIPWAY, run } from "./command.ts";
import { compare } from "./row.ts";
import type { Row, Way } from "./row.ts";
import { makeScratch } from "./scratch.ts";

/** Turns off the compile cache, so that every start is like the first one. */
const FIRST = { NODE_DISABLE_COMPILE_CACHE: "1" };

export const executable: Row = {
  name: "executable",
  rounds: 21,
  async measure(rounds) {
    const about = { what: "executable: start to first API request", against: "the npm package on Node", goal: 1 };
    const first = { ...about, what: "the same, with no compiled code kept, as in a CI job" };
    const isMade = await access(EXECUTABLE).then(
      () => true,
      () => false,
    );
    const missing = "there is no executable: run make executable";
    if (!isMade) return [about, first].map((row) => ({ ...row, missing }));
    await using scratch = await makeScratch();
    await using server = await startStandIn(scratch.path);
    await writeFile(join(scratch.path, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
    const startOf =
      (command: string, args: readonly string[], env: Readonly<Record<string, string>>): Way =>
      async () => {
        const asked = server.firstRequest();
        const started = performance.now();
        const build = [...args, "build", "-t", "localhost:5000/app", scratch.path];
        const { code, stderr } = await run(command, build, { env: { KUBECONFIG: server.kubeconfig, ...env } });
        if (code !== 4) throw new Error(`slipway was to be refused, but ended with ${code}: ${stderr}`);
        return (await asked) - started;
      };
    const contest = (env: Readonly<Record<string, string>>) => ({
      slipway: startOf(EXECUTABLE, [], env),
      other: startOf(process.execPath, [SLIPWAY], env),
    });
    return [
      await compare(rounds, { ...about, ...contest({}) }),
      await compare(rounds, { ...first, ...contest(FIRST) }),
    ];
  },
};
