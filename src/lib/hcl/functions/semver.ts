/** `semvercmp`: whether a version satisfies a constraint. Source of the rules: Masterminds/semver, README.md. */
import { textAt, textFunction } from "../function.ts";
import type { Functions } from "../function.ts";
import { HclError } from "../source.ts";
import { bool } from "../value.ts";

interface Version {
  readonly numbers: readonly [major: number, minor: number, patch: number];
  readonly pre: string;
}

interface Constraint {
  readonly operator: string;
  readonly version: Version;
  /** The number of its parts that are given: 0 to 3. */
  readonly precision: number;
}

const VERSION =
  /^v?(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?(?:\.(0|[1-9]\d*))?(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*))?(?:\+[\da-zA-Z-]+(?:\.[\da-zA-Z-]+)*)?$/;
/** An operator and a version of which parts may be missing or wildcards. */
const ONE =
  /\s*(?:(=>|=<|>=|<=|!=|~>|=|>|<|~|\^)\s*)?v?([\dxX*|]+)(\.[\dxX*|]+)?(\.[\dxX*|]+)?(?:-([\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*))?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?\s*/y;
/** Two such versions: `1.2 - 1.4`. */
const HYPHEN =
  /\s*(v?[\dxX*|]+(?:\.[\dxX*|]+)?(?:\.[\dxX*|]+)?(?:-[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?)\s+-\s+(v?[\dxX*|]+(?:\.[\dxX*|]+)?(?:\.[\dxX*|]+)?(?:-[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?)\s*/y;

/** Go's uint64. */
const MAX_PART = 2n ** 64n - 1n;

function parseVersion(value: string): Version {
  const match = value.length > 256 ? null : VERSION.exec(value);
  if (match === null) throw new HclError(`${JSON.stringify(value)} is not a version`);
  const [, major = "0", minor = "0", patch = "0", pre = ""] = match;
  if ([major, minor, patch].some((part) => BigInt(part) > MAX_PART)) {
    throw new HclError(`${JSON.stringify(value)} has a number that is too large for a version`);
  }
  return { numbers: [Number(major), Number(minor), Number(patch)], pre };
}

/** Source: semver.org, section 11. */
function comparePre(left: string, right: string): number {
  if (left === right) return 0;
  if (left === "") return 1;
  if (right === "") return -1;
  const own = left.split(".");
  const others = right.split(".");
  for (let at = 0; at < Math.max(own.length, others.length); at += 1) {
    const a = own[at];
    const b = others[at];
    if (a === b) continue;
    if (a === undefined) return -1;
    if (b === undefined) return 1;
    const isNumberA = /^\d+$/.test(a);
    const isNumberB = /^\d+$/.test(b);
    if (isNumberA && isNumberB) return Number(a) - Number(b);
    if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
    return a < b ? -1 : 1;
  }
  return 0;
}

function compareVersions(left: Version, right: Version): number {
  for (const [at, own] of left.numbers.entries()) {
    const difference = own - (right.numbers[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return comparePre(left.pre, right.pre);
}

const isAny = (part: string | undefined): boolean => part === undefined || part === "" || /^\.?[xX*]$/.test(part);

function parseConstraint(all: string): Constraint[] {
  const constraints: Constraint[] = [];
  let at = 0;
  if (all.trim() === "") throw new HclError("the constraint is empty");
  while (at < all.length) {
    ONE.lastIndex = at;
    const match = ONE.exec(all);
    if (match === null) throw new HclError(`${JSON.stringify(all)} is not a constraint`);
    const [whole, operator = "", major, minor, patch, pre = ""] = match;
    const precision = isAny(major) ? 0 : isAny(minor) ? 1 : isAny(patch) ? 2 : 3;
    const parts = [major ?? "", (minor ?? "").slice(1), (patch ?? "").slice(1)].slice(0, precision);
    const written = [...parts, "0", "0", "0"].slice(0, 3).join(".");
    constraints.push({ operator, version: parseVersion(pre === "" ? written : `${written}-${pre}`), precision });
    at += whole.length;
    if (at >= all.length) break;
    if (all[at] === ",") at += 1;
    else if (!/\s$/.test(whole)) throw new HclError(`${JSON.stringify(all)} is not a constraint`);
  }
  return constraints;
}

function tilde(version: Version, { version: wanted, precision }: Constraint): boolean {
  if (compareVersions(version, wanted) < 0) return false;
  const [major, minor, patch] = wanted.numbers;
  const isZero = major === 0 && minor === 0 && patch === 0;
  if (isZero && precision !== 1 && precision !== 2) return true;
  if (version.numbers[0] !== major) return false;
  return precision === 1 || version.numbers[1] === minor;
}

function caret(version: Version, { version: wanted, precision }: Constraint): boolean {
  if (compareVersions(version, wanted) < 0) return false;
  const [major, minor, patch] = wanted.numbers;
  const own = version.numbers;
  if (major > 0 || precision === 1) return own[0] === major;
  if (own[0] > 0) return false;
  if (minor > 0 || precision === 2) return own[1] === minor;
  if (own[1] > 0) return false;
  return own[2] === patch;
}

function notEqual(version: Version, { version: wanted, precision }: Constraint): boolean {
  if (precision === 3) return compareVersions(version, wanted) !== 0;
  const [major, minor] = wanted.numbers;
  if (version.numbers[0] !== major) return true;
  if (precision !== 1 && version.numbers[1] !== minor) return true;
  if (precision === 1) return false;
  if (precision === 0) return version.numbers[2] !== wanted.numbers[2] || compareVersions(version, wanted) !== 0;
  return (version.pre !== "" || wanted.pre !== "") && comparePre(version.pre, wanted.pre) !== 0;
}

function satisfies(version: Version, constraint: Constraint): boolean {
  const { version: wanted, precision } = constraint;
  const order = compareVersions(version, wanted);
  const [major, minor] = wanted.numbers;
  const [ownMajor, ownMinor] = version.numbers;
  switch (constraint.operator) {
    case "!=":
      return notEqual(version, constraint);
    case ">":
      if (precision === 3 || precision === 0) return order > 0;
      if (ownMajor !== major) return ownMajor > major;
      return precision === 2 && ownMinor > minor;
    case "<":
      return order < 0;
    case ">=":
    case "=>":
      return order >= 0;
    case "<=":
    case "=<":
      if (precision === 3) return order <= 0;
      return ownMajor < major || (ownMajor === major && (ownMinor <= minor || precision === 1));
    case "^":
      return caret(version, constraint);
    case "~":
    case "~>":
      return tilde(version, constraint);
    default:
      return precision === 3 ? order === 0 : tilde(version, constraint);
  }
}

/** Longer constraints are refused. `withoutHyphens` reads a constraint again from each of its characters. */
const MAX_CONSTRAINT_LENGTH = 1000;

/** `1.2 - 1.4` becomes `>= 1.2, <= 1.4`. */
function withoutHyphens(constraint: string): string {
  let result = "";
  for (let at = 0; at < constraint.length;) {
    HYPHEN.lastIndex = at;
    const [whole, low, high] = HYPHEN.exec(constraint) ?? [];
    result += whole === undefined ? constraint.charAt(at) : `>= ${low}, <= ${high} `;
    at += whole?.length ?? 1;
  }
  return result;
}

function check(value: string, constraint: string): boolean {
  const version = parseVersion(value);
  if (constraint.length > MAX_CONSTRAINT_LENGTH) throw new HclError("the constraint is too long");
  const alternatives = withoutHyphens(constraint).split("||").map(parseConstraint);
  return alternatives.some((all) => {
    const allowsPre = all.some(({ version: wanted }) => wanted.pre !== "");
    return (version.pre === "" || allowsPre) && all.every((one) => satisfies(version, one));
  });
}

const SIGNATURE = textFunction(
  "True if the version satisfies the constraint, like >= 1.2, ~1.4 or ^2.",
  ["version", "contraint"],
  () => "",
);

export const SEMVER: Functions = {
  semvercmp: { ...SIGNATURE, run: (args) => bool(check(textAt(args, 0), textAt(args, 1))) },
};
