/**
 * Records what kubectl reads of a table of kubeconfigs: `node test/conformance/kubeconfig/record.ts` writes recorded.json. Needs kubectl on
 * the PATH; the test that reads the table does not.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const GOOD = `apiVersion: v1
kind: Config
current-context: c
contexts:
- name: c
  context: {cluster: k, user: u, namespace: ns}
clusters:
- name: k
  cluster: {server: "https://h:6443"}
users:
- name: u
  user: {token: t}
`;
const put = (from: string | RegExp, to: string): string => GOOD.replace(from, to);

const FILES: Readonly<Record<string, string>> = {
  "as it should be": GOOD,
  "a mark at the end": `${GOOD}---\n`,
  "marks at both ends": `---\n${GOOD}---\n`,
  "an end and nothing more": `${GOOD}...\n`,
  "a second document": `${GOOD}---\ncurrent-context: other\n`,
  "a second document after an end": `${GOOD}...\n---\ncurrent-context: other\n`,
  "a second document that is no YAML": `${GOOD}---\na: [\n`,
  "an empty first document": `---\n---\n${GOOD}`,
  "a comment before the mark": `# a comment\n\n---\n${GOOD}`,
  "a directive": `%YAML 1.1\n---\n${GOOD}`,
  "a mark with a comment": `--- # the config\n${GOOD}`,
  "a mark in a text": put("token: t", 'token: "a --- b"'),
  "the current context twice": `${GOOD}current-context: d\n`,
  "the contexts twice": `${GOOD}contexts:\n- name: c\n  context: {cluster: k, user: u, namespace: other}\n`,
  "preferences twice": `${GOOD}preferences: {}\npreferences: {}\n`,
  "a server twice": put('server: "https://h:6443"', 'server: "https://h:6443", server: "https://i"'),
  "a context's name twice": put("clusters:", "- name: c\n  context: {cluster: z, user: z}\nclusters:"),
  "a cluster's name twice": put("users:", '- name: k\n  cluster: {server: "https://two"}\nusers:'),
  "an unknown tag of a text": put("current-context: c", "current-context: !!foo c"),
  "an unknown tag of a field that is not read": `${GOOD}extra: !!foo bar\n`,
  "a local tag": put("token: t", "token: !secret t"),
  "an unknown tag of a mapping": put("user: {token: t}", "user: !!foo {token: t}"),
  "an unknown tag of a list": put("users:", "users: !!foo"),
  "a tag of a text": put("token: t", "token: !!str 123"),
  "a long tag": put("token: t", "token: !<tag:yaml.org,2002:str> 123"),
  "an unknown field": `${GOOD}foo: {bar: 1}\n`,
  "a merge key": put(/context: \{.*\}/, "context: {<<: *a, namespace: ns}").replace(
    /^/,
    "x: &a {cluster: k, user: u}\n",
  ),
  "an anchor": put("token: t", "token: &t t").replace(/$/, "also: *t\n"),
  "a byte order mark": `\uFEFF${GOOD}`,
  "carriage returns": GOOD.replaceAll("\n", "\r\n"),
  "carriage returns and marks": `---\n${GOOD}---\n`.replaceAll("\n", "\r\n"),
  "tabs after values": GOOD.replace("token: t}", "token: t\t}").replace("current-context: c", "current-context: c\t"),
  "no line feed at the end": GOOD.trimEnd(),
  JSON: JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u", namespace: "ns" } }],
    clusters: [{ name: "k", cluster: { server: "https://h:6443" } }],
    users: [{ name: "u", user: { token: "t" } }],
  }),
  "JSON with a key twice": '{"current-context":"a","current-context":"c","apiVersion":"v1","kind":"Config"}',
  "a folded text": put("token: t", "token: >-\n    a\n    b").replace("user: {", "user:\n    ").replace("b}", "b"),
  "a text in a block": put("user: {token: t}", "user:\n    token: |-\n      t"),
  "quoted keys": put("current-context: c", '"current-context": c'),
  nulls: put("namespace: ns", "namespace: null"),
  "an empty list of preferences": `${GOOD}preferences:\n`,
  nothing: "",
  "only comments": "# nothing\n",
  "a list": "- a\n",
  "a text": "hello\n",
  "no YAML": "a: [\n",
};

interface View {
  readonly "current-context": string;
  readonly contexts: readonly { name: string; context: { cluster: string; user: string; namespace?: string } }[] | null;
  readonly clusters: readonly { name: string; cluster: { server: string } }[] | null;
  readonly users: readonly { name: string; user: { token?: string } }[] | null;
}

const directory = mkdtempSync(join(tmpdir(), "slipway-kubeconfig-"));
const rows = Object.entries(FILES).map(([name, text]) => {
  const file = join(directory, "config");
  writeFileSync(file, text);
  const { status, stdout } = spawnSync("kubectl", ["config", "view", "--raw", "-o", "json", "--kubeconfig", file]);
  if (status !== 0) return { name, text, read: null };
  const view = JSON.parse(stdout.toString()) as View;
  const context = view.contexts?.find((one) => one.name === view["current-context"])?.context;
  return {
    name,
    text,
    read: {
      current: view["current-context"],
      cluster: context?.cluster ?? "",
      namespace: context?.namespace ?? "",
      server: view.clusters?.find((one) => one.name === context?.cluster)?.cluster.server ?? "",
      token: view.users?.find((one) => one.name === context?.user)?.user.token ?? "",
    },
  };
});
rmSync(directory, { recursive: true });
writeFileSync(join(import.meta.dirname, "recorded.json"), `${JSON.stringify(rows, undefined, 2)}\n`);
process.stdout.write(`${rows.length} answers recorded\n`);
