/** Random URLs with passwords, tokens and signatures in them, at every place that shows a URL. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clauseOf } from "../../../../src/errors.ts";
import { chooseProxy } from "../../../../src/lib/http/proxy.ts";
import { parseReference, Reference } from "../../../../src/lib/image/reference.ts";
import { connect } from "../../../../src/lib/kube/connect.ts";
import { attach } from "../../../../src/lib/registry/referrer.ts";
import { readBaseImage } from "../../../../src/lib/registry/base-image.ts";
import { copyImage, findManifest } from "../../../../src/lib/registry/copy-image.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";
import { publicUrl, withPublicUrls } from "../../../../src/lib/text/public-url.ts";
import { readVault } from "../../../../src/lib/vault/read-vault.ts";
import { buildContextsOf } from "../../../../src/plan/docker/build-contexts.ts";
import type { BuildContext } from "../../../../src/plan/docker/options.ts";
import { gatherContext } from "../../../../src/plan/gather.ts";
import { inRepository, repositoryNotices } from "../../../../src/plan/in-repository.ts";
import { readDirectories } from "../../../../src/plan/named-directories.ts";
import { clone } from "../../../../src/plan/source/clone.ts";
import { download } from "../../../../src/plan/source/download.ts";
import { gitLabels } from "../../../../src/plan/source/git-labels.ts";
import { parseGitSource } from "../../../../src/plan/source/git-url.ts";
import { openSource } from "../../../../src/plan/source/open-source.ts";
import { limitsOf } from "../../../../src/plan/source/source-limits.ts";
import { REQUEST, planInCluster } from "../../plan/sample.ts";
import { Random } from "../../../conformance/context/random.ts";

/** In every secret, so that it is found again in whatever form. */
const MARK = "zq7";
const BLOB = `blobs/sha256:${"0".repeat(64)}`;

/** A URL, of which everything with the mark is secret. */
function randomUrl(random: Random, host: string, schemes: readonly string[], path: string): string {
  const one = <T>(values: readonly T[]): T => random.pick(values);
  const secret = (): string =>
    Array.from({ length: 1 + random.below(3) }, () => `x${MARK}${random.below(1000)}`).join(one(GLUE));
  const user = one(["", `${secret()}@`, `me:${secret()}@`, `${secret()}:${secret()}@`, `:${secret()}@`]);
  const key = one(["X-Amz-Signature", "sig", "token", "access_key", "Signature"]);
  const query = one(["", `?${key}=${secret()}`, `?a=b&${key}=${secret()}&c`]);
  return `${one(schemes)}://${user}${host}${path}${user === "" && query === "" ? `?sig=x${MARK}` : query}`;
}

/** What stands between the parts of a password. */
const GLUE = ["@", ":", "%40", "%2F", "!", "$&", "+", "é", "~", "%", "'", "@@", ";"];

let server: Server;
let host: string;
let directory: string;
let lead: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "slipway-urls-"));
  // A registry that leads every request to the URL of the moment, and a server that has nothing else.
  server = createServer((request, response) => {
    const url = request.url ?? "";
    if (url.includes("/challenge/") && request.headers.authorization === undefined) {
      response.writeHead(401, { "www-authenticate": `Bearer realm="${lead}"` }).end();
    } else if (request.method === "POST") response.writeHead(202, { location: lead }).end();
    else if (request.method === "HEAD") response.writeHead(404).end();
    else if (url.includes("/blobs/") || url.includes("/moved/")) response.writeHead(307, { location: lead }).end();
    else if (url.includes("/manifests/")) response.end('{"config":{"digest":"sha256:a"},"layers":[]}');
    else response.writeHead(410).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true });
});

const { signal } = new AbortController();
const say = (): void => {};
const ANY = ["http", "https", "git", "ssh", "git+ssh", "ftp", "HTTPS"];
const WEB = ["http"];

/** What is shown of a URL at one place. */
interface Shown {
  readonly place: string;
  readonly schemes: readonly string[];
  readonly path?: string;
  /** The host; the default is one that no connection is made to. */
  readonly host?: () => string;
  readonly times?: number;
  /** Every text for others; an error that it throws is one of them. */
  readonly show: (url: string) => unknown;
}

const messageOf = (error: unknown): string =>
  error instanceof Error
    ? `${clauseOf(error)} ${JSON.stringify((error as { suggestions?: unknown }).suggestions)}`
    : "";

const registry = (): RegistryClient =>
  new RegistryClient({ insecure: [], credential: async () => ({ username: "u", password: "p" }), timeout: 5000 });
const image = (repository = "a"): Reference => new Reference({ registry: host, repository, tag: "1" });
const sourceOf = async (fields: object): Promise<string[]> => {
  const said: string[] = [];
  const request = { path: directory, stdin: async function* () {}, say: (text: string) => said.push(text), signal };
  const opened = await openSource({ ...request, ...fields }).catch(messageOf);
  return [...said, JSON.stringify(opened)];
};

const SHOWN: readonly Shown[] = [
  { place: "the function itself", schemes: ANY, times: 3000, show: publicUrl },
  {
    place: "a text of another program",
    schemes: ANY,
    times: 3000,
    show: (url) => withPublicUrls(`fatal: unable to access '${url}': no (${url}) "${url}"`),
  },
  { place: "a context's URL", schemes: WEB, host: () => host, show: (path) => sourceOf({ path }) },
  { place: "a Dockerfile's URL", schemes: WEB, host: () => host, show: (file) => sourceOf({ file }) },
  {
    place: "a download that is redirected",
    schemes: [...WEB, "ftp"],
    host: () => host,
    show: async (url) => {
      lead = url;
      for await (const _ of download(`http://${host}/moved/`, signal)) continue;
    },
  },
  {
    place: "a server that cannot be reached",
    schemes: WEB,
    host: () => "127.0.0.1:1",
    show: (path) => sourceOf({ path }),
  },
  {
    place: "a repository",
    schemes: WEB,
    host: () => host,
    path: "/a.git",
    times: 4,
    show: (url) =>
      clone({ remote: url, keepGitDir: false }, mkdtempSync(join(directory, "clone-")), {
        access: { submodules: [], none: false },
        limits: limitsOf({}),
        signal,
      }),
  },
  {
    place: "labels of a repository",
    schemes: ANY,
    times: 6,
    show: async (url) => {
      const root = mkdtempSync(join(directory, "labels-"));
      execFileSync("git", ["-C", root, "init", "--quiet"]);
      execFileSync("git", ["-C", root, "remote", "add", "origin", url]);
      return gitLabels(root, join(root, "Dockerfile"), { BUILDX_GIT_LABELS: "full" });
    },
  },
  {
    place: "a repository that the builder clones",
    schemes: ANY,
    path: "/a.git",
    show: (path) => {
      const given = inRepository({ ...REQUEST, path });
      const remote = parseGitSource(path)?.remote ?? "";
      return [JSON.stringify(given), ...repositoryNotices(planInCluster(remote))];
    },
  },
  { place: "a file for it", schemes: ANY, show: (file) => inRepository({ ...REQUEST, path: "https://h/a.git", file }) },
  {
    place: "a further context",
    schemes: [...ANY, "docker-image"],
    // What is not refused becomes an argument of the builder's container.
    show: async (url) => {
      const [{ source }] = buildContextsOf([`n=${url}`]) as [BuildContext];
      return source.kind === "directory" ? readDirectories([`n=${url}`]) : source;
    },
  },
  { place: "a further context without a name", schemes: ANY, show: (url) => buildContextsOf([url]) },
  { place: "the name of an image", schemes: ["http", "https"], show: (url) => parseReference(url).toString() },
  {
    place: "a directory that is none",
    schemes: ["ftp", "svn"],
    show: (path) => gatherContext({ ...REQUEST, path }, { stdin: async function* () {}, say, signal }),
  },
  {
    place: "a Dockerfile that is none",
    schemes: ["ftp", "svn"],
    show: (file) => gatherContext({ ...REQUEST, path: directory, file }, { stdin: async function* () {}, say, signal }),
  },
  {
    place: "a proxy that cannot be used",
    schemes: ["ftp", "socks4"],
    show: (url) => chooseProxy(new URL("https://a"), undefined, { HTTPS_PROXY: url })?.host,
  },
  {
    place: "a proxy that cannot be reached",
    schemes: ["http", "socks5"],
    host: () => "127.0.0.1:1",
    path: "",
    times: 6,
    show: (url) => versionBy({ server: "https://api.example", "proxy-url": url.split("?", 1)[0]! }),
  },
  {
    place: "an API server",
    schemes: ["http"],
    host: () => "127.0.0.1:1",
    path: "",
    times: 6,
    show: (server) => versionBy({ server }),
  },
  { place: "an API server that is none", schemes: ["ftp", "ssh"], show: (server) => versionBy({ server }) },
  {
    place: "a Vault",
    schemes: ["http", "ftp"],
    host: () => host,
    show: (url) => readVault([{ path: "a/b", field: "c" }], { VAULT_ADDR: url, VAULT_TOKEN: "t" }),
  },
  {
    place: "a registry's redirect",
    schemes: [...WEB, "ftp"],
    host: () => host,
    show: async (url) => {
      lead = url;
      const options = { insecure: [], credential: async () => undefined, timeout: 5000 };
      const all = await Promise.all([
        registry()
          .stream(image(), BLOB, async () => "")
          .catch(messageOf),
        registry().get(image(), BLOB, "*/*").catch(messageOf),
        readBaseImage(image(), options).catch(messageOf),
      ]);
      return all.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join("\n");
    },
  },
  {
    place: "a registry's upload",
    schemes: [...WEB, "ftp"],
    host: () => host,
    show: async (url) => {
      lead = url;
      const document = { mediaType: "a/b", annotations: {}, content: Buffer.from("{}") };
      const all = await Promise.all([
        copyImage(registry(), image(), image("b")).catch(messageOf),
        attach(registry(), image(), "sha256:a", document).catch(messageOf),
      ]);
      return JSON.stringify(all);
    },
  },
  {
    place: "a registry's token service",
    schemes: [...WEB, "ftp"],
    host: () => host,
    show: async (url) => {
      lead = url;
      return findManifest(registry(), image("challenge"));
    },
  },
];

/** What is reported when the API server of this kubeconfig is asked. */
async function versionBy(cluster: object): Promise<string> {
  const kubeconfig = join(directory, "kubeconfig");
  const contexts = [{ name: "c", context: { cluster: "k", user: "u" } }];
  const users = [{ name: "u", user: {} }];
  writeFileSync(
    kubeconfig,
    JSON.stringify({ "current-context": "c", contexts, users, clusters: [{ name: "k", cluster }] }),
  );
  const connected = await connect({ kubeconfig });
  const answered = await connected.version(AbortSignal.timeout(300)).catch(messageOf);
  await connected.close();
  return `${connected.server} ${answered}`;
}

async function outcome(show: () => unknown): Promise<unknown> {
  try {
    return await show();
  } catch (error) {
    return messageOf(error);
  }
}

it.each(SHOWN)(
  "$place shows no secret of a URL",
  async ({ schemes, path = "/a/b.tar", host: at, times = 25, show }) => {
    const random = new Random(20_261_129);
    for (let time = 0; time < times; time += 1) {
      const url = randomUrl(random, at?.() ?? "host.example:8443", schemes, path);
      const shown = await outcome(() => show(url));
      expect(typeof shown === "string" ? shown : JSON.stringify(shown ?? ""), `of ${url}`).not.toContain(MARK);
    }
  },
);

it.each([
  ["https://host/x.tar", "https://host/x.tar"],
  ["https://Host:443/x", "https://Host:443/x"],
  ["https://bot:p@ss@host:8443/x.git", "https://host:8443/x.git"],
  ["https://host/x.tar?X-Amz-Signature=a#b", "https://host/x.tar"],
  ["ssh://git@host:team/app.git", "ssh://host:team/app.git"],
  ["git+ssh://me:pass@host/x", "git+ssh://host/x"],
  ["git@host:team/app.git", "git@host:team/app.git"],
  ["registry.example.com/a@sha256:0", "registry.example.com/a@sha256:0"],
  ["./directory?x", "./directory?x"],
])("%s is shown as %s", (url, shown) => {
  expect(publicUrl(url)).toBe(shown);
});

it.each([
  ["a http://u:p@h/x, https://u:p@h/y?z", "a http://h/x, https://h/y"],
  ["3http://u:p@h/x", "3http://h/x"],
  [":// http://u:p@h http://", ":// http://h/ http://"],
  [`${"a".repeat(40)}://u:p@h/x`, `${"a".repeat(40)}://h/x`],
  ["://http://u:p@h/x", "://http://h/x"],
])("the text %s is shown as %s", (text, shown) => {
  expect(withPublicUrls(text)).toBe(shown);
});
