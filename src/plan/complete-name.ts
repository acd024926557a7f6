/** Completes a name without a registry from the configuration: `-t app`, `slipway push app`. */
import { InvalidInput } from "../errors.ts";
import { namesRegistry } from "../lib/image/reference.ts";

/**
 * @param registry prefix from the configuration, `registry.example.com/team`; undefined if none is configured
 * @returns the text, with the prefix if the text has no registry
 * @throws InvalidInput for `app` without a prefix: only docker itself can push to docker.io/library
 */
export function completeName(text: string, registry: string | undefined): string {
  if (namesRegistry(text)) return text;
  if (registry !== undefined && text !== "") return `${registry}/${text}`;
  if (text.includes("/") || !/^\w[\w.-]*(?::[\w.-]*)?$/.test(text)) return text;
  throw new InvalidInput(`"${text}" has no registry to push the image to`, {
    suggestions: [
      `Write REGISTRY/${text}, or docker.io/USER/${text} for Docker Hub.`,
      "Or set a default registry: `registry: REGISTRY/TEAM` in .slipway.yaml or in ~/.config/slipway/config.yaml, or SLIPWAY_REGISTRY.",
      "Or load it into the local engine (Docker or Podman) without a registry: --load.",
    ],
  });
}
