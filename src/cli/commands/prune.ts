import { Flags } from "@oclif/core";
import { clusterFlags } from "../flags/shared.ts";
import { BuildsCommand } from "../builds-command.ts";
import { findPrunable, prune } from "../../app/builds/prune.ts";
import { InvalidInput } from "../../errors.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { print, printError } from "../../lib/terminal/output.ts";

/** Kinds that the Role of `slipway rbac --manage` does not list, so that it reads no Secret. Their Job owns them: the cluster deletes them with it. */
const HIDDEN_BY_DESIGN: ReadonlySet<string> = new Set(["secrets", "configmaps"]);

/** Of kinds whose API names say little to a user. */
const KIND_NAMES: Readonly<Record<string, string>> = { persistentvolumeclaims: "volume" };

export default class Prune extends BuildsCommand {
  static override summary =
    "Remove slipway's leftovers from the namespace: builds that have ended, and objects without a build";
  static override description = `Lists on standard error what it would remove, and asks first. Running builds stay. Prints the name of each object that it
removed. Also removes temporary tags from registries, if a client on this machine was killed while it built several platforms.`;
  static override examples = [
    "<%= config.bin %> prune --dry-run",
    "<%= config.bin %> prune -f --all-users --older-than 2d",
  ];
  static override flags = {
    force: Flags.boolean({ char: "f", default: false, description: "remove without asking" }),
    "dry-run": Flags.boolean({ default: false, description: "list what would be removed, and remove nothing" }),
    "older-than": Flags.string({
      description: "only builds that ended, and objects that were created, at least this long ago",
      helpValue: "TIME",
    }),
    "all-users": Flags.boolean({ char: "A", default: false, description: "also builds and objects of other users" }),
    volumes: Flags.boolean({ default: false, description: "also cache volumes" }),
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Prune);
    const { parseDuration } = await import("../../lib/text/duration.ts");
    const older = flags["older-than"] === undefined ? 0 : parseDuration(flags["older-than"], "older-than") * 1000;
    await this.withCluster(flags, async (cluster) => {
      const user = flags["all-users"] ? undefined : await this.whoAmI(cluster);
      const scope = { user, olderThan: older, volumes: flags.volumes };
      const { prunable, unseen } = await findPrunable(cluster, scope, this.signal);
      const { findLeftTags } = await import("../../app/builds/prune-tags.ts");
      const tags = await findLeftTags(older, process.env, say);
      await this.#tellOfKept(cluster, flags["all-users"]);
      for (const kind of unseen.filter((one) => !HIDDEN_BY_DESIGN.has(one))) {
        say(`WARNING: you may not list ${kind}, so prune cannot find ${kind} without a build`);
      }
      if (prunable.length + tags.length === 0) {
        say(`Nothing to remove in the namespace ${cluster.namespace}.`);
        return;
      }
      for (const { kind, name, why } of prunable) say(`${KIND_NAMES[kind] ?? kind} ${name}  ${why}`);
      for (const { name } of tags) say(`tag ${name}  left by a client that was killed`);
      if (flags["dry-run"]) return;
      if (!flags.force && !(await agree(prunable.length + tags.length, cluster.namespace))) {
        say("Nothing was removed.");
        return;
      }
      for (const one of prunable) {
        await prune(cluster, one, this.signal);
        print(`${one.name}\n`);
      }
      for (const { name, remove } of tags) {
        if (await remove()) print(`${name}\n`);
        else say(`WARNING: ${name} stays: its registry does not remove tags, or you may not remove them`);
      }
    });
  }

  /** They are not leftovers: they end by themselves, and somebody may build with them. */
  async #tellOfKept(cluster: Cluster, allUsers: boolean): Promise<void> {
    const { findInScope } = await import("../../app/builds/kept-builders.ts");
    const kept = findInScope(cluster, { env: process.env, allUsers }, this.signal);
    const { length: count } = await kept.catch(() => []);
    if (count === 0) return;
    const what = count === 1 ? "1 kept builder is" : `${count} kept builders are`;
    say(
      `${what} left to end by ${count === 1 ? "itself" : "themselves"}. End now: slipway keep stop --all${allUsers ? " --all-users" : ""} -n ${cluster.namespace}`,
    );
  }
}

function say(line: string): void {
  printError(`${line}\n`);
}

/** Whether the user wants to remove so many objects. @throws InvalidInput without a terminal to ask */
async function agree(count: number, namespace: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new InvalidInput("prune asks first, but standard input is not a terminal", {
      suggestions: ["Use -f to remove without asking, or --dry-run to list what would be removed."],
    });
  }
  const { confirm } = await import("../ui/prompt.ts");
  return confirm(`Remove ${count === 1 ? "it" : `these ${count}`} from the namespace ${namespace}?`);
}
