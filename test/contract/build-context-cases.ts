/** `--build-context` on each builder that supports it: directories with each transport, an image, a URL. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { project } from "../e2e/support/project.ts";
import type { FlagCase } from "./builder-flags.ts";

/** Address of this machine in the network of the pods. */
const MACHINE = "10.88.0.1";

const DIRECTORY_USES = `COPY --from=tools . /tools/
RUN --mount=type=bind,from=tools,target=/mnt cat /mnt/bin/hello > /seen
`;

export const CONTEXT_CASES: readonly FlagCase[] = [
  {
    title: "--build-context with a directory",
    capability: "build-context",
    builders: ["buildkit", "buildah"],
    files: ({ base }) => ({ Dockerfile: `FROM ${base}\n${DIRECTORY_USES}COPY own /own\n`, own: "own" }),
    async act({ build }) {
      const tools = await project({ "bin/hello": "hello", own: "of tools" });
      for (const transport of ["configmap", "stream", "pvc"]) {
        const { built } = await build([`--build-context=tools=${tools}`, `--transport=${transport}`]);
        expect([...built.files.keys()].filter((path) => path.startsWith("tools/")).sort()).toEqual([
          "tools/bin",
          "tools/bin/hello",
          "tools/own",
        ]);
        expect(built.files.get("seen")?.text).toBe("hello");
        expect(built.files.get("own")?.text).toBe("own");
      }
    },
  },
  {
    title: "--build-context with a directory that has an ignore file",
    capability: "build-context",
    builders: ["buildkit"],
    files: ({ base }) => ({ Dockerfile: `FROM ${base}\nCOPY --from=tools . /tools/\n`, ".dockerignore": "bin" }),
    async act({ build }) {
      const tools = await project({ "bin/hello": "hello", "a.log": "", "sub/a.log": "", ".dockerignore": "*.log\n" });
      const { built } = await build([`--build-context=tools=${tools}`]);
      expect([...built.files.keys()].filter((path) => path.startsWith("tools/")).sort()).toEqual([
        "tools/.dockerignore",
        "tools/bin",
        "tools/bin/hello",
        "tools/sub",
        "tools/sub/a.log",
      ]);
    },
  },
  {
    title: "--build-context with an image",
    capability: "build-context",
    builders: ["buildkit", "buildah"],
    files: () => ({
      Dockerfile: `ARG BASE=base\nFROM docker.io/library/base:latest AS first\nRUN echo first > /first\nFROM $BASE\nCOPY --from=base /bin/busybox /copied\nCOPY --from=first /first /first\n`,
    }),
    async act({ build, builder: { base } }) {
      const { built } = await build([`--build-context=base=docker-image://${base}`]);
      expect(built.files.get("first")?.text).toBe("first\n");
      expect(built.files.has("copied")).toBe(true);
      expect(built.files.has("bin/busybox")).toBe(true);
    },
  },
  {
    title: "--build-context with a URL",
    capability: "build-context-url",
    builders: ["buildkit"],
    // As in docker, a URL that is not a repository becomes one file with the name `context`.
    files: ({ base }) => ({ Dockerfile: `FROM ${base}\nCOPY --from=remote context /got\n` }),
    async act({ build }) {
      const server = createServer((_, response) => response.end("of the server"));
      await new Promise<void>((resolve) => {
        server.listen(0, MACHINE, resolve);
      });
      try {
        const url = `http://${MACHINE}:${(server.address() as AddressInfo).port}/file`;
        const { built } = await build([`--build-context=remote=${url}`]);
        expect(built.files.get("got")?.text).toBe("of the server");
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
  },
];
