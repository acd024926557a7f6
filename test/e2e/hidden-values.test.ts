/** Values that are credentials (a proxy's password, a URL with user information) reach the build, and nobody who may read pods. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUILDER_NAMES } from "../../src/plan/builder-names.ts";
import { build, environment, uniqueImage } from "./support/build.ts";
import { revision, statesBetween } from "./support/etcd.ts";
import { builderLogs } from "./support/kubectl.ts";
import { Marks, newMark } from "./support/marks.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";

/** img pushes only to https. */
const TLS = environment("REGISTRY_TLS");
const CA = environment("REGISTRY_CA");
const VALUES = { proxy: newMark(), source: newMark(), inWord: newMark() };
const marks = new Marks(VALUES);
const PROXY = `http://user:${VALUES.proxy}@192.0.2.1:3128`;
const PLAIN_SOURCE = `https://reader:${VALUES.source}@files.example`;
const SOURCE = `${PLAIN_SOURCE}/$(HOME)/$$d`;
const SIGNED = `https://files.example/a?X-Amz-Signature=${VALUES.inWord}`;

const namespace = useNamespace();
let config: string;

beforeAll(async () => {
  config = await mkdtemp(join(tmpdir(), "slipway-hidden-"));
  const noProxy = `${TLS.replace(/:\d+$/, "")},localhost`;
  await writeFile(join(config, "config.json"), JSON.stringify({ proxies: { default: { httpProxy: PROXY, noProxy } } }));
});

afterAll(() => rm(config, { recursive: true, force: true }));

/** A step that fails unless the variable has the value. It does not write `$NAME`: BuildKit's log shows a RUN with its arguments filled in. */
function mustHave(variable: string, value: string): string {
  const hash = createHash("sha256").update(value).digest("hex");
  return `RUN test "$(env | sed -n 's/^${variable}=//p' | tr -d '\\n' | sha256sum | cut -c 1-64)" = ${hash}\n`;
}

for (const builder of BUILDER_NAMES) {
  const tags = builder === "kaniko" ? [] : ["long"];
  test(
    `${builder}: values that are credentials reach RUN, and stand only in the build's own Secret`,
    { tags },
    async () => {
      // makisu takes no value with an equals or a dollar sign, and gives a proxy only to a stage that declares it.
      const source = builder === "makisu" ? PLAIN_SOURCE : SOURCE;
      const signed = builder === "makisu" ? [] : ["--build-arg=SIGNED"];
      const root = await project({
        Dockerfile:
          `FROM ${TLS}/busybox:1.35\n${builder === "makisu" ? "ARG HTTP_PROXY\n" : ""}${mustHave("HTTP_PROXY", PROXY)}` +
          `ARG SOURCE\n${mustHave("SOURCE", source)}` +
          `${signed.length === 0 ? "" : `ARG SIGNED\n${mustHave("SIGNED", SIGNED)}`}RUN echo all > /arrived\n`,
      });
      const image = uniqueImage(TLS);
      const metadata = join(config, `${builder}.json`);
      const before = await revision();
      const run = await build(
        namespace,
        [
          `--builder=${builder}`,
          `--registry-ca=${CA}`,
          `--tag=${image}`,
          `--build-arg=SOURCE=${source}`,
          ...signed,
          `--metadata-file=${metadata}`,
          root,
        ],
        { env: { DOCKER_CONFIG: config, SIGNED } },
      );
      expect([run.code, run.stderr]).toEqual([0, expect.anything()]);
      const states = await statesBetween(before, await revision());
      expect((await readImage(image, { scheme: "https" })).files.get("arrived")?.text).toBe("all\n");

      const found = states.filter(({ value }) => marks.in(value).length > 0).map(({ key }) => key);
      const own = `/registry/secrets/${namespace.name}/slipway-`;
      expect(found.filter((key) => !key.startsWith(own))).toEqual([]);
      // The search does find what is there.
      expect(found).not.toEqual([]);
      expect(marks.in(run.stdout + run.stderr)).toEqual([]);
      expect(marks.in(await readFile(metadata))).toEqual([]);
      const log = await builderLogs(namespace.name, builder);
      expect(log).not.toBe("");
      expect(marks.in(log)).toEqual([]);
    },
  );
}
