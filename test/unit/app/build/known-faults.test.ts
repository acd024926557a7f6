import { createServer } from "node:http";
import type { Server } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import {
  imageFaults,
  missingSources,
  refuseMissingSources,
  stageHints,
} from "../../../../src/app/build/known-faults.ts";
import { InvalidInput } from "../../../../src/errors.ts";
import type { Dial } from "../../../../src/lib/http/connect-through.ts";
import { argumentsOf } from "../../../../src/plan/build-args.ts";
import { CASES } from "../../../conformance/builders/cases/all.ts";
import { makeContext } from "../../../conformance/builders/context.ts";

/** The values of a flag among args such as `--target=x` or `--target`, `x`. */
function valuesOf(flag: string, args: readonly string[]): string[] {
  return args.flatMap((arg, at) => {
    if (arg === flag) return [args[at + 1] ?? ""];
    return arg.startsWith(`${flag}=`) ? [arg.slice(flag.length + 1)] : [];
  });
}

/** For the names that the cases leave open. */
const NAMES = { base: "registry.example.com/base", architecture: "amd64" };

async function ignoreFileOf(root: string): Promise<Buffer | undefined> {
  return readFile(join(root, ".dockerignore")).catch(() => undefined);
}

describe("the cases of the conformance tests", () => {
  it.each(CASES.filter(({ expect: { fails } }) => fails === undefined).map((one) => [one.id, one] as const))(
    "are not refused for a source where they build: %s",
    async (_, one) => {
      await using context = await makeContext([one], NAMES);
      const inputs = {
        context: { root: context.root, ignoreFile: await ignoreFileOf(context.root) },
        dockerfile: { path: "Dockerfile", text: context.dockerfile },
        buildArgs: argumentsOf(valuesOf("--build-arg", context.flags), {}),
        target: valuesOf("--target", context.flags)[0],
        buildContexts: valuesOf("--build-context", context.flags),
      };
      expect(missingSources(inputs)).toEqual([]);
    },
  );

  it("are refused where docker's build fails for a source that is not there", async () => {
    const one = CASES.find(({ id }) => id === "copy-missing");
    if (one === undefined) throw new Error("there is no such case any more");
    await using context = await makeContext([one], NAMES);
    const inputs = {
      context: { root: context.root, ignoreFile: undefined },
      dockerfile: { path: "Dockerfile", text: context.dockerfile },
      buildArgs: [],
    };
    expect(missingSources(inputs).map(({ line }) => line)).toEqual([2]);
  });
});

describe("a source that is missing", () => {
  let root: string;
  const inputs = (text: string, ignore?: string) => ({
    context: { root, ignoreFile: ignore === undefined ? undefined : Buffer.from(ignore) },
    dockerfile: { path: "/p/D2", text },
    buildArgs: [],
  });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "slipway-known-"));
    await writeFile(join(root, "a.txt"), "");
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  it("is refused with docker's sentence, the file, the line and its excerpt", () => {
    const refuse = (): void => refuseMissingSources(inputs("FROM x\nCOPY b.txt /\n"));
    expect(refuse).toThrow(InvalidInput);
    expect(refuse).toThrow('D2 line 2: failed to compute cache key: "/b.txt": not found');
    expect(refuse).toThrow(expect.objectContaining({ docker: "refuses", line: 2 }));
    expect(missingSources(inputs("FROM x\nCOPY b.txt /\n"))[0]?.suggestions[0]).toBe("Did you mean a.txt?");
  });

  it("names the rule that excludes it, and the line that includes it again", () => {
    const [fault] = missingSources(inputs("FROM x\nCOPY a.txt /\n", "# all texts\n*.txt\n"));
    expect(fault?.suggestions[0]).toBe(
      ".dockerignore line 2 (*.txt) excludes it: remove that line, or add after it: !a.txt",
    );
  });

  it("is not looked for if a named context may replace what it is copied into", () => {
    expect(missingSources({ ...inputs("FROM x\nCOPY b.txt /\n"), buildContexts: [{}] })).toEqual([]);
  });
});

describe("an image", () => {
  let server: Server;
  let host: string;
  let answer: { readonly status: number; readonly body: string };

  beforeEach(async () => {
    server = createServer((request, response) => {
      const there = request.url?.endsWith("/manifests/there") === true;
      response.writeHead(there ? 200 : answer.status, { "content-type": "application/json" });
      response.end(request.method === "HEAD" ? "" : there ? "{}" : answer.body);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function missing(text: string): Promise<string[]> {
    const inputs = {
      context: { root: "/", ignoreFile: undefined },
      dockerfile: { path: "Dockerfile", text: text.replaceAll("HOST", host) },
      buildArgs: [],
    };
    const ask = { insecure: [], credential: async () => undefined, timeout: 5000 };
    const { missing: faults, misspelt } = await imageFaults(inputs, ask);
    expect(misspelt).toEqual([]);
    return faults.map(({ line, message }) => `${line} ${message.replaceAll(host, "HOST")}`);
  }

  const UNKNOWN = { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' };

  it("is missing if its registry says so", async () => {
    answer = UNKNOWN;
    expect(await missing("FROM HOST/a:there\nCOPY --from=HOST/b:1 / /\nFROM HOST/a:2\n")).toEqual([
      "3 failed to resolve source metadata for HOST/a:2: not found",
    ]);
    expect(await missing("FROM HOST/a:there\nCOPY --from=HOST/b:1 / /\n")).toEqual([
      "2 failed to resolve source metadata for HOST/b:1: not found",
    ]);
  });

  it.each([
    ["a refusal", { status: 401, body: '{"errors":[{"code":"UNAUTHORIZED"}]}' }],
    ["a page that a proxy sends", { status: 404, body: "<html>not found</html>" }],
    ["a fault of the registry", { status: 500, body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' }],
    ["another reason", { status: 404, body: '{"errors":[{"code":"UNSUPPORTED"}]}' }],
  ])("is not missing after %s", async (_, given) => {
    answer = given;
    expect(await missing("FROM HOST/a:2\n")).toEqual([]);
  });

  it("is not missing if nobody can be asked, or the name is not known here", async () => {
    answer = UNKNOWN;
    expect(await missing("FROM 127.0.0.1:1/a:2\n")).toEqual([]);
    expect(await missing("FROM HOST/a:$TAG\n")).toEqual([]);
    expect(await missing("FROM HOST/a:there\nCOPY --from=HOST/$NAME / /\n")).toEqual([]);
  });
});

describe("a misspelt stage", () => {
  const TEXT = "FROM scratch AS build\nFROM scratch\nCOPY --from=biuld / /\nRUN --mount=from=biuld,target=/b true\n";
  const hint = (line: number): string =>
    `Line ${line}: no stage is named "biuld", so it is pulled as an image. Did you mean the stage "build"?`;

  /** @param status what Docker Hub answers, whose image the name would be; undefined: nobody answers */
  async function faultsAfter(status: number | undefined, buildContexts: readonly unknown[] = []) {
    const hub = createServer((request, response) => {
      response.writeHead(status ?? 500, { "content-type": "application/json" });
      response.end(request.method === "HEAD" ? "" : '{"errors":[{"code":"NAME_UNKNOWN"}]}');
    });
    await new Promise<void>((resolve) => {
      hub.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => void hub.close());
    const dial: Dial = async (_host, port) => {
      if (status === undefined || port === 443) throw new Error("there is no network");
      return connect((hub.address() as AddressInfo).port, "127.0.0.1");
    };
    const ask = { insecure: ["docker.io"], credential: async () => undefined, timeout: 5000, dial };
    const dockerfile = { path: "Dockerfile", text: TEXT };
    const { missing, misspelt } = await imageFaults(
      { context: { root: "/", ignoreFile: undefined }, dockerfile, buildArgs: [], buildContexts },
      ask,
    );
    return {
      missing: missing.map(({ suggestions }) => suggestions[0]),
      misspelt: misspelt.map(({ message }) => message),
    };
  }

  it.each([
    ["nobody answers", undefined],
    ["the registry refuses to say, as Docker Hub does of what it does not have", 401],
    ["the registry fails", 503],
  ])("is named from the Dockerfile if %s", async (_, status) => {
    expect(await faultsAfter(status)).toEqual({ missing: [], misspelt: [hint(3), hint(4)] });
  });

  it("is a suggestion if the registry does not have such an image", async () => {
    expect(await faultsAfter(404)).toEqual({ missing: [hint(3), hint(4)], misspelt: [] });
  });

  it("is not a fault if it is an image, or may be a named context", async () => {
    expect(await faultsAfter(200)).toEqual({ missing: [], misspelt: [] });
    expect(await faultsAfter(undefined, [{}])).toEqual({ missing: [], misspelt: [] });
  });
});

it("a hint for a failed build names the stage that was probably meant", () => {
  const text = "FROM a AS build\nFROM a\nCOPY --from=biuld / /\n";
  expect(stageHints({ dockerfile: { text }, buildArgs: [] })).toEqual([
    {
      line: 3,
      hint: 'Line 3: no stage is named "biuld", so it is pulled as an image. Did you mean the stage "build"?',
    },
  ]);
  expect(stageHints({ dockerfile: {}, buildArgs: [] })).toEqual([]);
});
