/**
 * Each plan's pod as it is in test/golden/BUILDER, to be read in a review (kaniko's are kaniko.test.ts's). UPDATE_GOLDEN=1 writes
 * them anew; what has changed is then for git diff to show.
 */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { Builder } from "../../../src/builders/builder.ts";
import { loadBuilder } from "../../../src/builders/table.ts";
import { BUILDER_NAMES } from "../../../src/plan/builder-names.ts";
import type { BuildPlan } from "../../../src/plan/plan.ts";
import { parseReference } from "../../../src/lib/image/reference.ts";
import type { ContextForm } from "../../../src/plan/layout.ts";
import { DIGEST } from "../run/follow/pods.ts";
import { EVERY_EXPORT, PLAN, REGISTRY_CACHE } from "../plan/sample.ts";

const ROOT = new URL("../../golden/", import.meta.url);

const CASES: readonly (readonly [name: string, plan: Partial<BuildPlan>, form: ContextForm])[] = [
  ["archive", {}, "archive"],
  ["directory", {}, "directory"],
  ["volume", { transport: "pvc" }, "directory"],
  ["no-push", { tags: [] }, "archive"],
  ["two-tags", { tags: [parseReference("r.io/a:1"), parseReference("b")] }, "archive"],
  [
    "options",
    {
      target: "test",
      noCache: true,
      buildArgs: [
        ["VERSION", "1.0"],
        ["PRICE", "$5 $(HOME) $$ ${X} 'q'"],
      ],
      labels: [["org.opencontainers.image.title", "An app"]],
    },
    "archive",
  ],
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
  [
    "contexts",
    {
      buildContexts: [
        { name: "tools", source: { kind: "directory", path: "../tools" } },
        { name: "alpine", source: { kind: "image", image: "r.io/alpine:3" } },
        { name: "alpine:3.20", source: { kind: "directory", path: "../alpine" } },
        { name: "remote", source: { kind: "url", url: "https://example.com/r.git#main" } },
      ],
    },
    "directory",
  ],
  ["exports", EVERY_EXPORT, "archive"],
  ["registry-cache", REGISTRY_CACHE, "archive"],
  [
    "two-names-in-an-archive",
    {
      tags: [parseReference("r.io/a:1"), parseReference("r.io/a:2")],
      exports: [{ kind: "archive", format: "docker", dest: "d.tar", directory: false }],
      noPush: true,
    },
    "archive",
  ],
  ["cache-volume", { cacheVolume: "kept" }, "archive"],
  ["redis-cache", { cacheTo: [{ type: "redis", attributes: { addr: "redis:6379", ttl: "24h" } }] }, "archive"],
  ["explicit-commits", { dockerfile: { path: "/src/Dockerfile", text: "FROM a\nRUN b #!COMMIT\n" } }, "archive"],
  ["shipped-credentials", { credentials: { kind: "shipped" } }, "archive"],
  ["secret-of-the-namespace", { credentials: { kind: "secret", name: "regcred" } }, "archive"],
  [
    "attestations",
    {
      attestations: [
        { type: "provenance", attributes: { mode: "max", "builder-id": "a,b" } },
        { type: "sbom", attributes: {} },
      ],
    },
    "directory",
  ],
  [
    "secrets",
    {
      secrets: [
        { id: "npm.token", source: { kind: "env", name: "NPM_TOKEN" } },
        { id: "key", source: { kind: "cluster", secret: "keys", key: "deploy" } },
      ],
    },
    "directory",
  ],
  [
    "repository",
    {
      repository: {
        url: "https://git.example.com/a.git?tag=v1#:web",
        remote: "https://git.example.com/a.git",
        ref: "refs/tags/v1",
        subdir: "web",
        keepGitDir: false,
      },
      dockerfile: { path: "Dockerfile.web" },
      secrets: [{ id: "GIT_AUTH_TOKEN", source: { kind: "env", name: "TOKEN" } }],
    },
    "none",
  ],
  ["local-registry", { registries: { hosts: ["10.0.0.1:5000", "r.io"], insecure: [] } }, "archive"],
  [
    "insecure-registry",
    { registries: { hosts: ["r.io:5000"], pulledFrom: ["r.io:5000"], insecure: ["r.io:5000"] } },
    "archive",
  ],
  ["user-namespace", { userns: "always" }, "archive"],
  ["registry-ca", { registries: { hosts: ["10.0.0.1:5001", "q.io:5000"], insecure: [], ca: "PEM" } }, "directory"],
];

const others = await Promise.all(BUILDER_NAMES.filter((name) => name !== "kaniko").map(loadBuilder));

describe.each(others.map((builder): [string, Builder] => [builder.name, builder]))("%s", (name, builder) => {
  const directory = new URL(`${name}/`, ROOT);
  const cases = CASES.filter(([, , form]) => form !== "none" || builder.supports.has("git-in-cluster"));
  const planOf = (change: Partial<BuildPlan>): BuildPlan => ({
    ...PLAN,
    builder: builder.name as BuildPlan["builder"],
    builderImage: `${name}:1`,
    ...change,
  });

  it.each(cases)("%s", async (name, change, form) => {
    const plan = planOf(change);
    const made = { plan: asData(change), form, ...podOrRefusal(builder, plan, form) };
    const file = new URL(`${name}.json`, directory);
    if (process.env["UPDATE_GOLDEN"] === "1") {
      await mkdir(directory, { recursive: true });
      await writeFile(file, `${JSON.stringify(made, undefined, 2)}\n`);
    }
    expect(JSON.parse(JSON.stringify(made))).toEqual(JSON.parse(await readFile(file, "utf8")));
  });

  it("has a case for each golden file", async () => {
    expect((await readdir(directory)).sort()).toEqual(cases.map(([name]) => `${name}.json`).sort());
  });

  it("fits Pod Security's baseline level with every option", () => {
    for (const [, change, form] of cases) {
      const { container, initContainers = [], volumes } = builder.pod(planOf(change), form);
      for (const { securityContext } of [container, ...initContainers]) {
        expect(securityContext).toMatchObject({ privileged: false, capabilities: { drop: ["ALL"] } });
        expect(securityContext?.seccompProfile?.type ?? "RuntimeDefault").toBe("RuntimeDefault");
        for (const capability of securityContext?.capabilities?.add ?? []) expect(BASELINE).toContain(capability);
      }
      expect(volumes.filter(({ hostPath }) => hostPath !== undefined)).toEqual([]);
    }
  });

  it("a failed container is never a success, for any termination message", () => {
    const end = { exitCode: 1, reason: "Error", message: DIGEST, tail: ["Error: x"] };
    expect(builder.outcome(end)).toMatchObject({ kind: "failed" });
  });

  it("a container killed for its memory says so", () => {
    const end = { exitCode: 137, reason: "OOMKilled", message: "", tail: [] };
    expect(builder.outcome(end)).toMatchObject({ kind: "failed", fault: "cluster" });
  });
});

/** k8s.io/pod-security-admission, policy/check_capabilities_baseline.go. */
const BASELINE = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];

/** The pod, or the refusal where the builder cannot do it. */
function podOrRefusal(builder: Builder, plan: BuildPlan, form: ContextForm): object {
  try {
    builder.check?.(plan);
  } catch (error) {
    return { refusal: (error as Error).message };
  }
  return { pod: { ...builder.pod(plan, form), receiver: builder.receiver(plan) } };
}

/** References as a person reads them. */
function asData(change: Partial<BuildPlan>): object {
  return { ...change, ...(change.tags === undefined ? {} : { tags: change.tags.map(String) }) };
}
