/** Finds the line of a Dockerfile that a builder's error is about. */
import { trimEndChars } from "../text/linear.ts";
import type { Dockerfile, Instruction } from "./parse.ts";
import { findImages } from "./references.ts";

/** The part of a Dockerfile that an error names. */
export type Place =
  /** An instruction as the builder prints it: on one line, perhaps without its flags or with its variables replaced. */
  | { readonly kind: "instruction"; readonly text: string }
  /** A path of the context, which COPY or ADD names. `from`: it may also be a path in what `--from` names. */
  | { readonly kind: "source"; readonly path: string; readonly from?: boolean }
  /** An image, as it is pulled: with its registry, or as it is written. */
  | { readonly kind: "image"; readonly name: string }
  | { readonly kind: "line"; readonly line: number };

/** @returns the number of the line, from 1; undefined if no line or more than one fits */
export function lineOf(
  place: Place,
  dockerfile: Dockerfile,
  buildArgs: ReadonlyMap<string, string>,
): number | undefined {
  switch (place.kind) {
    case "line":
      return place.line;
    case "instruction":
      return only(dockerfile.instructions.filter((one) => reads(one, place.text)));
    case "source":
      return only(dockerfile.instructions.filter((one) => copies(one, place.path, place.from === true)));
    case "image": {
      const uses = findImages(dockerfile, { buildArgs, everyStage: true });
      return only(
        uses.filter(({ image, text }) => [image, text].some((name) => name !== undefined && isSame(name, place.name))),
      );
    }
    default:
      return place satisfies never;
  }
}

function only(found: readonly { readonly line: number }[]): number | undefined {
  return found.length === 1 ? found[0]?.line : undefined;
}

function reads(instruction: Instruction, text: string): boolean {
  const [keyword = ""] = text.split(/\s/, 1);
  const operand = plain(instruction.operand);
  return instruction.keyword === keyword.toUpperCase() && operand !== "" && plain(text).endsWith(operand);
}

function copies({ keyword, flags, operand }: Instruction, path: string, from: boolean): boolean {
  if (keyword !== "COPY" && keyword !== "ADD") return false;
  if (!from && flags.some(({ name }) => name === "from")) return false;
  const words = operand.split(/[\s",[\]]+/).filter((word) => word !== "");
  return words.slice(0, -1).some((word) => withoutDots(word) === withoutDots(path));
}

function withoutDots(path: string): string {
  return trimEndChars(path.replace(/^(?:\.?\/)+/, ""), "/");
}

function isSame(written: string, pulled: string): boolean {
  return written === pulled || pulled.endsWith(`/${written}`) || `${written}:latest` === pulled;
}

function plain(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
