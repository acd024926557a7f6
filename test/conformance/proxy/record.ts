/**
 * Records which proxy Go chooses for a table of cases: `node test/conformance/proxy/record.ts` writes recorded.json. Needs Go; the test that
 * reads the table does not.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Case {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
}

const PROXY = "http://proxy.example:3128";

const SERVERS = [
  "https://a.example",
  "https://a.example:6443",
  "http://a.example",
  "https://ba.example",
  "https://x.a.example",
  "https://A.EXAMPLE",
  "https://localhost",
  "https://localhost:6443",
  "https://x.localhost",
  "https://127.0.0.1:6443",
  "https://127.9.9.9",
  "https://[::1]:6443",
  "https://[::ffff:127.0.0.1]",
  "https://10.1.2.3",
  "https://10.1.2.3:6443",
  "https://11.1.2.3",
  "https://[fd00::1]:6443",
  "https://[fd00::1]",
  "https://[::ffff:10.1.2.3]",
  "https://kubernetes.default.svc",
  "https://xn--bcher-kva.example",
];

const EXCEPTIONS = [
  "",
  "*",
  "a.example",
  ".a.example",
  "*.a.example",
  "example",
  ".example",
  "*.example",
  "*example",
  "A.Example",
  " a.example ",
  "other, a.example",
  "other a.example",
  "a.example:6443",
  "a.example:443",
  ".a.example:443",
  "a.example:",
  "a.example:https",
  ":443",
  "x,*",
  "*:443",
  "10.1.2.3",
  "10.1.2.3:6443",
  "10.0.0.0/8",
  "10.1.2.0/24,fd00::/8",
  "10.0.0.0/99",
  "10.0.0.0/08",
  "10.0.0.0/8:443",
  "010.0.0.0/8",
  "10.*",
  "10.",
  "10.1.2",
  "0.0.0.0/0",
  "::/0",
  "fd00::1",
  "FD00:0::1",
  "[fd00::1]",
  "[fd00::1]:6443",
  "[fd00::1]:",
  "fd00::/8",
  "::ffff:10.1.2.3",
  "::ffff:10.0.0.0/104",
  "localhost",
  "svc",
  "bücher.example",
  "BÜCHER.example",
  "https://a.example",
  "a.example/",
  "a.example.",
  "-",
  ".",
  "*.",
];

const VARIABLES: readonly Readonly<Record<string, string>>[] = [
  {},
  { HTTPS_PROXY: PROXY },
  { https_proxy: PROXY },
  { HTTPS_PROXY: "http://upper:1", https_proxy: "http://lower:1" },
  { HTTPS_PROXY: "", https_proxy: PROXY },
  { HTTP_PROXY: PROXY },
  { http_proxy: PROXY },
  { HTTP_PROXY: PROXY, REQUEST_METHOD: "GET" },
  { HTTPS_PROXY: PROXY, REQUEST_METHOD: "GET" },
  { HTTPS_PROXY: "proxy.example:3128" },
  { HTTPS_PROXY: "proxy.example" },
  { HTTPS_PROXY: "10.0.0.1:3128" },
  { HTTPS_PROXY: "https://proxy.example" },
  { HTTPS_PROXY: "socks5://proxy.example:1080" },
  { HTTPS_PROXY: "socks5h://proxy.example" },
  { HTTPS_PROXY: "http://me:pass@proxy.example:3128" },
  { HTTPS_PROXY: "http://me:p%40ss@proxy.example:3128/" },
  { HTTPS_PROXY: "me:pass@proxy.example:3128" },
  { HTTPS_PROXY: PROXY, NO_PROXY: "a.example", no_proxy: "b.example" },
  { HTTPS_PROXY: PROXY, no_proxy: "a.example" },
  { HTTPS_PROXY: PROXY, NO_PROXY: "", no_proxy: "a.example" },
];

const cases: Case[] = [
  ...EXCEPTIONS.flatMap((exceptions) =>
    SERVERS.map((url) => ({ url, env: { HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY, NO_PROXY: exceptions } })),
  ),
  ...VARIABLES.flatMap((env) => ["https://a.example", "http://a.example"].map((url) => ({ url, env }))),
];

const directory = mkdtempSync(join(tmpdir(), "slipway-proxy-"));
const program = join(directory, "recorder");
execFileSync("go", ["build", "-o", program, "."], { cwd: join(import.meta.dirname, "recorder"), stdio: "inherit" });
const answers = JSON.parse(
  execFileSync(program, { input: JSON.stringify(cases), encoding: "utf8" }),
) as readonly string[];
rmSync(directory, { recursive: true });

const rows = cases.map((one, number) => JSON.stringify({ ...one, proxy: answers[number] }));
writeFileSync(join(import.meta.dirname, "recorded.json"), `[\n${rows.join(",\n")}\n]\n`);
process.stdout.write(`${rows.length} answers recorded\n`);
