/** When the cluster refuses one right, finds every other right that the build lacks, and the command that grants them all. */
import type { Builder } from "../../builders/builder.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { httpStatusOf } from "../../lib/kube/refusal.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { AUTO } from "../../plan/transports.ts";
import { AuthError } from "../../errors.ts";
import { askRights, listRights } from "./ask-rights.ts";
import { needOf, rightsOf } from "./rights.ts";
import type { Need } from "./rights.ts";
import { grantName, holderNamed } from "./role.ts";

const REQUEST_TIMEOUT_MS = 10_000;

/**
 * @returns for a missing right, an error that names all that are missing, with the command that grants them; every other error, and
 *   one that the cluster does not explain further, unchanged
 */
export async function withAllMissingRights(
  denied: unknown,
  plan: BuildPlan,
  builder: Builder,
  cluster: Cluster,
): Promise<unknown> {
  const need = { ...needOf(plan, builder), manage: false };
  return explain(denied, cluster, need, (user) => rbacCommand(plan, need, cluster.namespace, user));
}

/** The same for the commands that look after builds. @param claims the command also lists or deletes volume claims */
export async function withMissingManageRights(denied: unknown, cluster: Cluster, claims: boolean): Promise<unknown> {
  const need = { transport: "none", ships: false, files: false, cacheVolume: claims, manage: true } as const;
  return explain(denied, cluster, need, (user) =>
    commandFor(user, cluster.namespace, ["--manage", ...(claims ? ["--cache-volume"] : [])]),
  );
}

/** @param command prints the Role for a user */
async function explain(
  denied: unknown,
  cluster: Cluster,
  need: Need,
  command: (user: string) => string,
): Promise<unknown> {
  if (!(denied instanceof AuthError) || httpStatusOf(denied) !== 403) return denied;
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  try {
    const [rulings, review] = await Promise.all([
      askRights(cluster, rightsOf(need), signal),
      cluster.create("selfsubjectreviews", {}, signal),
    ]);
    const missing = rulings.filter(({ allowed }) => !allowed);
    const user = review.status?.userInfo?.username;
    if (missing.length === 0 || user === undefined) return denied;
    return new AuthError(`the user "${user}" may not ${listRights(missing)} in the namespace "${cluster.namespace}"`, {
      suggestions: [grantRemedy(command(user)), "Or use another namespace (-n)."],
      cause: denied.cause,
    });
  } catch {
    return denied;
  }
}

/** A remedy for missing rights: the command that grants all that the build needs to the user, as the API server names it. */
export async function rightsRemedy(
  plan: BuildPlan,
  builder: Pick<Builder, "mountsFiles">,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<string> {
  const need = { ...needOf(plan, builder), manage: false };
  const review = await cluster.create("selfsubjectreviews", {}, signal);
  return grantRemedy(rbacCommand(plan, need, cluster.namespace, review.status?.userInfo?.username ?? ""));
}

function grantRemedy(command: string): string {
  return `Ask somebody who may grant rights there to run: ${command} | kubectl apply -f -`;
}

/** The command that prints the Role for this build. @param user as the API server names it */
export function rbacCommand(plan: BuildPlan, need: Need, namespace: string, user: string): string {
  return commandFor(user, namespace, [
    `--builder ${plan.builder}`,
    ...(need.keep === true ? ["--keep"] : need.transport === "none" ? ["--git-in-cluster"] : []),
    ...(need.transport === "none" || need.transport === AUTO ? [] : [`--transport ${need.transport}`]),
    ...(plan.registries.ca !== undefined ? ["--registry-ca"] : []),
    ...(need.cacheVolume === true ? ["--cache-volume"] : []),
    ...(need.networkPolicy === true ? ["--network-policy"] : []),
    // --keep makes no Secret.
    ...(need.ships || need.keep === true ? [] : ["--no-secrets"]),
  ]);
}

/** Its name is its own, so that the holder keeps the rights of other Roles. */
function commandFor(user: string, namespace: string, uses: readonly string[]): string {
  const name = grantName(holderNamed(user), uses);
  return ["slipway rbac", `-n ${namespace}`, holderFlag(user, namespace), ...uses, `--name ${name}`].join(" ");
}

function holderFlag(user: string, namespace: string): string {
  const holder = holderNamed(user);
  const account = holder.kind === "ServiceAccount" && holder.namespace === namespace;
  return account ? `--account ${holder.name}` : `--user ${quoted(user)}`;
}

/** For a shell: a user's name may hold any character. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
