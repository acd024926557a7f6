import { Flags } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { clusterFlags } from "../flags/shared.ts";
import { InvalidInput } from "../../errors.ts";
import { rightsOf } from "../../app/rbac/rights.ts";
import { AUTO, TRANSPORTS, transportsThat } from "../../plan/transports.ts";
import type { Transport } from "../../plan/transports.ts";
import { grantName, grantOf } from "../../app/rbac/role.ts";
import type { Holder } from "../../app/rbac/role.ts";
import { print } from "../../lib/terminal/output.ts";

export default class Rbac extends BaseCommand {
  static override summary = "Print the smallest Role that allows builds, and its RoleBinding";
  static override description = `Contacts no cluster and changes nothing: apply the output with kubectl. The more you tell about the builds, the smaller the
Role is: without --builder it has the rights that any builder needs.`;
  static override examples = [
    "<%= config.bin %> rbac -n builds | kubectl apply -f -",
    "<%= config.bin %> rbac -n builds --transport configmap --no-secrets --group developers",
    "<%= config.bin %> rbac -n builds --builder buildkit --cache-volume --manage",
    "<%= config.bin %> rbac -n builds --keep",
  ];
  static override flags = {
    namespace: clusterFlags.namespace,
    transport: Flags.option({ options: [AUTO, ...TRANSPORTS] as const, default: AUTO })({
      description: `how contexts will travel; ${transportsThat(needsNoExec)} needs no exec`,
    }),
    "git-in-cluster": Flags.boolean({
      description: "builds will use --git-in-cluster, which sends no context",
    }),
    builder: Flags.string({
      description: "builds will use this builder (default: any)",
      helpValue: "NAME",
    }),
    "registry-ca": Flags.boolean({ description: "builds will use --registry-ca" }),
    "cache-volume": Flags.boolean({ description: "builds will use --cache-volume" }),
    keep: Flags.boolean({
      description: "builds will use --keep, which makes no Secret",
    }),
    "no-secrets": Flags.boolean({
      description:
        "builds will send no secret: they use --registry-secret, --service-account or --no-credentials, and no --secret",
    }),
    "network-policy": Flags.boolean({ description: "builds will use --network-policy" }),
    manage: Flags.boolean({
      description: "also allow ps, attach, logs, wait, cancel, rm and prune",
    }),
    name: Flags.string({
      description:
        "name of the Role and the RoleBinding, which replace earlier ones of this name (default: slipway for the account slipway, else slipway-NAME)",
      helpValue: "NAME",
    }),
    account: Flags.string({ description: "grant it to this ServiceAccount (default: slipway)", helpValue: "NAME" }),
    user: Flags.string({ description: "grant it to this user", exclusive: ["account", "group"], helpValue: "NAME" }),
    group: Flags.string({ description: "grant it to this group", exclusive: ["account", "user"], helpValue: "NAME" }),
  };

  /** Only this one: the other flags announce whether builds will use the flag of that name, and have no value. */
  protected override readonly settable = ["namespace"];

  async run(): Promise<void> {
    const { flags, metadata } = await this.parse(Rbac);
    refuseTogether(flags, metadata.flags.transport?.setFromDefault !== true);
    const holder = holderOf(flags);
    const { contextNamespace } = await import("../../app/rbac/ask-rights.ts");
    const namespace = flags.namespace ?? (await contextNamespace());
    if (namespace === undefined) {
      throw new InvalidInput(
        "rbac needs the namespace that the Role is for, and there is no kubeconfig that names one",
        {
          suggestions: ["Name it with -n NAMESPACE."],
        },
      );
    }
    const { needsOfBuilder } = await import("../../app/describe-builders.ts");
    const { keepingBuilder } = await import("../../app/build/plan-request.ts");
    const uses = { registryCa: flags["registry-ca"], cacheVolume: flags["cache-volume"] };
    const builder = flags.keep ? keepingBuilder(flags.builder ?? "auto") : flags.builder;
    const rights = rightsOf({
      ...(await needsOfBuilder(builder, uses)),
      transport: flags["git-in-cluster"] || flags.keep ? "none" : flags.transport,
      keep: flags.keep,
      ships: !flags["no-secrets"] && !flags.keep,
      manage: flags.manage,
      networkPolicy: flags["network-policy"],
    });
    const { printYaml } = await import("../print/yaml.ts");
    print(printYaml(grantOf(rights, { name: flags.name ?? grantName(holder), namespace, holder })));
  }
}

/** @throws InvalidInput for flags of which one says that builds send no context, and another how they send it */
function refuseTogether(
  flags: { readonly keep: boolean; readonly "git-in-cluster": boolean },
  isTransportTyped: boolean,
): void {
  const given = [
    ...(flags.keep ? ["--keep"] : []),
    ...(flags["git-in-cluster"] ? ["--git-in-cluster"] : []),
    ...(isTransportTyped ? ["--transport"] : []),
  ];
  const [first, second] = given;
  if (first === undefined || second === undefined) return;
  const why =
    first === "--keep" ? "a kept builder takes its context without a transport" : "no context is sent from here";
  throw new InvalidInput(`${first} cannot go with ${second}: ${why}`, { suggestions: [`Leave out ${second}.`] });
}

/** Tells whether a transport that a user can choose works without exec. */
function needsNoExec({ needsExec, implied }: Transport): boolean {
  return !needsExec && implied !== true;
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
