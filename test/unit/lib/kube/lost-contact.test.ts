import { expect, it } from "vitest";
import { AuthError, ClusterError, InvalidInput } from "../../../../src/errors.ts";
import { ContactLost, CredentialsLost, hasLostContact } from "../../../../src/lib/kube/refusal.ts";
import { RegistryError } from "../../../../src/lib/registry/registry-error.ts";
import { refusal } from "../../../fakes/fake-cluster.ts";

const NETWORK = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });

it.each<[what: string, error: unknown, lost: boolean]>([
  ["a server that cannot be reached", new ContactLost("nothing answers", { cause: NETWORK }), true],
  ["credentials that cannot be had", new CredentialsLost("the plugin failed"), true],
  ["expired credentials", new AuthError("not accepted", { cause: refusal(401, "Unauthorized", "no").cause }), true],
  ["an overloaded server", refusal(429, "TooManyRequests", "later"), true],
  ["a failing server", refusal(503, "ServiceUnavailable", "down"), true],
  ["a refusal", refusal(404, "NotFound", "gone"), false],
  ["a missing right", new AuthError("you may not", { cause: refusal(403, "Forbidden", "no").cause }), false],
  ["a registry that cannot be reached", new RegistryError("r.io", "connection refused", { cause: NETWORK }), false],
  ["an error about a registry", new ClusterError("the image is pushed, but", { cause: NETWORK }), false],
  ["an image that a node may not pull", new AuthError("the node cannot pull the image"), false],
  ["wrong input", new InvalidInput("no", { cause: NETWORK }), false],
  ["another error", NETWORK, false],
])("%s is judged as lost contact or not", (_what, error, lost) => {
  expect(hasLostContact(error)).toBe(lost);
});
