import { Flags } from "@oclif/core";
import { clusterFlags } from "../flags/shared.ts";
import { BuildsCommand } from "../builds-command.ts";
import { findPrunable, prune } from "../../app/builds/prune.ts";
import { InvalidInput } from "../../errors.ts";

export default class Prune extends BuildsCommand {
  static override summary =
    "Remove what slipway left in the namespace: builds that have ended, and objects that lost theirs";
  static override description = `Lists what would go on standard error and asks first. Builds under way are never touched. Prints the name of
everything it removed.`;
  static override examples = [
    "<%= config.bin %> prune --dry-run",
    "<%= config.bin %> prune -f --all-users --older-than 2d",
  ];
  static override flags = {
    force: Flags.boolean({ char: "f", default: false, description: "do not ask" }),
    "dry-run": Flags.boolean({ default: false, description: "list what would go, and remove nothing" }),
    "older-than": Flags.string({ description: "only what ended, or was made, so long ago", helpValue: "TIME" }),
    "all-users": Flags.boolean({ char: "A", default: false, description: "also what is of others" }),
    volumes: Flags.boolean({ default: false, description: "also cache volumes" }),
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Prune);
    const { parseDuration } = await import("../../lib/text/duration.ts");
    const older = flags["older-than"] === undefined ? 0 : parseDuration(flags["older-than"], "older-than") * 1000;
    const { user } = this;
    await this.withCluster(flags, async (cluster) => {
      const scope = { user: flags["all-users"] ? undefined : user, olderThan: older, volumes: flags.volumes };
      const { prunable, unseen } = await findPrunable(cluster, scope, this.signal);
      for (const kind of unseen) say(`WARNING: you may not list ${kind}, so any that lost their build are not found`);
      if (prunable.length === 0) {
        say(`Nothing to remove in the namespace ${cluster.namespace}.`);
        return;
      }
      for (const { kind, name, why } of prunable) say(`${kind} ${name}  ${why}`);
      if (flags["dry-run"]) return;
      if (!flags.force) await agree(prunable.length, cluster.namespace);
      for (const one of prunable) {
        await prune(cluster, one, this.signal);
        process.stdout.write(`${one.name}\n`);
      }
    });
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function agree(count: number, namespace: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new InvalidInput("prune asks first, and standard input is no terminal", {
      suggestions: ["Use -f to remove without asking, or --dry-run to see what would go."],
    });
  }
  const { prompt } = await import("../ui/prompt.ts");
  const answer = await prompt(
    `Remove ${count === 1 ? "it" : `these ${count}`} from the namespace ${namespace}? [y/N] `,
    false,
  );
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new InvalidInput("nothing was removed");
}
