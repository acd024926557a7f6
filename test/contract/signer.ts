/** The real cosign with a key of its own. */
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, expect } from "vitest";
import { project } from "../e2e/support/project.ts";
import { run } from "./look-alike.ts";
import type { Run } from "./look-alike.ts";
import { compiled } from "../e2e/support/compiled.ts";

const REGISTRY_FLAGS = ["--allow-http-registry", "--allow-insecure-registry"];
const TRUSTED_ROOT = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

export interface Signer {
  readonly root: string;
  readonly key: string;
  readonly env: Readonly<Record<string, string>>;
  readonly verify: (image: string, env?: Readonly<Record<string, string>>) => Promise<Run>;
  /** The same for a signature as cosign 3 makes it: a bundle that refers to the image (COSIGN_NEW_BUNDLE_FORMAT). */
  readonly verifyBundle: (image: string) => Promise<Run>;
  /** Cosign's list of what hangs on an image. */
  readonly tree: (image: string) => Promise<Run>;
}

/**
 * Compiles cosign before the file's tests, from Go modules, in about five minutes; see test/cluster/README.md.
 * @returns makes a directory with these files and a new key
 */
export function useCosign(): (files: Readonly<Record<string, string>>) => Promise<Signer> {
  let cosign = "";
  beforeAll(() => {
    cosign = compiled("cosign", "cosign");
  }, 900_000);
  return async (files) => {
    const root = await project(files);
    const env = { COSIGN_PASSWORD: "only for this test", PATH: `${dirname(cosign)}:${process.env["PATH"]}` };
    expect(await run(cosign, ["generate-key-pair"], { cwd: root, env })).toMatchObject({ code: 0 });
    const options = ["--key", join(root, "cosign.pub"), "--insecure-ignore-tlog", "--output=json", ...REGISTRY_FLAGS];
    const verify: Signer["verify"] = (image, more = {}) =>
      run(cosign, ["verify", ...options, image], { cwd: root, env: { ...env, ...more } });
    // Nobody but the key is trusted. Without the file cosign downloads sigstore's.
    await writeFile(join(root, "trusted.json"), JSON.stringify({ mediaType: TRUSTED_ROOT }));
    const trusted = ["--new-bundle-format", `--trusted-root=${join(root, "trusted.json")}`];
    const verifyBundle: Signer["verifyBundle"] = (image) =>
      run(cosign, ["verify", ...trusted, ...options, image], { cwd: root, env });
    const tree: Signer["tree"] = (image) =>
      run(cosign, ["tree", "--experimental-oci11", ...REGISTRY_FLAGS, image], { cwd: root, env });
    return { root, key: join(root, "cosign.key"), env, verify, verifyBundle, tree };
  };
}
