import { expect, it } from "vitest";
import { declaredArguments } from "../../../../src/lib/dockerfile/declared-arguments.ts";
import { parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";

it("finds every name that an ARG declares, and no word of a quoted value", () => {
  const { instructions, escape } = parseDockerfile(
    "ARG FIRST\nFROM a\nARG A B=1\nARG C=\"x D=2\" E='y F'\nARG G \\\n  H=3\nENV I=1\nRUN J=2 k\n",
  );
  expect([...declaredArguments(instructions, escape)]).toEqual(["FIRST", "A", "B", "C", "E", "G", "H"]);
});
