/** What a person sees of a build that failed, with every builder: the step, the command's last lines, one sentence with the Dockerfile's line. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { REGISTRY, build, environment, uniqueImage } from "./support/build.ts";
import { testBuilder } from "./support/builders.ts";
import type { BuilderName, TestBuilder } from "./support/builders.ts";
import { freePort } from "./support/free-port.ts";
import { useNamespace } from "./support/namespace.ts";
import { ADDRESS } from "./support/own-registry.ts";
import { project } from "./support/project.ts";
import type { Run } from "./support/slipway.ts";
import { printing } from "./support/step-lines.ts";
import { terminal } from "./support/terminal.ts";
import { WAIT } from "./support/wait.ts";

const namespace = useNamespace();
const BUILDERS: readonly BuilderName[] = ["kaniko", "buildkit", "buildah", "img", "makisu"];

/** A registry with https that asks everybody for a login, and accepts none. */
let refusing: { readonly host: string; readonly ca: string; stop(): Promise<void> };

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), "slipway-refusing-"));
  const [key, certificate] = [join(directory, "key.pem"), join(directory, "certificate.pem")];
  const name = ["-subj", "/CN=refusing", "-addext", `subjectAltName=IP:${ADDRESS}`];
  const words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key, "-out", certificate];
  execFileSync("openssl", [...words, ...name], { stdio: "ignore" });
  const server = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (_, response) => {
    response.writeHead(401, { "www-authenticate": 'Basic realm="refusing"', "content-type": "application/json" });
    response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
  });
  const port = await freePort(ADDRESS);
  server.listen(port, ADDRESS);
  await once(server, "listening");
  const ca = join(directory, "ca.pem");
  await writeFile(ca, (await readFile(environment("REGISTRY_CA"), "utf8")) + (await readFile(certificate, "utf8")));
  refusing = {
    host: `${ADDRESS}:${port}`,
    ca,
    async stop() {
      server.close();
      server.closeAllConnections();
      await rm(directory, { recursive: true });
    },
  };
});
afterAll(() => refusing.stop());

/** With --registry-ca only the registries of --insecure-registry may have plain http, as that of the base image; img pulls it with https. */
function refusingFlags(builder: BuilderName): string[] {
  const plain = builder === "img" ? [] : ["--insecure-registry", REGISTRY];
  return ["--no-credentials", "--registry-ca", refusing.ca, ...plain];
}

interface Failing {
  readonly dockerfile: (base: string) => string;
  readonly flags?: (builder: BuilderName) => readonly string[];
  readonly image?: () => string;
  readonly code?: number;
  /** The step that is marked as failed. */
  readonly step: (builder: BuilderName) => RegExp;
  /** The sentence, without `ERROR: `. */
  readonly error: (builder: BuilderName) => RegExp;
  /** A line of the excerpt; absent: there is none. */
  readonly excerpt?: string;
  /** What the failing command printed, below the step's name between rules. */
  readonly printed?: readonly string[];
}

const FAILING_RUN: Failing = {
  dockerfile: (base) => `FROM ${base}\nRUN echo before\nRUN echo 'Error: "the" last'; echo words >&2; exit 42\n`,
  step: () => /^\[3\/3\] RUN /,
  error: (builder) =>
    builder === "img"
      ? /^Dockerfile line 3: `RUN .*` failed$/
      : /^Dockerfile line 3: `RUN .*` ended with exit code 42$/,
  excerpt: `   3 | >>> RUN echo 'Error: "the" last'; echo words >&2; exit 42`,
  printed: ['Error: "the" last', "words"],
};

const FAILURES: Readonly<Record<string, Failing>> = {
  "a RUN that fails": FAILING_RUN,
  "a RUN that prints a thousand lines and fails": {
    dockerfile: (base) => `FROM ${base}\nRUN seq 1000 && exit 42\n`,
    step: () => /^\[2\/2\] RUN seq 1000 && exit 42$/,
    error: (builder) =>
      builder === "img"
        ? /^Dockerfile line 2: `RUN seq .*` failed$/
        : /^Dockerfile line 2: `RUN seq .*` ended with exit code 42$/,
    excerpt: "   2 | >>> RUN seq 1000 && exit 42",
    printed: ["999", "1000"],
  },
  "a RUN that a signal ends": {
    dockerfile: (base) => `FROM ${base}\nRUN echo before && kill -9 $$\n`,
    step: () => /^\[2\/2\] RUN echo before && kill -9 \$\$$/,
    error: (builder) =>
      ({
        kaniko: /^Dockerfile line 2: `RUN .*` was ended by a signal: killed$/,
        buildkit: /^Dockerfile line 2: `RUN .*` ended with exit code 137$/,
        buildah: /^Dockerfile line 2: `RUN .*` was ended by a signal: killed$/,
        img: /^Dockerfile line 2: `RUN .*` failed$/,
        makisu: /^Dockerfile line 2: `RUN .*` was ended by a signal: killed$/,
      })[builder],
    excerpt: "   2 | >>> RUN echo before && kill -9 $$",
    printed: ["before"],
  },
  "a base image that may not be pulled": {
    dockerfile: () => `FROM ${refusing.host}/team/base:1\nRUN true\n`,
    flags: (builder) => [...refusingFlags(builder), "--service-account", "default"],
    // kaniko asks its registry before it pulls anything.
    image: () => uniqueImage(),
    code: 4,
    step: (builder) => (builder === "kaniko" ? /^\[internal\] kaniko$/ : /\/team\/base:1$/),
    error: () => /^Dockerfile line 1: not authorised to pull from \S+: [a-z ]+$/,
    excerpt: "   1 | >>> FROM ",
  },
  "a base image that does not exist": {
    dockerfile: (base) => `FROM ${base}-nowhere\nRUN true\n`,
    // This client asks no registry for such a build, so that the builder finds it out.
    flags: () => ["--service-account", "default"],
    step: (builder) => (builder === "kaniko" ? /^\[internal\] kaniko$/ : /busybox:1\.35-nowhere$/),
    error: (builder) =>
      builder === "makisu"
        ? /^Dockerfile line 1: makisu found no image \S+:1\.35-nowhere with Docker's manifest in its registry$/
        : /^Dockerfile line 1: failed to resolve source metadata for \S+:1\.35-nowhere: not found$/,
    excerpt: "   1 | >>> FROM ",
  },
  "a COPY of a file that its stage does not have": {
    dockerfile: (base) => `FROM ${base} AS one\nRUN true\nFROM ${base}\nCOPY --from=one /nothere.txt /\n`,
    step: () => /^\[stage-1 2\/2\] COPY --from=one \/nothere\.txt \/$/,
    error: () => /^Dockerfile line 4: failed to compute cache key: "\/nothere\.txt": not found$/,
    excerpt: "   4 | >>> COPY --from=one /nothere.txt /",
  },
  "a registry that refuses the push": {
    dockerfile: (base) => `FROM ${base}\nRUN true\n`,
    flags: refusingFlags,
    image: () => `${refusing.host}/team/app`,
    code: 4,
    // kaniko asks the registry before it builds.
    step: (builder) =>
      ({
        kaniko: /^\[internal\] kaniko$/,
        buildkit: /^exporting to image$/,
        buildah: /^exporting to image$/,
        img: /^pushing \S+\/team\/app:latest$/,
        makisu: /^exporting to image$/,
      })[builder],
    error: () => /^not authorised to push to \S+: [a-z ]+$/,
  },
};

/** Words of the builders' wrappers and loggers, and paths of their own. */
const NOISE =
  /building at STEP|goroutine|level=(?:info|warning|error)|time="|execute stage|checking on sources|\/var\/lib\/containers|\/makisu-|\/kaniko\/|of ref |rpc error|^ > \[/m;

async function fail({ name, base, flags, registry }: TestBuilder, failing: Failing) {
  const root = await project({ Dockerfile: failing.dockerfile(base) });
  const image = failing.image?.() ?? uniqueImage(registry);
  // img gets the certificates of both registries from the row.
  const own = failing.image === undefined ? flags : flags.slice(0, 1);
  return build(namespace, [...own, ...(failing.flags?.(name) ?? []), "-t", image, root]);
}

/** What is shown, as far as a failure of this kind tells what it has to be. */
function shownBy({ code, stderr }: Run, { printed = [], excerpt = " | >>> " }: Failing) {
  // What is shown below the steps.
  const end = stderr.slice(stderr.search(/^=> build: failed/m));
  const output = (end.match(/^\d+\.\d{3} .*$/gm) ?? []).map((line) => line.replace(/^\S+ /, ""));
  return {
    code,
    errors: (end.match(/^ERROR: .*$/gm) ?? []).map((line) => line.slice("ERROR: ".length)),
    steps: [...stderr.matchAll(/^#(\d+) ERROR: /gm)].map(
      ([, step]) => new RegExp(`^#${step} (.*)$`, "m").exec(stderr)?.[1],
    ),
    hasExcerpt: end.includes(excerpt),
    // The two streams of a command may come in either order.
    output: output.slice(-Math.max(1, printed.length)).toSorted(),
    // The lines of the Dockerfile and of its commands may say anything.
    noise: end.replaceAll(/^(?: +\d+ \||\d+\.\d{3} | > ).*$/gm, "").match(NOISE),
  };
}

/** @param steps how many steps have failed: img also names the one that reads the base image's description */
function expectedOf(name: BuilderName, failing: Failing, steps: number) {
  const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);
  return {
    code: failing.code ?? 1,
    errors: [matching(failing.error(name))],
    steps: Array.from({ length: Math.max(1, steps) }, () => matching(failing.step(name))),
    hasExcerpt: failing.excerpt !== undefined,
    output: (failing.printed ?? []).toSorted(),
    noise: null,
  };
}

test("buildah shows a RUN that fails as BuildKit does", async () => {
  const shown = shownBy(await fail(testBuilder("buildah"), FAILING_RUN), FAILING_RUN);
  expect(shown).toEqual(expectedOf("buildah", FAILING_RUN, 1));
});

const ROWS = BUILDERS.flatMap((builder) =>
  Object.entries(FAILURES).map(([what, failing]) => ({ builder, what, failing })),
);

test.each(ROWS)("$builder shows $what", { tags: ["long"] }, async ({ builder, failing }) => {
  const shown = shownBy(await fail(testBuilder(builder), failing), failing);
  expect(shown).toEqual(expectedOf(builder, failing, shown.steps.length));
});

test.each(BUILDERS)("%s shows the RUN that Ctrl-C stopped", { tags: ["long"] }, async (name) => {
  const { base, flags, registry } = testBuilder(name);
  const root = await project({ Dockerfile: `FROM ${base}\nRUN echo sleeping && sleep 300\n` });
  let sent = false;
  const run = await build(namespace, [...flags, "-t", uniqueImage(registry), root], {
    onStderr: (text, child) => {
      if (sent || !printing("sleeping").test(text)) return;
      sent = true;
      child.kill("SIGINT");
    },
  });
  expect(run.code).toBe(130);
  const [, step] = /^#(\d+) CANCELED$/m.exec(run.stderr) ?? [];
  expect(run.stderr).toMatch(new RegExp(`^#${step} \\[2/2\\] RUN echo sleeping && sleep 300$`, "m"));
  expect(run.stderr).toMatch(/^ERROR: stopped by Ctrl-C$/m);
  expect(run.stderr).not.toMatch(/^#\d+ ERROR: /m);
});

test.each(BUILDERS)(
  "a terminal shows a failing RUN of %s without its builder's words",
  { tags: ["long"] },
  async (name) => {
    const { base, flags } = testBuilder(name);
    const root = await project({ Dockerfile: `FROM ${base}\nRUN echo the last words && exit 42\n` });
    const kube = { KUBECONFIG: namespace.kubeconfig, NO_COLOR: "1" };
    const { screen } = terminal(kube, [
      "build",
      "-n",
      namespace.name,
      ...flags,
      root,
      "-t",
      uniqueImage(testBuilder(name).registry),
    ]);
    await vi.waitFor(() => expect(screen()).toContain("ended with 1"), WAIT);
    const shown = screen();
    expect(shown).toMatch(/^ => ERROR \[2\/2\] RUN echo the last words && exit 42 +\d+\.\ds$/m);
    expect(shown).toMatch(/^\d+\.\d{3} the last words$/m);
    expect(shown).toMatch(/^ {3}2 \| >>> RUN echo the last words && exit 42$/m);
    expect(shown.match(/^ERROR: /gm)).toHaveLength(1);
    expect(shown.replaceAll(/^ > \[2\/2\].*$/gm, "")).not.toMatch(NOISE);
  },
);
