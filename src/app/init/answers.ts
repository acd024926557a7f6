/** The questions of `slipway init`, and which answers they take. */
import { SlipwayError } from "../../errors.ts";
import { namesRegistry, parseReference } from "../../lib/image/reference.ts";
import { BUILDER_NAMES, isBuilderName } from "../../plan/builder-names.ts";

export interface Answers {
  /** What image names without a registry begin with: `registry.example.com/team`. */
  readonly registry: string;
  readonly namespace: string;
  /** `auto`, or the name of a builder. */
  readonly builder: string;
}

/** Of a label of DNS, which the name of a namespace is (RFC 1123). */
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const NO_NAME = "write HOST[:PORT], and after slashes lower-case names without a tag";

/** Why a text is not an answer: one clause. Undefined if it is one. */
export function answerFault(question: keyof Answers, text: string): string | undefined {
  if (question === "namespace") {
    return NAMESPACE.test(text) ? undefined : "a namespace has at most 63 characters of a-z, 0-9 and -";
  }
  if (question === "builder") {
    return text === "auto" || isBuilderName(text) ? undefined : `the builders are auto, ${BUILDER_NAMES.join(", ")}`;
  }
  if (!namesRegistry(`${text}/app`)) return "it does not begin with a registry, such as registry.example.com";
  try {
    const { tag, digest } = parseReference(`${text}/app`);
    return tag === "latest" && digest === undefined ? undefined : NO_NAME;
  } catch (error) {
    if (error instanceof SlipwayError) return NO_NAME;
    throw error;
  }
}
