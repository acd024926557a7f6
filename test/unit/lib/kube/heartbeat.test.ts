import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { watchPeer } from "../../../../src/lib/kube/heartbeat.ts";
import type { Clock } from "../../../../src/lib/kube/heartbeat.ts";

/** A connection whose counters the test turns, and a clock that the test moves. */
class Connection extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  bufferedAmount = 0;
  bytesRead = 100;
  bytesWritten = 100;
  answers = true;
  pings = 0;
  time = 0;
  /** After how many seconds it was taken for dead. */
  dead: number | undefined;
  readonly stop: () => void;
  #check: (() => void) | undefined;

  constructor() {
    super();
    const clock: Clock = {
      now: () => this.time,
      every: (_, callback) => {
        this.#check = callback;
        return () => {
          this.#check = undefined;
        };
      },
    };
    const died = (): void => {
      this.dead = this.time / 1000;
    };
    this.stop = watchPeer(this as unknown as WebSocket, this, died, clock);
  }

  ping(data: string): void {
    this.pings += 1;
    this.bytesWritten += 20;
    if (!this.answers) return;
    this.bytesRead += 20;
    this.emit("pong", Buffer.from(data));
  }

  /** Lets time pass, with something happening every five seconds. */
  wait(seconds: number, happen: () => void = () => {}): this {
    for (let passed = 0; passed < seconds; passed += 5) {
      this.time += 5000;
      happen();
      this.#check?.();
    }
    return this;
  }
}

test("a quiet peer that answers lives for ever, on three pings a minute", () => {
  const connection = new Connection().wait(3600);
  expect(connection.dead).toBeUndefined();
  expect(connection.pings).toBe(180);
});

test("a connection that answers no ping is dead after a minute", () => {
  const connection = new Connection();
  connection.answers = false;
  expect(connection.wait(600).dead).toBe(65);
});

test("output is a sign of life, even without a pong", () => {
  const connection = new Connection();
  connection.answers = false;
  connection.wait(600, () => (connection.bytesRead += 1));
  expect(connection.dead).toBeUndefined();
});

test("a connection that accepts what is sent is alive, even without answers", () => {
  const connection = new Connection();
  connection.answers = false;
  connection.bufferedAmount = 4 << 20;
  connection.wait(600, () => (connection.bytesWritten += 1 << 20));
  expect(connection.dead).toBeUndefined();
});

test("a connection whose reader blocks it has two minutes", () => {
  const connection = new Connection();
  connection.answers = false;
  connection.bytesWritten += 4 << 20;
  connection.bufferedAmount = 4 << 20;
  expect(connection.wait(600).dead).toBe(125);
});

test("a connection that has accepted everything, unread, has two minutes", () => {
  const connection = new Connection();
  connection.answers = false;
  connection.bytesWritten += 1 << 20;
  // Noticed as taken at the first look, five seconds in.
  expect(connection.wait(600).dead).toBe(130);
});

test("once a ping after the last byte is answered, silence counts again", () => {
  const connection = new Connection();
  connection.bytesWritten += 1 << 20;
  connection.wait(60);
  connection.answers = false;
  connection.wait(600);
  expect(connection.dead).toBeLessThanOrEqual(130);
});

test("stopping it leaves no listener", () => {
  const connection = new Connection();
  connection.stop();
  expect(connection.listenerCount("pong")).toBe(0);
  expect(connection.wait(600).pings).toBe(0);
});
