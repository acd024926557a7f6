/** `--cache`: the cache flags that the builder needs to keep its layers in the registry, beside the image or where REF says. */
import type { Builder } from "../../builders/builder.ts";
import { BuilderUnable, InvalidInput } from "../../errors.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { parseBool } from "../../lib/pflag/parse-bool.ts";
import { completeName } from "../../plan/complete-name.ts";
import type { BuildRequest } from "../../plan/request.ts";

/** Below the image's repository, as kaniko itself names it; for a builder that keeps all layers under one tag: that tag. */
const REPOSITORY = "cache";
const TAG = "buildcache";

/**
 * The request with --cache-from and --cache-to. Those that are given stay as they are.
 * @throws BuilderUnable for a builder without a cache in a registry
 * @throws InvalidInput if there is no image to keep the layers beside, and for a REF that is not one
 */
export function withCacheFlags(request: BuildRequest, builder: Builder): BuildRequest {
  const { cache = "false", docker = {} } = request;
  const on = parseBool(cache);
  if (on === false) return request;
  if (builder.layerCache === undefined) {
    throw new BuilderUnable(`${builder.name} cannot do --cache`, {
      suggestions: ["Use --builder kaniko, buildkit, buildah or img.", ...(builder.cacheInstead ?? [])],
    });
  }
  const ref = on === true ? besideImage(request, builder.layerCache) : placeOf(cache, builder.layerCache);
  // Without mode=max BuildKit keeps only the layers of the last stage.
  const written = `type=registry,ref=${ref}${builder.layerCache === "tag" ? ",mode=max" : ""}`;
  return {
    ...request,
    docker: {
      ...docker,
      "cache-from": filled(docker["cache-from"]) ?? [`type=registry,ref=${ref}`],
      "cache-to": filled(docker["cache-to"]) ?? [written],
    },
  };
}

type Form = NonNullable<Builder["layerCache"]>;

function besideImage({ tags, registry }: BuildRequest, form: Form): string {
  const [tag] = tags;
  if (tag === undefined) {
    throw new InvalidInput("--cache keeps layers beside the image in its registry, but no image is named", {
      suggestions: ["Name the image with -t REGISTRY/NAME, or the place with --cache=REGISTRY/NAME."],
    });
  }
  const { name } = parseReference(completeName(tag, registry), "tag");
  return form === "tag" ? `${name}:${TAG}` : `${name}/${REPOSITORY}`;
}

/** A repository has no tag, and one tag needs one. */
function placeOf(ref: string, form: Form): string {
  const { name, tag } = parseReference(ref, "value of --cache");
  if (form === "repository") return name;
  return ref.lastIndexOf(":") > ref.lastIndexOf("/") ? `${name}:${tag ?? TAG}` : `${name}:${TAG}`;
}

function filled(values: readonly string[] | undefined): string[] | undefined {
  return values === undefined || values.length === 0 ? undefined : [...values];
}
