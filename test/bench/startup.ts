/** The time from the client's start to its first request to the cluster, against a Node process that does nothing. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startStandIn } from "./api-stand-in.ts";
import { SLIPWAY, mustRun, run } from "./command.ts";
import { compare } from "./row.ts";
import type { Row } from "./row.ts";
import { makeScratch } from "./scratch.ts";

export const startup: Row = {
  name: "startup",
  rounds: 21,
  async measure(rounds) {
    await using scratch = await makeScratch();
    await using server = await startStandIn(scratch.path);
    await writeFile(join(scratch.path, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
    const build = [SLIPWAY, "build", "-t", "localhost:5000/app", scratch.path];
    const contest = {
      what: "start to first API request",
      against: "node -e 0",
      goal: 4,
      slipway: async () => {
        const first = server.firstRequest();
        const started = performance.now();
        const { code, stderr } = await run(process.execPath, build, { env: { KUBECONFIG: server.kubeconfig } });
        if (code !== 4) throw new Error(`slipway was to be refused, but ended with ${code}: ${stderr}`);
        return (await first) - started;
      },
      other: async () => (await mustRun(process.execPath, ["-e", "0"])).ms,
    };
    return [await compare(rounds, contest)];
  },
};
