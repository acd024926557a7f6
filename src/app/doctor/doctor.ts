/** The composition root of `doctor`: plans a build that builds nothing, and checks the cluster that it would run in. */
import { workingDirectory } from "../../lib/files/working-directory.ts";
import type { V1Role, V1RoleBinding, V1ServiceAccount } from "@kubernetes/client-node";
import type { BuildRequest } from "../../plan/request.ts";
import { readCa } from "../../plan/registry-ca.ts";
import { openStores } from "../../lib/credentials/stores.ts";
import type { Check } from "./check.ts";
import type { Dial } from "./registry-check.ts";
import { examine, neededRights } from "./examine.ts";
import { planRequest, planUnnamed } from "../build/plan-request.ts";
import type { PlannedRequest } from "../build/plan-request.ts";
import { grantName, grantOf, holderNamed } from "../rbac/role.ts";
import { RegistryClient } from "../../lib/registry/registry-client.ts";
import { shipCredentials } from "../build/credentials.ts";
import { userName } from "../user-name.ts";
import { VERSION } from "../../version.ts";
import type { ClusterChoice } from "../build/build.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { registryOptions } from "../registry-options.ts";

/** For an answer of a registry through a pod. */
const REQUEST_TIMEOUT_MS = 15_000;

export interface DoctorOptions {
  readonly pods: boolean;
}

/** @throws InvalidInput for a request that cannot be planned; the cluster's answers are checks. */
export async function* runDoctor(
  request: BuildRequest,
  choice: ClusterChoice,
  options: DoctorOptions,
  say: (message: string) => void,
  signal: AbortSignal,
): AsyncGenerator<Check, void> {
  const { plan: planned, builder } = await planOf(request, say);
  const stores = request.noCredentials === true ? [] : await openStores(process.env);
  const { plan } = await shipCredentials(planned, stores, () => {});
  const { connect } = await import("../../lib/kube/connect.ts");
  await using cluster = await connect(choice);
  const subject = {
    cluster,
    plan,
    builder,
    openRegistry: (dial: Dial) =>
      new RegistryClient({ ...registryOptions(plan.registries, stores), timeout: REQUEST_TIMEOUT_MS, dial }),
    ...options,
    client: `slipway ${VERSION} on Node.js ${process.versions.node}`,
  };
  yield* examine(subject, say, signal);
}

/** The Role that such a build needs, bound to the user as the cluster knows it. */
export async function leastGrant(
  request: BuildRequest,
  choice: ClusterChoice,
  signal: AbortSignal,
): Promise<(V1ServiceAccount | V1Role | V1RoleBinding)[]> {
  const { plan, builder } = await planOf(request, () => {});
  const { connect } = await import("../../lib/kube/connect.ts");
  await using cluster = await connect(choice);
  const review = await cluster.create("selfsubjectreviews", {}, signal);
  const holder = holderNamed(review.status?.userInfo?.username ?? "");
  const name = grantName(holder, [plan.builder]);
  return grantOf(neededRights(plan, builder), { name, namespace: cluster.namespace, holder }).filter(
    ({ kind }) => kind !== "ServiceAccount",
  );
}

async function planOf(request: BuildRequest, say: (message: string) => void): Promise<PlannedRequest> {
  const ca = await readCa(request.registryCa);
  const inputs = {
    context: { root: workingDirectory(), ignoreFile: undefined },
    dockerfile: { path: "Dockerfile", text: "FROM scratch\n" },
    ...omitUndefined({ ca }),
  };
  const facts = { env: process.env, user: userName(), version: VERSION };
  if (request.tags.length > 0) return planRequest(request, inputs, facts, say);
  return planUnnamed(request, inputs, facts, say);
}
