/** The composition root of `doctor`: a build's plan, with nothing to build, and the cluster it would be built in. */
import type { V1Role, V1RoleBinding, V1ServiceAccount } from "@kubernetes/client-node";
import type { BuildRequest } from "../../plan/request.ts";
import { readCa } from "../../plan/gather.ts";
import { findCredential, openStores } from "../../lib/credentials/stores.ts";
import type { Check } from "./check.ts";
import { examine, neededRights } from "./examine.ts";
import { planRequest, planUnnamed } from "../build/plan-request.ts";
import type { PlannedRequest } from "../build/plan-request.ts";
import { grantOf, holderNamed } from "../rbac/role.ts";
import { RegistryClient } from "../../lib/registry/registry-client.ts";
import { shipCredentials } from "../build/credentials.ts";
import { userName } from "../user-name.ts";
import { VERSION } from "../../version.ts";
import type { ClusterChoice } from "../build/build.ts";

/** How long a registry may take to answer through a pod, in milliseconds. */
const PATIENCE = 15_000;

export interface DoctorOptions {
  readonly pods: boolean;
  /** The command that prints the missing rights. */
  readonly fix: string;
}

/** @throws InvalidInput for a request no build could be made of; whatever the cluster says is a check. */
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
  const { insecure, ca } = plan.registries;
  const { connect } = await import("../../lib/kube/connect.ts");
  const cluster = await connect(choice);
  try {
    yield* examine(
      {
        cluster,
        plan,
        builder,
        openRegistry: (dial) =>
          new RegistryClient({
            insecure,
            ...(ca === undefined ? {} : { ca }),
            credential: (registry) => findCredential(stores, registry),
            timeout: PATIENCE,
            dial,
          }),
        ...options,
        client: `slipway ${VERSION} on Node.js ${process.versions.node}`,
      },
      say,
      signal,
    );
  } finally {
    await cluster.close();
  }
}

/** The Role that a build as asked for needs, bound to whom the cluster takes the user for. */
export async function leastGrant(
  request: BuildRequest,
  choice: ClusterChoice,
  signal: AbortSignal,
): Promise<(V1ServiceAccount | V1Role | V1RoleBinding)[]> {
  const { plan, builder } = await planOf(request, () => {});
  const { connect } = await import("../../lib/kube/connect.ts");
  const cluster = await connect(choice);
  try {
    const review = await cluster.create("selfsubjectreviews", {}, signal);
    const holder = holderNamed(review.status?.userInfo?.username ?? "");
    return grantOf(neededRights(plan, builder), { name: "slipway", namespace: cluster.namespace, holder }).filter(
      ({ kind }) => kind !== "ServiceAccount",
    );
  } finally {
    await cluster.close();
  }
}

async function planOf(request: BuildRequest, say: (message: string) => void): Promise<PlannedRequest> {
  const ca = await readCa(request.registryCa);
  const inputs = {
    context: { root: process.cwd(), ignoreFile: undefined },
    dockerfile: { path: "Dockerfile", text: "FROM scratch\n" },
    ...(ca === undefined ? {} : { ca }),
  };
  const facts = { env: process.env, user: userName(), version: VERSION };
  if (request.tags.length > 0) return planRequest(request, inputs, facts, say);
  return planUnnamed(request, inputs, facts, say);
}
