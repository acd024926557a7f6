import { describe, expect, it, test } from "vitest";
import { noticesOf, readDockerOptions } from "../../../../src/plan/docker/read-options.ts";
import type { TypedFlags } from "../../../../src/plan/docker/typed-flags.ts";
import { InvalidInput } from "../../../../src/errors.ts";

/** The sentence of a refusal. */
function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
  return "was not refused";
}

const options = (flags: TypedFlags, env: Record<string, string> = {}) => readDockerOptions(flags, env).options;

describe("docker's flags become options", () => {
  const CASES: readonly (readonly [TypedFlags, object])[] = [
    [{}, {}],
    [{ platform: ["linux/amd64"] }, { platform: { os: "linux", arch: "amd64" } }],
    [{ platform: ["linux/aarch64"] }, { platform: { os: "linux", arch: "arm64" } }],
    [{ platform: ["linux/arm64/v8"] }, { platform: { os: "linux", arch: "arm64" } }],
    [{ platform: ["linux/arm/v7"] }, { platform: { os: "linux", arch: "arm", variant: "v7" } }],
    [{ platform: ["amd64", "linux/amd64".slice(6)] }, { platform: { os: "linux", arch: "amd64" } }],
    [{ platform: ["local"] }, {}],
    [
      { platform: ["linux/arm64/v8,linux/amd64", "linux/arm64", "arm"] },
      {
        platforms: [
          { os: "linux", arch: "arm64" },
          { os: "linux", arch: "amd64" },
          { os: "linux", arch: "arm" },
        ],
      },
    ],
    [{ platform: ["arm", "linux/arm/v7"] }, { platform: { os: "linux", arch: "arm", variant: "v7" } }],
    [
      { platform: ["linux/amd64,linux/arm64"], annotation: ["a=1", "index,manifest-descriptor[linux/arm64/v8]:b=2"] },
      {
        platforms: [
          { os: "linux", arch: "amd64" },
          { os: "linux", arch: "arm64" },
        ],
        annotations: [["a", "1"]],
        indexAnnotations: [
          { on: "index", key: "b", value: "2" },
          { on: "manifest-descriptor", platform: "linux/arm64", key: "b", value: "2" },
        ],
      },
    ],
    [
      { "add-host": ["db:10.0.0.1", "v6=[::1]", "x:1.1.1.1,2.2.2.2"] },
      {
        hosts: [
          { host: "db", ip: "10.0.0.1" },
          { host: "v6", ip: "::1" },
          { host: "x", ip: "1.1.1.1" },
          { host: "x", ip: "2.2.2.2" },
        ],
      },
    ],
    [{ network: "default" }, {}],
    [{ network: "host" }, {}],
    [{ network: "none" }, { network: "none" }],
    [
      { memory: "512m", "cpu-shares": "512", "cpu-quota": "150000" },
      {
        resources: { requests: { memory: "536870912", cpu: "500m" }, limits: { memory: "536870912", cpu: "1500m" } },
      },
    ],
    [
      { resource: ["memory=1g", "cpuset-cpus=0"] },
      { resources: { requests: { memory: "1073741824" }, limits: { memory: "1073741824" } } },
    ],
    [{ memory: "0" }, {}],
    [{ "shm-size": "64mb" }, { shmBytes: 67_108_864 }],
    [
      { ulimit: ["nofile=1024:2048", "core=-1"] },
      {
        ulimits: [
          { name: "nofile", soft: 1024, hard: 2048 },
          { name: "core", soft: -1, hard: -1 },
        ],
      },
    ],
    [{ "no-cache-filter": ["a,b", "c"] }, { noCacheFilter: ["a", "b", "c"] }],
    [
      { "cache-from": ["r.io/app:cache"] },
      { cacheFrom: [{ type: "registry", attributes: { ref: "r.io/app:cache" } }] },
    ],
    [
      { "cache-to": ["type=registry,ref=r.io/c,mode=max"] },
      { cacheTo: [{ type: "registry", attributes: { ref: "r.io/c", mode: "max" } }] },
    ],
    [{ "cache-to": ["type=gha"] }, {}],
    [
      { annotation: ["a=b=c", "manifest:d=e"] },
      {
        annotations: [
          ["a", "b=c"],
          ["d", "e"],
        ],
      },
    ],
    [
      { "build-context": ["docker.io/library/a:latest=lib", "b=https://example.com/b.git#main", "a=../a"] },
      {
        buildContexts: [
          { name: "a", source: { kind: "directory", path: "../a" } },
          { name: "b", source: { kind: "url", url: "https://example.com/b.git#main" } },
        ],
      },
    ],
    [
      {
        "build-context": [
          "a=oci-layout://dir",
          "b=oci-layout:///abs/dir:1.0",
          `c=oci-layout://./c:d/e@sha256:${"a".repeat(64)}`,
        ],
      },
      {
        buildContexts: [
          { name: "a", source: { kind: "layout", path: "dir" } },
          { name: "b", source: { kind: "layout", path: "/abs/dir", tag: "1.0" } },
          { name: "c", source: { kind: "layout", path: "./c:d/e", digest: `sha256:${"a".repeat(64)}` } },
        ],
      },
    ],
    [
      { "build-context": ["base=docker-image://alpine"] },
      { buildContexts: [{ name: "base", source: { kind: "image", image: "alpine" } }] },
    ],
    [
      { secret: ["id=a,src=f", "id=b,env=B", "id=c,type=env,src=C", "id=d,k8s=creds/token", "id=e,vault=/kv/a#b/c"] },
      {
        secrets: [
          { id: "a", source: { kind: "file", path: "f" } },
          { id: "b", source: { kind: "env", name: "B" } },
          { id: "c", source: { kind: "env", name: "C" } },
          { id: "d", source: { kind: "cluster", secret: "creds", key: "token" } },
          { id: "e", source: { kind: "vault", path: "kv/a", field: "b/c" } },
        ],
      },
    ],
    [{ secret: ["id=x,src=1", "id=x,src=2"] }, { secrets: [{ id: "x", source: { kind: "file", path: "2" } }] }],
    [
      { ssh: ["default", "git=a,b"] },
      {
        ssh: [
          { id: "default", paths: [] },
          { id: "git", paths: ["a", "b"] },
        ],
      },
    ],
    [{ provenance: "false", sbom: "0", attest: ["type=sbom,disabled=true"] }, {}],
    [{ provenance: "mode=max" }, { attestations: [{ type: "provenance", attributes: { mode: "max" } }] }],
    [
      { output: ["type=oci,dest=a.tar", "out", "-"] },
      {
        noPush: true,
        exports: [
          { kind: "archive", format: "oci", dest: "a.tar", directory: false },
          { kind: "files", format: "local", dest: "out" },
          { kind: "files", format: "tar", dest: "-" },
        ],
      },
    ],
    [
      { output: ['"type=docker","dest=a,b.tar"'] },
      { noPush: true, exports: [{ kind: "archive", format: "docker", dest: "a,b.tar", directory: false }] },
    ],
    [
      { output: ["type=oci,dest=d,tar=false"], push: true },
      { exports: [{ kind: "archive", format: "oci", dest: "d", directory: true }] },
    ],
    [{ output: ["type=registry"] }, {}],
    [{ output: ["type=image,push=true"] }, {}],
    [{ output: ["type=image"] }, { noPush: true }],
    [{ output: ["type=cacheonly"] }, { noPush: true, imageless: true }],
    [{ allow: ["buildx.local.delete"] }, {}],
    [{ allow: ["network.host"] }, { entitlements: ["network.host"] }],
  ];
  it.each(CASES)("%j", (flags, asked) => {
    expect(options(flags)).toEqual(asked);
  });

  it("read a secret from the environment if only its id is given and the variable is set", () => {
    expect(options({ secret: ["id=TOKEN"] }, { TOKEN: "x" }).secrets).toEqual([
      { id: "TOKEN", source: { kind: "env", name: "TOKEN" } },
    ]);
    expect(options({ secret: ["id=TOKEN"] }).secrets).toEqual([
      { id: "TOKEN", source: { kind: "file", path: "TOKEN" } },
    ]);
  });

  it("give the image the names in an output", () => {
    expect(readDockerOptions({ output: ['type=image,"name=a,b",push=true'] }, {})).toMatchObject({
      names: ["a", "b"],
      push: true,
    });
  });
});

test.each<TypedFlags>([{ load: "true" }, { output: ["type=docker"] }])(
  "an engine gets several platforms as an OCI layout: %j",
  (flags) => {
    const { exports } = readDockerOptions({ platform: ["linux/amd64,linux/arm64"], ...flags }, {}).options;
    expect(exports).toMatchObject([{ format: "oci", engine: { store: "engine" } }]);
  },
);

describe("input is refused with docker's message", () => {
  const CASES: readonly (readonly [TypedFlags, string])[] = [
    [
      { platform: ["linux/amd64,linux/arm64"], output: ["type=docker,dest=image.tar"] },
      "docker exporter does not currently support exporting manifest lists",
    ],
    [
      { annotation: ["index:a=b"] },
      "--annotation index:a=b: index annotations not supported for single platform export",
    ],
    [{ platform: ["linux/z80"] }, '--platform linux/z80: "z80": unknown operating system or architecture'],
    [{ platform: ["windows/amd64"] }, "--platform windows/amd64: the builders run on Linux and make images for Linux"],
    [{ "add-host": ["db"] }, "invalid host db"],
    [{ "add-host": ["db:999.1.1.1"] }, "invalid host db:999.1.1.1"],
    [{ network: "mynet" }, 'network mode "mynet" not supported: a pod has one network'],
    [{ memory: "lots" }, "--memory: invalid size: 'lots'"],
    [{ "cpu-quota": "1.5" }, "--cpu-quota: invalid value 1.5"],
    [{ "cpu-period": "x" }, "--cpu-period: invalid value x"],
    [{ resource: ["disk=1g"] }, "unknown resources key disk"],
    [{ ulimit: ["nofile"] }, "invalid ulimit argument: nofile"],
    [{ ulimit: ["files=1"] }, "invalid ulimit type: files"],
    [
      { "no-cache": true, "no-cache-filter": ["a"] },
      "--no-cache and --no-cache-filter cannot currently be used together",
    ],
    [{ "cache-from": ["ref=x"] }, 'type required for "ref=x"'],
    [{ annotation: ["x"] }, 'invalid annotation "x", expected key=value'],
    [{ annotation: ["layer:a=b"] }, 'unknown annotation type "layer"'],
    [{ "build-context": ["x"] }, "invalid context value: x, expected key=value"],
    [{ "build-context": ["a b=."] }, "invalid context name a b"],
    [{ "build-context": ["A=."] }, "invalid context name A"],
    [{ "build-context": ["a="] }, "--build-context a= has no source"],
    [{ "build-context": ["a=docker-image://"] }, "--build-context a=docker-image:// has no image name"],
    [
      { "build-context": ["a=oci-layout://"] },
      "--build-context a=oci-layout:// has no path, or a digest that is not one",
    ],
    [
      { "build-context": ["a=oci-layout://d@sha256:12"] },
      "--build-context a=oci-layout://d@sha256:12 has no path, or a digest that is not one",
    ],
    [
      { "build-context": ["a=target:b"] },
      "--build-context a=target:b: the result of another target is not available here",
    ],
    [
      { "build-context": ["a=git@example.com:b.git"] },
      "--build-context a=git@example.com:b.git: the builder has no SSH key to fetch it",
    ],
    [
      { "build-context": ["a=https://jane:secret@example.com/b.git"] },
      "--build-context a: the URL has a password or a signature, which others could read in the pod",
    ],
    [{ secret: ["mysecret"] }, "invalid field 'mysecret' must be a key=value pair"],
    [{ secret: ["id=a,file=b"] }, "unexpected key 'file' in 'file=b'"],
    [{ secret: ["id=a,type=vault"] }, 'unsupported secret type "vault"'],
    [{ secret: ["id=a,vault=kv/a"] }, "--secret vault=kv/a does not name a secret in Vault and one of its fields"],
    [
      { secret: ["id=a,vault=kv/../a#b"] },
      "--secret vault=kv/../a#b does not name a secret in Vault and one of its fields",
    ],
    [{ output: ["dest=x,type="] }, "type is required for output"],
    [{ output: ["type=local"] }, "dest is required for local exporter"],
    [{ output: ["type=local,dest=-"] }, "dest cannot be stdout for local exporter"],
    [{ output: ["-", "type=oci"] }, "multiple outputs configured to write to stdout"],
    [{ output: ["out"], iidfile: "id" }, "local and tar exporters are incompatible with image ID file"],
    [{ attest: ["mode=max"] }, "attestation type not specified"],
  ];
  it.each(CASES)("%j", (flags, message) => {
    expect(refusalOf(() => options(flags))).toBe(message);
  });
});

describe("the local engine", () => {
  const INTO_ENGINE = { kind: "archive", format: "docker", dest: "", directory: false, engine: { store: "engine" } };
  it.each([
    ["--load", { load: "true" }, true],
    ["-o type=docker", { output: ["type=docker"] }, true],
    ["--load and -o type=docker", { load: "true", output: ["type=docker"] }, true],
    ["--load and --push", { load: "true", push: true }, undefined],
  ])("%s loads the image once, and pushes only with --push", (_, flags, noPush) => {
    const read = options(flags);
    expect(read.exports).toEqual([INTO_ENGINE]);
    expect(read.noPush).toBe(noPush);
    expect(read.imageless).toBeUndefined();
  });

  it.each([
    ["kind", "kind"],
    ["kind:lab", "lab"],
  ])("--load=%s loads into the nodes of a kind cluster", (load, cluster) => {
    expect(options({ load }).exports).toEqual([{ ...INTO_ENGINE, engine: { store: "kind", cluster } }]);
  });

  it.each(["false", "0"])("--load=%s loads nothing", (load) => {
    expect(options({ load }).exports).toBeUndefined();
  });

  it.each([
    [{ load: "maybe" }, '--load takes true, false, kind or kind:NAME, not "maybe"'],
    [{ load: "kind:" }, '--load takes true, false, kind or kind:NAME, not "kind:"'],
    [{ load: "kind", output: ["type=docker"] }, "--load=kind and -o type=docker load the image into two stores"],
  ])("%j is refused", (flags, message) => {
    expect(refusalOf(() => options(flags))).toBe(message);
  });

  it("-o type=local and --load make an image and files", () => {
    expect(options({ load: "true", output: ["out"] })).toMatchObject({
      noPush: true,
      exports: [{ kind: "files" }, INTO_ENGINE],
    });
    expect(options({ load: "true", output: ["out"] }).imageless).toBeUndefined();
  });
});

describe("flags without effect on a cluster", () => {
  it("are reported once each, if docker reports them too", () => {
    expect(
      noticesOf({ isolation: "hyperv", squash: true, rm: true, "force-rm": true, compress: true, network: "host" }),
    ).toEqual([
      "--isolation is ignored: the pod is the isolation",
      "--squash is ignored: squash in the Dockerfile: add a last stage that copies from the other stages",
      "--network host: RUN uses the pod's network, which is not the node's",
    ]);
    expect(noticesOf({ rm: true, tag: ["a"], quiet: true })).toEqual([]);
  });
});
