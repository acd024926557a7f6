/** What a user writes reaches a builder as one argument, whatever is in it, and is never a part of a script. */
import type { V1Container } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { loadBuilder } from "../../../src/builders/table.ts";
import { BUILDER_NAMES } from "../../../src/plan/builder-names.ts";
import type { BuildPlan } from "../../../src/plan/plan.ts";
import { PLAN } from "../plan/sample.ts";

const MARK = "zq7";
const HOSTILE = `${MARK}-'a' "b" \`id\` $(id) $(HOME) \${X} ; | & > * \\ \t\n c`;

/** Kubernetes' own reading (third_party/forked/golang/expansion/expand.go), with HOME in the environment. */
function expand(text: string): string {
  return text.replaceAll(/\$\$|\$\((\w*)\)/g, (found, name: string) =>
    found === "$$" ? "$" : name === "HOME" ? "/root" : found,
  );
}

/** What the container's program gets, and the script among it if that is a shell. */
function started({ command = [], args = [] }: V1Container): { readonly words: string[]; readonly script: string } {
  const words = [...command, ...args].map(expand);
  return { words, script: words[0] === "sh" && words[1] === "-c" ? (words[2] ?? "") : "" };
}

/** One value of the user's at a time, that each builder passes on. */
const PLANS: readonly (readonly [name: string, plan: Partial<BuildPlan>])[] = [
  ["--build-arg", { buildArgs: [["A", HOSTILE]] }],
  ["--label", { labels: [["k", HOSTILE]] }],
  ["--target", { target: HOSTILE }],
];

describe.each(BUILDER_NAMES)("%s", (name) => {
  // makisu takes no labels from the command line.
  it.each(PLANS.filter(([flag]) => name !== "makisu" || flag !== "--label"))(
    "gets a hostile value of %s as the end of one argument",
    async (_flag, plan) => {
      const builder = await loadBuilder(name);
      for (const form of ["archive", "directory"] as const) {
        const pod = builder.pod({ ...PLAN, builder: name, ...plan }, form);
        const all = [...(pod.initContainers ?? []), pod.container].map(started);
        expect(all.filter(({ script }) => script.includes(MARK))).toEqual([]);
        const having = all.flatMap(({ words }) => words.filter((word) => word.includes(MARK)));
        expect(having).toHaveLength(1);
        expect(having[0]?.endsWith(HOSTILE)).toBe(true);
      }
    },
  );
});
