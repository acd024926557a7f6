import { expect, test } from "vitest";
import { hiddenValues, shownArguments, shownSetting } from "../../../src/plan/hidden-values.ts";
import { holdsSecret } from "../../../src/lib/text/public-url.ts";
import type { BuildPlan } from "../../../src/plan/plan.ts";

const plan = (fields: Partial<BuildPlan>): BuildPlan => ({ buildArgs: [], labels: [], ...fields }) as BuildPlan;

test.each([
  ["http://user:pass@proxy:3128", true],
  ["https://token@git.example.com/a.git", true],
  ["https://user:p@ss@host/x", true],
  ["git+https://u:p@host/a", true],
  ["https://store.example.com/x.tar?X-Amz-Signature=abc", true],
  ["https://store.example.com/x.tar?sv=1&SIG=abc", true],
  ["http://proxy:3128", false],
  ["https://example.com/?a=sig", false],
  ["registry.example.com/a:1", false],
])("the URL %s lets somebody in: %s", (text, expected) => {
  expect(holdsSecret(text)).toBe(expected);
});

test("finds passwords of proxies, signed contexts, tokens of caches and given texts, the longest first", () => {
  const found = hiddenValues(
    plan({
      buildArgs: [
        ["HTTP_PROXY", "http://u:p@proxy"],
        ["https_proxy", "u:p2@proxy"],
        ["NO_PROXY", "a@b"],
        ["V", "1"],
      ],
      labels: [["source", "https://u:p3@git.example.com/a"]],
      buildContexts: [{ name: "x", source: { kind: "url", url: "https://h/x.tar?sig=1" } }],
      cacheTo: [{ type: "s3", attributes: { bucket: "b", secret_access_key: "k3y" } }],
      secretTexts: ["given", ""],
    }),
  );
  expect(found).toEqual([
    "https://u:p3@git.example.com/a",
    "https://h/x.tar?sig=1",
    "http://u:p@proxy",
    "u:p2@proxy",
    "given",
    "k3y",
  ]);
});

test("provenance shows the name of an argument and not its hidden value", () => {
  expect(
    shownArguments(
      plan({
        buildArgs: [
          ["HTTP_PROXY", "http://u:p@h"],
          ["V", "1"],
        ],
      }),
    ),
  ).toEqual([
    ["HTTP_PROXY", "xxxxx"],
    ["V", "1"],
  ]);
});

test.each([
  ["URL=https://u:hunter2@h/x?sig=SIGN", "URL=xxxxx"],
  ["HTTP_PROXY=u:pw@p:1", "HTTP_PROXY=xxxxx"],
  ["type=azblob,name=a,secret_access_key=AZKEY", "type=azblob,name=a,secret_access_key=xxxxx"],
  ["https://u:pw@h/app.git#main", "xxxxx"],
  ["type=registry,ref=r.io/a/cache", "type=registry,ref=r.io/a/cache"],
  ["VERSION=1.0", "VERSION=1.0"],
  ["r.io/team/app:1", "r.io/team/app:1"],
])("the setting %s is shown as %s", (value, shown) => {
  expect(shownSetting(value)).toBe(shown);
});
