/** Values of docker-bake.json that are not texts, as `docker buildx bake --print` of buildx 0.38 shows them. */
import { expect, it } from "vitest";
import { CaseDirectory, answerOurs } from "../../../conformance/bake/answer.ts";

function targetOf(fields: string): Record<string, unknown> {
  const one = { files: { "docker-bake.json": `{"target":{"default":{${fields}}}}` }, args: [], env: {} };
  using directory = new CaseDirectory(one);
  const answer = answerOurs(one, directory.path);
  if ("refused" in answer) throw new Error(answer.refused);
  return (JSON.parse(answer.output) as { target: { default: Record<string, unknown> } }).target.default;
}

it.each([
  ["true", "true"],
  ["false", "false"],
  ["1.50", "1.5"],
  ["1e3", "1000"],
  ["12345678901234567890", "12345678901234567890"],
])("%s in args and labels is the text %s", (value, text) => {
  expect(targetOf(`"args":{"A":${value}},"labels":{"l":${value}}`)).toMatchObject({
    args: { A: text },
    labels: { l: text },
  });
});

it("a flag may be the text of a boolean", () => {
  expect(targetOf(`"no-cache":"true","pull":"false"`)).toMatchObject({ "no-cache": true, pull: false });
});
