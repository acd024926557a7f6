import { expect, test } from "vitest";
import { readPipeline } from "../../../../src/cli/drone/pipeline.ts";

const FILE = `pipeline:
  clone:
    image: git
  build_image:
    image: banzaicloud/kaniko-plugin:0.5.1
    dockerfile: Dockerfile.test
    repo: team/app
    tags: ["\${DRONE_COMMIT_SHA}", 1.0, '$(x) "y"']
    cache: true
    environment:
      - HTTP_PROXY=http://p
    when: {branch: main}
    secretFrom:
      DOCKER_USERNAME:
        name: hub-\${DRONE_BRANCH}
        keyRef: user
`;

test("a step is the variables its plugin would have had", () => {
  const step = readPipeline("p.yaml", FILE, "build_image", { DRONE_COMMIT_SHA: "abc", DRONE_BRANCH: "main" });
  expect(step).toEqual({
    variables: {
      HTTP_PROXY: "http://p",
      PLUGIN_DOCKERFILE: "Dockerfile.test",
      PLUGIN_REPO: "team/app",
      PLUGIN_TAGS: 'abc,1,$(x) "y"',
      PLUGIN_CACHE: "true",
    },
    secrets: [{ variable: "DOCKER_USERNAME", name: "hub-main", key: "user" }],
    notices: ["not used of the step build_image: when"],
  });
});

test.each([
  [FILE, "nope", "p.yaml: there is no step nope"],
  ["a: [", "x", "p.yaml is not YAML"],
  ["steps: []", "x", 'p.yaml has no steps under "pipeline"'],
  ["", "x", 'p.yaml has no steps under "pipeline"'],
  ["pipeline: {b: {tags: [{a: 1}]}}", "b", "b.tags is neither a value nor a list of values"],
  ["pipeline: {b: {secretFrom: {A: {name: s}}}}", "b", "b.secretFrom.A does not name a Secret and one of its keys"],
  ["pipeline: {b: {}}", "constructor", "there is no step constructor"],
])("refused: %j, %s", (text, name, sentence) => {
  expect(() => readPipeline("p.yaml", text, name, {})).toThrow(sentence);
});
