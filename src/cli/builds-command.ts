/** What the commands for existing builds share, whichever user started them. */
import { Args } from "@oclif/core";
import { BaseCommand } from "./base-command.ts";
import { LATEST, findBuild, listBuilds } from "../app/builds/find.ts";
import type { FoundBuild, Wanted } from "../app/builds/find.ts";
import { AuthError } from "../errors.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import { StartedHere } from "../app/builds/started-here.ts";
import type { ClusterChoice } from "../app/build/build.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

const NAME =
  "name of the build, the beginning of its name, or `latest` for the last build that you started on this machine";

export const buildArg = { build: Args.string({ default: LATEST, description: NAME }) };
/** For commands with `static strict = false`, which take any number of builds. */
export const buildArgs = { build: Args.string({ description: `${NAME}; may be repeated` }) };

export abstract class BuildsCommand extends BaseCommand {
  /** Whether the command lists or deletes volume claims. */
  protected readonly claims: boolean = false;

  /** The user of the cluster, and in CI the job, whose builds are the user's own. */
  protected async whoAmI(cluster: Cluster): Promise<string> {
    const { whoAmI } = await import("../app/who-am-i.ts");
    return whoAmI(cluster, process.env, this.signal);
  }

  /** Connects to the cluster for the time of the work. @throws Interrupted when the user stopped it, whichever error that led to */
  protected async withCluster<T>(choice: ClusterChoice, work: (cluster: Cluster) => Promise<T>): Promise<T> {
    const { connect } = await import("../lib/kube/connect.ts");
    const cluster = await connect(choice);
    try {
      return await this.interruptible(() => work(cluster));
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const { withMissingManageRights } = await import("../app/rbac/missing-rights.ts");
      throw await withMissingManageRights(error, cluster, this.claims);
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
    const isLatest = names.includes(LATEST);
    const [builds, user, jobs] = await Promise.all([
      listBuilds(cluster, undefined, this.signal),
      isLatest ? this.whoAmI(cluster) : "",
      isLatest ? cluster.list("jobs", {}, this.signal) : [],
    ]);
    const here = new StartedHere();
    const wanted = {
      user,
      jobs,
      startedHere: (uid: string) => here.has(uid),
      ...omitUndefined({ among }),
    };
    const found = names.map((name) => findBuild(builds, { name, ...wanted }, cluster.namespace));
    return [...new Set(found)];
  }
}
