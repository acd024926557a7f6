/**
 * Each plan's container as it is in test/golden/kaniko, to be read in a review. UPDATE_GOLDEN=1 writes them anew; what has
 * changed is then for git diff to show.
 */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { kaniko } from "../../../../src/builders/kaniko/kaniko.ts";
import type { BuildPlan, Repository } from "../../../../src/plan/plan.ts";
import { parseReference } from "../../../../src/lib/image/reference.ts";
import type { ContextForm } from "../../../../src/plan/layout.ts";
import { DIGEST } from "../../run/follow/pods.ts";
import { EVERY_EXPORT, PLAN, REGISTRY_CACHE } from "../../plan/sample.ts";

const GOLDEN = new URL("../../../golden/kaniko/", import.meta.url);

const GIT = "https://git.example.com/team/app.git";
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

const CASES: readonly (readonly [name: string, plan: Partial<BuildPlan>, form: ContextForm])[] = [
  ["archive", {}, "archive"],
  ["directory", {}, "directory"],
  ["no-push", { tags: [] }, "archive"],
  ["two-tags", { tags: [parseReference("r.io/a:1"), parseReference("b")] }, "archive"],
  [
    "target-and-arguments",
    {
      target: "test",
      buildArgs: [
        ["VERSION", "1.0"],
        ["EMPTY", ""],
        ["EQUALS", "a=b"],
      ],
    },
    "archive",
  ],
  ["compression-level", { imageAttributes: { "compression-level": "9" } }, "archive"],
  ["labels", { labels: [["org.opencontainers.image.title", "An app"]] }, "archive"],
  ["dollars-as-written", { buildArgs: [["PRICE", "$5 $(HOME) $$ ${X}"]], labels: [["k", "$(A)"]] }, "archive"],
  [
    "flags",
    {
      hosts: [
        { host: "db", ip: "10.9.8.7" },
        { host: "six", ip: "::1" },
      ],
      network: "none",
      ulimits: [{ name: "nofile", soft: 512, hard: 1024 }],
      shmBytes: 67_108_864,
      annotations: [["org.example.note", 'one, "two"']],
      noCacheFilter: ["first", "second"],
      ssh: [{ id: "default", paths: ["/home/jane/.ssh/a", "/home/jane/.ssh/b"] }],
    },
    "archive",
  ],
  ["exports", EVERY_EXPORT, "archive"],
  ["registry-cache", REGISTRY_CACHE, "archive"],
  ["cache-volume", { cacheVolume: "kept" }, "archive"],
  [
    "cache-volume-and-registry-cache",
    { cacheVolume: "kept", cacheTo: [{ type: "registry", attributes: { ref: "r.io/cache" } }] },
    "archive",
  ],
  ["shipped-credentials", { credentials: { kind: "shipped" } }, "archive"],
  ["secret-of-the-namespace", { credentials: { kind: "secret", name: "regcred" } }, "archive"],
  ["insecure-registry", { registries: { hosts: ["10.0.0.1:5000"], insecure: ["10.0.0.1:5000"] } }, "archive"],
  ["repository", { repository: { url: GIT, remote: GIT, keepGitDir: false }, dockerfile: {} }, "none"],
  [
    "repository-branch",
    {
      repository: {
        url: "http://10.0.0.1:3000/a.git#main:web",
        remote: "http://10.0.0.1:3000/a.git",
        ref: "main",
        subdir: "web",
        submodules: true,
        keepGitDir: false,
      },
      dockerfile: { path: "docker/Dockerfile" },
    },
    "none",
  ],
  [
    "repository-tag",
    { repository: { url: GIT, remote: GIT, ref: "refs/tags/v1", keepGitDir: true }, dockerfile: {} },
    "none",
  ],
  [
    "repository-commit",
    { repository: { url: GIT, remote: GIT, ref: COMMIT, keepGitDir: false }, dockerfile: {} },
    "none",
  ],
  [
    "repository-commit-of-a-branch",
    { repository: { url: GIT, remote: GIT, ref: "main", commit: COMMIT, keepGitDir: false }, dockerfile: {} },
    "none",
  ],
  [
    "repository-with-a-token",
    {
      repository: {
        url: GIT,
        remote: GIT,
        keepGitDir: false,
        token: { id: "GIT_AUTH_TOKEN.git.example.com", source: { kind: "env", name: "TOKEN" } },
      },
      dockerfile: {},
    },
    "none",
  ],
  [
    "repository-with-a-token-of-the-namespace",
    {
      repository: {
        url: GIT,
        remote: GIT,
        commit: COMMIT,
        keepGitDir: false,
        token: { id: "GIT_AUTH_TOKEN", source: { kind: "cluster", secret: "forge", key: "token" } },
      },
      dockerfile: {},
    },
    "none",
  ],
  ["registry-ca", { registries: { hosts: ["r.io", "q.io:5000"], insecure: [], ca: "PEM" } }, "directory"],
];

it.each(CASES)("%s", async (name, change, form) => {
  const plan = { ...PLAN, ...change };
  const file = new URL(`${name}.json`, GOLDEN);
  const made = { plan: asData(change), form, pod: { ...kaniko.pod(plan, form), receiver: kaniko.receiver(plan) } };
  if (process.env["UPDATE_GOLDEN"] === "1") {
    await mkdir(GOLDEN, { recursive: true });
    await writeFile(file, `${JSON.stringify(made, undefined, 2)}\n`);
  }
  expect(JSON.parse(JSON.stringify(made))).toEqual(JSON.parse(await readFile(file, "utf8")));
});

it("has a case for each golden file", async () => {
  expect((await readdir(GOLDEN)).sort()).toEqual(CASES.map(([name]) => `${name}.json`).sort());
});

/** References as a person reads them. */
function asData(change: Partial<BuildPlan>): object {
  return { ...change, ...(change.tags === undefined ? {} : { tags: change.tags.map(String) }) };
}

describe("every container of kaniko's", () => {
  const pods = CASES.map(([, change, form]) => kaniko.pod({ ...PLAN, ...change }, form));

  it("all mounts are below /kaniko, because kaniko removes any other mount point from the image", () => {
    const paths = pods.flatMap(({ container }) => container.volumeMounts?.map(({ mountPath }) => mountPath) ?? []);
    // /dev/shm is a mount of every container's.
    expect(paths.filter((path) => !path.startsWith("/kaniko/") && path !== "/dev/shm")).toEqual([]);
  });

  it("asks for no privilege", () => {
    for (const { container } of pods) {
      expect(container.securityContext).toMatchObject({
        privileged: false,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        seccompProfile: { type: "RuntimeDefault" },
      });
      // Only capabilities that a build needs and that Pod Security's baseline level allows.
      expect(container.securityContext?.capabilities?.add).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/SYS_|NET_|MKNOD|AUDIT|CHROOT/)]),
      );
    }
  });
});

it("a level that kaniko would ignore is refused", () => {
  const check = (level: string): void => kaniko.check?.({ ...PLAN, imageAttributes: { "compression-level": level } });
  expect(() => check("0")).toThrow("kaniko cannot do --output compression-level=0");
  expect(() => check("1")).not.toThrow();
});

describe("kaniko's end", () => {
  it("an exit code of 0 with a digest is a success", () => {
    const end = { exitCode: 0, reason: "Completed", message: `${DIGEST}\n`, tail: [] };
    expect(kaniko.outcome(end)).toEqual({ kind: "built", digest: DIGEST });
  });

  it("a failed container has no digest, although kaniko writes it before the push", () => {
    const end = { exitCode: 1, reason: "Error", message: DIGEST, tail: ["error pushing image: x"] };
    expect(kaniko.outcome(end)).toMatchObject({ kind: "failed" });
  });

  it.each(["", "sha256:123", `x ${DIGEST}`, "Pushed r.io/a"])(
    "is the image's fault when it ended well with %j",
    (message) => {
      expect(kaniko.outcome({ exitCode: 0, reason: "Completed", message, tail: [] })).toMatchObject({
        kind: "failed",
        fault: "cluster",
        suggestions: [expect.stringContaining("--builder-image")],
      });
    },
  );
});

describe("a line of kaniko's log", () => {
  it.each([
    ["\u001B[36mINFO\u001B[0m[0003] RUN make                                     ", "INFO[0003] RUN make"],
    ["\u001B[33mWARN\u001B[0m[0000] kaniko is old ", "WARN[0000] kaniko is old"],
    ["\u001B[31mFATA\u001B[0m[12345]", "FATA[12345] "],
    ["  what a RUN prints \u001B[31mred\u001B[0m  ", "  what a RUN prints \u001B[31mred\u001B[0m  "],
    ["", ""],
  ])("%j", (line, formatted) => {
    expect(kaniko.formatLogLine(line)).toBe(formatted);
  });
});

describe("a repository that kaniko clones", () => {
  const cautions = (change: Partial<Repository>) =>
    kaniko.cautions?.({ ...PLAN, repository: { url: GIT, remote: GIT, keepGitDir: false, ...change } });

  it("a repository that kaniko clones is a context that differs from docker's, and slipway says so", () => {
    expect(cautions({})).toEqual([
      "kaniko fetches no submodules (?submodules=1 asks for them), and leaves .git in the context, so `COPY .` copies it unless .dockerignore excludes it",
    ]);
    expect(cautions({ submodules: false, subdir: "web" })).toEqual([]);
    expect(cautions({ submodules: true, keepGitDir: true })).toEqual([]);
    expect(kaniko.cautions?.(PLAN)).toEqual([]);
  });
});
