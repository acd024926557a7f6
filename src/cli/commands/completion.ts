import { Args } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { SHELLS, completionScript } from "../completion/scripts.ts";
import { print } from "../../lib/terminal/output.ts";

export default class Completion extends BaseCommand {
  static override summary = "Print a script that completes slipway's command lines in bash, zsh or fish";
  static override description = `The script completes commands, flags and their values, contexts and namespaces of the kubeconfig and its cluster, stages and
arguments of the Dockerfile, targets of bake files, and names of builds. It asks slipway itself, so an upgrade needs no new script.

To load it in every shell:
  bash  echo 'source <(slipway completion bash)' >> ~/.bashrc
  zsh   echo 'source <(slipway completion zsh)' >> ~/.zshrc   (after compinit)
  fish  mkdir -p ~/.config/fish/completions
        slipway completion fish > ~/.config/fish/completions/slipway.fish`;
  static override examples = ["source <(<%= config.bin %> completion bash)"];
  static override args = {
    shell: Args.string({ required: true, options: [...SHELLS], description: "the shell to print the script for" }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    print(completionScript(args.shell as (typeof SHELLS)[number]));
  }
}
