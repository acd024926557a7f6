import { describe, expect, it } from "vitest";
import { AuthError, ClusterError, TimedOut } from "../../../../src/errors.ts";
import { errorOf, pullFailure } from "../../../../src/run/follow/pod-failure.ts";
import { IMAGE, container } from "./pods.ts";

const waiting = (reason: string, message: string) => container("kaniko", { waiting: { reason, message } });

/** containerd's messages, as the kubelet of Kubernetes 1.31 reports them. */
const NOT_FOUND = `rpc error: code = NotFound desc = failed to pull and unpack image "${IMAGE}": failed to resolve reference "${IMAGE}": ${IMAGE}: not found`;
const FORBIDDEN = `failed to pull and unpack image "r.io/x:1": failed to resolve reference "r.io/x:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`;
const REFUSED = `failed to pull and unpack image "r.io/x:1": failed to resolve reference "r.io/x:1": failed to do request: Head "https://r.io/v2/x/manifests/1": dial tcp 10.0.0.9:443: connect: connection refused`;

describe("an image that cannot be pulled", () => {
  it("fails at once if another attempt cannot help", () => {
    expect(pullFailure(waiting("ErrImagePull", NOT_FOUND))?.message).toBe(`${IMAGE}: ${IMAGE}: not found`);
    expect(pullFailure(waiting("ErrImagePull", FORBIDDEN))?.message).toContain("authorization failed");
  });

  it("gets a second attempt if the registry could not be reached", () => {
    expect(pullFailure(waiting("ErrImagePull", REFUSED))).toBeUndefined();
    const second = pullFailure(
      waiting("ImagePullBackOff", `Back-off pulling image "r.io/x:1": ErrImagePull: ${REFUSED}`),
    );
    expect(second?.message).toMatch(/: connect: connection refused$/);
  });

  it("is not reported while the container is being created", () => {
    expect(pullFailure(waiting("ContainerCreating", ""))).toBeUndefined();
    expect(pullFailure(container("kaniko", { running: {} }))).toBeUndefined();
  });
});

describe("the error of a pod that failed", () => {
  it.each([
    ["DeadlineExceeded", "", TimedOut, "timed-out", "the build was stopped after 90 seconds, its time limit"],
    [
      "ImagePullBackOff",
      "r.io/x:1: not found",
      ClusterError,
      "cluster",
      "the node cannot pull the image r.io/x:1: not found",
    ],
    [
      "ErrImagePull",
      "r.io/x:1: insufficient_scope: authorization failed",
      AuthError,
      "unauthorised",
      "the node cannot pull the image r.io/x:1: insufficient_scope: authorization failed",
    ],
    ["Evicted", "low on disk", ClusterError, "cluster", "the node evicted the build's pod: low on disk"],
    ["Deleted", "it was deleted", ClusterError, "cluster", "it was deleted"],
  ])("%s %s", (reason, message, type, kind, sentence) => {
    const error = errorOf({ reason, message }, 90);
    expect(error).toBeInstanceOf(type);
    expect(error.kind).toBe(kind);
    expect(error.message).toBe(sentence);
    expect(error.suggestions.join(" ")).toMatch(/^[A-Z].*\.$/);
  });

  it("names an unknown reason", () => {
    expect(errorOf({ reason: "UnexpectedAdmissionError", message: "no GPU" }, 90).message).toBe(
      "the build's pod failed (UnexpectedAdmissionError): no GPU",
    );
  });
});
