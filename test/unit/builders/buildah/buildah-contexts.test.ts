/** Cases of `--build-context` in which Buildah would differ from docker. */
import { expect, it } from "vitest";
import { contextArguments, refuseContexts } from "../../../../src/builders/buildah/arguments.ts";
import type { BuildPlan } from "../../../../src/plan/plan.ts";
import { buildContextsOf } from "../../../../src/plan/docker/build-contexts.ts";
import { BuilderUnable } from "../../../../src/errors.ts";
import { PLAN } from "../../plan/sample.ts";

const planOf = (text: string, contexts: readonly string[], change: Partial<BuildPlan> = {}): BuildPlan => ({
  ...PLAN,
  dockerfile: { path: "Dockerfile", text },
  buildContexts: buildContextsOf(contexts),
  ...change,
});

it("a context gets every name that the Dockerfile uses for it", () => {
  const text = "ARG BASE=alpine\nFROM $BASE AS one\nFROM docker.io/library/alpine:latest\nCOPY --from=one /a /a\n";
  expect(contextArguments(planOf(text, ["other=x", "alpine=docker-image://r.io/a:1"]), "/d")).toEqual([
    "--build-context=other=/d/0",
    "--build-context=alpine=docker-image://r.io/a:1",
    "--build-context=$BASE=docker-image://r.io/a:1",
    "--build-context=docker.io/library/alpine:latest=docker-image://r.io/a:1",
  ]);
});

it("refuses a directory as a base, for which it would pull an image of that name", () => {
  const refusal = "Dockerfile line 2: buildah would pull the image lib, but --build-context lib is a directory";
  const refuse = (text: string) => () => refuseContexts(planOf(text, ["lib=x"]));
  expect(refuse("FROM a\nFROM lib\n")).toThrow(BuilderUnable);
  expect(refuse("FROM a\nFROM lib\n")).toThrow(refusal);
  expect(refuse("FROM a\nCOPY --from=lib / /\n")).not.toThrow();
});

it.each([{ ignoreFile: Buffer.from("a") }, { ignoreFile: undefined, hasContainerignore: true } as const])(
  "refuses a directory that it would filter again: %j",
  (found) => {
    const directories = [{ number: 0, root: "/x", ...found }];
    expect(() => refuseContexts(planOf("FROM a\n", ["lib=/x"], { directories }))).toThrow(
      "buildah would filter --build-context lib again, with its own ignore rules",
    );
  },
);
