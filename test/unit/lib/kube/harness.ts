/** A cluster object that talks to a fake API server. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerOptions } from "node:https";
import { connect } from "../../../../src/lib/kube/connect.ts";
import { chooseTarget } from "../../../../src/lib/kube/choose-target.ts";
import type { ClusterLocation } from "../../../../src/lib/kube/refusal.ts";
import { HttpClient } from "../../../../src/lib/kube/http-client.ts";
import type { Cluster } from "../../../../src/lib/kube/cluster.ts";
import { FakeApiServer, kubeconfigFor } from "../../../fakes/api-server.ts";

export const PODS = "/api/v1/namespaces/ns/pods";

export interface Harness extends AsyncDisposable {
  readonly server: FakeApiServer;
  readonly cluster: Cluster;
  /** Gone with the harness. */
  readonly directory: string;
  /** The parts of the cluster object, for tests that set time limits of a part. */
  readonly http: HttpClient;
  readonly location: ClusterLocation;
}

export interface HarnessOptions {
  readonly user?: object;
  readonly clusterFields?: object;
  readonly tls?: ServerOptions;
}

export async function startHarness({ user, clusterFields, tls }: HarnessOptions = {}): Promise<Harness> {
  const directory = await temporaryDirectory();
  const server = await FakeApiServer.start(tls);
  const cluster = await connectTo(server, directory, user, clusterFields);
  const target = await chooseTarget({ kubeconfig: join(directory, "kubeconfig") });
  const http = new HttpClient(target);
  return {
    server,
    cluster,
    directory,
    http,
    location: { server: target.server.url, context: target.context, namespace: target.namespace },
    [Symbol.asyncDispose]: async () => {
      await cluster.close();
      http.close();
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function connectTo(
  server: FakeApiServer,
  directory: string,
  user?: object,
  fields?: object,
): Promise<Cluster> {
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigFor(server, user, fields));
  return connect({ kubeconfig });
}

export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "slipway-cluster-"));
}

/** The real clock, also while a test has set one of its own. */
const { setTimeout } = globalThis;

/** Waits until it is so; the test's own time-out is the deadline. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** The error that the promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { suggestions?: readonly string[] }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
}
