/** The table of formats that come with the source, over every format and every key. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROJECT_KEYS, keysOf } from "../../../../src/cli/config/keys.ts";
import { parseConfiguration } from "../../../../src/cli/config/parse-config.ts";
import { buildFlags } from "../../../../src/cli/flags/build.ts";
import { SOURCE_FORMATS } from "../../../../src/plan/source/formats.ts";
import type { FormatName } from "../../../../src/plan/source/formats.ts";
import {
  formatOf,
  mayNamePath,
  mayReadSecretInto,
  mayReadVariable,
  refusedSubOption,
} from "../../../../src/plan/source/limits.ts";
import { SRC, sourceFiles } from "../../imports.ts";

const NAMES = Object.keys(SOURCE_FORMATS) as FormatName[];

let base = "";
let project = "";
beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "slipway-formats-")));
  project = join(base, "project");
  mkdirSync(join(project, "sub"), { recursive: true });
  mkdirSync(join(base, "home"));
  symlinkSync("../home", join(project, "link"));
  symlinkSync("../home/new", join(project, "dangling"));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Files of src/ that read files which do not come with the source, and what these are. */
const OWN_FILES: Readonly<Record<string, string>> = {
  "app/build/pod-files.ts": "the context's files, of which it reads the first bytes",
  "app/build/load/engine-archive.ts": "the archive that the user's own builder made",
  "app/init/proposals.ts": "the user's docker configuration",
  "app/build/load/loading.ts": "the archive that the user's own builder made",
  "app/builds/left-tags.ts": "what it writes",
  "app/builds/started-here.ts": "what it writes",
  "app/build/platforms/merge-layouts.ts": "layouts that the user's own builders made",
  "cli/commands/imagetools/create.ts": "a descriptor in a file that the command line names",
  "cli/config/write-project.ts": "the project's settings, which init writes for the user",
  "cli/plugin/links.ts": "links that slipway made",
  "cli/start/code-cache.ts": "the program and its cache",
  "cli/start/snapshot.ts": "the program, while an executable is made",
  "lib/credentials/docker-config-file.ts": "the user's docker configuration",
  "lib/credentials/docker-config.ts": "the user's docker configuration",
  "lib/credentials/keychain.ts": "the user's own files",
  "lib/engine/find-engine.ts": "the user's docker configuration",
  "lib/files/process-mark.ts": "the system's facts of a process",
  "lib/files/replace-file.ts": "what it writes",
  "lib/files/scratch.ts": "what it writes",
  "lib/files/write-tree.ts": "what it writes",
  "lib/http/trusted-certificates.ts": "the machine's certificates",
  "lib/kube/authenticator.ts": "the user's kubeconfig",
  "lib/kube/choose-target.ts": "the user's kubeconfig",
  "lib/kube/kubeconfig.ts": "the user's kubeconfig",
  "lib/vault/vault-client.ts": "a CA that the user names",
  "lib/vault/vault-login.ts": "the user's token",
  "pack/file-source.ts": "the context's files, which are packed as they are",
  "pack/hash-store.ts": "slipway's cache",
  "plan/docker/proxies.ts": "the user's docker configuration",
  "plan/docker/secrets.ts": "files that the command line names",
  "plan/docker/ssh-keys.ts": "files that the command line names",
  "run/keep/keep-key.ts": "slipway's own key",
  "run/keep/last-build.ts": "slipway's own record",
  "run/keep/pod-hint.ts": "slipway's own record",
  "plan/registry-ca.ts": "a file that the command line names",
};

describe("the table of source formats", () => {
  it("each file of src/ that reads files reads a format of the table, or the user's own files", async () => {
    const rows = new Set(Object.values(SOURCE_FORMATS).flatMap(({ readBy }): readonly string[] => readBy));
    const readers = (await sourceFiles()).filter((file) =>
      /\b(?:readFile|readFileSync|createReadStream|openSync|readIfThere|readOrExplain|readInside|readRegularFile|readRegularFileSync|readNamedFile|openIfRegular)\(/.test(
        readFileSync(join(SRC, file), "utf8"),
      ),
    );
    expect(readers.length).toBeGreaterThan(10);
    const others = readers.filter((file) => !rows.has(file) && !Object.hasOwn(OWN_FILES, file));
    expect(others).toEqual([]);
    const files = new Set(await sourceFiles());
    expect([...rows, ...Object.keys(OWN_FILES)].filter((file) => !files.has(file))).toEqual([]);
  });

  it.each(NAMES)("%s names no path outside the project by itself", (name) => {
    for (const path of ["/etc/passwd", "../home", "link/key", "dangling", "sub/../../home", "../project-2"]) {
      expect([path, mayNamePath(name, path, project)]).toEqual([path, false]);
    }
    const inside = ["project", "granted"].includes(formatOf(name).paths);
    for (const path of ["sub", "sub/new", ".", "sub/../x"]) {
      expect([path, mayNamePath(name, path, project)]).toEqual([path, inside]);
    }
    expect(mayNamePath(name, "../home/key", project, ["../home"])).toBe(formatOf(name).paths === "granted");
  });

  it.each(NAMES.filter((name) => formatOf(name).variables !== "all"))(
    "%s reads no secret of the environment",
    (name) => {
      for (const variable of [
        "CI_JOB_TOKEN",
        "CI_REGISTRY_PASSWORD",
        "CI_REPOSITORY_URL",
        "CI_DEPLOY_PASSWORD",
        "CI_JOB_JWT_V2",
        "CI_PROJECT_TOKEN",
        "CI_COMMIT_SECRET",
        "DRONE_NETRC_PASSWORD",
        "DRONE_REPO_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "HOME",
        "KUBECONFIG",
        "PATH",
      ]) {
        expect([variable, mayReadVariable(name, variable)]).toEqual([variable, false]);
      }
    },
  );

  it("a pipeline reads the facts of a commit, and fills only credentials from Secrets", () => {
    for (const name of [
      "DRONE_COMMIT_SHA",
      "DRONE_TAG",
      "DRONE_BRANCH",
      "CI_COMMIT_AUTHOR",
      "CI_COMMIT_TAG",
      "CI_PIPELINE_ID",
    ]) {
      expect([name, mayReadVariable("pipeline.yaml", name)]).toEqual([name, true]);
    }
    for (const name of ["PLUGIN_USERNAME", "PLUGIN_BASE_IMAGE_PASSWORD", "DOCKER_PASSWORD", "PLUGIN_JSON_KEY"]) {
      expect([name, mayReadSecretInto("pipeline.yaml", name)]).toEqual([name, true]);
    }
    for (const name of ["PLUGIN_TAGS", "PLUGIN_BUILD_ARGS", "PLUGIN_REPO", "X", "DRONE_TAG", "PLUGIN_CUSTOM_LABELS"]) {
      expect([name, mayReadSecretInto("pipeline.yaml", name)]).toEqual([name, false]);
    }
  });
});

describe("sub-options of a project's file", () => {
  /** Attributes of BuildKit's caches and attestations that name paths, identities, other services or loosen TLS. */
  const DANGEROUS = [
    "registry.insecure",
    "Registry.Insecure",
    "src",
    "dest",
    "token",
    "url",
    "url_v2",
    "access_key_id",
    "secret_access_key",
    "session_token",
    "endpoint_url",
    "account_url",
    "bucket",
    "generator",
    "new-option",
  ];
  const keys = keysOf(buildFlags);
  const parse = (key: string, value: string): unknown =>
    parseConfiguration(
      {
        path: join(project, ".slipway.yaml"),
        text: `${key}: ["${value}"]\n`,
        trustLevel: "untrusted",
        home: base,
        userPath: "u",
      },
      keys,
    );

  it.each(["cache-from", "cache-to"])("%s takes only attributes of a registry's cache", (key) => {
    for (const name of DANGEROUS) {
      expect(() => parse(key, `type=registry,ref=r.io/x,${name}=true`)).toThrow("is not allowed in a project's file");
      expect(() => parse(key, `type=registry,ref=r.io/x,'${name}'=true`)).toThrow("is not allowed in a project's file");
    }
    expect(() => parse(key, "type=registry,ref=r.io/x,mode=max,compression=zstd")).not.toThrow();
    expect(() => parse(key, "r.io/x")).not.toThrow();
  });

  it.each(["provenance", "sbom"])("%s takes no attribute that is not in the table", (key) => {
    for (const name of DANGEROUS) expect(refusedSubOption(".slipway.yaml", key, `${name}=x`)).toBe(name.toLowerCase());
  });

  it("each key with sub-options that a project may set has a row", () => {
    const withOptions = ["cache-from", "cache-to", "provenance", "sbom", "attest", "output", "secret", "ssh"];
    const rows = formatOf(".slipway.yaml").subOptions ?? {};
    expect(withOptions.filter((key) => PROJECT_KEYS.has(key) && !Object.hasOwn(rows, key))).toEqual([]);
  });
});
