/** Holds a table of cases against what docker did in each, or records that. */
import { afterAll, expect, test } from "vitest";
import { useNamespace } from "../e2e/support/namespace.ts";
import { perform } from "./case.ts";
import type { Case } from "./case.ts";
import { LISTED_FOR_ANY, listedAs, listedFor } from "./differences.ts";
import { Recording, isRecording } from "./recorded.ts";

/** @param everywhere this suite has to have each of the differences that are listed for any case */
export function holdAgainstDocker(
  suite: string,
  cases: Readonly<Record<string, Case>>,
  { everywhere = false }: { readonly everywhere?: boolean } = {},
): void {
  const namespace = useNamespace();
  const recording = new Recording(suite);
  const names = Object.keys(cases);
  const met = new Set<string>();

  if (isRecording) afterAll(() => recording.write(names));
  else {
    test("docker was recorded in these cases, and in no others", () => {
      expect(recording.names.toSorted()).toEqual(names.toSorted());
    });
  }

  test.for(Object.entries(cases))("%s", async ([name, one]) => {
    const outcomes = await perform(namespace.name, one);
    expect(outcomes).not.toEqual([]);
    if (isRecording) recording.keep(name, outcomes);
    const found = isRecording ? [] : recording.differences(name, outcomes);
    const listed = found.map((line) => ({ line, as: listedAs(line) }));
    for (const { as } of listed) if (as !== undefined) met.add(as);
    expect({
      "not listed": listed.flatMap(({ line, as }) => (as === undefined ? [line] : [])),
      "listed, and no longer there": isRecording ? [] : listedFor(name).filter((line) => !met.has(line)),
    }).toEqual({ "not listed": [], "listed, and no longer there": [] });
  });

  if (!isRecording && everywhere) {
    test("what is listed for any case is true of one", () => {
      expect(LISTED_FOR_ANY.filter((line) => !met.has(line))).toEqual([]);
    });
  }
}
