import { describe, expect, it } from "vitest";
import { parseReference } from "../../../../src/lib/image/reference.ts";
import { WarmerLog, warmerFailure } from "../../../../src/app/warm/warmed.ts";
import { warmerObjects } from "../../../../src/app/warm/warmer-pod.ts";
import { inputsName } from "../../../../src/plan/inputs-name.ts";
import { PLAN } from "../../plan/sample.ts";

const END = { exitCode: 0, reason: "Completed", message: "", tail: [] };

function logOf(...lines: readonly string[]): WarmerLog {
  const log = new WarmerLog();
  for (const line of lines) log.add(line);
  return log;
}

describe("the warmer's pod", () => {
  const images = [parseReference("debian:bookworm"), parseReference("r.io/a@sha256:" + "0".repeat(64))];

  it("has the images, the volume, the login and the certificates, and no privileges", () => {
    const plan = {
      ...PLAN,
      builderImage: "warmer:1",
      cacheVolume: "kept",
      credentials: { kind: "shipped" as const },
      registries: { hosts: ["docker.io", "r.io"], insecure: ["r.io"], ca: "PEM" },
      platform: { os: "linux", arch: "arm64" },
    };
    const { job, secret, claims } = warmerObjects(plan, images, true, "{}");
    const spec = job.spec?.template.spec;
    const [container] = spec?.containers ?? [];
    expect(container).toMatchObject({
      image: "warmer:1",
      args: [
        "--cache-dir=/cache/kaniko",
        "--image=docker.io/library/debian:bookworm",
        `--image=r.io/a@sha256:${"0".repeat(64)}`,
        "--force",
        "--customPlatform=linux/arm64",
        "--insecure-registry=r.io",
        "--skip-tls-verify-registry=r.io",
        "--registry-certificate=docker.io=/kaniko/slipway-ca/ca.crt",
        "--registry-certificate=r.io=/kaniko/slipway-ca/ca.crt",
      ],
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    });
    expect(container?.volumeMounts?.map(({ name, mountPath }) => `${name} ${mountPath}`)).toEqual([
      "cache /cache",
      "registry-auth /kaniko/.docker",
      "registry-ca /kaniko/slipway-ca",
    ]);
    expect(spec?.automountServiceAccountToken).toBe(false);
    expect(secret?.metadata?.name).toBe(inputsName(plan.name));
    expect(claims?.map(({ metadata }) => metadata?.name)).toEqual(["kept"]);
  });
});

describe("the result of the warmer", () => {
  it("is a success if the log has no failure", () => {
    expect(warmerFailure(END, logOf("INFO[0000] Retrieving image a"), "kept")).toBeUndefined();
  });

  it.each([
    [
      "WARN[0000] Error while trying to warm image: r.io/a:1 Failed to retrieve image: r.io/a:1: unable to complete operation after 0 attempts, last error: GET http://r.io/v2/a/manifests/1: MANIFEST_UNKNOWN: manifest unknown; map[Tag:1]",
      "build",
      "r.io/a:1 is not on the volume: the registry has no such image",
    ],
    [
      "WARN[0000] Error while trying to warm image: r.io/a:1 Failed to retrieve image: r.io/a:1: GET https://r.io/v2/a/manifests/1: UNAUTHORIZED: authentication required; []",
      "registry-auth",
      "r.io/a:1 is not on the volume: not authorised to pull from r.io: authentication required",
    ],
    [
      "WARN[0000] Error while trying to warm image: r.io/a:1 write /cache/kaniko/warmingImage.1: no space left on device",
      "cluster",
      "the volume kept is full: r.io/a:1 does not fit",
    ],
    [
      "WARN[0000] Error while trying to warm image: r.io/a:1 something else",
      "build",
      "r.io/a:1 is not on the volume: something else",
    ],
  ])("is read from %s", (line, fault, message) => {
    expect(warmerFailure(END, logOf(line), "kept")).toMatchObject({ kind: "failed", fault, message });
  });

  it("counts further failed images once each, even if the log repeats them", () => {
    const line = (image: string): string => `WARN[0000] Error while trying to warm image: ${image} why`;
    const failure = warmerFailure(END, logOf(line("a"), line("a"), line("b"), line("c")), "kept");
    expect(failure?.message).toBe("a (and 2 more) is not on the volume: why");
  });

  it("is the last line of the log if the warmer failed before the first image", () => {
    const end = { ...END, exitCode: 1, tail: ["usage", "", "Failed to create cache directory", ""] };
    expect(warmerFailure(end, logOf(), "kept")?.message).toBe(
      "kaniko's warmer failed: Failed to create cache directory",
    );
  });

  it("is a memory failure if the warmer was killed for memory", () => {
    const end = { ...END, exitCode: 137, reason: "OOMKilled" };
    expect(warmerFailure(end, logOf(), "kept")?.message).toContain("OOMKilled");
  });
});
