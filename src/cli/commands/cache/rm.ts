import { Flags } from "@oclif/core";
import { clusterFlags } from "../../flags/shared.ts";
import { BuildsCommand } from "../../builds-command.ts";
import { chooseContexts, listContexts } from "../../../app/builds/kept-contexts.ts";
import { InvalidInput } from "../../../errors.ts";
import { print } from "../../../lib/terminal/output.ts";

export default class CacheRm extends BuildsCommand {
  static override summary = "Remove contexts kept for --transport cache";
  static override description =
    "Takes names of projects or of volume claims. The next build of the project sends its whole context. Prints the name of each claim that it removed.";
  static override examples = [
    "<%= config.bin %> cache rm registry.example.com/team/app",
    "<%= config.bin %> cache rm --all",
  ];
  static override usage = "cache rm [OPTIONS] [NAME...]";
  static override strict = false;
  static override flags = {
    all: Flags.boolean({ char: "a", default: false, description: "all contexts of the namespace" }),
    force: Flags.boolean({ char: "f", default: false, description: "also contexts that a build uses" }),
    ...clusterFlags,
  };

  protected override readonly claims = true;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(CacheRm);
    if ((argv.length === 0) !== flags.all) {
      throw new InvalidInput(argv.length === 0 ? "name at least one context to remove" : "--all cannot go with names", {
        suggestions: ["To list contexts: run `slipway cache ls`. --all removes all of them."],
      });
    }
    await this.withCluster(flags, async (cluster) => {
      const contexts = await listContexts(cluster, this.signal);
      const names = flags.all ? contexts.map(({ claim }) => claim) : argv.map(String);
      for (const { claim, uid } of chooseContexts(contexts, names, flags.force)) {
        await cluster.remove("persistentvolumeclaims", { name: claim, uid }, this.signal);
        print(`${claim}\n`);
      }
    });
  }
}
