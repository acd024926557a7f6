import { Flags } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { clusterFlags } from "../flags/shared.ts";
import { InvalidInput } from "../../errors.ts";
import { rightsOf } from "../../app/rbac/rights.ts";
import { grantOf } from "../../app/rbac/role.ts";
import type { Holder } from "../../app/rbac/role.ts";

export default class Rbac extends BaseCommand {
  static override summary = "Print the smallest Role that is enough to build, and its RoleBinding";
  static override description = `Nothing is asked of a cluster and nothing is changed: apply what is printed with kubectl. What
is known of the builds to come makes it smaller: without --builder it is what any builder needs.`;
  static override examples = [
    "<%= config.bin %> rbac -n builds | kubectl apply -f -",
    "<%= config.bin %> rbac -n builds --transport configmap --no-secrets --group developers",
    "<%= config.bin %> rbac -n builds --builder buildkit --cache-volume --manage",
    "<%= config.bin %> rbac -n builds --keep",
  ];
  static override flags = {
    namespace: clusterFlags.namespace,
    transport: Flags.option({ options: ["auto", "configmap", "stream", "pvc", "cache"] as const, default: "auto" })({
      description: "how contexts will travel: configmap needs no exec",
    }),
    "git-in-cluster": Flags.boolean({
      description: "builds will use --git-in-cluster: no context travels",
      exclusive: ["transport"],
    }),
    builder: Flags.string({
      description: "builds will use this builder (default: any)",
      helpValue: "NAME",
    }),
    "registry-ca": Flags.boolean({ description: "builds will use --registry-ca" }),
    "cache-volume": Flags.boolean({ description: "builds will use --cache-volume" }),
    keep: Flags.boolean({
      description: "builds will use --keep: nothing secret is made in the cluster",
      exclusive: ["transport", "git-in-cluster"],
    }),
    "no-secrets": Flags.boolean({
      description:
        "builds will ship no secret: --registry-secret, --service-account or --no-credentials, and no --secret of the client's",
    }),
    "network-policy": Flags.boolean({ description: "builds will use --network-policy" }),
    manage: Flags.boolean({
      description: "also list builds started before, and come back to them",
    }),
    account: Flags.string({ description: "grant it to this ServiceAccount (default: slipway)", helpValue: "NAME" }),
    user: Flags.string({ description: "grant it to this user", exclusive: ["account", "group"], helpValue: "NAME" }),
    group: Flags.string({ description: "grant it to this group", exclusive: ["account", "user"], helpValue: "NAME" }),
  };

  /** Its other flags say of builds to come whether they will have one of that name, and have no value. */
  protected override readonly settable = ["namespace"];

  async run(): Promise<void> {
    const { flags } = await this.parse(Rbac);
    const holder = holderOf(flags);
    if (flags.namespace === undefined) {
      throw new InvalidInput("a role belongs to a namespace", { suggestions: ["Name it with -n NAMESPACE."] });
    }
    const { needsOfBuilder } = await import("../../app/describe-builders.ts");
    const asked = { registryCa: flags["registry-ca"], cacheVolume: flags["cache-volume"] };
    const builder = flags.keep ? (flags.builder ?? "buildkit") : flags.builder;
    if (flags.keep && builder !== "buildkit") {
      throw new InvalidInput(`--keep is for buildkit: ${builder} has no daemon that could stay`, {
        suggestions: ["Leave out --builder or --keep."],
      });
    }
    const rights = rightsOf({
      ...(await needsOfBuilder(builder, asked)),
      transport: flags["git-in-cluster"] || flags.keep ? "none" : flags.transport,
      keep: flags.keep,
      ships: !flags["no-secrets"] && !flags.keep,
      manage: flags.manage,
      networkPolicy: flags["network-policy"],
    });
    const { printYaml } = await import("../print/yaml.ts");
    process.stdout.write(printYaml(grantOf(rights, { name: "slipway", namespace: flags.namespace, holder })));
  }
}

function holderOf({
  account,
  user,
  group,
}: {
  account?: string | undefined;
  user?: string | undefined;
  group?: string | undefined;
}): Holder {
  if (user !== undefined) return { kind: "User", name: user };
  if (group !== undefined) return { kind: "Group", name: group };
  return { kind: "ServiceAccount", name: account ?? "slipway" };
}
