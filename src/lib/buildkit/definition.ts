/** A tree of files as a definition for the daemon, which makes it itself. Source: solver/pb/ops.proto and client/llb of github.com/moby/buildkit. */
import { createHash } from "node:crypto";
import { DEFINITION, OP } from "./messages.ts";
import { encode } from "./protobuf.ts";
import type { Encodable } from "./protobuf.ts";

export type Definition = Encodable<typeof DEFINITION>;

/** An input of an action that there is none of. As the output of an action: the tree is only passed on to the next one. */
const NONE = -1;

/**
 * A directory with these files, each with mode 0644 and the time 0. The daemon caches it by what is in it.
 * @param files at least one, by their names
 * @param step what the daemon calls the step that makes it
 */
export function filesDefinition(files: Readonly<Record<string, Uint8Array>>, step: string): Definition {
  const list = Object.entries(files);
  const actions = list.map(([name, data], at) => ({
    input: at === 0 ? NONE : at - 1,
    secondaryInput: NONE,
    output: at === list.length - 1 ? 0 : NONE,
    mkfile: { path: `/${name}`, mode: 0o644, data },
  }));
  const made = encode(OP, { file: { actions } });
  const digest = digestOf(made);
  const end = encode(OP, { inputs: [{ digest }] });
  return {
    def: [made, end],
    metadata: [
      { key: digest, value: { description: new Map([["llb.customname", step]]) } },
      { key: digestOf(end), value: {} },
    ],
  };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
