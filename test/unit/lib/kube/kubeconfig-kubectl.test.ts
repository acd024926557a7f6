/** A kubeconfig that kubectl reads is read, and to the same: held to recorded answers (test/conformance/kubeconfig/record.ts). */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { readKubeconfig, textOf } from "../../../../src/lib/kube/kubeconfig.ts";
import { failureOf, temporaryDirectory } from "./harness.ts";

interface Recorded {
  readonly name: string;
  readonly text: string;
  /** Null: kubectl refuses the file. */
  readonly read: { readonly [field: string]: string } | null;
}

const recorded = JSON.parse(
  readFileSync(new URL("../../../conformance/kubeconfig/recorded.json", import.meta.url), "utf8"),
) as readonly Recorded[];

test.each(recorded.filter(({ read }) => read !== null))(
  "kubectl's reading is ours, of $name",
  async ({ text, read }) => {
    const path = join(await temporaryDirectory(), "config");
    await writeFile(path, text);
    const { currentContext, contexts, clusters, users } = await readKubeconfig(path, {});
    const context = contexts.get(currentContext ?? "");
    expect({
      current: currentContext ?? "",
      cluster: textOf(context?.["cluster"]) ?? "",
      namespace: textOf(context?.["namespace"]) ?? "",
      server: textOf(clusters.get(textOf(context?.["cluster"]) ?? "")?.["server"]) ?? "",
      token: textOf(users.get(textOf(context?.["user"]) ?? "")?.["token"]) ?? "",
    }).toEqual(read);
  },
);

test.each(["a list", "a text", "no YAML"])("a file that is %s is refused in one sentence", async (name) => {
  const path = join(await temporaryDirectory(), "config");
  await writeFile(path, recorded.find((one) => one.name === name)?.text ?? "");
  const error = await failureOf(readKubeconfig(path, {}));
  expect(error).toBeInstanceOf(InvalidInput);
  expect(error.message).toMatch(/^the kubeconfig file .* is not (?:valid YAML|a kubeconfig): [^\n]*$/);
});
