import type { Socket } from "node:net";

type Outcome = [null, Socket] | [Error, null];

/** Passes the outcome of a connection to undici's callback, outside of the promise: errors of the callback must not be caught. */
export function settle(connect: () => Promise<Socket>, callback: (...outcome: Outcome) => void): void {
  void pass(outcomeOf(connect), callback);
}

async function pass(outcome: Promise<Outcome>, callback: (...outcome: Outcome) => void): Promise<void> {
  callback(...(await outcome));
}

async function outcomeOf(connect: () => Promise<Socket>): Promise<Outcome> {
  try {
    return [null, await connect()];
  } catch (error) {
    return [error as Error, null];
  }
}
