import { expect, it } from "vitest";
import { filesDefinition } from "../../../../src/lib/buildkit/definition.ts";
import { DEFINITION, OP } from "../../../../src/lib/buildkit/messages.ts";
import { decode, encode } from "../../../../src/lib/buildkit/protobuf.ts";

/** Made by BuildKit's own library (client/llb, v0.34.2), of two Mkfile with the time 0. */
const OPS = [
  "5a002279124208ffffffffffffffffff0110ffffffffffffffffff0118ffffffffffffffffff012a1f0a0b2f446f636b657266696c6510a4031a0d46524f4d20736372617463680a123310ffffffffffffffffff012a260a182f446f636b657266696c652e646f636b657269676e6f726510a4031a0723206e6f6e650a",
  "0a490a477368613235363a31383364353431353564376337343339636230636431356263306564653237623131653138323962613438626636326666373164353737656232373966656339",
];
const DIGEST = "sha256:183d54155d7c7439cb0cd15bc0ede27b11e1829ba48bf62ff71d577eb279fec9";

const files = { Dockerfile: Buffer.from("FROM scratch\n"), "Dockerfile.dockerignore": Buffer.from("# none\n") };

it("the operations are those that BuildKit's library makes", () => {
  // Its library also writes the field of the constraints, which is empty (5a00).
  const theirs = OPS.map((hex) => decode(OP, Buffer.from(hex, "hex")));
  const ours = filesDefinition(files, "a step").def?.map((bytes) => decode(OP, bytes));
  expect(ours?.[0]).toEqual(theirs[0]);
  expect(Buffer.from(filesDefinition(files, "a step").def?.[0] ?? []).toString("hex")).toBe(OPS[0]?.slice(4));
  expect(theirs[1]?.inputs).toEqual([{ digest: DIGEST, index: 0 }]);
});

it("the last operation names the one that makes the files, by its digest, and the metadata its name", () => {
  const { def, metadata } = decode(DEFINITION, encode(DEFINITION, filesDefinition(files, "a step")));
  const [first, last] = metadata;
  expect(decode(OP, def.at(-1) ?? Buffer.alloc(0)).inputs).toEqual([{ digest: first?.key, index: 0 }]);
  expect(first?.value?.description).toEqual(new Map([["llb.customname", "a step"]]));
  expect(last?.key).toMatch(/^sha256:[0-9a-f]{64}$/);
});
