/** Builders whose archive for docker holds one name of the image. */
import type { BuildPlan } from "../plan/plan.ts";
import { BuilderUnable } from "../errors.ts";

/** @throws BuilderUnable where such an archive is to have several. */
export function refuseSeveralNames(builder: string, { tags, exports = [] }: BuildPlan): void {
  if (tags.length < 2 || !exports.some(({ format }) => format === "docker")) return;
  throw new BuilderUnable(`${builder} cannot give an image several names in an archive for docker`, {
    suggestions: ["Leave one -t.", "Or use --builder kaniko or --builder buildkit."],
  });
}
