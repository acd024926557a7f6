import type { CoreV1Event } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { mountFailure } from "../../../../src/run/follow/mounts.ts";

const event = (message: string, reason = "FailedMount"): CoreV1Event => ({
  reason,
  message,
  metadata: {},
  involvedObject: {},
});

describe("a volume that the kubelet cannot mount", () => {
  it.each([
    ['MountVolume.SetUp failed for volume "registry-auth" : secret "push" not found', "there is no Secret push in"],
    ['MountVolume.SetUp failed for volume "x" : configmap "y" not found', "there is no ConfigMap y in"],
    [
      'MountVolume.SetUp failed for volume "registry-auth" : references non-existent secret key: .dockerconfigjson',
      "the Secret it mounts has no key .dockerconfigjson",
    ],
  ])("%s", (message, sentence) => {
    expect(mountFailure(event(message))?.message).toContain(sentence);
  });

  it("is waited for if it may still appear", () => {
    expect(mountFailure(event("timed out waiting for the condition"))).toBeUndefined();
    expect(mountFailure(event('secret "push" not found', "Other"))).toBeUndefined();
  });
});
