/** Faults drawn from a seed: the same seed, the same faults. */
import type { Fault } from "../fakes/fault-proxy.ts";

/** A number from 0 to 1, exclusive; mulberry32. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** TLS and HTTP before the first byte of a context, and the answers to a command, take about so many bytes. */
const HANDSHAKE = 6000;

/** @param size Bytes of the context on the wire. */
export function randomFault(random: () => number, size: number): Fault {
  const of = random() < 0.7 ? "client" : "server";
  const span = of === "client" ? HANDSHAKE + size : HANDSHAKE;
  // Half of the cuts fall into the little at the beginning and the end, where most is decided.
  const place = random();
  const offset = Math.floor(
    place < 0.25 ? random() * HANDSHAKE : place < 0.5 ? span - random() * HANDSHAKE * 0.7 : random() * span,
  );
  const at = { of, offset: Math.max(0, offset) } as const;
  const kind = random();
  if (kind < 0.45) return { ...at, kind: "none" };
  if (kind < 0.65) return { ...at, kind: "reset" };
  if (kind < 0.8) return { ...at, kind: "end" };
  if (kind < 0.92) return { ...at, kind: "stall", ms: Math.floor(200 + random() * 3000) };
  if (kind < 0.925) return { ...at, kind: "stall" };
  return { ...at, kind: "none", rate: 200_000 };
}
