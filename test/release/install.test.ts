/** The install lines of README and of the install guide, as they are printed, for a user who has nothing yet: a clone, an empty home. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, VERSION } from "./artefacts.ts";
import { anotherCheckout, mustBash } from "./checkout.ts";
import { blocksOf, commandOf, headingsWithLines, linesIn, linesOf } from "./install-lines.ts";

const GUIDE = "docs/guides/install.md";
const [CLONE = "", FROM_NPM = ""] = blocksOf("README.md", "Install");

/** Every section of the guide with lines to copy, and what runs them. */
const RUN_BY: Readonly<Record<string, string>> = {
  "One file": "install.test.ts",
  "Debian and Ubuntu, Fedora and RHEL": "install-packages.test.ts",
  "kubectl krew, Homebrew, Scoop": "manifests.test.ts",
  "From npm": "install.test.ts",
  macOS: "nothing: it needs a macOS",
  "Complete command lines": "install.test.ts",
  "Verify a release": "signature.test.ts and executable.test.ts",
  "Sign a release": "signature.test.ts, with npm run release:sign",
};

/** A repository whose newest commit has what is changed here too. */
let repository = "";
let home = "";
let clone = "";

/** The machine's own programs, without those of this checkout. */
const MACHINE = (process.env["PATH"] ?? "")
  .split(":")
  .filter((directory) => !`${directory}/`.startsWith(ROOT))
  .join(":");
/** Of the Node that runs the tests, which is new enough. */
const WITH_NODE = `${dirname(process.execPath)}:${MACHINE}`;

const COMMIT = `
  git add --all
  git -c user.name=Test -c user.email=test@example.com commit --quiet --allow-empty --message "Have what is changed"
`;

beforeAll(async () => {
  repository = await anotherCheckout();
  mustBash(COMMIT, [], { cwd: repository });
  home = await mkdtemp(join(tmpdir(), "slipway-home-"));
  const work = join(home, "work");
  await mkdir(work);
  clone = join(work, "slipway");
});
afterAll(async () => {
  await rm(dirname(repository), { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
});

/** Set by what runs the tests, and not by this machine. */
const OF_THE_TESTS = /^(?:npm_|VITEST|SLIPWAY_|KUBECONFIG$|NODE_(?:ENV|OPTIONS)$)/;

/** Runs lines as the user of the empty home. npm reaches its registry, and finds what it fetched earlier, as on this machine. */
function type(lines: string, path: string, cwd = home): string {
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !OF_THE_TESTS.test(name))),
    HOME: home,
    PATH: path,
    npm_config_userconfig: join(homedir(), ".npmrc"),
    npm_config_cache: join(homedir(), ".npm"),
    npm_config_prefix: join(home, "global"),
  };
  return mustBash(lines, [], { cwd, env });
}

test("every section of the install guide with lines to copy is run, or it is said what does not run it", () => {
  expect(headingsWithLines(GUIDE)).toEqual(Object.keys(RUN_BY));
});

test("README's first lines make one file from a clone, and it runs without Node", () => {
  expect(CLONE.match(/\bREPOSITORY\b/g)).toHaveLength(2);
  type(CLONE.replace("REPOSITORY", repository), MACHINE, dirname(clone));
  expect(type("PATH=~/.local/bin; slipway version", MACHINE)).toContain(`slipway/${VERSION} linux-x64`);
}, 1_800_000);

test("the guide's lines for one file upgrade it", () => {
  type("echo 'an older one' > ~/.local/bin/slipway", MACHINE);
  const [block = ""] = blocksOf(GUIDE, "One file");
  expect(type(block, `${home}/.local/bin:${MACHINE}`, clone)).toContain(`slipway/${VERSION} linux-x64`);
}, 1_800_000);

test("the guide's lines let bash, zsh and fish complete slipway's command lines", () => {
  const path = `${home}/.local/bin:${MACHINE}`;
  // As the guide says, it is there before its line.
  type("echo 'autoload -Uz compinit && compinit -u' > ~/.zshrc", path);
  const [block = ""] = blocksOf(GUIDE, "Complete command lines");
  type(block, path);
  const asked = `
    bash -ic 'complete -p slipway' 2>/dev/null
    zsh -ic 'echo "zsh: $_comps[slipway]"' 2>/dev/null
    fish -c 'complete --do-complete "slipway vers"'
  `;
  const [bash, zsh, fish] = type(asked, path).split("\n");
  expect([bash, zsh, fish]).toEqual([
    expect.stringMatching(/^complete .*-F _slipway slipway$/),
    "zsh: _slipway",
    expect.stringMatching(/^version\b/),
  ]);
});

test("README's line for bash completes command lines", () => {
  const line = commandOf("README.md", "Install", "source");
  expect(type(`${line}\ncomplete -p slipway`, `${home}/.local/bin:${MACHINE}`)).toMatch(/-F _slipway slipway$/m);
});

test("README's lines for npm, which are the guide's, install a copy that needs no clone, and the guide's line removes it", async () => {
  expect(linesOf(GUIDE, "From npm")).toEqual(linesIn(FROM_NPM));
  type(FROM_NPM, WITH_NODE, clone);
  await rm(clone, { recursive: true });
  const path = `${home}/global/bin:${WITH_NODE}`;
  expect(type("command -v slipway; slipway version", path)).toMatch(
    new RegExp(`^${home}/global/bin/slipway\\nslipway/${VERSION} `),
  );
  type(commandOf(GUIDE, "From npm", "npm uninstall"), WITH_NODE);
  const { status } = spawnSync("bash", ["-c", "command -v slipway"], { env: { PATH: path } });
  expect(status).toBe(1);
}, 1_800_000);
