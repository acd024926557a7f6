import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { cosignArguments, findCosign, logCaution, signImage } from "../../../src/attest/cosign.ts";
import { parseReference } from "../../../src/lib/image/reference.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const PLAN = { tags: [parseReference("r.io/a:1")], registries: { hosts: [], insecure: [] } };

describe("signing an image", () => {
  it("signs once for each repository, by digest", () => {
    const tags = ["r.io/a:1", "r.io/a:2", "10.0.0.1:5000/b:1"].map((text) => parseReference(text));
    const registries = { hosts: [], insecure: ["10.0.0.1:5000"] };
    expect(cosignArguments({ tags, registries }, DIGEST, "k8s://ns/key")).toEqual([
      ["sign", "--yes", "--key", "k8s://ns/key", `r.io/a@${DIGEST}`],
      [
        "sign",
        "--yes",
        "--key",
        "k8s://ns/key",
        "--allow-insecure-registry",
        "--allow-http-registry",
        `10.0.0.1:5000/b@${DIGEST}`,
      ],
    ]);
    expect(cosignArguments({ tags: tags.slice(0, 1), registries }, DIGEST, "")).toEqual([
      ["sign", "--yes", `r.io/a@${DIGEST}`],
    ]);
  });

  it("fails before the build without cosign", () => {
    expect(() => findCosign({ PATH: "/nowhere:" })).toThrow("--sign runs cosign, which is not on the PATH");
  });

  it("skips the log with --sign-log none", () => {
    expect(cosignArguments({ ...PLAN, signLog: "none" }, DIGEST, "k")).toEqual([
      ["sign", "--yes", "--tlog-upload=false", "--key", "k", `r.io/a@${DIGEST}`],
    ]);
    expect(cosignArguments({ ...PLAN, signLog: "upload" }, DIGEST, "k")).toEqual(cosignArguments(PLAN, DIGEST, "k"));
  });
});

describe("the public log", () => {
  it("is warned about if nobody has decided about it", () => {
    expect(logCaution({ sign: "" }, {})).toMatch(/public log permanently: --sign-log none prevents that/);
    expect(logCaution({}, {})).toBeUndefined();
    expect(logCaution({ sign: "k", signLog: "none" }, {})).toBeUndefined();
    expect(logCaution({ sign: "k", signLog: "upload" }, {})).toBeUndefined();
    for (const variable of ["COSIGN_TLOG_UPLOAD", "COSIGN_REKOR_URL", "COSIGN_SIGNING_CONFIG"]) {
      expect(logCaution({ sign: "k" }, { [variable]: "x" })).toBeUndefined();
    }
  });

  it("is skipped with the options of old and new cosign versions, also in the remedy of a failure", async () => {
    const root = await mkdtemp(join(tmpdir(), "slipway-cosign-"));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    const script = '#!/bin/sh\necho "$COSIGN_USE_SIGNING_CONFIG|$@" >> "$ASKED"\necho no >&2\nexit 1\n';
    await writeFile(join(root, "cosign"), script, { mode: 0o755 });
    const env = { PATH: `${root}:${process.env["PATH"]}`, ASKED: join(root, "asked") };
    const surroundings = { env, signal: new AbortController().signal };
    await expect(signImage({ ...PLAN, signLog: "none" }, DIGEST, "k", surroundings)).rejects.toMatchObject({
      message: "the image was built and pushed, but not signed: no",
      suggestions: [
        `Sign it yourself: COSIGN_USE_SIGNING_CONFIG=false cosign sign --yes --tlog-upload=false --key k r.io/a@${DIGEST}`,
      ],
    });
    await expect(signImage(PLAN, DIGEST, "k", surroundings)).rejects.toMatchObject({
      suggestions: [`Sign it yourself: cosign sign --yes --key k r.io/a@${DIGEST}`],
    });
    expect(await readFile(env.ASKED, "utf8")).toBe(
      `false|sign --yes --tlog-upload=false --key k r.io/a@${DIGEST}\n|sign --yes --key k r.io/a@${DIGEST}\n`,
    );
  });
});
