import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { attestImage } from "../../../src/attest/attest-image.ts";
import type { BuildEvent } from "../../../src/events.ts";
import type { BuildPlan } from "../../../src/plan/plan.ts";
import { parseReference } from "../../../src/lib/image/reference.ts";
import { Stages } from "../../../src/run/stages.ts";
import { BuildFailed, ClusterError } from "../../../src/errors.ts";
import { PLAN } from "../plan/sample.ts";
import { ImageServer, archive } from "../lib/sbom/layers.ts";
import { faultsOf } from "../lib/sbom/spdx-rules.ts";
import type { SpdxDocument } from "../lib/sbom/spdx-rules.ts";

const LAYER = gzipSync(
  archive([
    { name: "lib/apk/db/installed", content: "P:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\n" },
    { name: "var/lib/rpm/Packages", content: "Berkeley DB" },
    { name: "node_modules/\u001b[31m/package.json", content: "broken" },
  ]),
);

/** Attests a pushed image with `--sbom=true`: the events and the result. */
async function seal(image: ImageServer, more: Partial<BuildPlan> = {}): Promise<BuildEvent[]> {
  const events: BuildEvent[] = [];
  const emit = (event: BuildEvent): void => void events.push(event);
  const tags = [parseReference(`${image.host}/team/app:1`), parseReference(`${image.host}/team/app:2`)];
  await attestImage({ ...PLAN, tags, attestations: [{ type: "sbom", attributes: {} }], ...more }, image.digest, {
    attested: false,
    startedOn: new Date(),
    credential: async () => undefined,
    env: {},
    stages: new Stages(emit),
    emit,
    signal: new AbortController().signal,
  });
  return events;
}

describe("an SBOM", () => {
  it("is attached to the image, with a warning about missing parts", async () => {
    const image = await ImageServer.start([LAYER]);
    const events = await seal(image);
    expect(events).toMatchObject([
      { type: "stage-started", stage: "sbom" },
      { type: "stage-done", stage: "sbom", detail: expect.stringMatching(/^1 package, \d+ B read$/) },
      {
        type: "warning",
        message:
          "the SBOM is not complete for /node_modules/?[31m/package.json (it is not JSON), " +
          "/var/lib/rpm/Packages (it is an RPM database, which slipway does not read)",
      },
    ]);
    const [manifest = {}, ...others] = image.put.filter(({ subject }) => subject !== undefined);
    expect(others).toEqual([]);
    expect(manifest).toMatchObject({
      artifactType: "application/vnd.in-toto+json",
      subject: { digest: image.digest },
      annotations: { "in-toto.io/predicate-type": "https://spdx.dev/Document" },
    });
    const statement = JSON.parse(String(image.uploaded.get(manifest.layers?.[0]?.digest ?? ""))) as {
      _type: string;
      subject: { name: string; digest: object }[];
      predicateType: string;
      predicate: SpdxDocument;
    };
    const digest = { sha256: image.digest.slice("sha256:".length) };
    expect(statement).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      subject: [
        { name: `${image.host}/team/app:1`, digest },
        { name: `${image.host}/team/app:2`, digest },
      ],
      predicateType: "https://spdx.dev/Document",
    });
    expect(faultsOf(statement.predicate)).toEqual([]);
    expect(statement.predicate.packages.map(({ name }) => name)).toEqual([`${image.host}/team/app`, "musl"]);
  });

  it("is not made if the builder made its own", async () => {
    const image = await ImageServer.start([LAYER]);
    const options = { attested: true, startedOn: new Date(), credential: async () => undefined, env: {} };
    const stages = new Stages(() => {});
    const plan: BuildPlan = { ...PLAN, attestations: [{ type: "sbom", attributes: {} }] };
    const { signal } = new AbortController();
    await attestImage(plan, image.digest, { ...options, stages, emit: () => {}, signal });
    expect([image.asked, image.put]).toEqual([[], []]);
  });

  it("that cannot be made is an error that names the pushed image", async () => {
    const broken = gzipSync("no archive");
    const image = await ImageServer.start([broken]);
    const error = await seal(image).catch((found: unknown) => found);
    expect(error).toBeInstanceOf(BuildFailed);
    expect(error).toMatchObject({
      message:
        `the image was built and pushed as ${image.host}/team/app:1, ${image.host}/team/app:2 (${image.digest}), but its SBOM could ` +
        `not be made: layer 1 of 1, sha256:${createHash("sha256").update(broken).digest("hex")}: the archive is cut or broken: ` +
        "it ends in the middle of an entry",
      suggestions: ["Leave --sbom out, or use --builder buildkit, whose generator reads the image in the pod."],
    });
  });

  it("that the registry refuses is an error", async () => {
    const image = await ImageServer.start([LAYER]);
    image.refuses = true;
    const error = await seal(image).catch((found: unknown) => found);
    expect(error).toBeInstanceOf(ClusterError);
    expect((error as Error).message).toMatch(
      /^the image was built and pushed as .* \(sha256:[0-9a-f]{64}\), but its SBOM could not be attached: .* answered 403$/,
    );
  });
});
