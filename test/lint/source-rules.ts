/** Rules for oxlint over `src/`: what text from outside may reach. */
import { superLinear } from "./super-linear.ts";

interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Context {
  report(problem: { readonly node: Node; readonly message: string }): void;
}

const REMEDY = "Rewrite it, or use src/lib/text/linear.ts or compileGoRegexp of src/lib/dockerignore/go-regexp.ts.";

function nameOf(node: Node | undefined): string | undefined {
  return node?.type === "Identifier" ? (node["name"] as string) : undefined;
}

/**
 * Every expression is linear, as nearly every text comes from outside: a Dockerfile, a log, an answer of a server. One that is put together
 * at run time cannot be checked.
 */
const linearRegexp = {
  create(context: Context) {
    const report = (node: Node): void => {
      if (nameOf(node["callee"] as Node) !== "RegExp") return;
      context.report({ node, message: `A regular expression that is made at run time cannot be checked. ${REMEDY}` });
    };
    return {
      Literal(node: Node): void {
        const regex = node["regex"] as { readonly pattern: string; readonly flags: string } | undefined | null;
        if (regex === undefined || regex === null) return;
        const why = superLinear(regex.pattern, regex.flags);
        if (why === undefined) return;
        context.report({ node, message: `This expression takes more than linear time ${why}. ${REMEDY}` });
      },
      NewExpression: report,
      CallExpression: report,
    };
  },
};

const EXIT = "Print with src/lib/terminal/output.ts, which tames control sequences.";
const STREAMS: ReadonlySet<string | undefined> = new Set(["stdout", "stderr"]);

function propertyOf(node: Node): string | undefined {
  const property = node["property"] as Node;
  return node["computed"] === true ? (property["value"] as string | undefined) : nameOf(property);
}

/** `process.stdout` or `process.stderr`. */
function isStandardStream(node: Node | undefined): boolean {
  return (
    node?.type === "MemberExpression" &&
    STREAMS.has(propertyOf(node)) &&
    (nameOf(node["object"] as Node) ?? propertyOf(node["object"] as Node)) === "process"
  );
}

/** Only one file writes to the terminal. */
const oneExit = {
  create(context: Context) {
    return {
      MemberExpression(node: Node): void {
        const object = node["object"] as Node;
        const property = propertyOf(node);
        const writes = isStandardStream(object) && ["write", "end", "cork"].includes(property ?? "");
        const logs =
          object.type === "ThisExpression" && ["log", "logToStderr", "warn", "logJson"].includes(property ?? "");
        if (writes || logs || nameOf(object) === "console") context.report({ node, message: EXIT });
      },
      VariableDeclarator(node: Node): void {
        if (isStandardStream((node["init"] as Node | null) ?? undefined)) context.report({ node, message: EXIT });
      },
    };
  },
};

export default { meta: { name: "slipway-source" }, rules: { "linear-regexp": linearRegexp, "one-exit": oneExit } };
