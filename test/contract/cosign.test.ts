/** `--sign` with the real cosign and a key of its own: what it signs, cosign itself finds right; what it did not sign, it does not. */
import { execFileSync } from "node:child_process";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUSYBOX, mustBuild } from "../e2e/support/build.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import { readImage } from "../e2e/support/registry.ts";
import { imageName, run } from "./look-alike.ts";

const namespace = useNamespace();
const ROOT = new URL("../../", import.meta.url).pathname;

test("--sign-key: cosign verifies the image by its public key, and no image that was only built", async () => {
  // Compiled once, from Go modules, in about five minutes; see test/cluster/README.md.
  const cosign = execFileSync(join(ROOT, "test/cluster/program"), ["cosign", "cosign"], { encoding: "utf8" }).trim();
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nRUN date +%s%N > /built\n`,
    // The log of signatures cannot be reached from here: nothing else of what slipway asks is changed.
    "bin/cosign": `#!/bin/sh\nverb=$1\nshift\nexec ${cosign} "$verb" --tlog-upload=false "$@"\n`,
  });
  await chmod(join(root, "bin/cosign"), 0o755);
  const env = {
    COSIGN_PASSWORD: "only for this test",
    PATH: `${join(root, "bin")}:${process.env["PATH"]}`,
  };
  const made = await run(cosign, ["generate-key-pair"], { cwd: root, env });
  expect(made).toMatchObject({ code: 0 });

  const signed = imageName();
  await mustBuild(namespace, [`--sign-key=${join(root, "cosign.key")}`, "-t", signed, root], { env });
  const verify = (image: string) =>
    run(
      cosign,
      [
        "verify",
        "--key",
        join(root, "cosign.pub"),
        "--insecure-ignore-tlog",
        "--output=json",
        "--allow-http-registry",
        "--allow-insecure-registry",
        image,
      ],
      { cwd: root, env },
    );
  const verified = await verify(signed);
  expect(verified).toMatchObject({ code: 0 });
  const { digest } = await readImage(signed);
  expect(JSON.parse(verified.stdout)).toMatchObject([{ critical: { image: { "docker-manifest-digest": digest } } }]);

  const unsigned = imageName();
  await mustBuild(namespace, ["-t", unsigned, root]);
  expect(await verify(unsigned)).not.toMatchObject({ code: 0 });
}, 900_000);
