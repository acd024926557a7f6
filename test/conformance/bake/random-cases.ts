/** Random bake files: expressions of every kind, variables, functions, matrices, inheritance and overrides. */
import type { Random } from "../context/random.ts";
import type { BakeCase } from "./answer.ts";

const LITERALS = [
  "0",
  "1",
  "2",
  "3",
  "7",
  "10",
  "-1",
  "0.5",
  "1.25",
  "100",
  "true",
  "false",
  "null",
  '""',
  '"a"',
  '"b"',
  '"abc"',
  '"5"',
  '"true"',
  '"a b"',
  '"x-y_z"',
  '"é"',
  '"1.2.3"',
  '"a,b,c"',
];
const NAMES = ["V0", "V1", "V2", "V3", "A0"];
const LISTS = ["[]", '["a"]', '["a","b","a"]', "[1,2,3]", '[1,"a",true]', '[["a"],["b","c"]]', "[null]"];
const OBJECTS = ["{}", "{a=1}", '{a=1,b="x"}', '{b="y",c=true}', "{a={b=1}}", '{"k k"=1}'];
const OPERATORS = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||"];

/** Functions with how many arguments of which kind they like: s text, n number, b boolean, l list, o object, a any. */
const CALLS = [
  "absolute n",
  "add nn",
  "and bb",
  "base64encode s",
  "base64decode s",
  "basename s",
  "can a",
  "ceil n",
  "chomp s",
  "chunklist ln",
  "coalesce aa",
  "coalescelist ll",
  "compact l",
  "concat ll",
  "contains la",
  "dirname s",
  "distinct l",
  "divide nn",
  "element ln",
  "equal aa",
  "flatten l",
  "floor n",
  "format ss",
  "formatlist sl",
  "greaterthan nn",
  "hasindex la",
  "indent ns",
  "index ln",
  "indexof la",
  "int n",
  "join sl",
  "jsonencode a",
  "jsondecode s",
  "keys o",
  "length l",
  "lessthan nn",
  "lookup osa",
  "lower s",
  "max nn",
  "md5 s",
  "merge oo",
  "min nn",
  "modulo nn",
  "multiply nn",
  "negate n",
  "not b",
  "notequal aa",
  "or bb",
  "parseint sn",
  "pow nn",
  "range n",
  "range nn",
  "regex ss",
  "regexall ss",
  "regex_replace sss",
  "replace sss",
  "reverse s",
  "reverselist l",
  "sanitize s",
  "semvercmp ss",
  "sethaselement la",
  "setintersection ll",
  "setproduct ll",
  "setsubtract ll",
  "setsymmetricdifference ll",
  "setunion ll",
  "sha1 s",
  "signum n",
  "slice lnn",
  "sort l",
  "split ss",
  "strlen s",
  "substr snn",
  "subtract nn",
  "title s",
  "trim ss",
  "trimprefix ss",
  "trimspace s",
  "trimsuffix ss",
  "try aa",
  "upper s",
  "urlencode s",
  "values o",
  "zipmap ll",
  "cidrsubnet snn",
  "timeadd ss",
  "formatdate ss",
  "uuidv5 ss",
  "csvdecode s",
  "unixtimestampparse n",
  "F0 a",
  "F1 aa",
  "F1 aaa",
  "sha256 s",
  "greaterthanorequalto nn",
  "lessthanorequalto nn",
  "log nn",
  "upper a",
  "length a",
] as const;
const TYPES = [
  "string",
  "number",
  "bool",
  "any",
  "list(string)",
  "list(number)",
  "set(string)",
  "map(string)",
  "map(number)",
  "list(any)",
  "object({a=string,b=optional(number)})",
  "tuple([string,number])",
];

/** What `--set` takes of every target. */
const GOOD_SETS = [
  "tags=n",
  "tags+=n",
  "tags=",
  "args.X=9",
  "args.HOME",
  "labels.k=v",
  "platform=linux/arm64",
  "cache-from+=type=gha",
  "output+=type=cacheonly",
  "push=true",
  "push=false",
  "load=true",
  "pull=true",
  "no-cache=1",
  "context=foo/",
  "target=q",
  "attest=type=sbom",
  "annotations=z=1",
];

/** Types of variables, and defaults that fit them. */
const TYPED: readonly (readonly [string, ...string[]])[] = [
  ["string", '"a"', '""', '"abc"', "5", "true"],
  ["number", "1", "2.5", '"7"', "-3"],
  ["bool", "true", "false", '"true"'],
  ["list(string)", '["a","b"]', "[1,true]", "[]"],
  ["list(number)", "[1,2]", '["5"]'],
  ["set(string)", '["b","a","b"]'],
  ["map(string)", '{a="x"}', "{a=1,b=true}", "{}"],
  ["map(number)", "{a=1}"],
  ["any", '"a"', "[1]", "null"],
  ["object({a=string,b=optional(number)})", '{a="x"}', "{a=1,b=2}"],
  ["tuple([string,number])", '["a",1]'],
];

export class CaseMaker {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  make(): BakeCase {
    const random = this.#random;
    if (random.chance(0.25)) return this.#overrides();
    if (random.chance(0.25)) return this.#matrix();
    return this.#expressions();
  }

  /** Many expressions, each of which may fail without the others. */
  #expressions(): BakeCase {
    const random = this.#random;
    const isGuarded = random.chance(0.9);
    const count = isGuarded ? 20 : 1;
    const lines = Array.from({ length: count }, (_, index) => {
      const own = this.#any(3);
      return `  e${index} = jsonencode(${isGuarded ? `try(${own}, "refused")` : own})`;
    });
    return {
      files: { "docker-bake.hcl": `${this.#preamble()}target "default" {\n args = {\n${lines.join("\n")}\n }\n}\n` },
      args: [],
      env: this.#env(),
    };
  }

  #preamble(): string {
    const random = this.#random;
    const variables = NAMES.slice(0, 4).map((name) => {
      const isWild = random.chance(0.02);
      const [type, ...fallbacks] = random.pick(TYPED);
      const lines = [
        ...(random.chance(0.5) ? [`  type = ${isWild ? random.pick(TYPES) : type}\n`] : []),
        ...(random.chance(0.85) ? [`  default = ${isWild ? this.#leaf() : random.pick(fallbacks)}\n`] : []),
      ];
      return `variable "${name}" {\n${lines.join("")}}\n`;
    });
    return [
      ...variables,
      `A0 = ${this.#leaf()}\n`,
      `function "F0" {\n  params = [x]\n  result = ${random.pick(["x", '"<${x}>"', "[x, V0]", "x == V1"])}\n}\n`,
      `function "F1" {\n  params = [x]\n  variadic_params = r\n  result = ${random.pick(["r", "length(r)", "[for i in r: i == x]", "concat([x], r)"])}\n}\n`,
    ].join("");
  }

  #env(): Record<string, string> {
    const random = this.#random;
    const values = ["", "a", "5", "true", "a,b", "x:1,y:2", "1.5", '"q,r",s'];
    const json = ["[1,2]", '["a"]', '{"a":"x"}', "null", '"s"', "5"];
    const env: Record<string, string> = {};
    for (const name of NAMES.slice(0, 2)) if (random.chance(0.04)) env[name] = random.pick(values);
    if (random.chance(0.04)) env[`${random.pick(NAMES)}_JSON`] = random.pick(json);
    return env;
  }

  #leaf(): string {
    const random = this.#random;
    return random.pick([random.pick(LITERALS), random.pick(LISTS), random.pick(OBJECTS), random.pick(LITERALS)]);
  }

  #of(kind: string, depth: number): string {
    const random = this.#random;
    if (depth > 0 && random.chance(0.35)) return this.#any(depth - 1);
    switch (kind) {
      case "s":
        return random.pick([
          '"a"',
          '"abc"',
          '"a,b"',
          '"%s-%v"',
          '"2024-02-29T10:00:00Z"',
          '"1h"',
          '"10.0.0.0/16"',
          '"[a-z]+"',
          '"1.2.3"',
          '">=1.0"',
          "V0",
          '"x ${V1} y"',
          '""',
          '"é\\n"',
        ]);
      case "n":
        return random.pick(["0", "1", "2", "3", "-2", "2.5", "10", "V2", '"4"', "1/3"]);
      case "b":
        return random.pick(["true", "false", "1 < 2", '"true"', "V3"]);
      case "l":
        return random.pick([...LISTS, 'split(",", "a,b")', 'setunion(["b"], ["a"])', "V2"]);
      case "o":
        return random.pick([...OBJECTS, 'convert({a="1"}, map(string))', "V3"]);
      default:
        return this.#leaf();
    }
  }

  #any(depth: number): string {
    const random = this.#random;
    if (depth <= 0) return random.chance(0.4) ? random.pick(NAMES) : this.#leaf();
    const inner = (): string => this.#any(depth - 1);
    const forms: (() => string)[] = [
      () => `(${inner()} ${random.pick(OPERATORS)} ${inner()})`,
      () => `(${inner()} ${random.pick(OPERATORS)} ${inner()})`,
      () => `${random.pick(["-", "!"])}${this.#of(random.pick(["n", "b"]), depth)}`,
      () => `(${random.pick(["true", "false", inner()])} ? ${inner()} : ${inner()})`,
      () => `"${random.pick(["", "a", "$$", " "])}\${${inner()}}${random.pick(["", "b", "%", "\\n"])}"`,
      () => `"%{if ${this.#of("b", depth)}}y%{else}n%{endif}"`,
      () => `"%{for i in ${this.#of("l", depth)}}<\${i}>%{endfor}"`,
      () => `"a \${~ ${inner()} ~} b"`,
      () => `[for v in ${this.#of("l", depth)}: ${random.pick(["v", "[v]", '"<${v}>"', "v == 1", inner()])}]`,
      () =>
        `[for k, v in ${this.#of("o", depth)}: ${random.pick(["k", "v", '"${k}${v}"'])} if ${random.pick(["true", "v != 1", 'k == "a"'])}]`,
      () =>
        `{for k, v in ${this.#of(random.pick(["o", "l"]), depth)}: ${random.pick(["k", "v", '"${k}"'])} => v${random.pick(["", "..."])}}`,
      () => `${this.#of("l", depth)}[${random.pick(["0", "1", "-1", '"0"', inner()])}]`,
      () => `(${inner()}).${random.pick(["a", "b", "0", "*"])}`,
      () => `(${inner()})[*]${random.pick(["", ".a", "[0]"])}`,
      () => `convert(${inner()}, ${random.pick(TYPES)})`,
      () => `[${inner()}, ${inner()}]`,
      () => `{x = ${inner()}, (${this.#of("s", depth)}) = ${inner()}}`,
    ];
    if (random.chance(0.5)) return this.#call(depth);
    return random.pick(forms)();
  }

  #call(depth: number): string {
    const random = this.#random;
    const [name = "", kinds = ""] = random.pick(CALLS).split(" ");
    const args = Array.from(kinds, (kind) => this.#of(kind, depth - 1));
    if (random.chance(0.03)) args.pop();
    if (random.chance(0.03)) args.push(this.#leaf());
    const isExpanded = random.chance(0.05);
    return `${name}(${args.join(", ")}${isExpanded && args.length > 0 ? "..." : ""})`;
  }

  /** Several targets that inherit and refer to each other, with `--set`. */
  #overrides(): BakeCase {
    const random = this.#random;
    const names = ["a", "b", "c-1", "c_2"];
    const fields = (name: string): string[] => [
      random.pick(['tags = ["t:1"]', 'tags = ["t:1", "u", "t:1"]', "tags = []", 'tags = ["${V0}"]', "tags = null"]),
      random.pick(['args = {X = "1", Y = 2}', "args = {X = null}", "args = {Z = V1}", "args = {}"]),
      random.pick(['labels = {l = "m"}', 'labels = {l = null, n = "$${o}"}']),
      random.pick(['platforms = ["linux/amd64"]', 'platforms = ["linux/amd64", "linux/arm64"]', "platforms = []"]),
      random.pick([
        'cache-from = ["r/x", "type=gha,scope=s"]',
        'cache-from = [{type="registry", ref="q"}, "r/x"]',
        'cache-from = ["a,b", ""]',
      ]),
      random.pick(['cache-to = ["type=inline"]', "cache-to = []", 'cache-to = [{type="gha", mode="max"}]']),
      random.pick([
        'output = ["type=registry"]',
        'output = ["type=docker"]',
        'output = [{type="image", push="true"}, "type=cacheonly"]',
        "output = []",
      ]),
      random.pick(['secret = ["type=env,id=s,env=HOME"]', 'secret = [{id="s", env="HOME"}, {id="t", env="E"}]']),
      random.pick([
        'attest = ["type=sbom", "type=provenance,mode=max"]',
        'attest = [{type="sbom", disabled=true}]',
        'attest = ["type=sbom,disabled=true"]',
      ]),
      random.pick(['context = "./d/../e"', 'context = "https://example.com/x.git"', 'context = "."']),
      random.pick(['dockerfile = "D"', 'dockerfile = ""', 'dockerfile-inline = "FROM a$${b}"']),
      random.pick(["pull = true", "no-cache = false", "pull = V0 == V1"]),
      random.pick(['network = "host"', 'network = "none"']),
      random.pick(['annotations = ["a=b"]', 'entitlements = ["network.host"]', 'no-cache-filter = ["s", "t"]']),
      random.pick(['ulimits = ["nofile=1:2"]', 'shm-size = "64m"', 'resources = {memory = "1g", cpu-shares = 5}']),
      random.pick(['extra-hosts = {h = "1.2.3.4"}', 'call = "check"', 'target = "st"', 'description = "d ${V0}"']),
      random.pick([
        'contexts = {n = "docker-image://x"}',
        'contexts = {n = "../o"}',
        `contexts = {n = "target:${name === "a" ? "b" : "a"}"}`,
      ]),
      random.pick(['policy = ["strict=true"]', "inherits = []"]),
      `args = target.${name === "a" ? "b" : "a"}.args`,
    ];
    const targets = names.map((name, index) => {
      const own = fields(name);
      const chosen = new Map(
        Array.from({ length: 1 + random.below(5) }, () => random.pick(own)).map((line) => [
          line.split(" ", 1)[0] ?? "",
          line,
        ]),
      );
      if (index > 0 && random.chance(0.5)) {
        const parents = names.slice(0, index).filter(() => random.chance(0.6));
        chosen.set("inherits", `inherits = [${parents.map((parent) => `"${parent}"`).join(", ")}]`);
      }
      return `target "${name}" {\n${[...chosen.values()].map((line) => `  ${line}\n`).join("")}}\n`;
    });
    const groups = random.chance(0.7)
      ? [`group "default" {\n  targets = ["a", "g"]\n}\ngroup "g" {\n  targets = ["b", "${random.pick(names)}"]\n}\n`]
      : [];
    const second = random.chance(0.3)
      ? {
          "docker-bake.override.hcl": `target "a" {\n  ${random.pick(fields("a"))}\n}\ntarget "d" {\n  ${random.pick(fields("d"))}\n}\n`,
        }
      : {};
    return {
      files: { "docker-bake.hcl": `${this.#preamble()}${[...groups, ...targets].join("")}`, ...second },
      args: this.#sets(names),
      env: this.#env(),
    };
  }

  #sets(names: readonly string[]): string[] {
    const random = this.#random;
    const sets = [
      ...GOOD_SETS,
      ...GOOD_SETS,
      ...GOOD_SETS,
      "tags=n",
      "tags+=n",
      "tag=x",
      "tags=",
      "args.X=9",
      "args.HOME",
      "arg.N=$x",
      "labels.k=v",
      "platform=linux/arm64",
      "platform+=linux/386",
      "cache-from=z",
      "cache-from+=type=gha",
      "cache-to=type=inline",
      "output=type=registry",
      "output=out",
      "output+=type=cacheonly",
      "push=true",
      "push=false",
      "load=true",
      "pull=true",
      "no-cache=x",
      "no-cache=1",
      "context=foo/",
      "dockerfile=Df",
      "target=q",
      "call=outline",
      "secrets=id=s,env=HOME",
      "secret.s=env=PATH",
      "secret+=id=u,env=HOME",
      "attest=type=sbom",
      "attest=",
      "annotations=z=1",
      "annotation=",
      "entitlements=network.host",
      "network=host",
      "contexts.n=foo",
      "contexts.n=",
      "extra-hosts.q=1.1.1.1",
      "resources.memory=2g",
      "ulimits+=core=1",
      "shm-size=1g",
      "no-cache-filter=",
      "inherits=a",
      "nosuch=1",
      "tags.x=1",
      "args=1",
      "policy+=disabled=true",
      "tags",
    ];
    const args: string[] = [];
    for (let count = random.below(4); count > 0; count -= 1) {
      args.push(
        "--set",
        `${random.chance(0.02) ? "zz" : random.pick([...names, "*", names[2] ?? "*", "*"])}.${random.pick(sets)}`,
      );
    }
    if (random.chance(0.1)) args.push("--push");
    if (random.chance(0.1)) args.push("--load");
    if (random.chance(0.1)) args.push("--var", `V0=${random.pick(["v", "", "5"])}`);
    if (random.chance(0.05))
      args.push(random.pick(["--sbom=true", "--provenance=mode=max", "--no-cache", "--pull", "--call=check"]));
    if (random.chance(0.08))
      return [
        ...args,
        "--list",
        random.pick(["targets", "variables", "type=targets,format=json", "type=variables,format=json"]),
      ];
    if (random.chance(0.5))
      args.push(...[random.pick(names), random.pick([...names, "g", "c*", "nosuch"])].slice(0, 1 + random.below(2)));
    return args;
  }

  #matrix(): BakeCase {
    const random = this.#random;
    const values = [
      '["x", "y"]',
      "[1, 2]",
      '[{n = "p", t = 1}, {n = "q", t = 2}]',
      "[true]",
      "[]",
      '"s"',
      'split(",", "x,y")',
      "V0",
    ];
    const body = [
      `  matrix = {\n    k = ${random.pick(values)}\n${random.chance(0.5) ? `    m = ${random.pick(values)}\n` : ""}  }\n`,
      random.chance(0.9)
        ? `  name = "${random.pick(["t-${k}", "t-${try(k.n, k)}", "t-${try(k.n, k)}-${try(m.n, try(m, 0))}", "${k}", "t"])}"\n`
        : "",
      `  tags = ["${random.pick(["i:${try(k.n, k)}", "i", "${jsonencode(k)}"])}"]\n`,
      `  args = {\n    A = ${random.pick(["k", "try(k.t, k)", "V1", "target.base.args.Q", "try(m, null)"])}\n  }\n`,
      random.chance(0.3) ? '  inherits = ["base"]\n' : "",
    ];
    return {
      files: {
        "docker-bake.hcl": `${this.#preamble()}target "base" {\n  args = {\n    Q = ${this.#of("s", 1)}\n  }\n}\ntarget "mx" {\n${body.join("")}}\ngroup "default" {\n  targets = ["mx"${random.chance(0.2) ? ', "base"' : ""}]\n}\n`,
      },
      args: random.chance(0.3) ? this.#sets(["mx", "t-x", "base"]) : [],
      env: this.#env(),
    };
  }
}
