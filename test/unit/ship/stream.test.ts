import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { BuildEvent } from "../../../src/events.ts";
import { AuthError, ClusterError, InvalidInput } from "../../../src/errors.ts";
import { commitCommand, receiveCommand } from "../../../src/ship/receiver.ts";
import { deliverByStream } from "../../../src/ship/stream.ts";
import { FakeCluster } from "../../fakes/fake-cluster.ts";
import type { ExecAnswer } from "../../fakes/fake-cluster.ts";

const PARTS = ["one", "two", "three"];
const SHA256 = createHash("sha256").update(PARTS.join("")).digest("hex");

let cluster: FakeCluster;
let events: BuildEvent[];
let stop: AbortController;
let received: string[];
let opened: number;

beforeEach(() => {
  cluster = new FakeCluster();
  showReceiver({ running: {} });
  events = [];
  stop = new AbortController();
  received = [];
  opened = 0;
});

async function* archive(): AsyncGenerator<Uint8Array> {
  opened += 1;
  for (const part of PARTS) yield Buffer.from(part);
}

function ship(open: () => AsyncIterable<Uint8Array> = archive) {
  const { ship: send } = deliverByStream(open, { image: "busybox", user: 0, group: 0 });
  return send?.({ cluster, pod: "pod-1", emit: (event) => events.push(event), signal: stop.signal });
}

/** Receives everything. */
const take: ExecAnswer = async (_command, { stdin, onSent }) => {
  let text = "";
  for await (const chunk of stdin ?? []) {
    text += Buffer.from(chunk).toString();
    onSent?.(text.length);
  }
  received.push(text);
  return 0;
};
const cut: ExecAnswer = async (_command, { stdin }) => {
  for await (const _ of stdin ?? []) throw new ClusterError("the connection was cut");
  return 0;
};
const commit: ExecAnswer = async () => 0;
const lose: ExecAnswer = async () => {
  throw new ClusterError("the connection was reset");
};
/** Sets the state of the receiving container, as the pod shows it. */
const showReceiver = (state: object, more: object = {}): void => {
  const status = { initContainerStatuses: [{ name: "receive-context", state }], ...more };
  cluster.stored.set("pods/pod-1", { metadata: { name: "pod-1" }, status });
};
const say =
  (exitCode: number, text: string): ExecAnswer =>
  async (_command, { stderr }) => {
    stderr?.(Buffer.from(text));
    return exitCode;
  };

/** The names of the attempts. */
const attempts = () =>
  cluster.seen("exec").flatMap(({ detail }) => {
    const [, , , what, attempt = ""] = detail as readonly string[];
    return what === "receive" ? [attempt] : [];
  });
const warnings = () => events.flatMap((event) => (event.type === "warning" ? [event.message] : []));

describe("a streamed context", () => {
  it("is sent, verified and committed, in the receiving container", async () => {
    cluster.execs.push(take, commit);
    expect(await ship()).toEqual({ bytes: 11, attempts: 1 });
    expect(received).toEqual(["onetwothree"]);
    const attempt = attempts()[0] ?? "";
    expect(cluster.seen("exec").map(({ of, name, detail }) => [of, name, detail])).toEqual([
      ["pod-1", "receive-context", receiveCommand(attempt)],
      ["pod-1", "receive-context", commitCommand(attempt, SHA256)],
    ]);
    expect(events).toEqual([
      { type: "upload", sent: 3 },
      { type: "upload", sent: 6 },
      { type: "upload", sent: 11 },
    ]);
  });

  it("is sent again from the start after a cut", async () => {
    cluster.execs.push(cut, take, commit);
    expect(await ship()).toEqual({ bytes: 11, attempts: 2 });
    expect(received).toEqual(["onetwothree"]);
    expect(opened).toBe(2);
    const [first, second = ""] = attempts();
    expect(first).not.toBe(second);
    expect(cluster.seen("exec").at(-1)?.detail).toEqual(commitCommand(second, SHA256));
    expect(warnings()).toEqual([
      "sending the context failed (the connection was cut); sending it again from the start, attempt 2 of 3",
    ]);
  });

  it("is sent again if its checksum differs in the pod", async () => {
    cluster.execs.push(take, say(65, "sha256 of what arrived is 0123\n"), take, commit);
    expect(await ship()).toMatchObject({ attempts: 2 });
    expect(warnings()[0]).toContain("sha256 of what arrived is 0123");
  });

  it("fails after the third attempt", async () => {
    cluster.execs.push(cut);
    await expect(ship()).rejects.toThrow("the context could not be sent in 3 attempts: the connection was cut");
    expect(cluster.seen("exec")).toHaveLength(3);
    expect(warnings()).toHaveLength(2);
  });

  it.each([
    ["a missing right", new AuthError("you may not create pods/exec")],
    ["a file that cannot be read", new InvalidInput("a.txt may not be read by you")],
  ])("is not sent again for %s", async (_what, error) => {
    cluster.execs.push(async () => {
      throw error;
    });
    await expect(ship()).rejects.toBe(error);
    expect(cluster.seen("exec")).toHaveLength(1);
    expect(warnings()).toEqual([]);
  });

  it("is not sent again if packing fails", async () => {
    cluster.execs.push(take);
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("x");
      throw new InvalidInput("b.txt shrank while it was packed");
    };
    await expect(ship(broken)).rejects.toThrow("b.txt shrank");
    expect(cluster.seen("exec")).toHaveLength(1);
  });

  it("is not sent again after the user stopped it", async () => {
    cluster.execs.push(async () => {
      stop.abort(new Error("stopped"));
      throw new ClusterError("the connection was closed");
    });
    await expect(ship()).rejects.toThrow("the connection was closed");
    expect(cluster.seen("exec")).toHaveLength(1);
  });

  it("that is too large for the volume is refused with a remedy", async () => {
    cluster.execs.push(say(1, "slipway: tar: write error: No space left on device\n"));
    await expect(ship()).rejects.toMatchObject({
      message: "the pod failed to unpack the context: tar: write error: No space left on device",
      suggestions: [expect.stringContaining("--transport pvc")],
    });
    expect(cluster.seen("exec")).toHaveLength(1);
  });

  it("is sent no further once the pod refuses more", async () => {
    let taken = 0;
    const refuse: ExecAnswer = async (_command, { stdin, stderr }) => {
      for await (const _ of stdin ?? []) {
        taken += 1;
        stderr?.(Buffer.from("slipway: tar: write error: No space left on device\n"));
      }
      return 1;
    };
    cluster.execs.push(refuse);
    await expect(ship()).rejects.toThrow("No space left on device");
    expect(taken).toBe(1);
  });

  it("is committed without an exit code if standard input was ended by closing", async () => {
    const closed: ExecAnswer = async (...args) => {
      await take(...args);
      return undefined;
    };
    cluster.execs.push(closed, commit);
    expect(await ship()).toEqual({ bytes: 11, attempts: 1 });
    expect(cluster.seen("exec")).toHaveLength(2);
  });

  it("is not sent again if the commit's answer was lost but the receiver exited with 0", async () => {
    cluster.execs.push(take, async (...args) => {
      showReceiver({ terminated: { exitCode: 0 } });
      return lose(...args);
    });
    expect(await ship()).toEqual({ bytes: 11, attempts: 1 });
    expect(warnings()).toEqual([]);
  });

  it("counts as committed if the receiver ended before the commit command", async () => {
    cluster.execs.push(take, async () => {
      showReceiver({ terminated: { exitCode: 0 } });
      return 137;
    });
    expect(await ship()).toEqual({ bytes: 11, attempts: 1 });
  });

  it("has only its commit repeated while the receiver still waits", async () => {
    cluster.execs.push(take, lose, commit);
    expect(await ship()).toEqual({ bytes: 11, attempts: 1 });
    const commits = cluster.seen("exec").slice(1);
    expect(commits).toHaveLength(2);
    expect(commits[0]?.detail).toEqual(commits[1]?.detail);
  });

  it.each([
    ["deleted", () => cluster.stored.delete("pods/pod-1"), 'the pod "pod-1" was deleted while the context'],
    [
      "evicted",
      () => showReceiver({}, { phase: "Failed", reason: "Evicted", message: "The node was low on disk. " }),
      'the pod "pod-1" failed (Evicted): The node was low on disk. while',
    ],
    [
      "no longer receiving",
      () =>
        showReceiver({
          terminated: {
            exitCode: 1,
            message: "no data of the context arrived for 300 seconds: its client is gone",
          },
        }),
      'the pod "pod-1" no longer receives: no data of the context arrived for 300 seconds: its client is gone while',
    ],
  ])("is not sent again to a pod that is %s", async (_what, happen, message) => {
    cluster.execs.push(async (...args) => {
      happen();
      return cut(...args);
    });
    await expect(ship()).rejects.toThrow(message);
    expect(cluster.seen("exec")).toHaveLength(1);
  });

  it("fails with the exit code if the pod reports nothing", async () => {
    cluster.execs.push(say(126, ""));
    await expect(ship()).rejects.toThrow("the pod failed to unpack the context: exit code 126");
  });
});
