/** The environment of the cases: a namespace, the base images, and servers for ADD. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuilderName } from "../../../src/plan/builder-names.ts";
import { kubectl } from "../../e2e/support/kubectl.ts";
import { leastKubeconfig, removeKubeconfig } from "../../e2e/support/least.ts";
import { KEPT, columnOf } from "./columns.ts";
import type { Way } from "./columns.ts";
import { serveGit } from "./git-server.ts";
import { pushImages } from "./images.ts";
import type { Bench } from "./suite.ts";

export interface Benches extends AsyncDisposable {
  of(way: Way): Bench;
}

/** @throws Error without the test cluster's environment. */
export async function setUp(): Promise<Benches> {
  const [registry, ca] = ["REGISTRY_TLS", "REGISTRY_CA"].map((name) => {
    const value = process.env[name];
    if (value === undefined) throw new Error(`the test cluster's environment has no ${name}`);
    return value;
  }) as [string, string];
  const namespace = `slipway-conformance-${randomBytes(4).toString("hex")}`;
  const images = await pushImages(registry);
  await using stack = new AsyncDisposableStack();
  const address = registry.replace(/:\d+$/, "");
  const served = stack.use(await serve(address));
  const repository = stack.use(await serveGit(address));
  await kubectl(["create", "namespace", namespace]);
  stack.defer(async () => {
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });
  await kubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=baseline"]);
  const kubeconfig = await leastKubeconfig(namespace);
  stack.defer(() => removeKubeconfig(kubeconfig));
  const keptKubeconfig = await leastKubeconfig(namespace, ["--keep", "--registry-ca"], "slipway-keep");
  stack.defer(() => removeKubeconfig(keptKubeconfig));
  // For the key by which the kept builder is known.
  const home = await mkdtemp(join(tmpdir(), "slipway-conformance-home-"));
  stack.defer(() => rm(home, { recursive: true, force: true }));
  const kept = stack.move();
  const names = { ...images, served: served.url, repository: repository.url };
  const common = { namespace, registry, ca, names };
  return {
    of: (way) =>
      way === KEPT
        ? {
            ...common,
            builder: "buildkit",
            column: KEPT,
            flags: ["--keep=10m"],
            env: { KUBECONFIG: keptKubeconfig, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
          }
        : {
            ...common,
            builder: way,
            column: columnOf(way, imageOf(way)),
            flags: [],
            env: { KUBECONFIG: kubeconfig },
          },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function imageOf(builder: BuilderName): string | undefined {
  return process.env[`SLIPWAY_${builder.toUpperCase()}_IMAGE`];
}

/** On the address at which pods reach the registry. */
async function serve(address: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "last-modified": "Sun, 09 Sep 2001 01:46:40 GMT" }).end("served\n");
  });
  await new Promise<void>((resolve) => {
    server.listen(0, address, resolve);
  });
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
