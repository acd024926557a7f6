/**
 * A rule for oxlint: a test reads no clock to measure how long something took. Such a limit fails on a busy machine. What it stands for
 * is shown by steps, by growth (test/unit/support/growth.ts), by a fake clock, or by an end that would not come otherwise.
 */

interface Node {
  readonly type: string;
  readonly parent?: Node;
  readonly [field: string]: unknown;
}

interface Context {
  report(problem: { readonly node: Node; readonly message: string }): void;
}

const MESSAGE =
  "A test measures no time: count steps, compare two sizes with growthOf, use a fake clock, or wait with expect.poll.";

/** Clocks that are only there to measure. */
const STOPWATCHES: ReadonlyMap<string | undefined, readonly string[]> = new Map([
  ["performance", ["now", "measure", "mark", "timeOrigin"]],
  ["process", ["hrtime", "cpuUsage", "uptime"]],
  ["console", ["time", "timeEnd"]],
]);

const nameOf = (node: Node | undefined): string | undefined =>
  node?.type === "Identifier" ? (node["name"] as string) : undefined;

function propertyOf(node: Node): string | undefined {
  const property = node["property"] as Node;
  return node["computed"] === true ? (property["value"] as string | undefined) : nameOf(property);
}

/** `performance` of `performance`, `globalThis.performance` and `node.performance`. */
function objectOf(node: Node): string | undefined {
  const object = node["object"] as Node;
  return object.type === "MemberExpression" ? propertyOf(object) : nameOf(object);
}

/** The time of day: `Date.now()`, `new Date()`, `+new Date()`, `new Date().getTime()`. */
function isNow(node: Node | undefined): boolean {
  if (node === undefined) return false;
  if (node.type === "NewExpression")
    return nameOf(node["callee"] as Node) === "Date" && (node["arguments"] as Node[]).length === 0;
  if (node.type === "UnaryExpression") return isNow(node["argument"] as Node);
  if (node.type !== "CallExpression") return false;
  const callee = node["callee"] as Node;
  if (callee.type !== "MemberExpression") return false;
  if (objectOf(callee) === "Date") return propertyOf(callee) === "now";
  return propertyOf(callee) === "getTime" && isNow(callee["object"] as Node);
}

/** A number that stands there, and so makes another date of the one beside it: `Date.now() - 8 * 24 * 3600 * 1000`. */
function isConstant(node: Node): boolean {
  if (node.type === "Literal") return true;
  return node.type === "BinaryExpression" && isConstant(node["left"] as Node) && isConstant(node["right"] as Node);
}

const DIFFERENCES = ["-", "<", "<=", ">", ">="];

const noClock = {
  create(context: Context) {
    const report = (node: Node): void => context.report({ node, message: MESSAGE });
    return {
      MemberExpression(node: Node): void {
        if (STOPWATCHES.get(objectOf(node))?.includes(propertyOf(node) ?? "") === true) report(node);
      },
      VariableDeclarator(node: Node): void {
        const pattern = node["id"] as Node;
        const clock = STOPWATCHES.get(nameOf((node["init"] as Node | null) ?? undefined));
        if (pattern.type !== "ObjectPattern" || clock === undefined) return;
        for (const property of pattern["properties"] as Node[])
          if (clock.includes(nameOf(property["key"] as Node | undefined) ?? "")) report(property);
      },
      ImportSpecifier(node: Node): void {
        if (["hrtime", "cpuUsage", "uptime"].includes(nameOf(node["imported"] as Node) ?? "")) report(node);
      },
      BinaryExpression(node: Node): void {
        const [left, right] = [node["left"] as Node, node["right"] as Node];
        if (!DIFFERENCES.includes(node["operator"] as string)) return;
        if ((isNow(left) && !isConstant(right)) || (isNow(right) && !isConstant(left))) report(node);
      },
      CallExpression(node: Node): void {
        if (nameOf(node["callee"] as Node) !== "expect") return;
        if ((node["arguments"] as Node[]).some(isNow)) report(node);
      },
    };
  },
};

export default { meta: { name: "slipway" }, rules: { "no-clock": noClock } };
