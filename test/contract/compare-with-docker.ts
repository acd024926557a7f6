/** Compares a table of cases with the recorded outcomes of docker, or records them. */
import { afterAll, expect, test } from "vitest";
import { useNamespace } from "../e2e/support/namespace.ts";
import { perform } from "./case.ts";
import type { Case } from "./case.ts";
import { LISTED_FOR_ANY, listedAs, listedFor } from "./differences.ts";
import { isKept } from "./look-alike.ts";
import { Recording, isRecording } from "./recorded.ts";

/**
 * Defines a test for each case.
 * @param suite name of the file in recorded/
 * @param hasAllGeneral whether each difference that is listed for any case (`*`) must occur in this suite
 */
export function compareWithDocker(
  suite: string,
  cases: Readonly<Record<string, Case>>,
  { hasAllGeneral = false }: { readonly hasAllGeneral?: boolean } = {},
): void {
  const namespace = useNamespace();
  const recording = new Recording(suite);
  const names = Object.keys(cases);
  const seen = new Set<string>();

  if (isRecording) afterAll(() => recording.write(names));
  else {
    test("the recording has exactly the cases of this table", () => {
      expect(recording.names.toSorted()).toEqual(names.toSorted());
    });
  }

  test.for(Object.entries(cases))("%s", async ([name, one]) => {
    const outcomes = await perform(namespace.name, one);
    expect(outcomes).not.toEqual([]);
    if (isRecording) recording.keep(name, outcomes);
    const found = isRecording ? [] : recording.differences(name, outcomes);
    const listed = found.map((line) => ({ line, as: listedAs(line) }));
    for (const { as } of listed) if (as !== undefined) seen.add(as);
    expect({
      "not listed": listed.flatMap(({ line, as }) => (as === undefined ? [line] : [])),
      // A kept builder is nearer to docker than a pod for each build.
      "listed, but gone": isRecording || isKept ? [] : listedFor(name).filter((line) => !seen.has(line)),
    }).toEqual({ "not listed": [], "listed, but gone": [] });
  });

  if (!isRecording && !isKept && hasAllGeneral) {
    test("each difference that is listed for any case occurs in one", () => {
      expect(LISTED_FOR_ANY.filter((line) => !seen.has(line))).toEqual([]);
    });
  }
}
