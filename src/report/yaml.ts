/** Objects as a stream of YAML documents, for kubectl. */
import { dump } from "js-yaml";

export function printYaml(objects: readonly object[]): string {
  return objects.map((object) => `---\n${dump(object, { lineWidth: -1, noRefs: true })}`).join("");
}
