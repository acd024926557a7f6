/** Ends of real logs of BuildKit v0.34.2, Buildah v1.44.0, img v0.5.11 and makisu v0.4.2, their documented errors of nodes, and git's of servers. */
import { expect, it } from "vitest";
import { loadBuilder } from "../../../src/builders/table.ts";
import type { BuilderName } from "../../../src/plan/builder-names.ts";

type Case = readonly [
  builder: BuilderName,
  what: string,
  tail: readonly string[],
  fault: string,
  message: string | RegExp,
  remedy?: RegExp,
];

const CASES: readonly Case[] = [
  [
    "buildkit",
    "a failing RUN",
    [
      "   3 | >>> RUN echo the last words && exit 42",
      "--------------------",
      'error: failed to solve: process "/bin/sh -c echo \\"the last\\" words && exit 42" did not complete successfully: exit code: 42',
    ],
    "build",
    '`RUN echo "the last" words && exit 42` ended with exit code 42',
  ],
  [
    "buildah",
    "a COPY with a mode that it cannot read",
    ['Error: building at STEP "COPY --chmod=u=rwX,go=rX . /a": Error parsing chmod u=rwX,go=rX'],
    "build",
    "`COPY --chmod=u=rwX,go=rX . /a` failed: Error parsing chmod u=rwX,go=rX",
  ],
  [
    "buildkit",
    "a base image that its registry does not have",
    [
      "Dockerfile:1",
      "error: failed to solve: r.example.com/team/a:9.99: failed to resolve source metadata for r.example.com/team/a:9.99: r.example.com/team/a:9.99: not found",
    ],
    "build",
    "failed to resolve source metadata for r.example.com/team/a:9.99: not found",
    /r\.example\.com has no such image/,
  ],
  [
    "buildkit",
    "a push to a tag that has Docker's format",
    [
      "error: failed to solve: failed to push 10.88.0.1:5000/a:1: unexpected status from HEAD request to http://10.88.0.1:5000/v2/a/manifests/1: 400 Bad Request",
    ],
    "build",
    "10.88.0.1:5000/a:1 holds an image in Docker's format, which its registry cannot compare with the OCI image of this build",
    /another tag/,
  ],
  [
    "buildkit",
    "a push with a wrong password",
    [
      "error: failed to solve: failed to push 10.88.0.1:5002/a:1: unexpected status from HEAD request to http://10.88.0.1:5002/v2/a/blobs/sha256:76562d: 401 Unauthorized",
    ],
    "registry-auth",
    "not authorised to push to 10.88.0.1:5002: it refused the credentials",
    /slipway login/,
  ],
  [
    "buildkit",
    "a token service that refuses, which is not the registry",
    [
      "error: failed to solve: failed to fetch oauth token: unexpected status from GET request to http://10.88.0.1:34413/token?scope=repository%3Afacts%3Apull%2Cpush&service=registry: 401 Unauthorized: {}",
    ],
    "registry-auth",
    "not authorised to push to the registry: it refused the credentials",
    /slipway login/,
  ],
  [
    "buildkit",
    "an unknown CA",
    [
      'error: failed to solve: r.lan/b:1: failed to resolve source metadata for r.lan/b:1: failed to do request: Head "https://r.lan/v2/b/manifests/1": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ],
    "build",
    "the builder does not know the authority that signed the certificate of r.lan",
    /--registry-ca/,
  ],
  [
    "buildkit",
    "a frontend that cannot be pulled",
    [
      "error: failed to solve: failed to resolve source metadata for docker.io/docker/dockerfile:1: docker.io/docker/dockerfile:1: not found",
    ],
    "build",
    /frontend docker\.io\/docker\/dockerfile:1.*cannot be pulled/,
    /BUILDKIT_SYNTAX/,
  ],
  [
    "buildkit",
    "another error",
    ['error: failed to solve: failed to compute cache key: failed to calculate checksum of ref x: "/nope": not found'],
    "build",
    /^failed to compute cache key: .*"\/nope": not found$/,
  ],
  [
    "buildkit",
    "a node without privilege escalation",
    [
      "could not connect to unix:///run/user/1000/buildkit/buildkitd.sock after 50 trials",
      "========== log ==========",
      "[rootlesskit:parent] error: failed to setup UID/GID map: newuidmap 12 [0 1000 1 1 100000 65536] failed: newuidmap: Could not set caps",
    ],
    "cluster",
    /newuidmap cannot use its capabilities/,
    /privilege escalation/,
  ],
  [
    "buildkit",
    "a node with a seccomp profile",
    [
      "[rootlesskit:parent] error: failed to start the child: fork/exec /proc/self/exe: operation not permitted",
      "could not connect to unix:///run/user/1000/buildkit/buildkitd.sock after 50 trials",
    ],
    "cluster",
    /seccomp profile does not let/,
    /seccompDefault/,
  ],
  [
    "buildkit",
    "a repository, and no git in the image",
    ["error: failed to solve: failed to load cache key: unknown scheme git: not found"],
    "build",
    "the builder's image has no git, and the build needs it to fetch a repository",
    /clone the repository/,
  ],
  ...(
    [
      [
        'failed to load cache key: repository does not contain ref nope, output: ""',
        "build",
        "the repository has no ref nope",
        /branch, a tag/,
      ],
      [
        'invalid subdir web: failed to lstat "web": statat web: no such file or directory',
        "build",
        "the repository has no directory web",
        /subdir/,
      ],
      [
        "open web/Dockerfile: no such file or directory",
        "build",
        "the builder found no Dockerfile in the repository",
        /-f/,
      ],
      [
        "failed to checkout remote http://h/a.git: git stderr:\nfatal: reference is not a tree: aaaabbbb\n: exit status 128",
        "build",
        "the repository has no commit aaaabbbb",
        /branch, a tag/,
      ],
      [
        "failed to load cache key: error fetching default branch for repository http://h/a.git: git stderr:\nfatal: could not read Username for 'http://h': terminal prompts disabled\n: exit status 128",
        "registry-auth",
        "not authorised to clone the repository",
        /GIT_AUTH_TOKEN/,
      ],
      [
        "failed to load cache key: failed to fetch remote http://h/a.git: git stderr:\nfatal: Authentication failed for 'http://h/a.git/'\n: exit status 128",
        "registry-auth",
        "not authorised to clone the repository",
        /GIT_AUTH_TOKEN/,
      ],
      [
        "failed to load cache key: failed to fetch remote http://h/a.git: git stderr:\nfatal: repository 'http://h/a.git/' not found\n: exit status 128",
        "build",
        "repository not found, or this token has no access to it",
        /GIT_AUTH_TOKEN/,
      ],
      [
        "failed to load cache key: error fetching default branch for repository http://h/a.git: git stderr:\nfatal: unable to access 'http://h/a.git/': Failed to connect to h port 80 after 0 ms: Couldn't connect to server\n: exit status 128",
        "build",
        "the pod cannot connect to the repository: Failed to connect to h port 80 after 0 ms: Couldn't connect to server",
        /your own git/,
      ],
      [
        "failed to load cache key: failed to fetch remote https://h/a.git: git stderr:\nfatal: unable to access 'https://h/a.git/': server certificate verification failed. CAfile: none CRLfile: none\n: exit status 128",
        "build",
        /^the builder does not trust the certificate of the repository's server: server certificate/,
        /--builder-image/,
      ],
      [
        "failed to load cache key: failed to fetch remote http://h/a.git: git stderr:\nfatal: protocol error\n: exit status 128",
        "build",
        "the repository could not be fetched: protocol error",
        /^$/,
      ],
    ] as readonly (readonly [error: string, fault: string, message: string | RegExp, remedy: RegExp])[]
  ).map(([error, fault, sentence, remedy]): Case => [
    "buildkit",
    `a repository: ${error.split("\n")[0]}`,
    `error: failed to solve: failed to read dockerfile: ${error}`.split("\n"),
    fault,
    sentence,
    remedy,
  ]),
  [
    "buildkit",
    "a node that restricts user namespaces",
    ["[rootlesskit:parent] error: failed to start the child: fork/exec /proc/self/exe: permission denied"],
    "cluster",
    /restricts unprivileged user namespaces/,
    /apparmor_restrict_unprivileged_userns/,
  ],
  [
    "buildkit",
    "a node without user namespaces",
    ["[rootlesskit:parent] error: failed to start the child: fork/exec /proc/self/exe: no space left on device"],
    "cluster",
    /allows no user namespaces/,
    /user\.max_user_namespaces/,
  ],
  [
    "buildkit",
    "a node with AppArmor",
    ["[rootlesskit:child ] error: failed to share mount point: /: permission denied"],
    "cluster",
    /AppArmor/,
    /--builder kaniko/,
  ],
  [
    "buildah",
    "a failing RUN",
    [
      "subprocess exited with status 42",
      'Error: building at STEP "RUN echo the last words && exit 42": exit status 42',
    ],
    "build",
    "`RUN echo the last words && exit 42` ended with exit code 42",
  ],
  [
    "buildah",
    "a push with a wrong password",
    [
      'Error: pushing image "localhost/slipway-build" to "docker://10.88.0.1:5002/a:1": trying to reuse blob sha256:046 at destination: checking whether a blob sha256:046 exists in 10.88.0.1:5002/a: authentication required',
    ],
    "registry-auth",
    "not authorised to push to 10.88.0.1:5002: it refused the credentials",
    /slipway login/,
  ],
  [
    "buildah",
    "a node with a seccomp profile",
    ["Error during unshare(CLONE_NEWUSER): Operation not permitted", "exit status 1"],
    "cluster",
    /seccomp/,
    /Localhost/,
  ],
  ["buildah", "an end without a word", [], "build", "buildah ended with exit code 1"],
  [
    "img",
    "a failing RUN",
    ["Error: failed to solve: executor failed running [/bin/sh -c exit 42]: runc did not terminate successfully"],
    "build",
    "`RUN exit 42` failed",
  ],
  [
    "img",
    "a push with a wrong password",
    ["Pushing r.lan:5000/a:1...", "Error: unexpected response: 401 Unauthorized"],
    "registry-auth",
    "not authorised to push to r.lan:5000: it refused the credentials",
  ],
  [
    "img",
    "a kernel without user namespaces",
    ["nsenter: failed to unshare namespaces: Operation not permitted"],
    "cluster",
    /seccomp/,
  ],
  [
    "makisu",
    "a failing RUN",
    [
      "* Step 3/3 (commit,modifyfs) : RUN echo the last words && exit 42  (5ae53a31)",
      "the last words",
      "ERROR: failed to execute build plan: execute stage: build stage 0: build node: do execute: execute step: cmd wait: exit status 42",
    ],
    "build",
    "`RUN echo the last words && exit 42` ended with exit code 42",
  ],
  [
    "makisu",
    "a push with a wrong password",
    [
      "ERROR: failed to push image: failed to push image: check manifest exists for image 10.88.0.1:5002/a:1: check manifest exists: HEAD http://10.88.0.1:5002/v2/a/manifests/1 401",
    ],
    "registry-auth",
    "not authorised to push to 10.88.0.1:5002: it refused the credentials",
    /tokens/,
  ],
  [
    "makisu",
    "a base image of a newer form",
    [
      "ERROR: failed to execute build plan: execute stage: build stage 0: pull image: unsupported manifest mediatype: application/vnd.oci.image.index.v1+json",
    ],
    "build",
    /^makisu cannot read a base image: .*unsupported manifest mediatype/,
    /v2s2/,
  ],
];

const exactly = (text: string): RegExp => new RegExp(`^${text.replaceAll(/[\^$.*+?()[\]{}|\\]/g, "\\$&")}$`);

it.for(CASES)("%s: %s", async ([name, , tail, fault, message, remedy = /^/]) => {
  const builder = await loadBuilder(name);
  const outcome = builder.outcome({ exitCode: 1, reason: "Error", message: "", tail });
  if (outcome.kind !== "failed") throw new Error(`it is ${outcome.kind}`);
  expect(outcome.fault).toBe(fault);
  expect(outcome.message).toMatch(typeof message === "string" ? exactly(message) : message);
  expect(outcome.suggestions.join("\n")).toMatch(remedy);
});

it("the image that makisu pushed is identified by the configuration in its log", async () => {
  const makisu = await loadBuilder("makisu");
  const config = `sha256:${"c".repeat(64)}`;
  const tail = [`* Finished pushing image config ${config}`, "* Pushed image r.io/a:1", "Finished building a:1"];
  expect(makisu.outcome({ exitCode: 0, reason: "Completed", message: "", tail })).toEqual({
    kind: "pushed",
    configDigest: config,
  });
});

it.each([
  ["2026-11-23T19:12:07.938Z\t\u001B[34mINFO\u001B[0m\t* Stage 1/1 : (alias=0)", "* Stage 1/1 : (alias=0)"],
  ["2026-11-23T19:12:07.938Z\t\u001B[31mERROR\u001B[0m\tfailed to x", "ERROR: failed to x"],
  ["what a RUN prints", "what a RUN prints"],
])("a line of makisu's log: %j", async (line, formatted) => {
  expect((await loadBuilder("makisu")).formatLogLine(line)).toBe(formatted);
});

it.each([
  ["buildkit", ["Dockerfile:3", "error: failed to solve: lstat x: no such file"], { kind: "line", line: 3 }],
  ["buildah", ['Error: building at STEP "COPY a /b": no such file'], { kind: "instruction", text: "COPY a /b" }],
  [
    "buildah",
    ['Error: building at STEP "RUN x": while running runtime: exit status 42'],
    { kind: "instruction", text: "RUN x" },
  ],
] as const)("%s tells what of the Dockerfile failed: %j", async (name, tail, place) => {
  const builder = await loadBuilder(name);
  expect(builder.outcome({ exitCode: 1, reason: "Error", message: "", tail })).toMatchObject({ kind: "failed", place });
});
