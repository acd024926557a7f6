/** What the commands for existing builds share, whichever user started them. */
import { Args } from "@oclif/core";
import { BaseCommand } from "./base-command.ts";
import { LATEST, findBuild, listBuilds } from "../app/builds/find.ts";
import type { FoundBuild, Wanted } from "../app/builds/find.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import { StartedHere } from "../app/builds/started-here.ts";
import { userName } from "../app/user-name.ts";
import type { ClusterChoice } from "../app/build/build.ts";

const NAME =
  "name of the build, the beginning of its name, or `latest` for the last build that you started on this machine";

export const buildArg = { build: Args.string({ default: LATEST, description: NAME }) };
/** For commands with `static strict = false`, which take any number of builds. */
export const buildArgs = { build: Args.string({ description: `${NAME}; may be repeated` }) };

export abstract class BuildsCommand extends BaseCommand {
  protected readonly user = userName();

  /** Connects to the cluster for the time of the work. @throws Interrupted when the user stopped it, whichever error that led to */
  protected async withCluster<T>(choice: ClusterChoice, work: (cluster: Cluster) => Promise<T>): Promise<T> {
    const { connect } = await import("../lib/kube/connect.ts");
    const cluster = await connect(choice);
    try {
      return await this.interruptible(() => work(cluster));
    } finally {
      await cluster.close();
    }
  }

  /** @throws InvalidInput when a name matches no build, or more than one */
  protected async find(
    cluster: Cluster,
    names: readonly string[],
    among?: Wanted["among"],
  ): Promise<readonly FoundBuild[]> {
    const builds = await listBuilds(cluster, undefined, this.signal);
    const here = new StartedHere();
    const wanted = {
      user: this.user,
      startedHere: (uid: string) => here.has(uid),
      ...(among === undefined ? {} : { among }),
    };
    const found = names.map((name) => findBuild(builds, { name, ...wanted }, cluster.namespace));
    return [...new Set(found)];
  }
}
