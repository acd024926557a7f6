/** Each doubt in which a build's client waits for the end of the container. */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { parseReference } from "../../../../src/lib/image/reference.ts";
import { podState } from "../../../../src/run/follow/pod-state.ts";
import { PushedTags } from "../../../../src/run/follow/pushed-tags.ts";
import { DIGEST, NAMES, building, endedWith, gated } from "./pods.ts";

const ONE = "registry.example.com/team/app:1.0";
const LATEST = "registry.example.com/team/app:latest";
const COPY = "other.example.com/team/app:1.0";
const OLD = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;

/** What the registry answers, one for each time that the tag is asked for: a digest, no such tag, or a refusal. */
type Answers = readonly (string | undefined | Error)[];

const pushed = (tag: string, digest = DIGEST): string => `PUSHED ${tag}@${digest}`;

interface Course {
  readonly tags: Readonly<Record<string, Answers>>;
  readonly log: readonly string[];
  /** What the pod shows before the log is read, and after it. */
  readonly before?: readonly V1Pod[];
  readonly after?: readonly V1Pod[];
}

/** The digest with which the build ends early, or "waits". */
async function endOf({ tags, log, before = [gated, building], after = [] }: Course): Promise<string> {
  const left = new Map(Object.entries(tags).map(([tag, answers]) => [tag, [...answers]]));
  const watch = new PushedTags({
    tags: Object.keys(tags).map((tag) => parseReference(tag)),
    ask: async (tag) => {
      const answer = left.get(tag.toString())?.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
    readPushed: (line) => /^PUSHED (.*)/.exec(line)?.[1],
    signal: new AbortController().signal,
  });
  const show = (pods: readonly V1Pod[]): void => pods.forEach((pod) => watch.observe(podState(pod, NAMES), pod));
  show(before);
  for (const line of log) watch.read(line);
  show(after);
  // All answers are there at once, so that what is not certain in the next turn never is.
  const nextTurn = new Promise<string>((resolve) => void setImmediate(() => resolve("waits")));
  return Promise.race([watch.certain, nextTurn]);
}

describe("a build has succeeded before its container's end is seen", () => {
  it.each<[string, Course]>([
    ["the tag was another image", { tags: { [ONE]: [OLD, DIGEST] }, log: ["RUN make", pushed(ONE)] }],
    ["the tag is new", { tags: { [ONE]: [undefined, DIGEST] }, log: [pushed(ONE)] }],
    [
      "each of several tags was another image",
      { tags: { [ONE]: [OLD, DIGEST], [COPY]: [undefined, DIGEST] }, log: [pushed(ONE), pushed(COPY)] },
    ],
    [
      "the builder names only the repository of each tag",
      {
        tags: { [ONE]: [OLD, DIGEST], [LATEST]: [OTHER, DIGEST] },
        log: Array.from({ length: 2 }, () => pushed("registry.example.com/team/app")),
      },
    ],
    [
      "a layer was pushed to the cache's repository before",
      { tags: { [ONE]: [OLD, DIGEST] }, log: [pushed("registry.example.com/team/app/cache", OTHER), pushed(ONE)] },
    ],
  ])("if %s", async (_, course) => {
    expect(await endOf(course)).toBe(DIGEST);
  });
});

describe("a build waits for its container's end", () => {
  const refused = new Error("401");
  const withSidecar: V1Pod = {
    ...building,
    spec: { containers: [{ name: "kaniko" }, { name: "proxy" }] as V1Container[] },
  };
  it.each<[string, Course]>([
    ["the log names no pushed image", { tags: { [ONE]: [OLD, DIGEST] }, log: ["RUN make"] }],
    ["the tag was the same image before", { tags: { [ONE]: [DIGEST, DIGEST] }, log: [pushed(ONE)] }],
    ["it is not known what the tag was before", { tags: { [ONE]: [refused, DIGEST] }, log: [pushed(ONE)] }],
    ["it is not known what the tag is now", { tags: { [ONE]: [OLD, refused] }, log: [pushed(ONE)] }],
    ["the tag is still the old image", { tags: { [ONE]: [OLD, OLD] }, log: [pushed(ONE)] }],
    ["the tag is another build's image now", { tags: { [ONE]: [OLD, OTHER] }, log: [pushed(ONE)] }],
    ["the tag is gone", { tags: { [ONE]: [OLD, undefined] }, log: [pushed(ONE)] }],
    [
      "one of the tags was the same image before",
      { tags: { [ONE]: [OLD, DIGEST], [COPY]: [DIGEST, DIGEST] }, log: [pushed(ONE), pushed(COPY)] },
    ],
    [
      "one of the registries does not answer",
      { tags: { [ONE]: [OLD, DIGEST], [COPY]: [undefined, refused] }, log: [pushed(ONE), pushed(COPY)] },
    ],
    [
      "one of the tags is not pushed yet",
      { tags: { [ONE]: [OLD, DIGEST], [COPY]: [OLD, DIGEST] }, log: [pushed(ONE)] },
    ],
    [
      "the log names two digests for its tags",
      { tags: { [ONE]: [OLD, DIGEST], [COPY]: [OLD, DIGEST] }, log: [pushed(ONE, OTHER), pushed(COPY)] },
    ],
    [
      "the log names another digest after the last tag",
      { tags: { [ONE]: [OLD, DIGEST] }, log: [pushed(ONE), pushed(ONE, OTHER)] },
    ],
    ["the log names the digest of another image", { tags: { [ONE]: [OLD, DIGEST] }, log: [pushed(COPY)] }],
    ["the line has no digest", { tags: { [ONE]: [OLD, DIGEST] }, log: [`PUSHED ${ONE}`] }],
    ["the line names no image", { tags: { [ONE]: [OLD, DIGEST] }, log: [pushed("NO IMAGE")] }],
    [
      "the pod has failed before the registry answers",
      { tags: { [ONE]: [OLD, DIGEST] }, log: [pushed(ONE)], after: [endedWith(1)] },
    ],
    [
      "the pod has failed before the line is read",
      { tags: { [ONE]: [OLD, DIGEST] }, log: [pushed(ONE)], before: [building, endedWith(137, "", "OOMKilled")] },
    ],
    [
      "the pod has another container, which is ended after it",
      { tags: { [ONE]: [OLD, DIGEST] }, log: [pushed(ONE)], before: [gated, withSidecar] },
    ],
    ["the tags were not asked for before the build", { tags: { [ONE]: [DIGEST] }, log: [pushed(ONE)], before: [] }],
  ])("if %s", async (_, course) => {
    expect(await endOf(course)).toBe("waits");
  });
});
