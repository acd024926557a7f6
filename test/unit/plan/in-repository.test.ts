import { describe, expect, it } from "vitest";
import { inRepository, repositoryNotices } from "../../../src/plan/in-repository.ts";
import { isShipped } from "../../../src/plan/plan.ts";
import type { BuildRequest } from "../../../src/plan/request.ts";
import { InvalidInput } from "../../../src/errors.ts";
import { REQUEST, planInCluster, planOf } from "./sample.ts";

const URL = "https://git.example.com/team/app.git";

describe("a repository that the builder clones", () => {
  it.each([
    [URL, { remote: URL }],
    [`${URL}#v1:web`, { remote: URL, ref: "v1", subdir: "web" }],
    [
      `${URL}?branch=b&commit=abcd&submodules=0`,
      { remote: URL, ref: "refs/heads/b", commit: "abcd", submodules: false },
    ],
    ["http://10.0.0.1:3000/a.git#:s", { remote: "http://10.0.0.1:3000/a.git", subdir: "s" }],
    ["git://h/a", { remote: "git://h/a" }],
    ["github.com/a/b#main", { remote: "https://github.com/a/b", ref: "main" }],
  ])("%s", (path, repository) => {
    expect(inRepository({ ...REQUEST, path })).toEqual({
      repository: { url: path, keepGitDir: false, ...repository },
      dockerfile: {},
    });
  });

  it("has its Dockerfile in the repository", () => {
    expect(inRepository({ ...REQUEST, path: URL, file: "docker/Dockerfile" }).dockerfile).toEqual({
      path: "docker/Dockerfile",
    });
  });

  it.each<[string, Partial<BuildRequest>, string]>([
    ["a directory", { path: "." }, "--git-in-cluster needs a git repository to clone, and . is not one"],
    [
      "standard input",
      { path: "-" },
      "--git-in-cluster needs a git repository to clone, and standard input is not one",
    ],
    [
      "an archive",
      { path: "https://me:secret@h/a.tar.gz" },
      "--git-in-cluster needs a git repository to clone, and https://h/a.tar.gz is not one",
    ],
    ["ssh", { path: "git@h:a/b.git" }, "--git-in-cluster: the pod has no SSH key to clone git@h:a/b.git"],
    ["ssh", { path: "ssh://git@h/b" }, "--git-in-cluster: the pod has no SSH key to clone ssh://h/b"],
    [
      "a password",
      { path: "https://me:secret@h/a.git" },
      "--git-in-cluster: the URL has a user or a password, which others could read in the pod",
    ],
    ["no URL", { path: "https://a b.git" }, "https://a b.git is not a URL"],
    ["a way out", { path: `${URL}#main:a/../../b` }, "the directory a/../../b is outside of the repository"],
    ["a way out", { path: `${URL}#main:/..` }, "the directory /.. is outside of the repository"],
    ...(
      [
        ["-", "is standard input"],
        ["/home/jane/Dockerfile", "is outside of the repository"],
        ["../Dockerfile", "is outside of the repository"],
        ["https://h/Dockerfile", "is a URL"],
      ] as const
    ).map(([file, why]): [string, Partial<BuildRequest>, string] => [
      `-f ${file}`,
      { file },
      `--git-in-cluster takes the Dockerfile from the repository, and -f ${file} ${why}`,
    ]),
    [
      "a transport",
      { transport: "stream" },
      "--git-in-cluster sends no context, and --transport stream says how to send one",
    ],
    [
      "--reproducible",
      { reproducible: true },
      "--git-in-cluster sends no context, and --reproducible is about the sent context",
    ],
    [
      "--verify-base",
      { verifyBase: true },
      "--git-in-cluster leaves the Dockerfile to the builder, and --verify-base has to read it here",
    ],
    [
      "a directory beside it",
      { docker: { "build-context": ["base=docker-image://alpine", "lib=../lib"] } },
      "--git-in-cluster sends no context, and the directory of --build-context lib is sent with the context",
    ],
  ])("is refused for %s: %j", (_name, request, sentence) => {
    const refuse = () => inRepository({ ...REQUEST, path: URL, ...request });
    expect(refuse).toThrow(InvalidInput);
    expect(refuse).toThrow(expect.objectContaining({ message: sentence }));
  });
});

describe("the plan of a repository that the builder clones", () => {
  it("sends no context and does not read the Dockerfile", () => {
    const plan = planInCluster(`${URL}#main:web`, { file: "Dockerfile.web" });
    expect(plan).toMatchObject({
      transport: "none",
      repository: { remote: URL, ref: "main", subdir: "web" },
      dockerfile: { path: "Dockerfile.web" },
      cacheName: "registry.example.com/team/app",
    });
    expect(plan).not.toHaveProperty("context");
    expect(isShipped(plan)).toBe(false);
    expect(isShipped(planOf())).toBe(true);
  });

  it("has only the registries that are named, including those of --base-registry", () => {
    const named = {
      docker: { "cache-from": ["c.io/cache"], "build-context": ["base=docker-image://q.io/base"] },
      baseRegistries: ["docker.io", "10.0.0.1:5000"],
    };
    expect(planInCluster(URL).registries.hosts).toEqual(["registry.example.com"]);
    expect(planInCluster(URL, named).registries.hosts).toEqual([
      "registry.example.com",
      "c.io",
      "q.io",
      "docker.io",
      "10.0.0.1:5000",
    ]);
    expect(() => planInCluster(URL, { baseRegistries: ["https://x"] })).toThrow(
      "--base-registry https://x is not a registry host",
    );
  });

  it.each([
    [URL, { protocol: "TCP", port: 443 }],
    ["http://git.example.com/a.git", { protocol: "TCP", port: 80 }],
    ["git://git.example.com/a", { protocol: "TCP", port: 9418 }],
    ["https://[fd00::1]:8443/a.git", { protocol: "TCP", port: 8443 }],
  ])("may connect to %s with --network-policy", (url, port) => {
    const { egress = [] } = planInCluster(url, { networkPolicy: true, tags: [] });
    expect(egress.flatMap(({ ports }) => ports)).toContainEqual(port);
  });

  it("reports what is not read and which credentials are sent", () => {
    expect(repositoryNotices(planOf())).toEqual([]);
    expect(repositoryNotices(planInCluster(`${URL}#v1`))).toEqual([
      `the builder clones ${URL}: its Dockerfile is not read or checked here`,
      "only your credentials for registry.example.com are sent; --base-registry adds other registries",
    ]);
    expect(repositoryNotices(planInCluster(URL, { noCredentials: true }))).toHaveLength(1);
  });
});
