import { expect, it } from "vitest";
import { BUILDER_NAMES } from "../../../src/plan/builder-names.ts";
import { describeBuilders } from "../../../src/app/describe-builders.ts";
import { alignColumns } from "../../../src/lib/text/table.ts";

it("every builder is described by its real pod", async () => {
  const builders = await describeBuilders({ SLIPWAY_KANIKO_IMAGE: "k:v1.24.0" });
  expect(builders.map(({ name }) => name)).toEqual(BUILDER_NAMES);
  for (const { pod, capabilities, features } of builders) {
    expect(pod.containers[0]?.securityContext?.capabilities?.add).toEqual(capabilities);
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(Object.keys(features)).toContain("heredocs");
  }
  expect(builders[0]).toMatchObject({ name: "kaniko", image: "k:v1.24.0", features: { heredocs: false } });
  expect((await describeBuilders({}))[0]).toMatchObject({ features: { heredocs: true } });
});

it("an empty variable names no image", async () => {
  expect(await describeBuilders({ SLIPWAY_KANIKO_IMAGE: "" })).toEqual(await describeBuilders({}));
});

it("the columns of the table are aligned", () => {
  expect(
    alignColumns([
      ["a", "bb", "c"],
      ["long", "", "d e"],
    ]),
  ).toEqual(["a      bb   c", "long        d e"]);
});
