import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { Sharing, takingTurns } from "../../../../src/app/build/sharing.ts";
import { DialledAhead } from "../../../../src/run/keep/dial.ts";
import { KeepKey } from "../../../../src/run/keep/keep-key.ts";

/** A connection to a daemon that can only be closed. */
function dialled() {
  const channel = { isOpen: true };
  return { daemon: { channel, close: () => void (channel.isOpen = false) } };
}

test("builds share one connection to a daemon, a lost one is opened again, and all are closed at the end", async () => {
  const opened: ReturnType<typeof dialled>[] = [];
  const open = async (): Promise<never> => {
    opened.push(dialled());
    return opened.at(-1) as never;
  };
  const sharing = new Sharing(async () => ({}) as never);
  const [first, second] = await Promise.all([sharing.daemon("pod", open), sharing.daemon("pod", open)]);
  expect(first).toBe(second);
  await sharing.daemon("other", open);
  first.daemon.close();
  expect(await sharing.daemon("pod", open)).not.toBe(first);
  expect(opened).toHaveLength(3);
  await sharing[Symbol.asyncDispose]();
  expect(opened.map(({ daemon }) => daemon.channel.isOpen)).toEqual([false, false, false]);
});

const key = new KeepKey(generateKeyPairSync("ed25519").privateKey);
const address = { pod: "pod", job: "3f2b8c1e-0d4a-4c7b-9a55-2f1e6d7c8b90", way: "command" } as const;

test("builds of one command dial a pod ahead once", async () => {
  const piped: string[] = [];
  const opened = { destroyed: false, on: () => {} };
  const cluster = { pipe: async (pod: string) => (piped.push(pod), opened) } as never;
  await using sharing = new Sharing(async () => ({}) as never);
  const dial = (pod: string): DialledAhead =>
    sharing.ahead(pod, (signal) => new DialledAhead(cluster, { ...address, pod }, key, signal));
  expect(dial("pod")).toBe(dial("pod"));
  dial("another");
  expect(piped).toEqual(["pod", "another"]);
});

test("a connection that nobody has taken is closed when another pod is the builder; one that is taken stays", async () => {
  const signals: AbortSignal[] = [];
  const pipe = async (...[, , , signal]: [string, string, readonly string[], AbortSignal]): Promise<object> => {
    signals.push(signal);
    return { destroyed: true, on: () => {} };
  };
  const dial = (): DialledAhead => new DialledAhead({ pipe } as never, address, key, new AbortController().signal);
  const [dropped, taken] = [dial(), dial()];
  dropped.drop();
  await taken.take(key, 1000, AbortSignal.timeout(1000));
  taken.drop();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
});

test("a connection that could not be opened is tried again by the next build", async () => {
  await using sharing = new Sharing(async () => ({}) as never);
  const refused = new Error("refused");
  await expect(sharing.daemon("pod", () => Promise.reject(refused))).rejects.toBe(refused);
  expect(await sharing.daemon("pod", async () => dialled() as never)).toHaveProperty("daemon.channel.isOpen", true);
});

test("the end of one build does not close the connection to the cluster that it shares", async () => {
  let closed = 0;
  const sharing = new Sharing(async () => ({ close: async () => void (closed += 1) }) as never);
  const [first, second] = await Promise.all([sharing.cluster({ namespace: "a" }), sharing.cluster({ namespace: "a" })]);
  await first[Symbol.asyncDispose]();
  await second.close();
  expect(closed).toBe(0);
  await sharing[Symbol.asyncDispose]();
  expect(closed).toBe(1);
});

test("works are done one after the other, also after one that has failed", async () => {
  const inTurn = takingTurns();
  const order: string[] = [];
  const work =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const all = await Promise.allSettled([inTurn(work("a")), inTurn(work("b", true)), inTurn(work("c"))]);
  expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(order).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});
