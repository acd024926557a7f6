/** The features of `RUN --mount`, which builders without mounts imitate by moving and copying files. */
import { posix } from "node:path";
import { hasControlCharacter } from "./copy-features.ts";
import type { FeatureUse } from "./features.ts";
import type { Instruction } from "./instruction.ts";
import type { StageScope } from "./stage-scope.ts";
import { mountFields } from "./words.ts";

type Use = Omit<FeatureUse, "line">;

/** Where BuildKit mounts secrets by default. */
const SECRETS = "/run/secrets/";

export function mountFeatures(instruction: Instruction, value: string, scope: StageScope): Use[] {
  const fields = mountFields(value, scope.escape);
  const from = fields.has("from");
  const target = fields.get("target") ?? fields.get("dst") ?? fields.get("destination");
  switch (fields.get("type") ?? "bind") {
    case "cache":
      return [
        { feature: "mount-cache" },
        ...(from ? ([{ feature: "mount-cache-from" }] as const) : []),
        ...placeFeatures(target, scope),
      ];
    case "secret":
      return [{ feature: "mount-secret" }, ...secretFeatures(instruction, fields, target, scope)];
    case "ssh":
      return [{ feature: "mount-ssh" }];
    case "tmpfs":
      return [{ feature: "mount-tmpfs" }, ...(fields.has("size") ? ([{ feature: "mount-tmpfs-size" }] as const) : [])];
    default:
      if (from) return [{ feature: "mount-bind-from" }];
      return [
        { feature: "mount-bind" },
        ...placeFeatures(target, scope),
        ...(hasControlCharacter(fields.get("source") ?? fields.get("src") ?? "")
          ? ([{ feature: "copy-control-character", remedy: "Mount the directory that it is in." }] as const)
          : []),
      ];
  }
}

/** Where a mount is: relative to the working directory, or in a directory that may have to be made for it. */
function placeFeatures(target: string | undefined, { directories, expand }: StageScope): Use[] {
  if (target === undefined) return [];
  const path = expand(target);
  if (path === undefined) return [{ feature: "mount-made", remedy: "Write its target without variables." }];
  if (!path.startsWith("/")) return [{ feature: "mount-relative", remedy: "Write its target as an absolute path." }];
  const parent = posix.dirname(posix.resolve(path));
  if (directories.has(parent)) return [];
  return [{ feature: "mount-made", remedy: `Make the directory in an earlier line: RUN mkdir -p ${parent}` }];
}

/** A secret's file has a path of its own, or one that the image may have too. */
function secretFeatures(
  { operand, heredocs }: Instruction,
  fields: ReadonlyMap<string, string>,
  target: string | undefined,
  { directories, expand }: StageScope,
): Use[] {
  if (target === undefined && fields.has("env")) return [];
  const path = target === undefined ? SECRETS : expand(target);
  if (path === undefined || !posix.resolve("/", path).startsWith(SECRETS.slice(0, -1))) {
    return [{ feature: "mount-secret-target", remedy: `Leave out target=, and read the secret from ${SECRETS}ID.` }];
  }
  const text = [operand, ...heredocs.map(({ content }) => content)].join("\n");
  const writes = /(?<![\w/.-])(?:\/var)?\/run(?!\/secrets)(?![\w.-])/.test(text);
  if (!writes || directories.has("/run")) return [];
  return [{ feature: "mount-made", remedy: "Make the directory in an earlier line: RUN mkdir -p /run" }];
}
