import { describe, expect, it } from "vitest";
import { InvalidInput } from "../../../src/errors.ts";
import type { CacheSource } from "../../../src/pack/cache-source.ts";
import { CONFIGMAP_LIMIT, chooseDelivery } from "../../../src/ship/choose.ts";
import type { TransportChoice } from "../../../src/plan/transports.ts";
import { FakeCluster } from "../../fakes/fake-cluster.ts";
import { inputsName } from "../../../src/plan/inputs-name.ts";
import { PLAN } from "../plan/sample.ts";

const IDENTITY = { image: "busybox:stable", user: 1000, group: 1000 };

/** An archive of 64 KiB chunks that start with their number. It counts how often it is opened and closed. */
class Archive {
  opened = 0;
  closed = 0;
  read = 0;
  readonly #chunks: number;

  constructor(bytes: number) {
    this.#chunks = Math.ceil(bytes / 65_536);
  }

  open = (): AsyncIterable<Uint8Array> => this.#iterate();

  async *#iterate(): AsyncGenerator<Uint8Array> {
    this.opened += 1;
    try {
      for (let at = 0; at < this.#chunks; at++) {
        this.read += 1;
        yield Buffer.alloc(65_536, at);
      }
    } finally {
      this.closed += 1;
    }
  }
}

const SOURCE: CacheSource = {
  manifest: () => Promise.reject(new Error("read")),
  archive: () => {
    throw new Error("packed");
  },
};

const choose = (transport: TransportChoice, archive: Archive) =>
  chooseDelivery({ ...PLAN, transport }, { open: archive.open, source: () => SOURCE, live: async () => [] }, IDENTITY);

describe("--transport auto", () => {
  it("sends a small context in a ConfigMap", async () => {
    const archive = new Archive(CONFIGMAP_LIMIT);
    const delivery = await choose("auto", archive);
    expect(delivery).toMatchObject({ transport: "configmap", form: "archive" });
    expect(delivery).not.toHaveProperty("receiver");
    expect(Buffer.from(delivery.binaryData?.["context.tar.gz"] ?? "", "base64")).toHaveLength(CONFIGMAP_LIMIT);
    expect(delivery.volume).toEqual({
      name: "context",
      configMap: { name: inputsName(PLAN.name), items: [{ key: "context.tar.gz", path: "context.tar.gz" }] },
    });
  });

  it("streams a larger context, and decides that before everything is packed", async () => {
    const archive = new Archive(10 * CONFIGMAP_LIMIT);
    const delivery = await choose("auto", archive);
    expect(delivery).toMatchObject({ transport: "stream", form: "directory", volume: { emptyDir: {} } });
    expect(delivery.receiver?.image).toBe("busybox:stable");
    expect(archive.read).toBeLessThan(20);
  });

  it("sends what is packed already and then the rest, so that nothing is packed twice", async () => {
    const archive = new Archive(3 * CONFIGMAP_LIMIT);
    const delivery = await choose("auto", archive);
    const cluster = new FakeCluster();
    cluster.stored.set("pods/pod", { status: { phase: "Pending" } });
    const received: number[] = [];
    cluster.execs.push(
      async (_command, { stdin }) => {
        for await (const chunk of stdin ?? []) received.push(chunk[0] ?? -1);
        return 0;
      },
      async () => 0,
    );
    await delivery.ship?.({ cluster, pod: "pod", emit: () => {}, signal: new AbortController().signal });
    expect(received).toEqual(Array.from({ length: 36 }, (_, at) => at));
    expect([archive.opened, archive.closed]).toEqual([1, 1]);
  });

  it("packs again from the start for a second attempt", async () => {
    const archive = new Archive(3 * CONFIGMAP_LIMIT);
    const delivery = await choose("auto", archive);
    const cluster = new FakeCluster();
    cluster.stored.set("pods/pod", { status: { phase: "Pending" } });
    const received: number[] = [];
    cluster.execs.push(
      async (_command, { stdin }) => {
        for await (const _ of stdin ?? []) throw new Error("cut");
        return 0;
      },
      async (_command, { stdin }) => {
        for await (const chunk of stdin ?? []) received.push(chunk[0] ?? -1);
        return 0;
      },
      async () => 0,
    );
    await delivery.ship?.({ cluster, pod: "pod", emit: () => {}, signal: new AbortController().signal });
    expect(received).toEqual(Array.from({ length: 36 }, (_, at) => at));
    expect([archive.opened, archive.closed]).toEqual([2, 2]);
  });
});

describe("a transport chosen by name", () => {
  it("stream also streams a small context, and packs nothing before", async () => {
    const archive = new Archive(1);
    expect(await choose("stream", archive)).toMatchObject({ transport: "stream" });
    expect(archive.opened).toBe(0);
  });

  it("none packs nothing, and the pod has no volume for it", async () => {
    const archive = new Archive(1);
    expect(await choose("none", archive)).toEqual({ transport: "none", form: "none" });
    expect(archive.opened).toBe(0);
  });

  it("pvc uses a volume of the pod's own", async () => {
    const { transport, volume } = await choose("pvc", new Archive(1));
    expect(transport).toBe("pvc");
    expect(volume?.ephemeral?.volumeClaimTemplate?.spec).toEqual({
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "10Gi" } },
    });
  });

  it("configmap refuses a context that does not fit, and stops packing", async () => {
    const archive = new Archive(10 * CONFIGMAP_LIMIT);
    await expect(choose("configmap", archive)).rejects.toThrow(InvalidInput);
    await expect(choose("configmap", archive)).rejects.toThrow("larger than the 768 KiB that a ConfigMap can hold");
    expect([archive.opened, archive.closed]).toEqual([2, 2]);
  });
});
