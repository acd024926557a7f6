/** The tags that a Drone step gives its image: as they are listed, from a version, or from the commit. */
import { InvalidInput } from "../../errors.ts";
import type { Environment, Settings } from "./settings.ts";

export type Dialect = "drone" | "banzai";

/** Semantic Versioning 2, simplified: it only needs to find the numbers. */
const VERSION = /^(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/**
 * @param listed the text of the file `.tags`, for a step that sets no tags
 * @throws InvalidInput if no tag can be made from the commit
 */
export function tagsOf(
  settings: Settings,
  env: Environment,
  dialect: Dialect,
  listed: string | undefined,
): readonly string[] {
  const own = settings.list("TAGS");
  if (settings.flag("AUTO_TAG")) {
    if (dialect === "banzai") return banzaiTags(env["DRONE_TAG"]);
    if (own.length > 0 || settings.flag("EXPAND_TAG")) {
      throw new InvalidInput("PLUGIN_AUTO_TAG cannot be used with PLUGIN_TAGS or PLUGIN_EXPAND_TAG", {
        suggestions: ["Leave one of them out."],
      });
    }
    return autoTags(env, settings.text("AUTO_TAG_SUFFIX"));
  }
  const fromFile = (listed ?? "").split(/[,\s]+/).filter((tag) => tag !== "");
  const tags = own.length > 0 ? own : fromFile.length > 0 ? fromFile : ["latest"];
  return dialect === "drone" && settings.flag("EXPAND_TAG") ? [...new Set(tags.flatMap(expand))] : tags;
}

/** `1.2.3` becomes `1`, `1.2` and `1.2.3`. A pre-release, and a tag that is not a version, stays as it is. */
function expand(tag: string): string[] {
  const [, major, minor, , pre, build] = VERSION.exec(tag.replace(/^v/, "")) ?? [];
  if (major === undefined || pre !== undefined || build !== undefined) return [tag];
  const version = tag.replace(/^v/, "");
  return [major, `${major}.${minor}`, version];
}

/** Follows drone-docker's rules (tags.go): the version for a git tag, `latest` for the default branch, an error for anything else. */
function autoTags(env: Environment, suffix: string | undefined): string[] {
  const ref = env["DRONE_COMMIT_REF"] ?? "";
  const branch = env["DRONE_REPO_BRANCH"] ?? "";
  const tag = /^refs\/tags\/v?(.+)$/.exec(ref)?.[1];
  if (tag === undefined && (branch === "" || ref.replace(/^refs\/heads\//, "") !== branch)) {
    throw new InvalidInput(
      `PLUGIN_AUTO_TAG finds no tag for ${ref === "" ? "a build without DRONE_COMMIT_REF" : ref}`,
      {
        suggestions: ["Build a tag or the default branch (DRONE_REPO_BRANCH), or set PLUGIN_TAGS."],
      },
    );
  }
  const tags = tag === undefined ? ["latest"] : versionTags(tag);
  if (suffix === undefined) return tags;
  return tags.map((name) => (name === "latest" ? suffix : `${name}-${suffix}`));
}

/** Without the tag `0`: versions below 1 may break between minor versions. */
function versionTags(tag: string): string[] {
  const tags = expand(tag);
  if (tags.length === 1 && !VERSION.test(tag)) {
    throw new InvalidInput(`PLUGIN_AUTO_TAG: ${tag} is not a semantic version`, { suggestions: ["Set PLUGIN_TAGS."] });
  }
  return tags.filter((name) => name !== "0");
}

function banzaiTags(tag: string | undefined): string[] {
  if (tag === undefined || tag === "") return ["latest"];
  const numbers = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(tag);
  if (numbers === null) return [tag, "latest"];
  const parts = numbers.slice(1).filter((part) => part !== undefined);
  return [...parts.map((_, index) => parts.slice(0, index + 1).join(".")), "latest"];
}
