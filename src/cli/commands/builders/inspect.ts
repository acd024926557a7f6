import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../../base-command.ts";
import { InvalidInput } from "../../../errors.ts";
import { jsonText, print } from "../../../lib/terminal/output.ts";

export default class InspectBuilder extends BaseCommand {
  static override summary =
    "Show a builder: its pod, the rights of the pod, and the Dockerfile features that it supports";
  static override examples = [
    "<%= config.bin %> builders inspect kaniko",
    "<%= config.bin %> builders inspect buildkit --json",
  ];
  static override args = { name: Args.string({ required: true, description: "the builder" }) };
  static override flags = { json: Flags.boolean({ description: "print it as JSON" }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(InspectBuilder);
    const { describeBuilders } = await import("../../../app/describe-builders.ts");
    const all = await describeBuilders(process.env);
    const found = all.find(({ name }) => name === args.name);
    if (found === undefined) {
      throw new InvalidInput(`there is no builder "${args.name}"`, {
        suggestions: [`The builders are: ${all.map(({ name }) => name).join(", ")}.`],
      });
    }
    if (flags.json) {
      print(`${jsonText(found, 2)}\n`);
      return;
    }
    const { alignColumns } = await import("../../../lib/text/table.ts");
    const { printPod } = await import("../../print/yaml.ts");
    const supported = Object.entries(found.features).flatMap(([title, able]) => (able ? [title] : []));
    const unsupported = Object.keys(found.features).filter((title) => !supported.includes(title));
    const list = (items: readonly string[]): string => (items.length === 0 ? "none" : items.join(", "));
    const facts = alignColumns([
      ["Name:", found.name],
      ["Image:", found.image ?? "none is published; name one with --builder-image"],
      ["Pod Security:", found.podSecurity],
      ["Runs as:", found.user === 0 ? "root in its container" : `user ${found.user}`],
      ["Capabilities:", list(found.capabilities)],
      ["Privilege escalation:", found.allowPrivilegeEscalation ? "allowed, for newuidmap" : "not allowed"],
      ["Seccomp profile:", found.seccompProfile ?? "the node's default, which must allow unshare and mount"],
      ["Flags:", list(found.flags.map((flag) => `--${flag}`))],
      ["Dockerfile, can:", list(supported)],
      ["Dockerfile, cannot:", list(unsupported)],
    ]);
    print(`${facts.join("\n")}\n\n${printPod(found.pod)}`);
  }
}
