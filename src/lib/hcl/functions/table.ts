/** All functions that expressions may call, by their names. */
import type { FunctionDefinition } from "../function.ts";
import { BOOL, NUMBER, STRING, listOf } from "../type.ts";
import type { Type } from "../type.ts";
import { CIDR } from "./cidr.ts";
import { COLLECTIONS } from "./collections.ts";
import { ENCODING } from "./encoding.ts";
import { FORMAT } from "./format.ts";
import { LAZY } from "./lazy.ts";
import { NUMERIC } from "./numeric.ts";
import { REGEXP } from "./regexp.ts";
import { SEMVER } from "./semver.ts";
import { SETS } from "./sets.ts";
import { TEXT } from "./text.ts";
import { TIME } from "./time.ts";

/** The functions whose result has one type, also before the values of their arguments are known. Source: go-cty v1.17, StaticReturnType. */
const RESULTS: readonly (readonly [Type, string])[] = [
  [
    BOOL,
    "and contains equal hasindex greaterthan greaterthanorequalto lessthan lessthanorequalto not notequal or semvercmp",
  ],
  [BOOL, "sethaselement"],
  [NUMBER, "absolute add byteslen ceil divide floor indexof int log max min modulo multiply negate pow signum strlen"],
  [NUMBER, "parseint subtract"],
  [STRING, "base64decode base64encode basename bcrypt chomp cidrhost cidrnetmask cidrsubnet dirname format formatdate"],
  [
    STRING,
    "formattimestamp homedir indent join jsonencode lower md5 regex_replace replace reverse rsadecrypt sanitize",
  ],
  [STRING, "sha1 sha256 sha512 substr timeadd timestamp title trim trimprefix trimspace trimsuffix upper urlencode"],
  [STRING, "uuidv4 uuidv5"],
  [listOf(STRING), "cidrsubnets compact formatlist sort split"],
  [listOf(NUMBER), "range"],
];

function withResult([name, definition]: readonly [string, FunctionDefinition]): [string, FunctionDefinition] {
  const result = RESULTS.find(([, names]) => names.split(" ").includes(name))?.[0];
  return [name, result === undefined ? definition : { ...definition, result }];
}

/** Source of the names: buildx v0.38.2, docs/bake-stdlib.md. */
export const STANDARD_FUNCTIONS: ReadonlyMap<string, FunctionDefinition> = new Map(
  Object.entries({
    ...CIDR,
    ...COLLECTIONS,
    ...ENCODING,
    ...FORMAT,
    ...LAZY,
    ...NUMERIC,
    ...REGEXP,
    ...SEMVER,
    ...SETS,
    ...TEXT,
    ...TIME,
  })
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(withResult),
);
