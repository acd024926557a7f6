/** What the commands share that look after builds started before, by whomever. */
import { Args } from "@oclif/core";
import { BaseCommand } from "./base-command.ts";
import { LATEST, findBuild, listBuilds } from "../app/builds/find.ts";
import type { FoundBuild, Wanted } from "../app/builds/find.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import { Interrupted } from "../errors.ts";
import { userName } from "../app/user-name.ts";
import type { ClusterChoice } from "../app/build/build.ts";

const NAME = "name of the build, the beginning of it, or `latest` for your last one";

export const buildArg = { build: Args.string({ default: LATEST, description: NAME }) };
/** With `static strict = false`: any number of them. */
export const buildArgs = { build: Args.string({ description: `${NAME}; may be repeated` }) };

export abstract class BuildsCommand extends BaseCommand {
  protected readonly user = userName();

  /** Connects, for the time of the work; however an abort surfaces, what happened is that the user stopped it. */
  protected async withCluster<T>(choice: ClusterChoice, work: (cluster: Cluster) => Promise<T>): Promise<T> {
    const { connect } = await import("../lib/kube/connect.ts");
    const cluster = await connect(choice);
    try {
      return await work(cluster);
    } catch (error) {
      if (this.signal.aborted && this.signal.reason instanceof Interrupted) throw this.signal.reason;
      throw error;
    } finally {
      await cluster.close();
    }
  }

  /** @throws InvalidInput when one of the names means no build, or more than one. */
  protected async find(
    cluster: Cluster,
    names: readonly string[],
    among?: Wanted["among"],
  ): Promise<readonly FoundBuild[]> {
    const builds = await listBuilds(cluster, undefined, this.signal);
    const wanted = { user: this.user, ...(among === undefined ? {} : { among }) };
    const found = names.map((name) => findBuild(builds, { name, ...wanted }, cluster.namespace));
    return [...new Set(found)];
  }
}
