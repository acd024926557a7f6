/** Who may import whom. The way of one build goes one way through src; what a folder may not know is not in its row. */
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SRC, readImports, sourceFiles } from "./imports.ts";

const imports = await readImports();
const files = await sourceFiles();

interface Row {
  /** Folders (with a slash), files, packages and builtins whose code it may use. `node:*` is any builtin. */
  readonly code: readonly string[];
  /** Further ones it may take types from. Types of the Kubernetes models anybody may. */
  readonly types?: readonly string[];
}

const MAY_IMPORT: Readonly<Record<string, Row>> = {
  "main.ts": {
    code: [
      "@oclif/core",
      "@oclif/core/flush",
      "@oclif/core/handle",
      "@oclif/core/help",
      "../package.json",
      "command-table.ts",
      "names/command-not-found.ts",
    ],
  },
  "command-table.ts": { code: ["commands/"], types: ["@oclif/core"] },
  // Loads the program itself, and so nothing of it.
  "start/": { code: ["node:*"] },
  "start/start.ts": { code: ["names/called-as.ts", "node:path", "start/"], types: ["main.ts"] },
  "version.ts": { code: ["../package.json"] },
  "edits.ts": { code: [] },
  "errors.ts": { code: [] },
  // The program under other names, and the links by which it has them.
  "names/": { code: ["errors.ts", "version.ts", "node:*"] },
  "base.ts": {
    code: [
      "@oclif/core",
      "config/find-config.ts",
      "config/keys.ts",
      "config/layers.ts",
      "config/settle.ts",
      "docker/argv.ts",
      "errors.ts",
      "flags/without-value.ts",
      "ui/broken-pipe.ts",
      "ui/failure.ts",
    ],
  },
  // What is set outside of the command line.
  "config/": { code: ["backends/table.ts", "edits.ts", "errors.ts", "ignore", "js-yaml", "node:*"] },
  "wire-login.ts": { code: ["credentials/", "errors.ts", "registry/"] },
  "builds-command.ts": {
    code: ["@oclif/core", "base.ts", "builds/", "cluster/connect.ts", "errors.ts", "user-name.ts"],
    types: ["cluster/cluster.ts", "wire.ts"],
  },
  "user-name.ts": { code: ["node:os"] },
  // Pure: rights in, objects out.
  "rbac/": { code: [] },
  "flags/": {
    code: ["@oclif/core", "base.ts", "docker/flags.ts", "errors.ts", "pod/options.ts", "ui/progress.ts"],
    types: ["build/request.ts"],
  },
  // Pure: what is asked of the pod, and the user's own template over it.
  "pod/": { code: ["errors.ts", "js-yaml"] },
  // Bake files: pure, and no more of a build than its command line.
  "bake/": { code: ["errors.ts", "node:path"] },
  // Drone's steps, likewise.
  "drone/": { code: ["errors.ts", "js-yaml", "node:fs/promises", "node:path"] },
  "wire-credentials.ts": {
    code: ["credentials/select.ts", "registry/scoped-tokens.ts"],
    types: ["build/plan.ts", "credentials/credentials.ts"],
  },
  "wire-warm.ts": {
    code: [
      "wire-credentials.ts",
      "build/",
      "cluster/connect.ts",
      "credentials/",
      "dockerfile/",
      "errors.ts",
      "plan-request.ts",
      "user-name.ts",
      "version.ts",
      "warm/",
    ],
    types: ["wire.ts"],
  },
  "wire-pipeline.ts": { code: ["cluster/", "errors.ts"], types: ["drone/pipeline.ts", "wire.ts"] },
  // Base images onto a volume: a pod of its own, which is run as a build's is.
  "warm/": {
    code: ["backends/", "errors.ts", "follow/follow.ts", "run/", "transport/receiver.ts", "transport/transport.ts"],
    types: ["build/", "cluster/cluster.ts"],
  },
  "commands/": {
    code: [
      "@oclif/core",
      "base.ts",
      "bake/",
      "builds-command.ts",
      "build/duration.ts",
      "builds/",
      "caches/",
      "config/docker-variables.ts",
      "config/find-config.ts",
      "docker/argv.ts",
      "docker/call.ts",
      "describe-builders.ts",
      "docker/flags.ts",
      "drone/",
      "errors.ts",
      "rbac/",
      "wire-context.ts",
      "flags/",
      "names/",
      "report/",
      "run/remove.ts",
      "ui/",
      "wire.ts",
      "wire-check.ts",
      "wire-attach.ts",
      "wire-doctor.ts",
      "wire-login.ts",
      "wire-pipeline.ts",
      "wire-registry.ts",
      "wire-warm.ts",
      "node:events",
      "node:fs/promises",
      "node:os",
      "node:path",
      "node:stream",
      "node:stream/consumers",
      "node:util",
    ],
    types: ["build/"],
  },
  "describe-builders.ts": {
    code: ["backends/", "build/plan-build.ts", "docker/capability-needs.ts", "errors.ts", "run/objects.ts"],
  },
  "plan-request.ts": {
    code: [
      "backends/",
      "build/frontend-args.ts",
      "build/git-token.ts",
      "build/plan-build.ts",
      "docker/",
      "dockerfile/",
      "errors.ts",
    ],
    types: ["build/"],
  },
  // What is done with an image once it is pushed.
  "attest/": {
    code: [
      "build/plan.ts",
      "build/reference.ts",
      "docker/",
      "dockerfile/",
      "errors.ts",
      "registry/",
      "sbom/",
      "ui/measures.ts",
      "node:*",
    ],
    types: ["build/", "credentials/credentials.ts", "docker/options.ts"],
  },
  // What is in an image: from its layers in the registry to a document.
  "sbom/": {
    code: ["build/reference.ts", "compression/", "errors.ts", "registry/", "node:*"],
  },
  "wire-shipping.ts": {
    code: ["attest/check.ts", "build/", "context/hash-store.ts", "credentials/stores.ts", "errors.ts", "registry/"],
    types: ["backends/backend.ts", "credentials/credentials.ts", "dockerfile/reach.ts"],
  },
  "wire.ts": {
    code: [
      "wire-credentials.ts",
      "attest/",
      "backends/",
      "build/",
      "cluster/",
      "credentials/",
      "docker/",
      "errors.ts",
      "export/",
      "plan-request.ts",
      "pod/options.ts",
      "registry/",
      "user-name.ts",
      "vault/",
      "version.ts",
      "wire-shipping.ts",
    ],
    types: ["run/"],
  },
  "wire-attach.ts": {
    code: ["backends/", "build/", "builds/", "credentials/", "errors.ts", "registry/"],
    types: ["cluster/cluster.ts"],
  },
  "wire-doctor.ts": {
    code: [
      "wire-credentials.ts",
      "build/gather.ts",
      "cluster/connect.ts",
      "credentials/",
      "doctor/",
      "plan-request.ts",
      "rbac/",
      "registry/",
      "user-name.ts",
      "version.ts",
    ],
    types: ["build/", "wire.ts"],
  },
  // What a build needs, looked at beforehand: by reading, and by a build's own pod with nothing to build.
  "doctor/": {
    code: ["cluster/contact.ts", "errors.ts", "follow/", "rbac/", "run/", "transport/", "node:stream"],
    types: ["backends/", "build/", "cluster/cluster.ts", "registry/"],
  },
  // Builds that are there already, read from their objects.
  "builds/": {
    code: [
      "backends/table.ts",
      "build/",
      "cluster/contact.ts",
      "errors.ts",
      "follow/",
      "run/",
      "transport/receiver.ts",
      "node:timers/promises",
    ],
    types: ["backends/", "cluster/cluster.ts"],
  },
  "wire-registry.ts": { code: ["build/", "credentials/", "errors.ts", "registry/", "node:fs/promises"] },
  // Volumes that are kept between builds.
  "caches/": { code: ["errors.ts", "run/labels.ts", "transport/claim.ts"], types: ["cluster/cluster.ts"] },
  // Answers about a Dockerfile.
  "wire-check.ts": {
    code: ["backends/", "build/build-args.ts", "build/gather.ts", "check/", "dockerfile/", "errors.ts"],
    types: ["build/", "docker/call.ts"],
  },
  "check/": { code: ["dockerfile/", "errors.ts"] },
  "wire-context.ts": { code: ["build/build-args.ts", "build/context-view.ts", "build/gather.ts"] },
  // The line of one build: it knows the other stages, and of the cluster only what it promises.
  "build/": {
    code: [
      "backends/",
      "cluster/contact.ts",
      "context/",
      "docker/",
      "dockerfile/",
      "errors.ts",
      "export/",
      "follow/",
      "pod/",
      "run/",
      "transport/",
      "node:crypto",
      "node:net",
    ],
    types: ["cluster/cluster.ts"],
  },
  "build/gather.ts": {
    code: [
      "docker/proxies.ts",
      "errors.ts",
      "build/",
      "pod/read-template.ts",
      "source/",
      "node:fs/promises",
      "node:path",
    ],
  },
  "build/in-repository.ts": {
    code: ["docker/build-contexts.ts", "errors.ts", "source/git-url.ts", "node:path"],
    types: ["build/", "source/git-url.ts"],
  },
  "build/named-directories.ts": {
    code: ["build/", "docker/build-contexts.ts", "errors.ts", "node:fs/promises", "node:path"],
  },
  "build/read-file.ts": { code: ["errors.ts", "node:fs/promises"] },
  // Docker's command line: its flags, their values, their words.
  "docker/": { code: ["errors.ts", "node:*"], types: ["backends/flag-capabilities.ts"] },
  "docker/flags.ts": { code: ["@oclif/core", "docker/"] },
  "build/context-view.ts": { code: ["build/decide-reach.ts", "context/", "errors.ts", "node:fs", "node:path"] },
  "build/decide-reach.ts": { code: ["context/", "dockerfile/", "ui/measures.ts"], types: ["build/plan.ts"] },
  "build/heavy-context.ts": { code: ["context/", "ui/measures.ts"], types: ["build/"] },
  "build/cache-source.ts": {
    code: ["build/open-context.ts", "context/", "ui/measures.ts"],
    types: ["build/", "transport/cache-conversation.ts"],
  },
  "build/open-context.ts": { code: ["build/", "context/", "transport/", "ui/measures.ts"] },
  // Pure: plan in, container out.
  "backends/": {
    code: ["errors.ts", "build/plan.ts", "build/registry-host.ts", "transport/transport.ts"],
    types: ["build/reference.ts", "docker/options.ts", "dockerfile/features.ts"],
  },
  "backends/kaniko-repository.ts": {
    code: ["backends/volumes.ts", "docker/git-secrets.ts", "errors.ts"],
    types: ["build/plan.ts"],
  },
  // Which names the Dockerfile has for its contexts is there to be read.
  "backends/buildah-contexts.ts": {
    code: ["build/plan.ts", "docker/build-contexts.ts", "dockerfile/", "errors.ts"],
    types: ["docker/options.ts"],
  },
  "run/": {
    code: [
      "backends/volumes.ts",
      "build/plan.ts",
      "cluster/backoff.ts",
      "cluster/contact.ts",
      "docker/ssh-keys.ts",
      "errors.ts",
      "transport/claim.ts",
    ],
    types: ["backends/", "transport/", "cluster/cluster.ts"],
  },
  "run/objects.ts": {
    code: ["backends/volumes.ts", "export/exporter.ts", "pod/", "run/", "transport/transport.ts"],
    types: ["backends/", "build/plan.ts", "transport/"],
  },
  "transport/": {
    code: ["errors.ts", "node:crypto", "node:timers/promises"],
    types: ["build/", "cluster/cluster.ts", "context/manifest.ts"],
  },
  "follow/": {
    code: ["cluster/contact.ts", "cluster/denial.ts", "errors.ts", "run/early-deadline.ts", "node:timers/promises"],
    types: ["backends/", "build/events.ts", "cluster/cluster.ts"],
  },
  "cluster/": { code: ["errors.ts", "js-yaml", "undici", "ws", "node:*"] },
  "cluster/kube.ts": { code: ["@kubernetes/client-node/dist/config.js", "cluster/", "errors.ts", "node:*"] },
  "context/": { code: ["errors.ts", "node:*"] },
  "dockerfile/": { code: ["edits.ts", "errors.ts"] },
  // The way back: what -o asks for, from the pod to this disk.
  "export/": {
    code: ["backends/volumes.ts", "errors.ts", "tar", "node:*"],
    types: ["build/", "cluster/cluster.ts", "docker/options.ts"],
  },
  // Whatever may stand for a context, as a directory.
  // Streams that Node's own decompressors do not read to their end.
  "compression/": { code: [] },
  "source/": { code: ["compression/", "errors.ts", "tar", "undici", "node:*"] },
  "credentials/": { code: ["errors.ts", "keytar", "node:*"] },
  // Secrets that are kept in Vault.
  "vault/": { code: ["errors.ts", "undici", "node:*"] },
  "registry/": {
    code: [
      "build/reference.ts",
      "build/registry-host.ts",
      "errors.ts",
      "undici",
      "node:crypto",
      "node:net",
      "node:tls",
    ],
    types: [
      "build/events.ts",
      "build/plan.ts",
      "credentials/credentials.ts",
      "dockerfile/reach.ts",
      "node:net",
      "node:stream",
    ],
  },
  "report/": { code: ["errors.ts", "js-yaml", "node:fs/promises"], types: ["build/events.ts", "run/objects.ts"] },
  "report/context-table.ts": { code: ["report/build-table.ts"], types: ["caches/caches.ts"] },
  "report/build-table.ts": { code: ["ui/measures.ts"], types: ["builds/record.ts"] },
  "report/context-report.ts": { code: ["ui/measures.ts"], types: ["build/context-view.ts", "context/survey.ts"] },
  "ui/": { code: ["errors.ts", "chalk", "ora"], types: ["build/events.ts"] },
  "ui/checks.ts": { code: ["chalk", "ui/"], types: ["doctor/check.ts"] },
  "ui/rawjson.ts": { code: ["ui/", "node:crypto"], types: ["build/events.ts"] },
  "ui/targets.ts": { code: ["ui/", "node:stream"] },
  "ui/prompt.ts": { code: ["errors.ts", "node:readline", "node:stream"] },
};

/** The file's own row, or else its folder's. */
function rowOf(file: string): Row | undefined {
  return MAY_IMPORT[file] ?? MAY_IMPORT[`${folderOf(file)}/`];
}

function folderOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : "";
}

function matches(to: string, allowed: readonly string[] = []): boolean {
  return allowed.some(
    (name) => name === to || (name.endsWith("/") && to.startsWith(name)) || (name === "node:*" && isBuiltin(to)),
  );
}

describe("imports", () => {
  it("are read at all", () => {
    expect(imports.length).toBeGreaterThan(200);
    expect(new Set(imports.map(({ from }) => from)).size).toBeGreaterThan(files.length / 2);
  });

  it("keep to the table", () => {
    const strangers = imports.filter(({ from, to, kind }) => {
      const row = rowOf(from);
      if (row === undefined) return true;
      // A file with a row of its own lists its neighbours there.
      if (MAY_IMPORT[from] === undefined && folderOf(from) === folderOf(to)) return false;
      if (matches(to, row.code)) return false;
      return (
        kind !== "type" ||
        !(to === "@kubernetes/client-node" || folderOf(from) === folderOf(to) || matches(to, row.types))
      );
    });
    expect(strangers.map(({ from, to, kind }) => `${from} imports ${to} (${kind})`)).toEqual([]);
  });

  it("use every row of it", () => {
    const used = new Set(files.flatMap((file) => [file, `${folderOf(file)}/`]));
    expect(Object.keys(MAY_IMPORT).filter((key) => !used.has(key))).toEqual([]);
  });

  it.each([
    ["@kubernetes/client-node", /^cluster\/kube\.ts$/],
    ["keytar", /^credentials\/keychain\.ts$/],
    ["@oclif/core", /^(?:commands\/.*|flags\/.*|base\.ts|builds-command\.ts|docker\/flags\.ts|main\.ts)$/],
    ["chalk", /^ui\//],
    ["ora", /^ui\//],
    ["ws", /^cluster\//],
    ["undici", /^(?:cluster|registry|source|vault)\//],
  ])("bring in the code of %s in one place", (name, place) => {
    const users = imports.filter(({ to, kind }) => kind !== "type" && (to === name || to.startsWith(`${name}/`)));
    expect(users.length).toBeGreaterThan(0);
    expect(users.map(({ from }) => from).filter((from) => !place.test(from))).toEqual([]);
  });

  it("touch neither files, network nor processes where containers and objects are made", () => {
    const pure = imports.filter(({ from }) => from.startsWith("backends/") || from === "run/objects.ts");
    expect(pure.filter(({ to }) => isBuiltin(to))).toEqual([]);
    expect(pure.filter(({ to }) => to.startsWith("cluster/"))).toEqual([]);
  });

  it("go in no circle", () => {
    expect(circles()).toEqual([]);
  });
});

describe("files", () => {
  it("are named for what they hold", () => {
    expect(files.filter((file) => /(?:^|\/)(?:utils?|helpers?|common|misc)(?:\/|\.ts$)/.test(file))).toEqual([]);
    expect(files.filter((file) => !/^(?:[a-z0-9-]+\/)*[a-z0-9-]+\.ts$/.test(file))).toEqual([]);
  });

  it("fit on a few screens", async () => {
    const long: string[] = [];
    for (const file of files) {
      const lines = (await readFile(join(SRC, file), "utf8")).split("\n").length - 1;
      if (lines > 250) long.push(`${file}: ${lines} lines`);
    }
    expect(long).toEqual([]);
  });

  it("have default exports only where oclif needs them", async () => {
    const odd: string[] = [];
    for (const file of files) {
      const hasDefault = /^export default/m.test(await readFile(join(SRC, file), "utf8"));
      if (hasDefault !== file.startsWith("commands/")) odd.push(file);
    }
    expect(odd).toEqual([]);
  });
});

/** Each circle of imports of code, as the path that closes it. */
function circles(): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to, kind } of imports) if (kind !== "type") next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (done.has(file) || path.includes(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return found;
}
