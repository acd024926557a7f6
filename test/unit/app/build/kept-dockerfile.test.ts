import { expect, it } from "vitest";
import { dockerfileInputs } from "../../../../src/app/build/kept-dockerfile.ts";
import { OP } from "../../../../src/lib/buildkit/messages.ts";
import { decode } from "../../../../src/lib/buildkit/protobuf.ts";
import type { BuildPlan } from "../../../../src/plan/plan.ts";
import { PLAN } from "../../plan/sample.ts";

/** The files that are in the request. */
function sent(fields: Partial<BuildPlan>): (readonly [path: string | undefined, data: Buffer | undefined])[] {
  const [entry] = dockerfileInputs({ ...PLAN, ...fields });
  const { file } = decode(OP, Buffer.from(entry?.value?.def?.[0] ?? []));
  return (file?.actions ?? []).map(({ mkfile }) => [mkfile?.path, mkfile?.data] as const);
}

it("is in the request under the name of its file, with an ignore file without rules", () => {
  const [dockerfile, ignore] = sent({ dockerfile: { path: "deploy/web.Dockerfile", text: "FROM scratch\n" } });
  expect(dockerfile).toEqual(["/web.Dockerfile", Buffer.from("FROM scratch\n")]);
  expect(ignore?.[0]).toBe("/web.Dockerfile.dockerignore");
  expect(ignore?.[1]?.toString()).toMatch(/^#.*\n$/);
});

it("is the same byte by byte where it is not all UTF-8", () => {
  const bytes = Buffer.from([0x46, 0xff]);
  expect(sent({ dockerfile: { path: "Dockerfile", text: "F\ufffd", bytes } })[0]).toEqual(["/Dockerfile", bytes]);
});

it.each<[string, Partial<BuildPlan>]>([
  ["the builder reads it from a repository", { dockerfile: { path: "Dockerfile", text: undefined } }],
  ["it is longer than a message should be", { dockerfile: { path: "Dockerfile", text: "#".repeat(2 << 20) } }],
  ["an attestation names where it came from", { attestations: [{ type: "provenance", attributes: {} }] }],
])("is not in the request if %s", (_, fields) => {
  expect(dockerfileInputs({ ...PLAN, ...fields })).toEqual([]);
});
