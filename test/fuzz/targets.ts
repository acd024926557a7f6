/** Everything that is parsed from outside, each with good input to start from. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { findFeatures } from "../../src/lib/dockerfile/features.ts";
import { parseDockerfile } from "../../src/lib/dockerfile/parse.ts";
import { findUsedPaths } from "../../src/lib/dockerfile/used-paths.ts";
import { imageReferences } from "../../src/lib/dockerfile/references.ts";
import { parseReference } from "../../src/lib/image/reference.ts";
import { parseDuration } from "../../src/lib/text/duration.ts";
import { judgeUnknown, recordOf } from "../../src/app/builds/record.ts";
import { chooseTarget } from "../../src/lib/kube/choose-target.ts";
import { PluginFailed, parseCredential } from "../../src/lib/kube/exec-plugin.ts";
import { explainDenial } from "../../src/lib/kube/denial.ts";
import { refuse } from "../../src/lib/kube/refusal.ts";
import { parseStatus } from "../../src/lib/kube/status.ts";
import { normaliseStamp } from "../../src/lib/kube/log-dedupe.ts";
import { parseIgnoreFile } from "../../src/lib/dockerignore/dockerignore.ts";
import { HelperError, credentialIn } from "../../src/lib/credentials/credential-helper.ts";
import { errorsOf, parseAnswer } from "../../src/lib/vault/vault-client.ts";
import { DockerConfig } from "../../src/lib/credentials/docker-config.ts";
import { readDockerOptions } from "../../src/plan/docker/read-options.ts";
import { errorOf, pullFailure, setupFailure } from "../../src/run/follow/pod-failure.ts";
import { podState } from "../../src/run/follow/pod-state.ts";
import { explainUnschedulable } from "../../src/run/follow/unschedulable.ts";
import { loadBuilder } from "../../src/builders/table.ts";
import { BUILDER_NAMES } from "../../src/plan/builder-names.ts";
import { readTemplate } from "../../src/plan/pod/read-template.ts";
import { RealmRefused, authorize } from "../../src/lib/registry/authorization.ts";
import { parseChallenges } from "../../src/lib/registry/challenges.ts";
import { asBaseImage, manifestsOf } from "../../src/lib/registry/base-image.ts";
import { combineIndex, filterPlatforms } from "../../src/lib/registry/combine-index.ts";
import { listTags } from "../../src/lib/registry/copy-image.ts";
import { listReferrers } from "../../src/lib/registry/list-referrers.ts";
import { readIndexSource } from "../../src/app/imagetools/create-image.ts";
import { readSource } from "../../src/app/imagetools/read-source.ts";
import { readWords } from "../../src/cli/completion/read-words.ts";
import { readManifest, readPushedDigest } from "../../src/lib/registry/describe-image.ts";
import type { RegistryClient } from "../../src/lib/registry/registry-client.ts";
import { fillTemplate } from "../../src/lib/text/go-template.ts";
import { kindOf } from "../../src/lib/sbom/catalogue.ts";
import { FinalTree } from "../../src/lib/sbom/final-tree.ts";
import { readLayer } from "../../src/lib/sbom/read-layer.ts";
import type { FoundFile, Tree } from "../../src/lib/sbom/read-layer.ts";
import { spdxDocument } from "../../src/lib/sbom/spdx.ts";
import { parseGitSource } from "../../src/plan/source/git-url.ts";
import { publicUrl, withPublicUrls } from "../../src/lib/text/public-url.ts";
import { chosenTargets } from "../../src/cli/bake/chosen-targets.ts";
import { splitNames } from "../../src/cli/bake/read-plan.ts";
import { InternalError, InvalidInput, SlipwayError } from "../../src/errors.ts";
import { parseEnvFile } from "../../src/lib/compose/env-file.ts";
import { ComposeError } from "../../src/lib/compose/fault.ts";
import { interpolate } from "../../src/lib/compose/interpolate.ts";
import { composeReader } from "../../src/plan/bake/compose-targets.ts";
import { planBake } from "../../src/plan/bake/plan-bake.ts";
import { missingPrivileges, parseAllowed } from "../../src/plan/bake/privileges.ts";
import { readDefinition } from "../../src/plan/bake/read-files.ts";
import { archive } from "../unit/lib/sbom/layers.ts";
import { faultsOf } from "../unit/lib/sbom/spdx-rules.ts";
import type { SpdxDocument } from "../unit/lib/sbom/spdx-rules.ts";
import { mutateData, mutateText } from "./mutate.ts";
import type { Random } from "./mutate.ts";

export interface Target {
  readonly name: string;
  /** Of all cases, this many parts: the dear ones get fewer. */
  readonly weight: number;
  readonly make: (random: Random) => string;
  /** What a SlipwayError is thrown for is well refused; anything else that is thrown is a finding. */
  readonly run: (input: string) => unknown;
}

const FLAGS = [
  { name: "tag", char: "t", takesValue: true, repeatable: true, withoutValue: false },
  { name: "file", char: "f", takesValue: true, repeatable: false, withoutValue: false },
  { name: "load", takesValue: true, repeatable: false, withoutValue: true },
  { name: "pull", takesValue: false, repeatable: false, withoutValue: false },
];

/** Runs all, although some refuse the input. @throws what is not a refusal */
async function eachRefuses(works: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const work of works) {
    await unlessNoAnswer(work()).catch((error: unknown) => {
      if (!(error instanceof SlipwayError) || error instanceof InternalError) throw error;
    });
  }
}

const text = (seeds: readonly string[]) => (random: Random) => mutateText(random, seeds);
const data = (seeds: readonly unknown[]) => (random: Random) =>
  JSON.stringify(mutateData(random, seeds[Math.floor(random() * seeds.length)]));
/** Half keep to JSON, half are broken texts. */
const json = (seeds: readonly unknown[]) => (random: Random) =>
  random() < 0.5
    ? data(seeds)(random)
    : mutateText(
        random,
        seeds.map((seed) => JSON.stringify(seed)),
      );

/** One text as each kind of file that is read of an image, and the document of all of them. */
function documentOf(input: string): SpdxDocument {
  const places = [
    "var/lib/dpkg/status",
    "lib/apk/db/installed",
    "a.egg-info",
    "node_modules/a/package.json",
    "etc/os-release",
    "bin/a",
  ];
  const bytes = Buffer.from(input, "latin1");
  const files = places.flatMap((path): [string, FoundFile][] => {
    const kind = kindOf(path, true);
    const reader = kind?.open();
    for (const byte of [bytes.subarray(0, 9), bytes.subarray(9)]) reader?.write(byte);
    const contents = reader?.end();
    if (kind === undefined || contents === undefined) return [];
    return [[`/${path}`, { ...contents, kind, sha1: "a".repeat(40), sha256: "a".repeat(64) }]];
  });
  const facts = {
    references: [{ name: "r.io/a" }],
    digest: "sha256:0",
    build: "b",
    version: "1",
    created: new Date(0),
  };
  return spdxDocument({ files }, facts).document as SpdxDocument;
}

/** With right checksums wherever a header may stand, so that what is broken in it is seen. */
function withSums(bytes: Buffer): Buffer {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const header = bytes.subarray(at, at + 512);
    if (header.every((byte) => byte === 0)) continue;
    header.fill(" ", 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  }
  return bytes;
}

const DOCKERFILES = [
  '# syntax=docker/dockerfile:1\nARG V=1\nFROM --platform=$BUILDPLATFORM golang:${V:-1.2} AS build\nWORKDIR /src\nCOPY --from=0 --chown=1:1 ["a b", "./"]\nRUN --mount=type=cache,target=/c,from=build go build \\\n  # comment\n  -o /app\nFROM scratch\nCOPY --link --from=build /app /\nONBUILD RUN true\nCMD ["/app"]\n',
  '# escape=`\nFROM a\nRUN <<EOF cat\nx ${Y}\nEOF\nCOPY <<-"E" /f\n\tz\n\tE\nADD https://example.com/x.tar.gz#main:sub /x\nENV A=1 B="2 3" C=\'4\'\nHEALTHCHECK --interval=1s CMD x\n',
  'from Alpine\nlabel a=b\nexpose 80/tcp\nuser 1:1\nvolume ["/a"]\nshell ["sh"]\nstopsignal 9\n',
];

const POD: V1Pod = {
  metadata: {
    name: "slipway-x-abc",
    labels: { "slipway.dev/build": "slipway-x" },
    deletionTimestamp: "2026-01-01T00:00:00Z" as never,
  },
  spec: { nodeName: "n", containers: [{ name: "kaniko", image: "k", resources: { limits: { memory: "1Gi" } } }] },
  status: {
    phase: "Failed",
    reason: "Evicted",
    message: "The node was low on resource: memory.",
    conditions: [
      {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3",
      },
      { type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI", message: "x" },
    ],
    initContainerStatuses: [
      {
        name: "receive-context",
        image: "b",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode: 1, message: "m", reason: "Error" } },
      },
    ],
    containerStatuses: [
      {
        name: "kaniko",
        image: "k",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: {
          waiting: {
            reason: "ImagePullBackOff",
            message:
              'Back-off pulling image "k": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "k": not found',
          },
        },
      },
      {
        name: "kaniko",
        image: "k",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode: 137, reason: "OOMKilled", message: "sha256:x" } },
      },
    ],
  },
};

const JOB: V1Job = {
  metadata: {
    name: "slipway-x",
    labels: { "slipway.dev/builder": "kaniko", "slipway.dev/user": "u" },
    annotations: {
      "slipway.dev/references": "a/b:c,d/e:f",
      "slipway.dev/container": "kaniko",
      "slipway.dev/insecure-registries": "a,b",
    },
    creationTimestamp: "2026-01-01T00:00:00Z" as never,
  },
  spec: { activeDeadlineSeconds: 60, ttlSecondsAfterFinished: 60, template: {} },
  status: {
    conditions: [
      {
        type: "Failed",
        status: "True",
        reason: "DeadlineExceeded",
        message: "m",
        lastTransitionTime: "2026-01-01T00:00:00Z" as never,
      },
    ],
  },
};

const KUBECONFIGS = [
  'apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u, namespace: n}\nclusters:\n- name: k\n  cluster: {server: "https://h:6443", certificate-authority-data: QQ==}\nusers:\n- name: u\n  user: {token: t}\n',
  '{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"clusters":[{"name":"k","cluster":{"server":"https://[::1]:6443","proxy-url":"http://p"}}],"users":[{"name":"u","user":{"exec":{"apiVersion":"client.authentication.k8s.io/v1","command":"x","args":["y"],"env":[{"name":"A","value":"b"}]},"as":"root","as-groups":["g"]}}]}',
];

const DENIALS = [
  'pods "x" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities (container "kaniko" must not include "CHOWN", "KILL" in securityContext.capabilities.add), runAsNonRoot != true (pod or container "kaniko" must set securityContext.runAsNonRoot=true)',
  'pods "x" is forbidden: exceeded quota: full, requested: pods=1, used: pods=0, limited: pods=0',
  'admission webhook "v.example.com" denied the request: no\nbecause',
  'pods "x" is forbidden: User "system:serviceaccount:a:b" cannot create resource "pods" in API group "" in the namespace "n"',
  "maximum memory usage per Container is 1Gi, but limit is 2Gi",
];

const LOG_ENDS = [
  "error building image: error building stage: failed to execute command: waiting for process to exit: exit status 7",
  "error pushing image: failed to push to destination r.example.com/a:b: PUT https://r.example.com/v2/a/manifests/b: DENIED: requested access to the resource is denied",
  "x509: certificate signed by unknown authority",
  '#5 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1\n------\n > [2/2] RUN false:\n------',
  "newuidmap: write to uid_map failed: Operation not permitted",
  'level=error msg="build failed: x" dest="\\"a\\""',
];

const REGISTRY = { url: new URL("https://r.example.com/v2/"), insecure: false };

const folder = mkdtempSync(join(tmpdir(), "slipway-fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const answering = (body: string): RegistryClient =>
  ({ get: async () => body, ask: async () => ({ url: "https://r/v2/", status: 200, headers: {}, body }) }) as never;

/** JSON.parse of an answer that is none, or `new URL` of none, is told by the caller in a sentence of its own. */
async function unlessNoAnswer(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const plain = error instanceof Error && (error.constructor === Error || error instanceof RealmRefused);
    if (!(error instanceof SyntaxError) && code !== "ERR_INVALID_URL" && !plain) throw error;
  }
}

/** A helper's or plugin's failure is told by the caller in a sentence of its own, which must not quote the answer. */
function unlessHelperFails(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    const expected = error instanceof HelperError || error instanceof PluginFailed;
    if (!expected || !/^[\w :,-]+$/.test(error.message)) throw error;
    return undefined;
  }
}

const builders = await Promise.all(BUILDER_NAMES.map(loadBuilder));

export const TARGETS: readonly Target[] = [
  {
    name: "tags",
    weight: 10,
    make: text([
      "docker.io/library/a:b",
      "r.example.com:5000/team/app:1.0@sha256:" + "a".repeat(64),
      "[::1]:5000/a",
      "A/b",
    ]),
    run: (input) => parseReference(input, "tag"),
  },
  {
    name: "Dockerfiles",
    weight: 20,
    make: text(DOCKERFILES),
    run: (input) => {
      const dockerfile = parseDockerfile(input);
      findFeatures(dockerfile);
      imageReferences(dockerfile, { buildArgs: new Map([["V", "2"]]) });
      findUsedPaths(dockerfile, { buildArgs: new Map([["V", "2"]]) });
    },
  },
  {
    name: "ignore files",
    weight: 15,
    make: text([
      "*\n!src\n**/*.[ch]\n# c\n/a/b/\n",
      "a?b\\*\n[^a-z]x\n!**/keep/**\n..\n",
      "**/a/**/b/**/c\n[[:alpha:]]\n",
    ]),
    run: (input) => {
      const rules = parseIgnoreFile(input);
      for (const path of ["a", "src/x.c", "a/b/c/keep/d", "[", "a".repeat(200)]) rules.explain(path);
    },
  },
  {
    name: "git URLs",
    weight: 10,
    make: text([
      "https://u:p@github.com/a/b.git#main:sub",
      "git@github.com:a/b.git",
      "ssh://git@h:22/a.git#refs/heads/x",
      "git://h/a#:d",
      "github.com/a/b",
    ]),
    run: (input) => [publicUrl(input), withPublicUrls(input), parseGitSource(input)],
  },
  {
    name: "kubeconfig",
    weight: 6,
    make: text(KUBECONFIGS),
    run: (input) => {
      const path = join(folder, "kubeconfig");
      writeFileSync(path, input);
      return chooseTarget({ kubeconfig: path });
    },
  },
  {
    name: "docker config",
    weight: 10,
    make: json([
      {
        auths: {
          "r.example.com": { auth: "dTpw", identitytoken: "t" },
          "https://index.docker.io/v1/": { username: "u", password: "p" },
        },
      },
      { auths: { "http://a:1/v2/": { auth: "!!!" } }, proxies: { default: { httpProxy: "http://p" } } },
    ]),
    run: async (input) => {
      // No helper is run: what they answer is JSON of the same kind.
      if (/cred(?:s|H|h)/.test(input)) return;
      await new DockerConfig(input, "config.json").get("r.example.com");
    },
  },
  {
    name: "pod status",
    weight: 10,
    make: data([POD]),
    run: (input) => {
      const pod = JSON.parse(input) as V1Pod;
      const state = podState(pod, { receiver: "receive-context", builder: "kaniko" });
      if (state.kind === "failed") errorOf(state.failure, 60);
      if (state.kind === "unscheduled") explainUnschedulable(state.message);
      for (const status of pod.status?.containerStatuses ?? [])
        [pullFailure, setupFailure].map((failure) => failure(status));
    },
  },
  {
    name: "jobs",
    weight: 5,
    make: data([{ job: JOB, pod: POD }]),
    run: (input) => {
      const { job, pod } = JSON.parse(input) as { job?: V1Job; pod?: V1Pod };
      if (job !== undefined) recordOf(job, pod, judgeUnknown);
    },
  },
  {
    name: "what the API server refuses with",
    weight: 10,
    make: (random) =>
      random() < 0.5
        ? mutateText(random, DENIALS)
        : json(
            DENIALS.map((message) => ({
              kind: "Status",
              code: 403,
              reason: "Forbidden",
              message,
              details: { name: "x", kind: "pods" },
            })),
          )(random),
    run: (input) => {
      explainDenial(input);
      refuse(
        parseStatus(403, input),
        { verb: "create", resource: "pods" },
        { server: "https://h", context: "c", namespace: "n" },
      );
    },
  },
  {
    name: "builders' last words",
    weight: 15,
    make: text(LOG_ENDS),
    run: (input) => {
      for (const builder of builders) {
        builder.outcome({ exitCode: 1, reason: "Error", message: input.slice(0, 4096), tail: input.split("\n") });
        builder.outcome({ exitCode: 0, reason: "Completed", message: input, tail: [] });
        for (const line of input.split("\n")) builder.formatLogLine(line);
      }
    },
  },
  {
    name: "log stamps",
    weight: 5,
    make: text(["2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00+02:00", "0000-00-00T99:99:99Z"]),
    run: (input) => normaliseStamp(input),
  },
  {
    name: "registry answers",
    weight: 6,
    make: json([
      { mediaType: "x", config: { digest: "sha256:a" } },
      { manifests: [{ digest: "sha256:b", platform: { os: "linux", architecture: "amd64" } }] },
    ]),
    run: (input) => {
      const reference = parseReference("r.example.com/a:b");
      // Each for itself: what one of them refuses, another may still get wrong.
      return eachRefuses([
        () => readManifest(answering(input), reference, "sha256:a"),
        () => readPushedDigest(answering(input), reference, undefined),
        () => listReferrers(answering(input), reference, `sha256:${"0".repeat(64)}`),
        () => listTags(answering(input), reference),
        () => readIndexSource(answering(input), { reference }, () => reference),
      ]);
    },
  },
  {
    name: "base images",
    weight: 3,
    make: json([
      { config: { digest: "sha256:a" }, rootfs: {} },
      { config: { Env: ["A=b"], OnBuild: ["RUN x"] }, rootfs: { type: "layers" } },
      { manifests: [{ digest: "sha256:b", platform: { os: "linux" } }] },
    ]),
    run: async (input) => {
      await eachRefuses([manifestsOf, asBaseImage].map((read) => async () => read(JSON.parse(input))));
    },
  },
  {
    name: "imagetools",
    weight: 4,
    make: json([
      {
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: [
          {
            mediaType: "application/vnd.oci.image.manifest.v1+json",
            digest: `sha256:${"a".repeat(64)}`,
            size: 1,
            platform: { os: "linux", architecture: "arm", variant: "v7", "os.features": ["x"] },
            annotations: { a: "b" },
          },
          {
            digest: `sha256:${"b".repeat(64)}`,
            size: 2,
            platform: { os: "unknown", architecture: "unknown" },
            annotations: {
              "vnd.docker.reference.type": "attestation-manifest",
              "vnd.docker.reference.digest": `sha256:${"a".repeat(64)}`,
            },
          },
        ],
        annotations: { "org.opencontainers.image.title": "t" },
      },
      { digest: `sha256:${"a".repeat(64)}`, size: 3, platform: { os: "linux", architecture: "amd64" } },
    ]),
    run: async (input) => {
      const reference = parseReference("r.example.com/a:b");
      const mediaType = "application/vnd.oci.image.index.v1+json";
      const source = { descriptor: { mediaType, digest: "sha256:x", size: 1 }, text: input, origin: reference };
      await eachRefuses([
        async () => readSource(input, (name) => parseReference(name)),
        async () => {
          const combined = combineIndex([source, source], [{ on: "index", key: "k", value: "v" }], false);
          filterPlatforms(combined, ["linux/amd64"], new Map());
        },
      ]);
    },
  },
  {
    name: "steps in builders' logs",
    weight: 4,
    make: text([
      "INFO[0001] Retrieving image manifest busybox\nINFO[0002] RUN echo a\nINFO[0003] Taking snapshot of full filesystem...\n",
      "STEP 1/3: FROM busybox\nSTEP 2/3: RUN x\n--> Using cache 0a\n[1/2] STEP 1/1: COMMIT\n",
      "#5 [build 2/3] RUN make\n#5 0.123 done\n#5 CACHED\n#5 DONE 1.2s\n#6 ERROR: exit code: 1\n",
      '{"level":"info","msg":"* Stage 1/2 : (alias=a)"}\n{"level":"info","msg":"* Step 1/2 (commit) : RUN b"}\n',
    ]),
    run: async (input) => {
      for (const name of BUILDER_NAMES) {
        const reader = (await loadBuilder(name)).steps([]);
        for (const line of input.split("\n")) reader.read(line, "2026-01-01T00:00:00Z");
        reader.end("it failed");
      }
    },
  },
  {
    name: "words of a completion",
    weight: 2,
    make: text(["build\n-t\na\n.", "--file=x\nbuild\n", "bake\n-f\na\n--set\n", "--\n", "keep\nstop\n"]),
    run: (input) => readWords(input.split("\n"), FLAGS),
  },
  {
    name: "registry challenges",
    weight: 6,
    make: text([
      'Bearer realm="https://auth.example.com/token",service="r",scope="a"',
      'Negotiate YII=, Basic realm="a \\"b\\"", Bearer realm=https://auth.example.com/token',
      'Basic realm="x"',
      "Bearer",
    ]),
    run: (input) =>
      unlessNoAnswer(
        authorize(
          REGISTRY,
          parseChallenges(input),
          { username: "u", password: "p" },
          ["repository:a:pull"],
          async () => ({
            status: 200,
            body: '{"token":"t"}',
          }),
        ),
      ),
  },
  {
    name: "credential helpers",
    weight: 4,
    make: json([
      { ServerURL: "https://r.example.com", Username: "u", Secret: "p" },
      { Username: "<token>", Secret: "t" },
    ]),
    run: (input) => unlessHelperFails(() => credentialIn(input, "docker-credential-x")),
  },
  {
    name: "credential plugins",
    weight: 4,
    make: json([
      { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: { token: "t" } },
      { status: { clientCertificateData: "c", clientKeyData: "k", expirationTimestamp: "2026-01-01T00:00:00Z" } },
    ]),
    run: (input) => unlessHelperFails(() => parseCredential(input)),
  },
  {
    name: "Vault's answers",
    weight: 4,
    make: json([
      { data: { data: { password: "p" }, metadata: { deletion_time: "" } } },
      { data: { path: "kv/", options: { version: "2" } } },
      { auth: { client_token: "t" }, errors: ["1 error occurred:\n\t* permission denied\n"] },
    ]),
    run: (input) => errorsOf(parseAnswer("https://vault.example.com", 200, input)),
  },
  {
    name: "registry tokens",
    weight: 4,
    make: json([{ token: "t", expires_in: 60 }, { access_token: "t" }]),
    run: (input) =>
      unlessNoAnswer(
        authorize(REGISTRY, parseChallenges('Bearer realm="https://a/t"'), { username: "u" }, [], async () => ({
          status: 200,
          body: input,
        })),
      ),
  },
  {
    name: "pod templates",
    weight: 6,
    make: text([
      "apiVersion: v1\nkind: Pod\nspec:\n  tolerations: [{key: a, operator: Exists}]\n  containers:\n  - name: x\n",
      '{"metadata":{"labels":{"a":"b"}},"spec":{}}',
    ]),
    run: (input) => readTemplate("pod.yaml", input),
  },
  {
    name: "flags' values",
    weight: 10,
    make: text([
      "type=image,name=a,push=true",
      "type=local,dest=out",
      "linux/amd64",
      "id=a,src=b",
      "type=registry,ref=a/b:c",
      "1g",
      "nofile=1:2",
      '"a,b"=c',
    ]),
    run: (input) => {
      for (const flags of [
        { output: [input] },
        { "cache-to": [input] },
        { "cache-from": [input] },
        { platform: [input] },
        { secret: [input] },
        { memory: input },
        { ulimit: [input] },
        { "add-host": [input] },
      ]) {
        try {
          readDockerOptions(flags, {});
        } catch (error) {
          if (!(error instanceof Error) || !("exit" in error)) throw error;
        }
      }
    },
  },
  {
    name: "package lists of an image",
    weight: 8,
    make: text([
      "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc (2.36-9)\nVersion: 1:2.36-9+deb12u4\nDescription: a\n b\n\nPackage: b\nVersion: 2\n",
      "C:Q1=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT AND (BSD-2-Clause OR custom)\no:musl\nF:lib\n\nP:b\nV:2\n",
      '{"name":"@s/a","version":"1.0.0","licenses":[{"type":"MIT"},{"type":"GPL-2.0-or-later WITH Classpath-exception-2.0"}]}',
      "Metadata-Version: 2.1\nName: Flask_Login\nVersion: 1.0\nLicense-Expression: MIT\nLicense: a\n b\n\ntext\n",
      'ID="debian"\nVERSION_ID=\'12\'\nNAME="a\\"b"\n',
      "\u007fELF\0\0\0\0\0\0\0\0\0\0\0\0\u00ff Go buildinf:\b\u0002\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\u0006go1.26\0",
    ]),
    run: (input) => {
      const faults = faultsOf(documentOf(input));
      if (faults.length > 0) throw new Error(faults.join("; "));
    },
  },
  {
    name: "layers of an image",
    weight: 2,
    make: text([
      archive([
        { name: "etc/os-release", content: "ID=a\n" },
        { name: `${"d/".repeat(80)}é/node_modules/x/package.json`, content: '{"name":"x","version":"1"}' },
        { name: "lib", symlink: "usr/lib" },
        { name: "lib/apk/db/.wh.installed", content: "" },
        { name: "h", link: "etc/os-release" },
      ]).toString("latin1"),
    ]),
    run: async (input) => {
      const bytes = withSums(Buffer.from(input, "latin1"));
      const tree: Tree = new FinalTree<FoundFile>();
      await readLayer(tree, (use) => use(Readable.from([bytes.subarray(0, 700), bytes.subarray(700)])));
      return [...tree.files()];
    },
  },
  {
    name: "bake files",
    weight: 4,
    make: text([
      'variable "A" {\n  type = list(string)\n  default = ["x", "y"]\n  validation {\n    condition = length(A) > 0\n    error_message = "empty"\n  }\n}\nfunction "f" {\n  params = [a]\n  variadic_params = rest\n  result = "${a}-${join(".", rest)}"\n}\ngroup "default" { targets = ["t"] }\ntarget "base" { args = { V = null, W = 1.50 } }\ntarget "t" {\n  inherits = ["base"]\n  name = "t-${v.k}"\n  matrix = { v = [{ k = "1" }, { k = "2" }] }\n  tags = [for a in A : upper(f(a, "b"))]\n  labels = { "a.b" = <<-E\n    x %{ if true }y%{ endif }\n  E\n  }\n}\n',
      'target "a" {\n  contexts = { b = "target:b" }\n  secret = ["id=x,src=y", { id = "z", env = "HOME" }]\n  output = [{ type = "local", dest = "out" }]\n  cache-to = ["type=gha,mode=max"]\n  ssh = ["default"]\n  ulimits = ["nofile=1:2"]\n}\ntarget "b" { args = target.a.args, tags = [regex_replace("a", "(.)", "$1"), format("%05.2f", 1e3 / 7), jsonencode({ a = [true] })] }\n',
      '{"target":{"default":{"context":".","args":{"DEBUG":true,"N":12345678901234567890,"M":"$${HOME} ${upper("x")}"},"no-cache":"true","matrix":{"a":["1"]},"name":"t-${a}"}},"group":{"default":{"targets":["t-1"]}}}',
    ]),
    run: (input) => {
      for (const name of ["docker-bake.hcl", "docker-bake.json", "bake"]) {
        try {
          const definition = readDefinition(
            [{ name, text: input }],
            { lookup: () => "1", variables: new Map([["A", "a,b"]]), builtIn: new Map() },
            () => {
              throw new InvalidInput("not a compose file");
            },
          );
          const plan = planBake(definition, { names: [], sets: ["*.args.V=1"], push: true }, () => undefined);
          missingPrivileges(plan, { read: [], write: [], names: new Set() }, "/nowhere");
          chosenTargets(plan);
        } catch (error) {
          if (!(error instanceof InvalidInput)) throw error;
        }
      }
    },
  },
  {
    name: "compose files",
    weight: 4,
    make: text([
      "x-a: &a\n  build: { context: ., args: [A=1, B] }\nservices:\n  web:\n    <<: *a\n    image: ${REG:-r.io}/web:${TAG:?no tag}\n    extends: { service: base, file: other.yaml }\n  base:\n    build:\n      dockerfile_inline: |\n        FROM a\n        RUN echo $${V}\n      secrets: [s]\n      ssh: [default]\n      cache_from: [r/x]\n      shm_size: 64m\n      ulimits: { nofile: { soft: 1, hard: 2 } }\n      x-bake: { tags: [a, b], platforms: linux/amd64, no-cache: true }\n    profiles: [dev]\nsecrets: { s: { file: ./s } }\n",
      'include: [other.yaml]\nservices:\n  a: { build: { context: ., labels: { a: b }, additional_contexts: { x: service:b }, extra_hosts: ["h:1.2.3.4"] } }\n  b: { build: !reset null, image: !override b }\n---\nservices: { c: { build: ../c } }\n',
    ]),
    run: (input) => {
      const reader = composeReader({
        env: { A: "1" },
        directory: "/nowhere",
        mayRead: (path) => {
          throw new InvalidInput(`${path} must not be read`);
        },
      });
      try {
        const { targets } = reader([{ name: "compose.yaml", text: input }]);
        if (targets.some(({ name }) => name === "")) throw new Error("a target without a name");
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
      }
    },
  },
  {
    name: "variables of compose",
    weight: 2,
    make: text(["A=1\nexport B='x'\nC=\"${A:-2} \\n\"\n# c\nD\nE=${B?no}\n", "${A:-${B:+$C}} $$D ${E:?x}"]),
    run: (input) => {
      for (const run of [
        () => parseEnvFile(input, ".env", () => "1"),
        () => interpolate(input, (name) => (name === "A" ? undefined : "1")),
        () => splitNames([input]),
        () => parseAllowed([input]),
      ]) {
        try {
          run();
        } catch (error) {
          if (!(error instanceof InvalidInput || error instanceof ComposeError)) throw error;
        }
      }
    },
  },
  {
    name: "durations and formats",
    weight: 4,
    make: text(["1h30m", "5s", "{{.Name}} {{json .}}", "table"]),
    run: (input) => {
      fillTemplate(input, { name: "a", list: ["b"] }, ["name", "list"]);
      parseDuration(input, "timeout");
    },
  },
];
