/** One context sent to one pod, and what came of it: the whole tree there, or a reason. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { dump, load } from "js-yaml";
import { chooseTarget } from "../../src/lib/kube/choose-target.ts";
import type { Cluster } from "../../src/lib/kube/cluster.ts";
import { connect } from "../../src/lib/kube/connect.ts";
import { exec } from "../../src/lib/kube/exec.ts";
import { HttpClient } from "../../src/lib/kube/http-client.ts";
import { packContext } from "../../src/pack/pack.ts";
import { MARKER, RECEIVER } from "../../src/plan/layout.ts";
import { deliverByStream } from "../../src/ship/stream.ts";
import { FaultProxy } from "../fakes/fault-proxy.ts";
import type { Fault } from "../fakes/fault-proxy.ts";

const run = promisify(execFile);

/** Every file's sum, every link's target, and the mode of all: the same words on both sides. */
const LIST = `cd "$1" && { find . -type f -exec sha256sum {} +; find . -type l -exec sh -c 'for l; do echo "$(readlink "$l") <- $l"; done' sh {} +; find . -type f -exec stat -c 'file %a %n' {} +; find . -mindepth 1 -type d -exec stat -c 'directory %a %n' {} +; } | LC_ALL=C sort`;

export interface UploadOutcome {
  readonly result: "arrived" | "refused" | "wrong";
  /** What the client said, when it gave up. */
  readonly error?: Error;
  readonly attempts?: number;
  readonly warnings: readonly string[];
  readonly faults: readonly Fault[];
}

export interface UploadOptions {
  /** The websocket protocols to offer, in place of all. */
  readonly protocols?: readonly string[];
  /** The pod's volume, in place of an emptyDir. */
  readonly volume?: object;
  /** Called with the bytes sent so far. */
  readonly during?: (sent: number) => void;
}

/** The tree as the listing in the pod has to show it. */
export async function listTree(root: string): Promise<string> {
  return (await run("sh", ["-c", LIST, "list", root], { maxBuffer: 1 << 28 })).stdout;
}

export class Uploader {
  readonly #direct: Cluster;
  readonly #namespace: string;
  readonly #image: string;

  private constructor(direct: Cluster, namespace: string, image: string) {
    this.#direct = direct;
    this.#namespace = namespace;
    this.#image = image;
  }

  static async open(namespace: string, image: string): Promise<Uploader> {
    return new Uploader(await connect({ namespace }), namespace, image);
  }

  close(): Promise<void> {
    return this.#direct.close();
  }

  /** @param expected `listTree(root)`. @param fault one for each connection. */
  async upload(
    name: string,
    root: string,
    expected: string,
    fault: () => Fault,
    { protocols, volume, during }: UploadOptions = {},
  ): Promise<UploadOutcome> {
    const { signal } = new AbortController();
    const warnings: string[] = [];
    const packed = packContext({
      root,
      ignoreFile: undefined,
      prefix: "context/",
      extra: [],
      level: 1,
      marker: MARKER,
      onNote: () => {},
      signal,
    });
    const delivery = deliverByStream(() => packed, { image: this.#image, user: 0, group: 0 });
    if (delivery.receiver === undefined) throw new Error("a stream has a receiver");
    await this.#direct.create("pods", this.#pod(name, delivery.receiver, volume));
    await this.#until(name, (pod) => stateOf(pod)?.running !== undefined);
    const proxied = await this.#proxied(fault, protocols);
    try {
      const shipped = await delivery.ship?.({
        cluster: proxied.cluster,
        pod: name,
        emit: (event) => {
          if (event.type === "warning") warnings.push(event.message);
          if (event.type === "upload") during?.(event.sent);
        },
        signal,
      });
      const result = (await this.#arrived(name)) === expected ? "arrived" : "wrong";
      return { result, warnings, faults: proxied.proxy.faults, ...(shipped ? { attempts: shipped.attempts } : {}) };
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      // It may have been carried out all the same, and then it must be right.
      const pod = await this.#direct.read("pods", name).catch(() => undefined);
      const committed = pod !== undefined && stateOf(pod)?.terminated?.exitCode === 0;
      const wrong = committed && (await this.#arrived(name)) !== expected;
      return { result: wrong ? "wrong" : "refused", error, warnings, faults: proxied.proxy.faults };
    } finally {
      await proxied.close();
      await this.#direct.removeNamed("pods", name);
    }
  }

  async #arrived(name: string): Promise<string> {
    const pod = await this.#until(name, ({ status }) => ["Succeeded", "Failed"].includes(status?.phase ?? ""));
    if (pod.status?.phase !== "Succeeded") return `the pod ended as ${pod.status?.phase}`;
    const lines: string[] = [];
    for await (const { line } of this.#direct.logs(name, "list", () => true, new AbortController().signal)) {
      lines.push(`${line}\n`);
    }
    return lines.join("");
  }

  async #until(name: string, holds: (pod: V1Pod) => boolean): Promise<V1Pod> {
    for (let tries = 0; tries < 1200; tries++) {
      const pod = await this.#direct.read("pods", name);
      if (holds(pod)) return pod;
      await pause(150);
    }
    throw new Error(`the pod ${name} did not get there`);
  }

  #pod(name: string, receiver: V1Container, volume: object = { emptyDir: {} }): V1Pod {
    return {
      metadata: { name, labels: { "slipway.dev/test": "faults" } },
      spec: {
        restartPolicy: "Never",
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        initContainers: [receiver],
        containers: [
          {
            name: "list",
            image: this.#image,
            command: ["sh", "-c", LIST, "list", "/slipway/ready/context"],
            volumeMounts: [{ name: "context", mountPath: "/slipway" }],
          },
        ],
        volumes: [{ name: "context", ...volume }],
      },
    };
  }

  /** A client of its own, and all it says goes through the proxy. */
  async #proxied(
    fault: () => Fault,
    protocols: readonly string[] | undefined,
  ): Promise<{ cluster: Cluster; proxy: FaultProxy; close(): Promise<void> }> {
    const server = new URL(this.#direct.server);
    const proxy = await FaultProxy.start(server.hostname, Number(server.port || 443), fault);
    const directory = await mkdtemp(join(tmpdir(), "slipway-faults-"));
    const kubeconfig = join(directory, "kubeconfig");
    const config = load(await readFile(process.env["KUBECONFIG"] ?? "", "utf8")) as {
      clusters: { cluster: { server: string } }[];
    };
    // The API server's certificate is good for loopback, too.
    for (const { cluster } of config.clusters) cluster.server = `https://127.0.0.1:${proxy.port}`;
    await writeFile(kubeconfig, dump(config));
    const choice = { namespace: this.#namespace, kubeconfig };
    const cluster = await connect(choice);
    const http = new HttpClient(await chooseTarget(choice));
    if (protocols !== undefined) {
      cluster.exec = (pod, container, command, streams, signal) =>
        exec({ http, location: cluster }, { pod, container, command }, streams, signal, protocols);
    }
    const close = async (): Promise<void> => {
      await cluster.close();
      http.close();
      await proxy.close();
      await rm(directory, { recursive: true });
    };
    return { cluster, proxy, close };
  }
}

function stateOf(pod: V1Pod) {
  return pod.status?.initContainerStatuses?.find(({ name }) => name === RECEIVER)?.state;
}
