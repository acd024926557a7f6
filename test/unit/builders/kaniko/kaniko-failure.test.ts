/** Ends of real logs of the archived kaniko v1.24 and of the fork that continues it. */
import { expect, it } from "vitest";
import { kanikoFailure } from "../../../../src/builders/kaniko/failure.ts";

interface Ended {
  readonly tail?: readonly string[];
  readonly exitCode?: number;
  readonly reason?: string;
  readonly message?: string;
}

const K24_PUSH =
  "error checking push permissions -- make sure you entered the correct tag name, and that you are authenticated correctly, and try again: checking push permission for";
const UNKNOWN_CA = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
const STAGE = "error building image: error building stage:";
const RUN_42 = `${STAGE} failed to execute command: waiting for process to exit: exit status 42`;

type Case = readonly [what: string, end: Ended, fault: string, message: unknown, remedy?: RegExp];

const GET = 'Get "https://h/a.git/info/refs?service=git-upload-pack"';

/** Messages of kaniko v1.24, and the same of the fork's v1.28.3. Those about TLS and exact hashes are from go-git's source. */
const SOURCE_CASES: readonly (readonly [error: string, fault: string, message: string, remedy: RegExp])[] = [
  ["invalid branch: nope", "build", "the repository has no branch or tag nope", /all 40 digits/],
  ['couldn\'t find remote ref "refs/tags/nope"', "build", "the repository has no ref refs/tags/nope", /branch, a tag/],
  ["reference not found", "build", "the repository has no such ref", /branch, a tag/],
  [
    "error decoding upload-pack response: upload-pack: not our ref aaaabbbbccccddddeeeeffff0000111122223333",
    "build",
    "the repository has no commit aaaabbbbccccddddeeeeffff0000111122223333",
    /branch, a tag/,
  ],
  ["object not found", "build", "the repository has no such commit on that ref", /branch, a tag/],
  [
    "server does not support exact SHA1 refspec",
    "build",
    "the repository's server does not serve a commit only by its hash",
    /branch=NAME&commit=HASH/,
  ],
  ["authentication required: ", "registry-auth", "not authorised to clone the repository", /GIT_AUTH_TOKEN/],
  ["authorization failed: no", "registry-auth", "not authorised to clone the repository", /GIT_AUTH_TOKEN/],
  ["repository not found: ", "build", "repository not found, or this token has no access to it", /GIT_AUTH_TOKEN/],
  [
    "stat /kaniko/buildcontext/web/app: no such file or directory",
    "build",
    "the repository has no directory web/app",
    /SUBDIR|subdir/,
  ],
  [
    `${GET}: dial tcp 10.0.0.1:1: connect: connection refused`,
    "build",
    "the pod cannot connect to the repository: dial tcp 10.0.0.1:1: connect: connection refused",
    /your own git/,
  ],
  [
    `${GET}: http: server gave HTTP response to HTTPS client`,
    "build",
    "the pod cannot connect to the repository: http: server gave HTTP response to HTTPS client",
    /your own git/,
  ],
  [
    `${GET}: tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    "build",
    "the builder does not trust the certificate of the repository's server: x509: certificate signed by unknown authority",
    /--builder-image/,
  ],
  ["something new", "build", "the repository could not be cloned: something new", /^$/],
];

const CASES: readonly Case[] = [
  [
    "a failing RUN",
    {
      exitCode: 42,
      tail: [
        "INFO[0001] Unpacking rootfs as cmd RUN make test requires it.",
        "INFO[0002] RUN make test",
        "INFO[0002] Initializing snapshotter ...",
        "INFO[0002] Taking snapshot of full filesystem...",
        "INFO[0002] Cmd: /bin/sh",
        "INFO[0002] Args: [-c make test]",
        "INFO[0002] Running: [/bin/sh -c make test]",
        "error: test 3 failed",
        RUN_42,
      ],
    },
    "build",
    "`RUN make test` ended with exit code 42",
  ],
  [
    "a file of another user, without capabilities",
    { tail: [`${STAGE} failed to get filesystem from image: chown /etc/gshadow: operation not permitted`] },
    "build",
    "/etc/gshadow belongs to a user other than root, and a builder without capabilities cannot set that owner (chown: operation not permitted)",
    /--security restricted/,
  ],
  [
    "a RUN of another user, without capabilities",
    { tail: [`${STAGE} failed to execute command: starting command: fork/exec /bin/sh: operation not permitted`] },
    "build",
    "RUN as a user other than root needs capabilities, and this builder has none",
    /--security restricted/,
  ],
  [
    "a user that the user namespace does not have",
    { tail: [`${STAGE} failed to execute command: copying file: chown /x: invalid argument`] },
    "build",
    "the user id of /x is outside of the pod's user namespace, which has 65536 ids",
    /--userns never/,
  ],
  [
    "a failing RUN after much output",
    { exitCode: 42, tail: ["x", "y", RUN_42] },
    "build",
    "a RUN ended with exit code 42",
  ],
  [
    "a RUN killed by a signal",
    {
      exitCode: 255,
      tail: ["INFO[0002] RUN x", `${STAGE} failed to execute command: waiting for process to exit: signal: killed`],
    },
    "build",
    "`RUN x` was ended by a signal: killed",
  ],
  [
    "a COPY over a file of the pod",
    {
      tail: [
        "INFO[0001] RUN true",
        "INFO[0002] COPY root /",
        `${STAGE} failed to execute command: copying dir: unlinkat /etc/resolv.conf: device or resource busy`,
      ],
    },
    "build",
    "`COPY root /` failed: copying dir: unlinkat /etc/resolv.conf: device or resource busy",
  ],
  [
    "a mode that kaniko cannot read",
    {
      tail: [
        "INFO[0002] ADD --chmod=$M a /",
        `${STAGE} failed to execute command: getting permissions from chmod: parsing value from chmod: strconv.ParseUint: parsing "u=rwX": invalid syntax`,
      ],
    },
    "build",
    '`ADD --chmod=$M a /` failed: getting permissions from chmod: parsing value from chmod: strconv.ParseUint: parsing "u=rwX": invalid syntax',
  ],
  [
    "a file that COPY --from does not find",
    {
      tail: [
        `${STAGE} failed to get files used from context: failed to get fileinfo for /kaniko/deps/0/lib: lstat /kaniko/deps/0/lib: no such file or directory`,
      ],
    },
    "build",
    'failed to compute cache key: "/lib": not found',
  ],
  [
    "a base image that is not there",
    {
      tail: [
        "error building image: unable to complete operation after 3 attempts, last error: GET http://10.88.0.1:5000/v2/busybox/manifests/9.99: MANIFEST_UNKNOWN: manifest unknown; map[Tag:9.99]",
      ],
    },
    "build",
    "failed to resolve source metadata for 10.88.0.1:5000/busybox:9.99: not found",
  ],
  [
    "an unknown instruction",
    { tail: ["error building image: parsing dockerfile: dockerfile parse error on line 2: unknown instruction: FORM"] },
    "build",
    "parsing dockerfile: dockerfile parse error on line 2: unknown instruction: FORM",
  ],
  [
    "a file that COPY does not find",
    {
      tail: [
        `${STAGE} failed to get files used from context: failed to get fileinfo for /kaniko/slipway/ready/context/x: lstat /kaniko/slipway/ready/context/x: no such file or directory`,
      ],
    },
    "build",
    "x is not in the context",
  ],
  [
    "a Dockerfile that is not there, with usage after it",
    {
      tail: [
        "Error: error resolving dockerfile path: please provide a valid path to a Dockerfile within the build context with --dockerfile",
        "Usage:",
        "  executor [flags]",
        "",
        "Flags:",
        "      --build-arg multi-arg type   This flag allows you to pass in ARG values at build time.",
        "",
      ],
    },
    "build",
    "the builder found no Dockerfile in the repository",
    /-f/,
  ],
  [
    "only the end of its usage, as a termination message has it",
    {
      message:
        '  -v, --verbosity string   Log level\n\nUse "executor [command] --help" for more information about a command.\n',
    },
    "build",
    "kaniko stopped before the build",
    /slipway logs/,
  ],
  ...SOURCE_CASES.map(([error, fault, message, remedy]): Case => [
    `a repository: ${error}`,
    { tail: [`Error: error resolving source context: ${error}`, "Usage:", "  executor [flags]", ""] },
    fault,
    message,
    remedy,
  ]),
  [
    "a registry that asks who we are, before the build",
    {
      tail: [
        `${K24_PUSH} "r.example.com:5000/team/app:1": POST https://r.example.com:5000/v2/team/app/blobs/uploads/: UNAUTHORIZED: authentication required; [map[Action:pull Class: Name:team/app Type:repository]]`,
      ],
    },
    "registry-auth",
    "not authorised to push to r.example.com:5000: authentication required",
    /slipway login/,
  ],
  [
    "a repository we may not push to",
    {
      tail: [
        'error checking push permissions: checking push permission for "index.docker.io/library/app:1": POST https://index.docker.io/v2/library/app/blobs/uploads/: DENIED: requested access to the resource is denied',
      ],
    },
    "registry-auth",
    "not authorised to push to index.docker.io: requested access to the resource is denied",
    /--registry-secret/,
  ],
  [
    "a push refused at its end",
    {
      tail: [
        "error pushing image: failed to push to destination r.io/app:1: PUT https://r.io/v2/app/manifests/1: unexpected status code 403 Forbidden",
      ],
    },
    "registry-auth",
    "not authorised to push to r.io: it refused the credentials",
  ],
  [
    "a base image we may not pull",
    {
      tail: [
        "error building image: unable to complete operation after 3 attempts, last error: GET https://q.io/v2/private/base/manifests/1: UNAUTHORIZED: access to the requested resource is not authorized",
      ],
    },
    "registry-auth",
    "not authorised to pull from q.io: access to the requested resource is not authorized",
  ],
  [
    "a registry with a certificate of its own",
    {
      tail: [
        `${K24_PUSH} "r.lan/app:1": creating push check transport for r.lan failed: Get "https://r.lan/v2/": ${UNKNOWN_CA}`,
      ],
    },
    "build",
    "the builder does not know the authority that signed the certificate of r.lan",
    /--registry-ca FILE/,
  ],
  [
    "the same, where a base image is pulled from",
    {
      tail: [
        `error building image: unable to complete operation after 3 attempts, last error: Get "https://r.lan:5000/v2/": ${UNKNOWN_CA}`,
      ],
    },
    "build",
    "the builder does not know the authority that signed the certificate of r.lan:5000",
  ],
  [
    "a registry that speaks plain http",
    {
      tail: [
        `${K24_PUSH} "10.0.0.1:5000/app:1": creating push check transport for 10.0.0.1:5000 failed: Get "https://10.0.0.1:5000/v2/": http: server gave HTTP response to HTTPS client`,
      ],
    },
    "build",
    "10.0.0.1:5000 uses plain http, and the builder used https",
    /--insecure-registry/,
  ],
  [
    "a build that took more memory than it may have",
    { exitCode: 137, reason: "OOMKilled", tail: ["INFO[0009] Taking snapshot of full filesystem..."] },
    "cluster",
    "the builder was killed because its node ran out of memory (OOMKilled)",
    /--memory 4g/,
  ],
  ["an end without a word", { exitCode: 2, tail: [] }, "build", "kaniko ended with exit code 2"],
  [
    "a log that could not be had: the termination message has its end",
    { exitCode: 42, message: `\u001B[36mINFO\u001B[0m[0002] RUN x\n${RUN_42}\n` },
    "build",
    "a RUN ended with exit code 42",
  ],
];

it.for(CASES)(
  "%s",
  ([, { tail = [], exitCode = 1, reason = "Error", message = "" }, fault, sentence, remedy = /^/]) => {
    const failure = kanikoFailure({ exitCode, reason, message, tail });
    expect(failure).toMatchObject({ fault, message: sentence });
    expect(failure.suggestions.join("\n")).toMatch(remedy);
  },
);

it("tells what of the Dockerfile failed, for the line", () => {
  const placeOf = (...tail: string[]): unknown =>
    kanikoFailure({ exitCode: 1, reason: "Error", message: "", tail }).place;
  const failing = `${STAGE} failed to execute command:`;
  expect(placeOf("INFO[0002] RUN x", `${failing} waiting for process to exit: exit status 7`)).toEqual({
    kind: "instruction",
    text: "RUN x",
  });
  expect(placeOf("INFO[0002] RUN x", "INFO[0003] COPY a /b", `${failing} copying dir: no space left`)).toEqual({
    kind: "instruction",
    text: "COPY a /b",
  });
  const missing = "/kaniko/buildcontext/context/dir/x.txt";
  expect(
    placeOf(
      `${STAGE} failed to get files used from context: failed to get fileinfo for ${missing}: lstat ${missing}: no such file or directory`,
    ),
  ).toEqual({ kind: "source", path: "dir/x.txt" });
  const unknown = "https://index.docker.io/v2/library/alpin/manifests/3";
  expect(placeOf(`error building image: GET ${unknown}: MANIFEST_UNKNOWN: manifest unknown`)).toEqual({
    kind: "image",
    name: "alpin:3",
  });
});
